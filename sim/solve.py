"""solve: a topology and its Devices -> Paper. The one place where the engine for a network is chosen."""

from collections.abc import Mapping

from sim.device import Device
from sim.fast.network import FastNetwork
from sim.fast.sessions import NotPlain
from sim.links import solve_links
from sim.paper import Paper
from sim.routing.engine import Engine
from sim.routing.states import NodeStates
from sim.snapshot import Snapshot
from sim.topology.model import Topology


def solve(topology: Topology, devices: Mapping[str, Device]) -> Paper:
    """What the network comes to. NotConverged where it never comes to rest."""
    known = {name: devices.get(name) or Device(name) for name in topology.nodes}
    notes = tuple(note for device in known.values() for note in device.notes)
    links = solve_links(topology, known)
    try:
        network = FastNetwork(links, known)
    except NotPlain:
        engine = Engine(links, known)
        engine.run()
        return Paper(topology, known, Snapshot(topology.name, "solved", NodeStates(engine), notes))
    snapshot = Snapshot(topology.name, "solved", network, notes)
    return Paper(topology, known, snapshot, counted=network.counts())
