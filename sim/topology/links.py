"""Links: their sections -> Link, brief and extended alike. Every endpoint is used once and leads to a known node."""

import re
from collections.abc import Iterator, Mapping, Sequence
from ipaddress import IPv4Interface, IPv6Interface, ip_interface

from sim.dataclasses import dataclass, field, replace
from sim.errors import Place, TopologyError
from sim.topology.clab_links import (
    BriefLink,
    DummyLink,
    EndpointSection,
    LinkSection,
    MacvlanLink,
    OuterLink,
    VethLink,
    VxlanLink,
)
from sim.topology.complaints import dotted
from sim.topology.declared import Origin
from sim.topology.interfaces import TAKEN, is_alias, is_interface, stand_in
from sim.topology.located import Map, line_of
from sim.topology.model import Endpoint, Kind, Link, LinkType, Management, Node, Underlay
from sim.topology.strict import meant
from sim.topology.underlays import MACVLAN, finished, underlay
from sim.topology.workloads import claim

DEFAULT_MTU_BYTES = 9500
_MAC = re.compile(r"[0-9A-Fa-f]{2}([:-][0-9A-Fa-f]{2}){5}")
_OUTER = {"host": LinkType.HOST, "mgmt-net": LinkType.MGMT_NET, MACVLAN: LinkType.MACVLAN}
Path = Sequence[str | int]


