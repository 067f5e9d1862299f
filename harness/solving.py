"""`fabriclab solve`: what the files make of the network, in numbers, in tables, in reasons."""

from collections.abc import Callable, Iterator, Sequence

from harness.answer import Answer
from harness.secrets import masked
from sim.counts import Counts
from sim.dataclasses import replace
from sim.devices import read_devices
from sim.errors import InputError
from sim.paper import Paper
from sim.snapshot import Snapshot
from sim.solve import solve
from sim.topology.model import Topology


def paper(network: Topology, progress: Callable[[str], None]) -> Paper:
    """The network solved. ConfigError where a file is wrong, NotConverged where the routes never settle."""
    progress(f"files of {len(network.nodes)} nodes")
    devices = read_devices(network)
    progress("routes")
    return solve(network, devices)


def snapshot(found: Paper, nodes: Sequence[str]) -> Snapshot:
    """The whole Snapshot, or that of some nodes. Its notes quote files, so secrets in them are masked."""
    chosen = [found.topology.node(name).name for name in nodes] or list(found.snapshot.nodes)
    told = tuple(replace(note, text=masked(note.text)) for note in found.snapshot.notes)
    return replace(found.snapshot, nodes={name: found.snapshot.nodes[name] for name in chosen}, notes=told)


def notes(found: Paper) -> Answer:
    """What the model does not know, names that lead nowhere, and how much of each file was understood."""
    shares = [
        {"node": name, "file": path, "lines": share.lines, "known": share.known}
        for name, device in found.devices.items()
        for path, share in device.understood.items()
    ]
    findings = [{"place": str(each.place), "kind": each.kind, "text": masked(each.text)} for each in found.findings]
    told = snapshot(found, ()).notes
    noted = [{"place": str(note.place), "text": note.text, "policy": note.policy} for note in told]
    return Answer({"notes": noted, "findings": findings, "understood": shares})


def summary(found: Paper) -> Answer:
    """The network in numbers, what is down, and what real daemons may settle in several ways.

    A large fabric is counted without spelling out its routes; states are made only to name sessions that are down.
    """
    counts = found.counts()
    return Answer(
        {
            "topology": found.topology.name,
            "nodes": len(found.topology.nodes),
            "links": len(found.topology.links),
            "counts": _counts(counts),
            "down": list(_down(found)) if counts.sessions_up < counts.sessions_asked else [],
            "unsettled": [{"node": each.node, "prefix": each.prefix, "why": each.why} for each in found.unsettled],
            "notes": len(found.snapshot.notes),
        }
    )


def _counts(counts: Counts) -> dict[str, int]:
    """Sessions, FIB entries by protocol, their next hops, and what the engines have solved."""
    return {
        "sessions asked for": counts.sessions_asked,
        "sessions up": counts.sessions_up,
        **{f"{protocol} routes": count for protocol, count in sorted(counts.routes.items())},
        "RIB entries": counts.entries,
        **{f"prefix classes, {engine} engine": count for engine, count in sorted(counts.classes.items())},
    }


def _down(found: Paper) -> Iterator[dict[str, str]]:
    for name, state in found.snapshot.nodes.items():
        for each in state.sessions:
            if not each.up:
                yield {"node": name, "session": f"{each.protocol} {each.peer}", "why": each.state}


def why(found: Paper, asked: str) -> Answer:
    """Why the route `NODE:PREFIX` is what it is: the step that decided, and the losers. InputError: no such route."""
    node, _, prefix = asked.partition(":")
    found.topology.node(node)
    try:
        reason = found.why(node, prefix)
    except ValueError as error:
        raise InputError(f"{error}; expected NODE:PREFIX, such as leaf01:10.0.4.0/24", "--why") from error
    if reason is None:
        near = ", ".join(list(found.snapshot.nodes[node].fib)[:16]) or "none"
        raise InputError(f"{node} has no route to exactly {prefix}; it has: {near}", "--why")
    told = [{"path": each.path, "lost_by": each.step} for each in (*reason.losers, *reason.candidates)]
    return Answer({"node": node, "prefix": prefix, "route": reason.route, "step": reason.step, "losers": told})
