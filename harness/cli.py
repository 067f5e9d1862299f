"""fabriclab: the command line. Verbs as containerlab has them, where it has them.

Here stand the words, the help and the exit statuses (0 pass, 1 a verdict failed, 2 a file or flag of the user's, 3 the
world). What a verb does lives in its own room and is imported when the verb is called, so that `--help` and completion
answer at once.
"""

import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer

from harness import cli_generate, completion
from sim.errors import FabricError, InputError

EPILOG = "Exit status: 0 pass, 1 a verdict failed, 2 a file or flag is wrong, 3 the host, the lab or an instrument."

app = typer.Typer(
    name="fabriclab",
    help="Bring a network up from a containerlab file with real daemons and your own configuration, and examine it.\n\n"
    "TOPOLOGY is a *.clab.yml file, its folder, or the name of a running lab.",
    epilog=EPILOG,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)

app.add_typer(cli_generate.app, name="generate")

TopologyArgument = Annotated[
    str,
    typer.Argument(
        metavar="TOPOLOGY",
        help="A *.clab.yml file, its folder, or a running lab's name.",
        autocompletion=completion.topologies,
    ),
]
NodeArgument = Annotated[
    str, typer.Argument(metavar="NODE", help="A node of the topology.", autocompletion=completion.nodes)
]
NameOption = Annotated[str | None, typer.Option("--name", help="Another name for the lab: several of one topology.")]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON document on standard output, and nothing else.")]
OutsideOption = Annotated[
    bool, typer.Option("--allow-outside-binds", help="Let binds read files outside the topology's folder.")
]


def main() -> None:
    """The program. Ends the process with its exit status."""
    signal.signal(signal.SIGTERM, _as_interrupt)
    status = run(sys.argv[1:])
    try:
        sys.stdout.flush()
    except BrokenPipeError:  # the reader went away: `fabriclab inspect | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(status)


def run(arguments: Sequence[str]) -> int:
    """Run one command line; its exit status. Every expected trouble is one line on standard error."""
    line = list(arguments) or ["--help"]
    as_json = "--json" in line[: line.index("--") if "--" in line else None]
    try:
        return int(app(line, prog_name="fabriclab", standalone_mode=False) or 0)
    except BrokenPipeError:
        return 0
    except FabricError as error:
        return _refuse(error, as_json)
    except (typer.Abort, KeyboardInterrupt):
        return 130
    except UsageError as error:
        context = getattr(error, "ctx", None)
        command = context.command_path if context else "fabriclab"
        words = error.format_message().rstrip(".")  # type: ignore[attr-defined]
        return _refuse(InputError(f"{words}; see {command} --help", command), as_json)
    except OSError as error:
        return _refuse(FabricError(str(error)), as_json)


# typer brings click's exceptions along without a public name for them; this is UsageError.
UsageError: type[Exception] = typer.BadParameter.__bases__[0]


def _refuse(error: FabricError, as_json: bool) -> int:
    from harness import console

    console.error(str(error))
    if as_json:
        place = str(error.place) if error.place else None
        console.document({"error": {"kind": type(error).__name__, "text": error.text, "place": place}})
    return error.exit_status


def _as_interrupt(number: int, frame: FrameType | None) -> None:
    """A polite end is like Ctrl-C: what was half done is undone on the way out."""
    raise KeyboardInterrupt


@app.callback(invoke_without_command=True)
def _fabriclab(
    context: typer.Context,
    verbose: Annotated[bool, typer.Option("-v", "--verbose", help="Show each command run on nodes.")] = False,
    version: Annotated[bool, typer.Option("--version", help="Show the version.")] = False,
) -> None:
    if version:
        from importlib.metadata import version as installed

        typer.echo(f"fabriclab {installed('fabriclab')}")
        raise typer.Exit
    if verbose:
        from harness import console

        console.show_commands()


@app.command()
def deploy(
    topology: TopologyArgument,
    name: NameOption = None,
    runtime: Annotated[str, typer.Option(help="What carries the lab: namespaces.")] = "namespaces",
    bare: Annotated[bool, typer.Option("--bare", help="Create and cable the nodes, but push no files.")] = False,
    allow_outside_binds: OutsideOption = False,
    as_json: JsonOption = False,
) -> None:
    """Bring a lab up: every node booted with its files.

    On a lab that is running, the difference is applied. A deploy that fails, or is interrupted, undoes itself and
    names the node.

    \b
      fabriclab deploy topologies/dev01
      fabriclab deploy topologies/dev01 --name second
    """
    from harness import console, labs, verbs

    network = labs.read(topology, name, allow_outside_binds)
    with console.progress(f"deploy {network.name}", quiet=as_json) as progress:
        summary = verbs.deploy(network, runtime=runtime, bare=bare, progress=progress)
    console.answer(summary, console.deployed, as_json)


