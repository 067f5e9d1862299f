"""A node's FRR files -> its Device."""

from collections.abc import Sequence

from sim.device import Device, Understood
from sim.dialects import Source
from sim.dialects.frr import (  # noqa: F401 (they register commands)
    bgp_family,
    bgp_neighbour,
    bgp_origination,
    known,
    lists,
    ospf_interfaces,
    statics,
)
from sim.dialects.frr.bgp_device import Builder
from sim.dialects.frr.daemons_file import DaemonsFile
from sim.dialects.frr.defaults import MODELLED, parse_version
from sim.dialects.frr.interfaces import interface_config
from sim.dialects.frr.ospf_device import ospf_instance
from sim.dialects.frr.pbr import rules_and_routes
from sim.dialects.frr.reading import Reading
from sim.dialects.frr.route_map_policy import judge_idle_maps
from sim.dialects.frr.zebra import zebra_config
from sim.topology.model import Kind, Node


def read(node: Node, daemons: Source | None, configurations: Sequence[Source], cumulus: bool) -> Device:
    """What a node's files say. `cumulus`: it has files below /etc/cumulus."""
    file = DaemonsFile(daemons)
    profile = file.profile(cumulus or node.kind is Kind.CUMULUS)
    running = parse_version(node.facts.frr or MODELLED)
    reading = Reading(node.name, profile, file.multipath, running)
    understood = {daemons.path: Understood(file.lines, file.lines)} if daemons else {}
    for source in configurations:
        lines, unknown = reading.lines, reading.unknown
        reading.read(source)
        total = reading.lines - lines
        understood[source.path] = Understood(total, total - (reading.unknown - unknown))
    return _device(node.name, file.daemons, reading, understood)


def _device(node: str, daemons: frozenset[str], reading: Reading, understood: dict[str, Understood]) -> Device:
    builder = Builder(reading.names, reading.multipath)
    bgp = tuple(builder.instance(draft) for draft in reading.bgps.values())
    interfaces = list(reading.interfaces.values())
    ospf = tuple(ospf_instance(draft, interfaces, reading.names) for draft in reading.ospfs.values())
    judge_idle_maps(reading.names)
    rules, routes = rules_and_routes(reading)
    return Device(
        node,
        daemons,
        {each.name: interface_config(each) for each in interfaces},
        (*statics.static_routes(reading), *routes),
        tuple(rules),
        bgp,
        ospf,
        zebra=zebra_config(reading),
        sysctls=reading.sysctls,
        notes=tuple(reading.notes),
        findings=tuple(reading.names.findings()),
        understood=understood,
    )
