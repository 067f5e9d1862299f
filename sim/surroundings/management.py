"""The management network, as the lab brings it: a bridge on the lab's host side, and an eth0 on every managed node.

Addresses go as Docker deals them out: those that the file fixes first, the others in the file's order, from the first
of the range that neither the gateway nor a fixed address holds.
"""

from collections.abc import Iterator
from ipaddress import ip_network

from sim.address import Address, InterfaceAddress, parse_address
from sim.dataclasses import dataclass
from sim.device.interfaces import InterfaceConfig
from sim.device.static import StaticRoute
from sim.errors import TopologyError
from sim.topology.interfaces import stitch_names
from sim.topology.model import Endpoint, Link, LinkType, Topology

HOST = "host"
"""The lab's host side: the far end of the management network and of links to the host."""
INTERFACE = "eth0"
ON_PAPER = "~"
"""Part of the names of what is on paper alone; no name of a drawn interface has it."""


@dataclass(frozen=True, slots=True)
class Management:
    """Who has which addresses on it. `addresses` are IPv4 and IPv6 by node."""

    bridge: str
    mtu_bytes: int
    gateways: tuple[InterfaceAddress, InterfaceAddress]
    addresses: dict[str, tuple[InterfaceAddress, InterfaceAddress]]

    def routes(self) -> tuple[StaticRoute, StaticRoute]:
        """A node's default routes by way of it, as Docker gives them."""
        four, six = (gateway.address for gateway in self.gateways)
        return default_route(four), default_route(six)

    def cables(self) -> list[Link]:
        """The cable of each node, in the order in which the lab makes them."""
        return [
            Link(LinkType.MGMT_NET, (Endpoint(node, INTERFACE),), self.mtu_bytes, f"mgmt{number}")
            for number, node in enumerate(self.addresses)
        ]


def default_route(gateway: Address, interface: str = INTERFACE) -> StaticRoute:
    """A default route as `ip route add default via` leaves it."""
    everything = parse_address("::" if gateway.version == 6 else "0.0.0.0").host._replace(length=0)
    metric = 1024 if gateway.version == 6 else 0
    return StaticRoute(everything, gateway, interface, protocol="boot", distance=0, metric=metric)


def plan_management(topology: Topology) -> Management:
    """Everybody's addresses. TopologyError where the range is too small."""
    net = topology.management
    managed = [node for node in topology.nodes.values() if node.managed]
    gateways = (
        _gateway(net.ipv4_subnet, net.ipv4_gateway),
        _gateway(net.ipv6_subnet, net.ipv6_gateway),
    )
    taken = {gateway.address for gateway in gateways}
    taken |= {parse_address(text) for node in managed for text in (node.mgmt_ipv4, node.mgmt_ipv6) if text}
    free4 = _free(net.ipv4_range or net.ipv4_subnet, taken)
    free6 = _free(net.ipv6_range or net.ipv6_subnet, taken)
    dealt = {}
    for node in managed:
        four = parse_address(node.mgmt_ipv4) if node.mgmt_ipv4 else next(free4, None)
        six = parse_address(node.mgmt_ipv6) if node.mgmt_ipv6 else next(free6, None)
        if four is None or six is None:
            raise TopologyError("mgmt: the network has too few addresses; make its subnet or range larger", node.place)
        dealt[node.name] = (_in(gateways[0], four), _in(gateways[1], six))
    return Management(net.bridge, net.mtu_bytes, gateways, dealt)


def host_interfaces(topology: Topology, management: Management) -> dict[str, InterfaceConfig]:
    """The interfaces of the lab's host side: the bridge, its ports, and the far ends of links to the host.

    Macvlans of one interface hear each other and what that interface hears: on paper they are ports of a bridge
    beside it.
    """
    cables = [*(link for link in topology.links if link.far_interface), *management.cables()]
    ports = tuple(str(link.far_interface) for link in cables if link.type is LinkType.MGMT_NET)
    found = {str(link.far_interface): InterfaceConfig(str(link.far_interface)) for link in cables}
    beside = _macvlans(topology)
    found |= {port: InterfaceConfig(port) for hung in beside.values() for port in hung}
    if ports:
        ports += tuple(beside.pop(management.bridge, ()))
        mtu = management.mtu_bytes
        found[management.bridge] = InterfaceConfig(
            management.bridge, "bridge", management.gateways, mtu_bytes=mtu, members=ports
        )
    for parent, hung in beside.items():
        cabled = (parent,) if parent in found else ()
        name = f"{parent}{ON_PAPER}" if cabled else parent
        found[name] = InterfaceConfig(name, "bridge", members=(*cabled, *hung))
    for link in topology.links:
        if link.type is LinkType.VXLAN_STITCH:
            cable, tunnel = stitch_names(link)
            found[cable] = InterfaceConfig(cable)
            found[tunnel] = InterfaceConfig(tunnel, "vxlan", mtu_bytes=link.mtu_bytes)
    return found


def macvlan_port(link: Link) -> str:
    """The far end of a macvlan, on paper: a name that no interface of Linux has."""
    return f"{link.underlay.parent if link.underlay else ''}{ON_PAPER}{link}"


def _macvlans(topology: Topology) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for link in topology.links:
        if link.type is LinkType.MACVLAN and link.underlay and link.underlay.parent:
            found.setdefault(link.underlay.parent, []).append(macvlan_port(link))
    return found


def _gateway(subnet: str, chosen: str | None) -> InterfaceAddress:
    """The bridge's own address: the first of the subnet unless the file says another."""
    network = ip_network(subnet)
    address = parse_address(chosen or str(next(network.hosts())))
    return InterfaceAddress(address.value, network.prefixlen, address.version)


def _in(gateway: InterfaceAddress, address: Address) -> InterfaceAddress:
    return InterfaceAddress(address.value, gateway.length, address.version)


def _free(subnet: str, taken: set[Address]) -> Iterator[Address]:
    network = ip_network(subnet)
    for host in network.hosts():
        address = Address(int(host), network.version)
        if address not in taken:
            yield address
