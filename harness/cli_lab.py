"""fabriclab: the verbs of a lab, from deploy to destroy."""

from pathlib import Path
from typing import Annotated

import typer

from harness import completion
from harness.cli_options import (
    FilterOption,
    JsonOption,
    NameOption,
    NodeArgument,
    NodesArgument,
    OutsideOption,
    RuntimeOption,
    TopologyArgument,
    VarsOption,
)
from sim.errors import InputError


def deploy(
    topology: TopologyArgument,
    name: NameOption = None,
    runtime: RuntimeOption = None,
    bare: Annotated[bool, typer.Option("--bare", help="Create and cable the nodes, but push no files.")] = False,
    node_filter: FilterOption = None,
    tolerate_exec: Annotated[
        bool, typer.Option("--tolerate-exec", help="An exec command that fails is a warning, and ends nothing.")
    ] = False,
    allow_outside_binds: OutsideOption = False,
    variables: VarsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Bring a lab up: every node booted with its files.

    On a lab that is running, the difference is applied. A deploy that fails, or is interrupted, undoes itself and
    names the node.

    \b
      fabriclab deploy topologies/dev01
      fabriclab deploy topologies/dev01 --name second
      fabriclab deploy topologies/dev01 --node-filter gw,master
    """
    from harness import console, labs, verbs

    network = labs.filtered(labs.read(topology, name, allow_outside_binds, variables or ()), node_filter)
    with console.progress(f"deploy {network.name}", quiet=as_json) as progress:
        summary = verbs.deploy(network, runtime=runtime, bare=bare, progress=progress, tolerant=tolerate_exec)
    console.answer(summary, console.deployed, as_json)


def push(
    topology: TopologyArgument,
    nodes: NodesArgument = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the difference; change nothing.")] = False,
    name: NameOption = None,
    allow_outside_binds: OutsideOption = False,
    variables: VarsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Put changed files on running nodes and apply them.

    Each file is applied with the node's own tool. A file that a node rejects is reported in that tool's words, and
    the node keeps what it had. Then the commands run that nodes declare as `push`, such as ansible-playbook.

    \b
      fabriclab push topologies/dev01 gw --dry-run
      fabriclab push topologies/dev01
    """
    from harness import console, labs, verbs

    network = labs.read(topology, name, allow_outside_binds, variables or ())
    lab = labs.running(topology, name)
    if dry_run:
        pushed = verbs.plan(lab, network, nodes or ())
    else:
        with console.progress(f"push {network.name}", quiet=as_json) as progress:
            pushed = verbs.push(lab, network, nodes or (), progress)
    console.answer(pushed, console.pushed, as_json)


def destroy(
    topology: Annotated[str | None, typer.Argument(metavar="TOPOLOGY", autocompletion=completion.running_labs)] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every running lab.")] = False,
    node_filter: FilterOption = None,
    name: NameOption = None,
    as_json: JsonOption = False,
) -> None:
    """End a lab, or some of its nodes; nothing stays behind.

    No process, namespace, mount, interface or file.

    \b
      fabriclab destroy topologies/dev01
      fabriclab destroy topologies/dev01 --node-filter compute-06
      fabriclab destroy --all
    """
    from harness import console, labs, verbs

    if everything == (topology is not None):
        raise InputError("say which lab, or --all", "fabriclab destroy")
    if node_filter and topology:
        lab = labs.running(topology, name)
        console.answer(verbs.destroy_nodes(lab, labs.names_in(node_filter)), console.destroyed, as_json)
        return
    console.answer(verbs.destroy(topology, name), console.destroyed, as_json)


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


def shell(topology: TopologyArgument, node: NodeArgument, name: NameOption = None) -> None:
    """A shell on a node. Leave it with exit or Ctrl-D.

    \b
      fabriclab shell topologies/dev01 compute-01
    """
    from harness import labs, terminal

    raise typer.Exit(terminal.shell(labs.running(topology, name), node))


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
