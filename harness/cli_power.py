"""fabriclab: the verbs about single nodes of a running lab: their power, and what they run."""

from pathlib import Path
from typing import Annotated

import typer

from harness.cli_options import JsonOption, NameOption, NodesArgument, TopologyArgument


def stop(
    topology: TopologyArgument,
    nodes: NodesArgument = None,
    name: NameOption = None,
    as_json: JsonOption = False,
) -> None:
    """Pull the power of nodes; their cables stay.

    Of NODEs, or of all. What they held in memory is lost, their neighbours see carrier go, and their workloads stop
    with them.

    \b
      fabriclab stop topologies/clos-2x4 spine01
    """
    _change("stop", topology, nodes, name, as_json)


def start(
    topology: TopologyArgument,
    nodes: NodesArgument = None,
    name: NameOption = None,
    as_json: JsonOption = False,
) -> None:
    """Give stopped nodes their power back, and boot them.

    NODEs, or all. They boot with their files as they are now, and find their cables where they were.

    \b
      fabriclab start topologies/clos-2x4 spine01
    """
    _change("start", topology, nodes, name, as_json)


def restart(
    topology: TopologyArgument,
    nodes: NodesArgument = None,
    name: NameOption = None,
    as_json: JsonOption = False,
) -> None:
    """Pull the power of nodes, and give it back.

    NODEs, or all; see stop and start.

    \b
      fabriclab restart topologies/clos-2x4 leaf01 leaf02
    """
    _change("restart", topology, nodes, name, as_json)


def _change(verb: str, topology: str, nodes: list[str] | None, name: str | None, as_json: bool) -> None:
    from harness import console, labs, power

    with console.progress(verb, quiet=as_json) as progress:
        found = power.CHANGES[verb](labs.running(topology, name), nodes or (), progress)
    console.answer(found, console.powered, as_json)


def save(
    topology: TopologyArgument,
    nodes: NodesArgument = None,
    to: Annotated[Path | None, typer.Option("--to", metavar="DIR", help="Else clab-<lab>/ beside the file.")] = None,
    name: NameOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write down what nodes run now, as files to push again.

    Of NODEs, or of all that run: FRR's running configuration, the packet filter, and the other files as the node has
    them, to DIR/<node>/<path on the node>. Passwords are written as they are, for the owner's eyes alone.

    \b
      fabriclab save topologies/clos-2x4
      fabriclab save topologies/clos-2x4 leaf01 --to saved
    """
    from harness import console, labs, saving

    console.answer(saving.save(labs.running(topology, name), nodes or (), to), console.saved, as_json)


def events(
    topology: TopologyArgument,
    nodes: NodesArgument = None,
    initial_state: Annotated[bool, typer.Option("--initial-state", help="First what there is now.")] = False,
    name: NameOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document a line, and nothing else.")] = False,
) -> None:
    """Tell what happens in a lab, until Ctrl-C.

    In the lab, or on NODEs of it: power, interfaces, addresses, routes, sessions; a line each, as `containerlab events`
    writes them. Ends with the lab.

    \b
      fabriclab events topologies/clos-2x4
      fabriclab events topologies/clos-2x4 leaf01 --json | jq -c 'select(.type == "session")'
    """
    from harness import events, labs

    events.show(labs.running(topology, name), nodes or (), as_json, initial_state)
