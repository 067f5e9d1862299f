"""What trace needs of a network: the nodes as they are, their filters, and who answers for an address on a cable."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Protocol

from sim.address import Address, InterfaceAddress, Prefix, parse_interface, parse_prefix
from sim.dataclasses import dataclass, field
from sim.errors import Place
from sim.filters import PacketFilter
from sim.filters.packet import Kind
from sim.snapshot import Interface, NodeState, Note, Route
from sim.topology.model import Topology

End = tuple[str, str]
LOOPBACK = "lo"


class Ground(Protocol):
    """A network that packets can be walked through."""

    @property
    def topology(self) -> Topology:
        """The network as drawn."""
        ...

    def site(self, node: str) -> "Site":
        """One node, by name. KeyError for one that is not there."""
        ...

    def answering(self, node: str, interface: str, address: Address) -> Sequence[End]:
        """The ends that answer when the node asks by ARP or ND on that interface; none: nobody has it."""
        ...

    def way(self, start: End, target: End) -> Sequence[End]:
        """Every interface that a frame passes from one end of a segment to another, both included."""
        ...


@dataclass(frozen=True, eq=False)
class Site:
    """One node: its state, as a Snapshot has it, and its packet filter. `off` are interfaces that are switched off;
    `unsettled`, routes that it may have or not, each with the reason."""

    node: str
    state: NodeState
    filter: PacketFilter = field(default_factory=PacketFilter)
    off: frozenset[str] = frozenset()
    unsettled: Mapping[Prefix, str] = field(default_factory=dict)

    def doubts(self, address: Address, route: Route | None) -> Iterator[Note]:
        """What makes the route that was found for an address a guess: it, or a longer one, may be otherwise."""
        least = parse_prefix(route.prefix).length if route is not None else 0
        for prefix, why in self.unsettled.items():
            if prefix.length >= least and prefix.holds(address):
                yield Note(Place(self.node), f"{prefix}: {why}", self.node)

    @cached_property
    def addresses(self) -> tuple[tuple[str, InterfaceAddress], ...]:
        """Every address with its interface, in the kernel's order, those of switched-off interfaces left out."""
        return tuple(
            (face.name, parse_interface(text))
            for face in self.state.interfaces.values()
            if face.name not in self.off
            for text in face.addresses
        )

    @cached_property
    def own(self) -> Mapping[Address, tuple[str, ...]]:
        """The node's addresses, each with the interfaces that have it."""
        found: dict[Address, tuple[str, ...]] = {}
        for name, each in self.addresses:
            found[each.address] = (*found.get(each.address, ()), name)
        return found

    @cached_property
    def primary(self) -> Mapping[str, Sequence[InterfaceAddress]]:
        """By interface, the IPv4 addresses that are the first of their network there, and so may be chosen as source.

        127.0.0.0/8 has host scope and is never chosen.
        """
        found: dict[str, dict[Prefix, InterfaceAddress]] = {}
        for name, each in self.addresses:
            if each.version == 4 and each.value >> 24 != 127:
                found.setdefault(name, {}).setdefault(each.network, each)
        return {name: tuple(firsts.values()) for name, firsts in found.items()}

    @cached_property
    def broadcasts(self) -> frozenset[Address]:
        """The broadcast addresses of its IPv4 networks (RFC 919)."""
        nets = [each for _, each in self.addresses if each.version == 4 and each.length < 31]
        return frozenset(Address(each.network.network | ((1 << (32 - each.length)) - 1)) for each in nets)

    @cached_property
    def listening(self) -> Mapping[tuple[str, int], tuple[str, ...]]:
        """The addresses that listeners are bound to, by protocol and port."""
        found: dict[tuple[str, int], tuple[str, ...]] = {}
        for each in self.state.listeners:
            key = (each.protocol, each.port)
            found[key] = (*found.get(key, ()), each.address)
        return found

    def face(self, name: str) -> Interface | None:
        """One interface."""
        return self.state.interfaces.get(name)

    @cached_property
    def _has_vrfs(self) -> bool:
        return any(face.device == "vrf" for face in self.state.interfaces.values())

    def vrf(self, interface: str) -> str | None:
        """The VRF that an interface belongs to; None: the main table's."""
        if not self._has_vrfs:
            return None
        face = self.face(interface)
        if face is None:
            return None
        if face.device == "vrf":
            return face.name
        master = self.face(face.master) if face.master else None
        if master is None:
            return None
        return master.name if master.device == "vrf" else self.vrf(master.name)

    def owns(self, address: Address, vrf: str | None = None) -> bool:
        """Whether a packet to that address, in that VRF, is for the node itself."""
        if address.version == 4 and address.value >> 24 == 127:
            return True
        return any(self.vrf(name) == vrf for name in self.own.get(address, ()))

    @cached_property
    def _kinds(self) -> dict[Address, Kind]:
        return {}

    def kind(self, address: Address) -> Kind:
        """What the address is to the node (Kind), as its local table says; what is routed is UNICAST."""
        if address not in self._kinds:
            self._kinds[address] = self._kind(address)
        return self._kinds[address]

    def _kind(self, address: Address) -> Kind:
        if address in self.own or (address.version == 4 and address.value >> 24 == 127):
            return Kind.LOCAL
        if address in self.broadcasts or address == Address(0xFFFFFFFF):
            return Kind.BROADCAST
        top = address.value >> 120 == 0xFF if address.version == 6 else address.value >> 28 == 0xE
        return Kind.MULTICAST if top else Kind.UNICAST

    @cached_property
    def _reverse_paths(self) -> dict[str, int]:
        return {}

    def reverse_path(self, interface: str) -> int:
        """rp_filter (RFC 3704; 1 strict, 2 loose): the larger of the interface's own and of `all` counts."""
        if interface not in self._reverse_paths:
            values = (self.sysctl(4, name, "rp_filter") for name in ("all", interface))
            self._reverse_paths[interface] = max(int(value) if value.isdecimal() else 0 for value in values)
        return self._reverse_paths[interface]

    def sysctl(self, version: int, interface: str, name: str) -> str:
        """An interface's parameter, as /proc tells it; what nobody told is that of `all`, or 0."""
        stem = f"net.ipv{version}.conf"
        found = self.state.sysctls.get(f"{stem}.{interface.replace('.', '/')}.{name}")
        return self.state.sysctls.get(f"{stem}.all.{name}", "0") if found is None else found
