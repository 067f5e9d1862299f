"""solve: a topology and its Devices -> Paper. The one place where the engine for a network is chosen."""

from collections.abc import Mapping

from sim.device import Device
from sim.links import Links, solve_links
from sim.paper import Paper
from sim.snapshot import Note, Snapshot
from sim.topology.model import Topology

_LARGE = 200
"""So many BGP neighbours make a large fabric; below, the general engine is done before numpy has been loaded."""


def solve(topology: Topology, devices: Mapping[str, Device]) -> Paper:
    """What the network comes to. NotConverged where it never comes to rest."""
    known = {name: devices.get(name) or Device(name) for name in topology.nodes}
    notes = tuple(note for device in known.values() for note in device.notes)
    links = solve_links(topology, known)
    asked = sum(len(instance.neighbours) for device in known.values() for instance in device.bgp)
    filtered = any(device.filter.tables for device in known.values())  # filters may keep sessions down
    fast = _fast(links, known, notes) if asked >= _LARGE and not filtered else None
    return fast or _general(links, known, notes)


def _general(links: Links, devices: Mapping[str, Device], notes: tuple[Note, ...]) -> Paper:
    from sim.routing.engine import Engine
    from sim.routing.settlement import Settlement
    from sim.routing.states import NodeStates

    engine = Engine(links, devices)
    engine.run()
    snapshot = Snapshot(links.topology.name, "solved", NodeStates(engine), notes)
    return Paper(links.topology, devices, snapshot, Settlement(engine), links=links)


def _fast(links: Links, devices: Mapping[str, Device], notes: tuple[Note, ...]) -> Paper | None:
    """By the level engine; None for a network that is not for it."""
    from sim.fast.network import FastNetwork
    from sim.fast.sessions import NotPlain
    from sim.fast.solution import FastSolution

    try:
        network = FastNetwork(links, devices)
    except NotPlain:
        return None
    snapshot = Snapshot(links.topology.name, "solved", network, notes)
    return Paper(links.topology, devices, snapshot, FastSolution(network), counted=network.counts(), links=links)