@dataclass(slots=True)
class Cabling:
    """The links read so far: who uses which endpoint, and which names on the lab's host side are taken."""

    nodes: Mapping[str, Node]
    origin: Origin
    management: Management
    tree: Map  # the section `topology`
    used: dict[str, str] = field(default_factory=dict)

    def read(self, sections: Sequence[LinkSection]) -> Iterator[Link]:
        """Links of their sections, in order; both ends of a tunnel are one link."""
        links = []
        for index, section in enumerate(sections):
            link = self._link(section, ["links", index])
            claim(self.used, link, f"links[{index}]")
            links.append(link)
        yield from finished(links, [section.mtu is not None for section in sections], self.management)

    def _link(self, section: LinkSection, path: Path) -> Link:
        ends = self._ends(section, path)
        type_ = _type(section)
        vars_ = dict(section.vars or {})
        if type_ is LinkType.MGMT_NET:
            vars_.setdefault("bridge", self.management.bridge)
        return Link(
            type=type_,
            endpoints=tuple(self._addressed(ends, section, path)),
            mtu_bytes=section.mtu or DEFAULT_MTU_BYTES,
            far_interface=None if type_.hangs else self._far(section, path),
            underlay=self._underlay(section, path) if type_.hangs else None,
            labels=dict(section.labels or {}),
            vars=vars_,
            place=self._place(path),
        )

    def _ends(self, section: LinkSection, path: Path) -> "list[Endpoint]":
        if isinstance(section, VethLink):
            return [self._extended(end, [*path, "endpoints", index]) for index, end in enumerate(section.endpoints)]
        if not isinstance(section, BriefLink):
            assert isinstance(section, (OuterLink, DummyLink, MacvlanLink, VxlanLink))
            return [self._extended(section.endpoint, [*path, "endpoint"])]
        return [
            self._endpoint(*self._split(text, [*path, "endpoints", index]), [*path, "endpoints", index])
            for index, text in enumerate(section.endpoints)
            if text.split(":")[0] not in _OUTER
        ]

    def _split(self, text: str, path: Path) -> tuple[str, str]:
        node, colon, interface = text.partition(":")
        if not colon or not node or not interface:
            raise self._error(f"found {text!r}; expected node:interface", path)
        return node, interface

    def _extended(self, end: EndpointSection, path: Path) -> Endpoint:
        endpoint = self._endpoint(end.node, end.interface, path)
        addresses = [
            self._address(text, 4 if key == "ipv4" else 6, [*path, key])
            for key, text in (("ipv4", end.ipv4), ("ipv6", end.ipv6))
            if text
        ]
        mac = self._mac(end.mac, [*path, "mac"]) if end.mac else None
        return replace(endpoint, mac=mac, addresses=tuple(addresses), vars=dict(end.vars or {}))

    def _endpoint(self, node: str, interface: str, path: Path) -> Endpoint:
        if node not in self.nodes:
            hint = meant(node, self.nodes) or f"; known: {', '.join(self.nodes)}"
            raise self._error(f"no node named {node!r}{hint}", path)
        if not is_interface(interface) and is_alias(interface):
            return Endpoint(node, stand_in(node, interface), alias=interface)
        self._check_interface(interface, path)
        if interface == "eth0" and self.nodes[node].managed:
            raise self._error(
                f"{node}:eth0 is the management interface; number links from eth1, or set network-mode: none on {node}",
                path,
            )
        return Endpoint(node, interface)

    def _check_interface(self, interface: str, path: Path) -> None:
        if interface in TAKEN:
            raise self._error(f"{interface!r} is a name of the kernel's own; choose another", path)
        if not is_interface(interface):
            raise self._error(
                f"found interface {interface!r}; expected 1 to 15 letters, digits, '.', '_', '-' or '+'", path
            )

    def _far(self, section: LinkSection, path: Path) -> str | None:
        if isinstance(section, OuterLink):
            self._check_interface(section.host_interface, [*path, "host-interface"])
            return section.host_interface
        if not isinstance(section, BriefLink):
            return None
        for index, text in enumerate(section.endpoints):
            node, _, interface = text.partition(":")
            if node in _OUTER:
                self._check_interface(interface, [*path, "endpoints", index])
                if section.endpoints[1 - index].split(":")[0] in _OUTER:
                    raise self._error("neither end is a node; expected one node:interface", path)
                return interface
        return None

    def _underlay(self, section: LinkSection, path: Path) -> Underlay | None:
        try:
            found = underlay(section)
        except ValueError as error:
            expected = "an IP address; names are not looked up"
            raise self._error(f"{error}; expected {expected}", [*path, "remote"]) from error
        if found and found.parent:
            self._check_interface(found.parent, path)
        return found

    def _addressed(self, ends: Sequence[Endpoint], section: LinkSection, path: Path) -> Iterator[Endpoint]:
        """The ends with the addresses that the link gives them in order; a bridge's port can have none."""
        if not section.ipv4 and not section.ipv6 and not any(end.addresses for end in ends):
            yield from ends
            return
        extra: list[list[str]] = [[], []]
        for key, texts, version in (("ipv4", section.ipv4, 4), ("ipv6", section.ipv6, 6)):
            for index, text in enumerate(texts or ()):
                if text:
                    extra[index].append(self._address(text, version, [*path, key, index]))
        if len(ends) < 2 and extra[1]:
            raise self._error("gives the far side an address, and it is no node; expected one for this end", path)
        for end, given in zip(ends, extra, strict=False):
            addresses = (*end.addresses, *given)
            if addresses and self.nodes[end.node].kind is Kind.BRIDGE:
                raise self._error(f"{end} is a port of a bridge and takes no address; take {addresses[0]} out", path)
            yield replace(end, addresses=addresses)

    def _address(self, text: str, version: int, path: Path) -> str:
        expected = (
            f"an IPv{version} address with its length, such as {'10.0.0.1/24' if version == 4 else '2001:db8::1/64'}"
        )
        try:
            found: IPv4Interface | IPv6Interface = ip_interface(text)
        except ValueError as error:
            raise self._error(f"found {text!r}; expected {expected}", path) from error
        if found.version != version or "/" not in text:
            raise self._error(f"found {text!r}; expected {expected}", path)
        return str(found)

    def _mac(self, text: str, path: Path) -> str:
        mac = text.lower().replace("-", ":")
        if not _MAC.fullmatch(text) or int(mac[:2], 16) & 1 or mac == "00:00:00:00:00:00":
            raise self._error(f"found {text!r}; expected a unicast MAC address, such as aa:c1:ab:00:00:01", path)
        return mac

    def _place(self, path: Path) -> Place:
        return Place(self.origin.file, line_of(self.tree, path))

    def _error(self, text: str, path: Path) -> TopologyError:
        return TopologyError(f"{dotted(path)}: {text}", self._place(path))


def _type(section: LinkSection) -> LinkType:
    if isinstance(section, BriefLink):
        words = (text.partition(":")[0] for text in section.endpoints)
        return next((_OUTER[word] for word in words if word in _OUTER), LinkType.VETH)
    if isinstance(section, (OuterLink, MacvlanLink)):
        return _OUTER[section.type]
    if isinstance(section, VxlanLink):
        return LinkType(section.type)
    return LinkType.DUMMY if isinstance(section, DummyLink) else LinkType.VETH
