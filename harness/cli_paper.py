"""fabriclab: the verbs that need no lab: the network on paper."""

from typing import Annotated, Literal

import typer

from harness.cli_options import JsonOption, NameOption, NodesArgument, OutsideOption, TopologyArgument, VarsOption
from sim.errors import InputError


def solve(
    topology: TopologyArgument,
    nodes: NodesArgument = None,
    notes: Annotated[bool, typer.Option("--notes", help="What the model does not know.")] = False,
    reach: Annotated[bool, typer.Option("--reach", help="Who reaches which service, and over which nodes.")] = False,
    why: Annotated[str | None, typer.Option("--why", metavar="NODE:PREFIX", help="Why this route won.")] = None,
    allow_outside_binds: OutsideOption = False,
    variables: VarsOption = None,
    as_json: JsonOption = False,
) -> None:
    """What the files make of the network, without a lab.

    Sessions, routes and next hops, derived from the configuration; a summary in numbers, or the tables of NODEs. JSON
    is the same document that observe gives.

    \b
      fabriclab solve topologies/dev01
      fabriclab solve topologies/dev01 gw
      fabriclab solve topologies/dev01 --notes
      fabriclab solve topologies/dev01 --reach
      fabriclab solve topologies/clos-2x4 --why leaf01:192.0.2.53/32
    """
    from harness import console, console_paper, labs, solving

    network = labs.read(topology, None, allow_outside_binds, variables or ())
    with console.progress(f"solve {network.name}", quiet=as_json) as progress:
        paper = solving.paper(network, progress)
    if why:
        console.answer(solving.why(paper, why), console_paper.explanation, as_json)
    elif reach:
        from harness import reaching

        console.answer(reaching.reached(paper, services_only=not as_json), console_paper.reached, as_json)
    elif notes:
        console.answer(solving.notes(paper), console_paper.model_notes, as_json)
    elif as_json or nodes:
        snapshot = solving.snapshot(paper, nodes or ())
        console.document(snapshot.to_json()) if as_json else console.snapshot(snapshot)
    else:
        console.answer(solving.summary(paper), console_paper.solved, as_json)


def diff(
    old: TopologyArgument,
    new: Annotated[str | None, typer.Argument(metavar="NEW", help="Another topology, file or folder.")] = None,
    flows: Annotated[int, typer.Option(help="How many flows are walked at the most.", min=0)] = 5_000,
    name: NameOption = None,
    as_json: JsonOption = False,
) -> None:
    """Where lab and paper part; or two networks, on paper.

    With one TOPOLOGY, its running lab against what its files should make of it. With NEW, what a change would change:
    routes, sessions, and which flows it opens and closes; no lab is needed. Exit status 1 where there is a difference.

    \b
      fabriclab diff topologies/dev01
      fabriclab diff topologies/dev01 /tmp/dev01-changed
    """
    from harness import console, console_paper, diffing, labs

    if name and new:
        raise InputError("--name means a running lab; two networks are compared on paper", "fabriclab diff")
    with console.progress("diff", quiet=as_json) as progress:
        if new is None:
            found = diffing.lab_against_paper(labs.running(old, name), progress)
        else:
            found = diffing.paper_against_paper(labs.read(old), labs.read(new), flows, progress)
    console.answer(found, console_paper.parting, as_json)
    raise typer.Exit(found.exit_status)


def sweep(
    topology: TopologyArgument,
    failures: Annotated[int, typer.Option("--failures", "-k", metavar="K", help="How many fail at a time.")] = 1,
    links: Annotated[bool, typer.Option("--links", help="Cables fail (the default).")] = False,
    nodes: Annotated[bool, typer.Option("--nodes", help="Nodes fail.")] = False,
    both: Annotated[bool, typer.Option("--both", help="Cables and nodes fail.")] = False,
    jobs: Annotated[int, typer.Option("-j", "--jobs", help="Processes; 0: as many as help.", min=0)] = 0,
    cluster: Annotated[str | None, typer.Option(metavar="tcp://...", help="A Dask scheduler to work on.")] = None,
    allow_outside_binds: OutsideOption = False,
    variables: VarsOption = None,
    as_json: JsonOption = False,
) -> None:
    """What every failure of K cables or nodes would do, on paper.

    Which properties hold, degrade or break: reachability, loops, blackholes, separation, ECMP width; with the smallest
    sets of failures that break each. Exhaustive: sets that are not solved inherit their verdict by proof, and the last
    line says how many. Exit status 1 where a property breaks; Ctrl-C shows what is known so far.

    \b
      fabriclab sweep topologies/clos-2x4
      fabriclab sweep topologies/clos-2x4 --failures 2 --both
      fabriclab sweep fat-tree-32 --cluster tcp://10.0.0.1:8786
    """
    from harness import console, console_sweep, labs, sweeping

    what: Literal["links", "nodes", "both"] = "both" if both or (links and nodes) else "nodes" if nodes else "links"
    network = labs.read(topology, None, allow_outside_binds, variables or ())
    with console.progress(f"sweep {network.name}", quiet=as_json) as progress:
        found = sweeping.swept(network, sweeping.Wish(failures, what, jobs, cluster), progress)
    console.answer(found, console_sweep.swept, as_json)
    raise typer.Exit(found.exit_status)