@app.command()
def push(
    topology: TopologyArgument,
    nodes: Annotated[
        list[str] | None, typer.Argument(metavar="NODE", help="Only these.", autocompletion=completion.nodes)
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the difference; change nothing.")] = False,
    name: NameOption = None,
    allow_outside_binds: OutsideOption = False,
    as_json: JsonOption = False,
) -> None:
    """Put changed files on running nodes and apply them.

    Each file is applied with the node's own tool. A file that a node rejects is reported in that tool's words, and
    the node keeps what it had.

    \b
      fabriclab push topologies/dev01 gw --dry-run
      fabriclab push topologies/dev01
    """
    from harness import console, labs, verbs

    network = labs.read(topology, name, allow_outside_binds)
    lab = labs.running(topology, name)
    pushed = verbs.plan(lab, network, nodes or ()) if dry_run else verbs.push(lab, network, nodes or ())
    console.answer(pushed, console.pushed, as_json)


@app.command()
def destroy(
    topology: Annotated[str | None, typer.Argument(metavar="TOPOLOGY", autocompletion=completion.running_labs)] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every running lab.")] = False,
    name: NameOption = None,
    as_json: JsonOption = False,
) -> None:
    """End a lab; nothing stays behind.

    No process, namespace, mount, interface or file.

    \b
      fabriclab destroy topologies/dev01
      fabriclab destroy --all
    """
    from harness import console, verbs

    if everything == (topology is not None):
        raise InputError("say which lab, or --all", "fabriclab destroy")
    console.answer(verbs.destroy(topology, name), console.destroyed, as_json)


@app.command()
def inspect(
    topology: Annotated[str | None, typer.Argument(metavar="TOPOLOGY", autocompletion=completion.running_labs)] = None,
    name: NameOption = None,
    as_json: JsonOption = False,
) -> None:
    """Running labs; nodes, links and addresses of one.

    With a TOPOLOGY also each node's state, and what stands in for what the kernel lacks.

    \b
      fabriclab inspect
      fabriclab inspect topologies/dev01 --json
    """
    from harness import console, labs, verbs

    if topology is None:
        console.answer(verbs.list_labs(), console.labs, as_json)
    else:
        console.answer(verbs.inspect(labs.running(topology, name)), console.lab, as_json)


@app.command("exec")
def execute(
    topology: TopologyArgument,
    node: NodeArgument,
    command: Annotated[list[str], typer.Argument(metavar="COMMAND", help="The program and its arguments.")],
    name: NameOption = None,
    timeout: Annotated[float | None, typer.Option(help="Seconds until the command is ended.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Run a command on a node.

    Input, output and exit status are the command's own.

    \b
      fabriclab exec topologies/dev01 gw -- vtysh -c 'show ip bgp summary'
      fabriclab exec topologies/dev01 master -- ip route
    """
    from harness import console, labs, terminal, verbs

    box = terminal.node_of(labs.running(topology, name), node)
    if as_json:
        done = verbs.execute(box, command, timeout)
        console.document(done.to_json())
        status = done.status
    else:
        status = terminal.attach(box, command, timeout)
    raise typer.Exit(status if status >= 0 else 128 - status)


@app.command()
def shell(topology: TopologyArgument, node: NodeArgument, name: NameOption = None) -> None:
    """A shell on a node. Leave it with exit or Ctrl-D.

    \b
      fabriclab shell topologies/dev01 compute-01
    """
    from harness import labs, terminal

    raise typer.Exit(terminal.shell(labs.running(topology, name), node))


@app.command()
def capture(
    topology: TopologyArgument,
    endpoint: Annotated[str, typer.Argument(metavar="NODE:IF", autocompletion=completion.endpoints)],
    expression: Annotated[
        list[str] | None, typer.Argument(metavar="FILTER", help="A filter as tcpdump has it.")
    ] = None,
    write: Annotated[Path | None, typer.Option("--write", "-w", help="A pcap file; - is standard output.")] = None,
    count: Annotated[int | None, typer.Option("--count", "-c", help="End after so many packets.")] = None,
    name: NameOption = None,
) -> None:
    """Show or write the packets at an interface of a node.

    Until Ctrl-C, or so many packets. Filters are tcpdump's.

    \b
      fabriclab capture topologies/dev01 gw:swp1 tcp port 179
      fabriclab capture topologies/dev01 gw:swp1 -w - | wireshark -k -i -
    """
    from harness import capturing, labs

    capturing.capture(labs.running(topology, name), endpoint, " ".join(expression or ()), write, count)


@app.command()
def observe(
    topology: TopologyArgument,
    nodes: Annotated[
        list[str] | None, typer.Argument(metavar="NODE", help="Only these.", autocompletion=completion.nodes)
    ] = None,
    name: NameOption = None,
    as_json: JsonOption = False,
) -> None:
    """Interfaces, routes, sessions and listeners as nodes see them.

    The Snapshot of a running lab. JSON also has policy rules, other tables, packet filters and their counters.

    \b
      fabriclab observe topologies/dev01 gw
      fabriclab observe topologies/dev01 --json | jq '.nodes.gw.fib'
    """
    from harness import console, labs, verbs

    snapshot = verbs.observe(labs.running(topology, name), nodes or ())
    console.document(snapshot.to_json()) if as_json else console.snapshot(snapshot)


@app.command()
def trace(
    topology: TopologyArgument,
    source: Annotated[str, typer.Option("--from", help="A node, or node:interface.", autocompletion=completion.nodes)],
    destination: Annotated[str, typer.Option("--to", help="A node or an address.", autocompletion=completion.nodes)],
    protocol: Annotated[str, typer.Option("--proto", help="icmp, tcp or udp.")] = "",
    sport: Annotated[int | None, typer.Option(help="Source port; else one is chosen.", min=1, max=65535)] = None,
    dport: Annotated[int | None, typer.Option(help="Destination port (tcp, udp).", min=1, max=65535)] = None,
    size: Annotated[int | None, typer.Option(help="Bytes of the IP packet, sent with DF set.")] = None,
    via: Annotated[str | None, typer.Option(help="Interface of the source to leave by.")] = None,
    on: Annotated[str, typer.Option(help="Whom to ask: lab.")] = "lab",
    name: NameOption = None,
    as_json: JsonOption = False,
) -> None:
    """Send one packet and follow it, hop by hop.

    Says where it died, and by which rule, route or counter. Exit status 1 where it was not delivered.

    \b
      fabriclab trace topologies/dev01 --from tester --to master --proto tcp --dport 5000
    """
    from harness import console, labs, verbs

    verbs.require(on, ("lab",), "--on")
    flow = verbs.flow(source, destination, protocol, sport, dport)
    found = verbs.trace(labs.running(topology, name), flow, size, via)
    console.answer(found, console.trace, as_json)
    raise typer.Exit(0 if found.delivered else 1)


@app.command()
def verify(
    targets: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="SCENARIO|FOLDER|TOPOLOGY",
            help="Scenario files, folders of them, or a running lab. Without any: scenarios/.",
            autocompletion=completion.scenarios,
        ),
    ] = None,
    report: Annotated[Path | None, typer.Option(help="Folder for report.html, report.json and junit.xml.")] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Leave the labs that verify made running.")] = False,
    jobs: Annotated[int, typer.Option("-j", "--jobs", help="Labs side by side.", min=1)] = 1,
    on: Annotated[str, typer.Option(help="Whom to ask: lab.")] = "lab",
    name: NameOption = None,
    as_json: JsonOption = False,
) -> None:
    """Run scenarios; print and report what they found.

    A scenario brings its own lab up and ends it. For a TOPOLOGY, its standing scenarios (those that change nothing) run
    on the lab that is running. Exit status 1 where a verdict failed.

    \b
      fabriclab verify topologies/dev01 --report reports/dev01
      fabriclab verify scenarios/dev01/functional-test.yml
      fabriclab verify -j 2
    """
    from harness import console, verbs, verifying
    from harness import report as reports

    verbs.require(on, ("lab",), "--on")
    with console.live(quiet=as_json) as progress:
        found = verifying.verify(targets or ["scenarios"], name=name, keep=keep, jobs=jobs, progress=progress)
    written = reports.write(found, report) if report else ()
    console.report(found, written, as_json)
    raise typer.Exit(found.exit_status)


@app.command()
def graph(
    topology: TopologyArgument,
    form: Annotated[str, typer.Option("--format", "-f", help="svg, html, mermaid or dot.")] = "",
    output: Annotated[Path | None, typer.Option("--output", "-o", help="A file; its ending tells the format.")] = None,
    allow_outside_binds: OutsideOption = False,
) -> None:
    """Draw a topology.

    \b
      fabriclab graph topologies/dev01 -o dev01.svg
      fabriclab graph topologies/dev01 -f mermaid
    """
    from harness import graphs, labs

    drawn = graphs.draw(labs.read(topology, None, allow_outside_binds), form, output)
    if output:
        output.write_text(drawn)
    else:
        typer.echo(drawn, nl=not drawn.endswith("\n"))


@app.command()
def report(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder that verify --report wrote.")],
) -> None:
    """Make a report's HTML page again from its JSON.

    And its JUnit file.

    \b
      fabriclab report reports/dev01
    """
    from harness import report as reports

    for path in reports.rebuild(folder):
        typer.echo(str(path))


@app.command()
def schema(
    of: Annotated[str, typer.Argument(metavar="topology|scenario", help="Which kind of file.")] = "topology",
) -> None:
    """The JSON schema of the files you write, for your editor.

    \b
      fabriclab schema > clab.schema.json
    """
    from harness import console, verbs

    console.document(verbs.schema(of))


@app.command()
def preflight(as_json: JsonOption = False) -> None:
    """What this machine lacks, and what to do about it.

    Exit status 3 where labs can not run.

    \b
      fabriclab preflight
    """
    from harness import console, verbs

    findings = verbs.preflight()
    console.answer(findings, console.findings, as_json)
    raise typer.Exit(findings.exit_status)
