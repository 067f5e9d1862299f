"""fabriclab: the verbs that ask what is true."""

from pathlib import Path
from typing import Annotated

import typer

from harness import completion
from harness.cli_options import (
    JsonOption,
    NameOption,
    NodesArgument,
    OnOption,
    OutsideOption,
    RuntimeOption,
    TopologyArgument,
)
from sim.errors import HostError


def observe(
    topology: TopologyArgument,
    nodes: NodesArgument = None,
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


def trace(
    topology: TopologyArgument,
    source: Annotated[str, typer.Option("--from", help="A node, or node:interface.", autocompletion=completion.nodes)],
    destination: Annotated[str, typer.Option("--to", help="A node or an address.", autocompletion=completion.nodes)],
    protocol: Annotated[str, typer.Option("--proto", help="icmp, tcp or udp.")] = "",
    sport: Annotated[int | None, typer.Option(help="Source port; else one is chosen.", min=1, max=65535)] = None,
    dport: Annotated[int | None, typer.Option(help="Destination port (tcp, udp).", min=1, max=65535)] = None,
    size: Annotated[int | None, typer.Option(help="Bytes of the IP packet, sent with DF set.")] = None,
    via: Annotated[str | None, typer.Option(help="Interface of the source to leave by.")] = None,
    on: OnOption = "lab",
    name: NameOption = None,
    as_json: JsonOption = False,
) -> None:
    """Send one packet and follow it, hop by hop.

    Says where it died, and by which rule, route or counter. Exit status 1 where it was not delivered. On paper, every
    path that the flow may take, and the line of the file that stops it.

    \b
      fabriclab trace topologies/dev01 --from tester --to master --proto tcp --dport 5000
      fabriclab trace topologies/dev01 --from tester --to master --proto tcp --dport 3306 --on paper
    """
    from harness import console, labs, verbs

    verbs.require(on, ("lab", "paper"), "--on")
    flow = verbs.flow(source, destination, protocol, sport, dport)
    if on == "paper":
        found = verbs.trace_on_paper(labs.read(topology, name), flow, size, via)
    else:
        found = verbs.trace(labs.running(topology, name), flow, size, via)
    console.answer(found, console.trace, as_json)
    raise typer.Exit(0 if found.delivered else 1)


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
    on: OnOption = "lab",
    runtime: RuntimeOption = None,
    name: NameOption = None,
    allow_outside_binds: OutsideOption = False,
    as_json: JsonOption = False,
) -> None:
    """Run scenarios; print and report what they found.

    A scenario brings its own lab up and ends it. For a TOPOLOGY, its standing scenarios (those that change nothing) run
    on the lab that is running. Exit status 1 where a verdict failed.

    \b
      fabriclab verify topologies/dev01 --report reports/dev01
      fabriclab verify scenarios/dev01/functional-test.yml
      fabriclab verify -j 2
      fabriclab verify scenarios/dev01 --runtime docker
      fabriclab verify scenarios/dev01 --on paper
    """
    from harness import console, verbs, verifying
    from harness import report as reports
    from lab.runtimes import DEFAULT

    verbs.require(on, ("lab", "paper"), "--on")
    with console.live(quiet=as_json) as progress:
        found = verifying.verify(
            targets or ["scenarios"],
            name=name,
            keep=keep,
            jobs=jobs,
            progress=progress,
            on=on,
            runtime=runtime or DEFAULT,
            allow_outside_binds=allow_outside_binds,
        )
    try:
        written, trouble = reports.write(found, report) if report else (), None
    except HostError as error:  # what was found is told all the same
        written, trouble = (), error
    console.report(found, written, as_json)
    if trouble:
        console.error(str(trouble))
    raise typer.Exit(trouble.exit_status if trouble else found.exit_status)


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
