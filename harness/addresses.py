"""Who owns which address in a Snapshot, and which node a next hop leads to."""

from collections.abc import Mapping
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_interface, ip_network

from sim.snapshot import Interface, NextHop, NodeState, Route, Snapshot
from sim.topology.model import Kind, Topology

Address = IPv4Address | IPv6Address


def is_local(address: str) -> bool:
    """Whether an address means nothing beyond its link or host: loopback, link-local, unspecified."""
    parsed = ip_address(address)
    return parsed.is_loopback or parsed.is_link_local or parsed.is_unspecified


def is_virtual(face: Interface) -> bool:
    """Whether an interface holds addresses that no single cable carries: lo, or a dummy (or what stands in for one)."""
    return face.name == "lo" or face.device == "dummy" or face.name.startswith("dummy") or face.device == "loopback"


def owners(snapshot: Snapshot) -> dict[str, tuple[tuple[str, str], ...]]:
    """Each address with the (node, interface) places that carry it, running nodes only."""
    found: dict[str, tuple[tuple[str, str], ...]] = {}
    for name, state in snapshot.nodes.items():
        for face in state.interfaces.values() if state.running else ():
            for each in face.addresses:
                address = _bare(each)
                found[address] = (*found.get(address, ()), (name, face.name))
    return found


def interface_of(state: NodeState, address: str) -> Interface | None:
    """The interface of a node that carries an address."""
    return next((face for face in state.interfaces.values() if any(_bare(a) == address for a in face.addresses)), None)


@lru_cache(1 << 16)
def _bare(address: str) -> str:
    return str(ip_interface(address).ip)


class Neighbours:
    """Which node a next hop leads to: by the owner of the gateway's address, else by the cable."""

    def __init__(self, topology: Topology, snapshot: Snapshot) -> None:
        self._topology = topology
        self._owners = owners(snapshot)

    def ends(self, node: str, hop: NextHop) -> tuple[tuple[str, str], ...]:
        """The (node, interface) places a next hop may arrive at; none where it leaves the drawing."""
        across = self._across(node, hop.interface)
        if hop.via is None:
            return across
        owning = tuple(end for end in self._owners.get(hop.via, ()) if end[0] != node)
        if len(owning) == 1 and not is_local(hop.via):
            return owning
        return tuple(end for end in owning if end in across) or across or owning

    def nodes(self, node: str, hop: NextHop, destination: Address | None = None) -> frozenset[str]:
        """The nodes a next hop leads to; on link (no gateway), the owner of the destination."""
        if hop.via is None and destination is not None:
            return frozenset(owner for owner, _ in self._owners.get(str(destination), ()) if owner != node)
        return frozenset(name for name, _ in self.ends(node, hop))

    def names(self, node: str, hop: NextHop) -> frozenset[str]:
        """Every way a scenario may call a next hop: address, node, far end, own interface."""
        ends = self.ends(node, hop)
        names = {name for name, _ in ends} | {f"{name}:{interface}" for name, interface in ends}
        return frozenset(names | {f"{node}:{hop.interface}"} | ({hop.via} if hop.via else set()))

    def call(self, node: str, hop: NextHop) -> str:
        """A next hop as a reader wants it: the node and how it is reached."""
        ends = self.ends(node, hop)
        name = "/".join(sorted({name for name, _ in ends})) or "outside"
        return f"{name} ({hop.via or 'on link'} dev {hop.interface})"

    def _across(self, node: str, interface: str | None) -> tuple[tuple[str, str], ...]:
        if interface is None:
            return ()
        peer = self._topology.peer(node, interface)
        if peer is None or self._topology.nodes[peer.node].kind is Kind.BRIDGE:
            return ()
        return ((peer.node, peer.interface),)


class Table:
    """A FIB made ready for longest-prefix match."""

    def __init__(self, routes: Mapping[str, Route]) -> None:
        self._by_length: dict[tuple[int, int], dict[int, Route]] = {}
        for prefix, route in routes.items():
            network = ip_network(prefix)
            key = (network.version, network.prefixlen)
            self._by_length.setdefault(key, {})[int(network.network_address)] = route
        self._lengths = sorted(self._by_length, reverse=True)

    def lookup(self, address: Address) -> Route | None:
        """The route of the longest prefix that holds the address."""
        for version, length in self._lengths:
            if version == address.version:
                host_bits = address.max_prefixlen - length
                route = self._by_length[version, length].get(int(address) >> host_bits << host_bits)
                if route is not None:
                    return route
        return None
