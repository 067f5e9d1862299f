"""Surroundings: what a node has besides its files, from the topology alone.

    around = Surroundings(topology)
    device = around.before(node, said) | said      # said: what the node's files say
    device = around.after(node, device)            # exec lines, then what its role brings

In the order in which a node boots: addresses of its cables, the management network, the kernel's first parameters;
its files; the topology's `exec` lines; what its role runs beside its configuration.
"""

from collections.abc import Iterable

from sim.address import parse_interface
from sim.dataclasses import replace
from sim.device import Device
from sim.device.interfaces import MADE, InterfaceConfig
from sim.device.static import StaticRoute
from sim.dialects.ifcfg.routes import ZEROCONF, ZEROCONF_METRIC
from sim.errors import Place
from sim.snapshot import Note
from sim.surroundings.execution import executed
from sim.surroundings.kernel import first_sysctls
from sim.surroundings.listeners import declared_listeners
from sim.surroundings.management import HOST, INTERFACE, host_interfaces, plan_management
from sim.surroundings.policy import guarded
from sim.surroundings.workloads import for_guests, of_guest
from sim.sysctls import written
from sim.topology.model import Kind, Link, LinkType, Node, Topology

_ROLES = ("compute", "master")
"""Groups with a role of their own: a Cumulus-like switch in one of them is no gateway."""
_FIRST_MADE, _FIRST_CABLED = 2, 10
"""Interface numbers in the lab: what a node makes itself counts from 2, cables' ends from 10 over the whole lab."""
_IPV6_FORWARDING = "net.ipv6.conf.all.forwarding"


