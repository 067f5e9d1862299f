"""Who owns an address, and who answers for it on a segment (ARP, RFC 826; Neighbour Discovery, RFC 4861).

Linux owns an IPv4 address as a node, not as an interface: it answers on any interface for any address of its own
unless `arp_ignore` says otherwise (ip-sysctl). With `proxy_arp` it answers for what it forwards elsewhere. An IPv6
address is answered for on its own interface only. A virtual address (VRR) has several owners by intent.
"""

from collections.abc import Callable, Collection, Iterator, Mapping

from sim.address import Address
from sim.dataclasses import dataclass
from sim.device import Device, Finding
from sim.errors import Place
from sim.links.face import End, Face
from sim.sysctls import forwards, interface_value

Reaches = Callable[[str, Address], Collection[str]]
"""`reaches(node, address)`: the interfaces by which a node's routes lead to an address."""


@dataclass(frozen=True, slots=True)
class Duplicate:
    """An address that several nodes of one segment own."""

    address: Address
    ends: tuple[End, ...]


class Neighbours:
    """Addresses of a network by owner, and the answers to questions for them. Indexed when first asked."""

    def __init__(
        self,
        faces: Mapping[str, Mapping[str, Face]],
        devices: Mapping[str, Device],
        segments: Mapping[int, tuple[End, ...]],
    ) -> None:
        self._faces = faces
        self._devices = devices
        self._segments = segments
        self._owners: dict[Address, list[Face]] = {}
        self._by_node: dict[int, dict[str, list[str]]] = {}
        self._proxies: dict[str, frozenset[str]] = {}

    def owners(self, address: Address) -> tuple[Face, ...]:
        """Every interface of the network with this address, switched on or not."""
        if not self._owners:
            for face in self._distinct():
                for each in _addresses(face):
                    self._owners.setdefault(each, []).append(face)
        return tuple(self._owners.get(address, ()))

    def _distinct(self) -> Iterator[Face]:
        """Every face once, also where nodes of kind host share theirs."""
        return (face for place, faces in self._faces.items() for face in faces.values() if face.node == place)

    def answering(self, segment: int, asker: str, address: Address, reaches: Reaches | None) -> tuple[End, ...]:
        """The ends on a segment that answer the node `asker` for an address, owners first."""
        ends = self._ends_by_node(segment)
        found = []
        for owner in self.owners(address):
            for interface in ends.get(owner.node, ()) if owner.node != asker and owner.on else ():
                end = (owner.node, interface)
                if end not in found and self._answers(owner, interface, address):
                    found.append(end)
        proxies = (end for end in self._proxies_on(segment) if end[0] != asker and end not in found)
        return (*found, *(end for end in proxies if self._vouches(end, address, reaches)))

    def _ends_by_node(self, segment: int) -> dict[str, list[str]]:
        if segment not in self._by_node:
            by_node: dict[str, list[str]] = {}
            for node, interface in self._segments[segment]:
                by_node.setdefault(node, []).append(interface)
            self._by_node[segment] = by_node
        return self._by_node[segment]

    def _answers(self, owner: Face, interface: str, address: Address) -> bool:
        """Whether the owner of an address answers for it on one of its interfaces."""
        if owner.name == interface:
            return True
        if address.version == 6 or owner.vrf != self._faces[owner.node][interface].vrf:
            return False
        return interface_value(self._devices[owner.node].sysctls, 4, interface, "arp_ignore") == "0"

    def _proxies_on(self, segment: int) -> Iterator[End]:
        for node, interfaces in self._ends_by_node(segment).items():
            for interface in interfaces if self._may_proxy(node) else ():
                sysctls = self._devices[node].sysctls
                if interface_value(sysctls, 4, interface, "proxy_arp") != "0" and forwards(sysctls, 4, interface):
                    yield node, interface

    def _may_proxy(self, node: str) -> bool:
        device = self._devices.get(node)
        return device is not None and any(key.endswith(".proxy_arp") for key in device.sysctls)

    def _vouches(self, end: End, address: Address, reaches: Reaches | None) -> bool:
        """Proxy ARP: only for what leaves by another interface (arp_fwd_proxy)."""
        if address.version == 6:
            return False
        return reaches is None or any(interface != end[1] for interface in reaches(end[0], address))

    def duplicates(self) -> Iterator[Duplicate]:
        """Addresses that several nodes of one segment own, virtual ones aside."""
        for ends in self._segments.values():
            seen: dict[Address, End] = {}
            shared: dict[Address, list[End]] = {}
            for node, interface in ends:
                for each in self._faces[node][interface].addresses:
                    first = seen.setdefault(each.address, (node, interface))
                    if first[0] != node and not _is_everybodys(each.address):
                        shared.setdefault(each.address, [first]).append((node, interface))
            yield from (Duplicate(address, tuple(owners)) for address, owners in shared.items())

    def findings(self) -> Iterator[Finding]:
        """What is wrong with addresses: one owned twice on a segment, a static route's next hop that nobody owns."""
        for each in self.duplicates():
            ends = " and ".join(":".join(end) for end in each.ends)
            place = self._place(each.ends[-1])
            yield Finding(place, "duplicate", f"{each.address} is owned by {ends} on one segment")
        for node, device in self._devices.items():
            for static in device.statics:
                if static.via is not None and not static.via.is_link_local and not self.owners(static.via):
                    where = static.place or Place(node)
                    yield Finding(where, "unowned", f"{node}: next hop {static.via} of {static.prefix} is nobody's")

    def _place(self, end: End) -> Place:
        config = self._devices[end[0]].interfaces.get(end[1])
        return (config and config.place) or Place(":".join(end))


def _addresses(face: Face) -> Iterator[Address]:
    yield from (each.address for each in face.addresses)
    yield from (each.address for _, each in face.virtual_addresses)
    if face.link_local is not None:
        yield face.link_local


def _is_everybodys(address: Address) -> bool:
    """A gateway's link-local address that each router of a segment may have, such as fe80::1."""
    return address.version == 6 and address.is_link_local
