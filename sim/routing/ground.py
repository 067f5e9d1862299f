"""The ports of every node: what the configurations and the cables say together."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace

from sim.address import Address
from sim.device import Device
from sim.device.interfaces import InterfaceConfig
from sim.routing import Ground, Port
from sim.topology.model import Kind, Topology

Wire = set[tuple[str, str]]


def lay(topology: Topology, devices: Mapping[str, Device]) -> Ground:
    """The ports of a network whose cables are all plugged in as the topology draws them."""
    wires = _wires(topology)
    return {name: _ports(name, devices.get(name, Device(name)), wires) for name in topology.nodes}


def _wires(topology: Topology) -> dict[tuple[str, str], Wire]:
    """Who shares a wire, bridges of the drawing included."""
    bridges = {name for name, node in topology.nodes.items() if node.kind is Kind.BRIDGE}
    groups: dict[object, Wire] = defaultdict(set)
    for link in topology.links:
        ends = {(end.node, end.interface) for end in link.endpoints}
        hub = next((node for node, _ in ends if node in bridges), None)
        groups[hub or id(link)] |= {end for end in ends if end[0] not in bridges}
    return {end: wire for wire in groups.values() for end in wire}


def _ports(node: str, device: Device, wires: Mapping[tuple[str, str], Wire]) -> dict[str, Port]:
    names = [*device.interfaces, *(name for owner, name in wires if owner == node and name not in device.interfaces)]
    configs = {name: device.interfaces.get(name, InterfaceConfig(name)) for name in dict.fromkeys(("lo", *names))}
    return {name: _port(node, configs[name], configs, wires) for name in configs}


def _port(
    node: str, config: InterfaceConfig, configs: Mapping[str, InterfaceConfig], wires: Mapping[tuple[str, str], Wire]
) -> Port:
    far = tuple(sorted(wires.get((node, config.name), set()) - {(node, config.name)}))
    cabled = bool(far) or config.kind != "physical"
    port = Port(
        name=config.name,
        up=config.name == "lo" or (config.up is not False and cabled),
        addresses=tuple(each for each in config.addresses if not each.address.is_link_local),
        peers=config.peers,
        link_local=_link_local(node, config.name) if config.name != "lo" else None,
        mtu_bytes=config.mtu_bytes or (65536 if config.name == "lo" else 9500),
        kind="loopback" if config.name == "lo" else config.kind,
        neighbours=far,
    )
    return replace(port, vrf=config.vrf, table=config.vrf) if config.vrf is not None else port


def _link_local(node: str, interface: str) -> Address:
    """A stand-in that is the same in every run: the kernel's own comes from a MAC, which the drawing need not say."""
    value = 0
    for letter in f"{node}:{interface}".encode():
        value = (value * 257 + letter) % ((1 << 61) - 1)
    return Address(0xFE80 << 112 | value, 6)
