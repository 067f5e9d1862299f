"""solve: a topology and its Devices -> Paper. The one place where the engine for a network is chosen."""

from collections.abc import Mapping

from sim.device import Device
from sim.paper import Paper
from sim.routing.engine import Engine
from sim.routing.ground import lay
from sim.routing.states import NodeStates
from sim.snapshot import Snapshot
from sim.topology.model import Topology


def solve(topology: Topology, devices: Mapping[str, Device]) -> Paper:
    """What the network comes to. NotConverged where it never comes to rest."""
    known = {name: devices.get(name) or Device(name) for name in topology.nodes}
    engine = Engine(lay(topology, known), known)
    engine.run()
    notes = tuple(note for device in known.values() for note in device.notes)
    return Paper(topology, known, Snapshot(topology.name, "solved", NodeStates(engine), notes))