class Surroundings:
    """A topology, looked at from each of its nodes."""

    def __init__(self, topology: Topology) -> None:
        self.topology = topology
        self.management = plan_management(topology)
        self._ports: dict[str, list[str]] = {}
        self._addressed: dict[str, dict[str, InterfaceConfig]] = {}
        drawn = sorted(topology.links, key=lambda link: link.type.hangs and len(link.endpoints) == 1)
        self._indexes = _indexes([*drawn, *self.management.cables()])
        for link in topology.links:
            for end in link.endpoints:
                if topology.nodes[end.node].kind is Kind.BRIDGE:
                    self._ports.setdefault(end.node, []).append(end.interface)
                if end.addresses:
                    given = tuple(parse_interface(text) for text in end.addresses)
                    config = InterfaceConfig(end.interface, addresses=given, place=link.place)
                    self._addressed.setdefault(end.node, {})[end.interface] = config

    def before(self, node: Node, said: Device) -> Device:
        """What the node has when its files, which say `said`, are read."""
        if node.kind is Kind.HOST:
            return Device(node.name, interfaces=host_interfaces(self.topology, self.management))
        interfaces = dict(self._addressed.get(node.name, {}))
        if node.kind is Kind.BRIDGE:
            ports = tuple(self._ports.get(node.name, ()))
            interfaces[node.name] = InterfaceConfig(node.name, "bridge", members=ports)
        sysctls = first_sysctls(node, self._indexes.get(node.name, {}) if node.sysctls else ())
        if _is_gateway(node):
            sysctls[_IPV6_FORWARDING] = "1"
        device = Device(node.name, interfaces=interfaces, sysctls=sysctls)
        return device | self._managed(node, said) if node.name in self.management.addresses else device

    def _managed(self, node: Node, said: Device) -> Device:
        """Its place on the management network; one that asks by DHCP gets the same IPv4 address, and no IPv6.

        Where ifupdown2 takes the IPv4 address away, the kernel drops IPv4 routes by that interface (fib_disable_ip);
        the IPv6 route stays, though its gateway is on no network any more.
        """
        four, six = self.management.addresses[node.name]
        asked = said.interfaces.get(INTERFACE)
        by_dhcp = asked is not None and asked.dhcp
        addresses = (four,) if by_dhcp else (four, six)
        routes = self.management.routes()[: len(addresses)]
        if asked and asked.flushed and four not in asked.addresses:
            routes = tuple(replace(route, onlink=True) for route in routes[1:])
        return Device(
            node.name, interfaces={INTERFACE: InterfaceConfig(INTERFACE, addresses=addresses)}, statics=routes
        )

    def after(self, node: Node, device: Device) -> Device:
        """The node's device once its `exec` lines have run and its role has started."""
        device = executed(node, self._numbered(node, device))
        if node.kind is Kind.WORKLOAD and node.parent:
            fact = next(each for each in self.topology.node(node.parent).facts.workloads if each.name == node.name)
            device |= of_guest(node, fact)
        if node.group == "compute" and node.facts.workloads:
            device = _with_role(device, for_guests(node, set(device.sysctls)))
            place = node.place or Place(str(self.topology.file))
            device = replace(device, filter=guarded(node.facts.workloads, device.filter, place))
        managed = self.management.addresses.get(node.name, ())
        listeners = (*device.listeners, *declared_listeners(node, managed))
        return replace(
            device, listeners=listeners, notes=(*device.notes, *self._unserved(node, device), *self._beyond(node))
        )

    def _beyond(self, node: Node) -> Iterable[Note]:
        """A note for each link of the node whose other end is not drawn, or not as it will be."""
        for link in self.topology.links_of(node.name):
            on, place = link.underlay, link.place or node.name
            if on and on.remote and len(link.endpoints) == 1:
                text = f"{link} is a tunnel to {on.remote}, which is not drawn: on paper nobody is there"
                yield Note(place, text, node.name, policy=True)
            elif on and on.mode != "bridge":
                text = f"{link} is a macvlan of mode {on.mode}; on paper its mode is bridge"
                yield Note(place, text, node.name, policy=True)

    def _unserved(self, node: Node, device: Device) -> Iterable[Note]:
        """A note for each interface that asks by DHCP where the lab serves none: outside the management network."""
        for name, config in device.interfaces.items():
            if config.dhcp and (name != INTERFACE or node.name not in self.management.addresses):
                yield Note(
                    config.place or node.name, f"{name} asks by DHCP, and no server is drawn", node.name, policy=True
                )

    def _numbered(self, node: Node, device: Device) -> Device:
        """The device with each zeroconf route's metric complete: 1000 and its interface's number (RHEL's ifup-eth).

        A bridge that is only just being made has none yet in the lab: 1000 alone.
        """
        unfinished = (each.metric == ZEROCONF_METRIC and each.prefix == ZEROCONF for each in device.statics)
        if not any(unfinished):
            return device
        numbers = self._indexes.get(node.name, {})
        made = (name for name, config in device.interfaces.items() if config.kind in MADE and name not in numbers)
        first = _FIRST_MADE + sum(number < _FIRST_CABLED for number in numbers.values())
        numbers = {**{name: number for number, name in enumerate(made, first)}, **numbers}
        bridges = {name for name, config in device.interfaces.items() if config.kind == "bridge"}

        def complete(each: StaticRoute) -> StaticRoute:
            if each.metric != ZEROCONF_METRIC or each.prefix != ZEROCONF:
                return each
            number = 0 if each.interface in bridges else numbers.get(each.interface or "", 0)
            return replace(each, metric=ZEROCONF_METRIC + number)

        return replace(device, statics=tuple(complete(each) for each in device.statics))


def _with_role(device: Device, role: Device) -> Device:
    sysctls = dict(device.sysctls)
    for key, value in role.sysctls.items():
        sysctls = written(sysctls, key, value)
    return replace(device | replace(role, sysctls={}), sysctls=sysctls)


def _indexes(cables: Iterable[Link]) -> dict[str, dict[str, int]]:
    """The numbers of cabled interfaces, by node and name: two for each cable, in the order in which cables are made.

    A dummy, which is no cable, gets the node's next free number.
    """
    found: dict[str, dict[str, int]] = {}
    number = _FIRST_CABLED
    for link in cables:
        for offset, end in enumerate(link.endpoints):
            own = found.setdefault(end.node, {})
            made = _FIRST_MADE + sum(each < _FIRST_CABLED for each in own.values())
            own[end.interface] = made if link.type is LinkType.DUMMY else number + offset
        number += 0 if link.type is LinkType.DUMMY else 2
    return found


def _is_gateway(node: Node) -> bool:
    return node.group == "gateway" or (node.kind is Kind.CUMULUS and node.group not in _ROLES)


__all__ = ["HOST", "Surroundings"]
