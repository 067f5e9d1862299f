"""Who examines a network's failures: the level engine where routes alone decide, else the general one with traces."""

from collections.abc import Mapping

from sim.device import Device
from sim.device.bgp import IPV6
from sim.fast.network import FastNetwork
from sim.fast.sessions import NotPlain
from sim.filters import PacketFilter
from sim.links import solve_links
from sim.sweep.effect import Examiner
from sim.sweep.level import LevelExaminer
from sim.sweep.whole import WholeExaminer
from sim.sysctls import forwards
from sim.topology.model import Kind, Topology


def examiner_of(topology: Topology, devices: Mapping[str, Device]) -> Examiner:
    """The fastest examiner that is exact for this network."""
    known = {name: devices.get(name) or Device(name) for name in topology.nodes}
    if _routes_alone(topology, known):
        try:
            return LevelExaminer(topology, FastNetwork(solve_links(topology, known), known))
        except NotPlain:
            pass
    return WholeExaminer(topology, known)


def _routes_alone(topology: Topology, devices: Mapping[str, Device]) -> bool:
    """Whether nothing but routes decides what is delivered: no filters, rules, services or guests."""
    offered = any(
        node.facts.services or node.facts.workloads or node.kind in (Kind.WORKLOAD, Kind.HOST, Kind.BRIDGE)
        for node in topology.nodes.values()
    )
    return not offered and not any(
        device.rules or device.filter != PacketFilter() or not _forwards_all(device) for device in devices.values()
    )


def _forwards_all(device: Device) -> bool:
    """Whether a node forwards whatever comes in, wherever it comes in (strict reverse paths may refuse some)."""
    versions = {6 if family == IPV6 else 4 for bgp in device.bgp for each in bgp.neighbours for family in each.families}
    set_to = device.sysctls
    strict = any(key.endswith(".rp_filter") and value == "1" for key, value in set_to.items())
    return not strict and all(
        forwards(set_to, version, interface) for version in versions for interface in ("all", *device.interfaces)
    )
