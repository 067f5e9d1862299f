"""Links: their sections -> Link, brief and extended alike. Every endpoint is used once and leads to a known node."""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from ipaddress import IPv4Interface, IPv6Interface, ip_interface

from sim.dataclasses import dataclass, field
from sim.errors import Place, TopologyError
from sim.topology.clab_links import BriefLink, DummyLink, EndpointSection, LinkSection, OuterLink, VethLink
from sim.topology.complaints import dotted
from sim.topology.declared import Origin
from sim.topology.located import Map, line_of
from sim.topology.model import Endpoint, Kind, Link, LinkType, Management, Node
from sim.topology.strict import meant
from sim.topology.workloads import claim

DEFAULT_MTU_BYTES = 9500
_INTERFACE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]{0,14}")
_TAKEN_INTERFACES = ("lo", "all", "default")
_MAC = re.compile(r"[0-9A-Fa-f]{2}([:-][0-9A-Fa-f]{2}){5}")
_OUTER = {"host": LinkType.HOST, "mgmt-net": LinkType.MGMT_NET}
_REFUSED = {"macvlan": "is cabled to the host's own network, which a lab never touches"}
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
        """Links of their sections, in order."""
        for index, section in enumerate(sections):
            link = self._link(section, ["links", index])
            claim(self.used, link, f"links[{index}]")
            yield link

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
            far_interface=self._far(section, path),
            labels=dict(section.labels or {}),
            vars=vars_,
            place=self._place(path),
        )

    def _ends(self, section: LinkSection, path: Path) -> "list[Endpoint]":
        if isinstance(section, VethLink):
            return [self._extended(end, [*path, "endpoints", index]) for index, end in enumerate(section.endpoints)]
        if isinstance(section, (OuterLink, DummyLink)):
            return [self._extended(section.endpoint, [*path, "endpoint"])]
        assert isinstance(section, BriefLink)
        return [
            self._endpoint(*self._split(text, [*path, "endpoints", index]), [*path, "endpoints", index])
            for index, text in enumerate(section.endpoints)
            if text.split(":")[0] not in _OUTER
        ]

    def _split(self, text: str, path: Path) -> tuple[str, str]:
        node, colon, interface = text.partition(":")
        if not colon or not node or not interface:
            raise self._error(f"found {text!r}; expected node:interface", path)
        if node in _REFUSED and node not in self.nodes:
            raise self._error(f"a link to {node} {_REFUSED[node]}; expected node:interface", path)
        return node, interface

    def _extended(self, end: EndpointSection, path: Path) -> Endpoint:
        endpoint = self._endpoint(end.node, end.interface, path)
        addresses = [
            self._address(text, 4 if key == "ipv4" else 6, [*path, key])
            for key, text in (("ipv4", end.ipv4), ("ipv6", end.ipv6))
            if text
        ]
        mac = self._mac(end.mac, [*path, "mac"]) if end.mac else None
        return Endpoint(endpoint.node, endpoint.interface, mac, tuple(addresses), dict(end.vars or {}))

    def _endpoint(self, node: str, interface: str, path: Path) -> Endpoint:
        if node not in self.nodes:
            hint = meant(node, self.nodes) or f"; known: {', '.join(self.nodes)}"
            raise self._error(f"no node named {node!r}{hint}", path)
        self._check_interface(interface, path)
        if interface == "eth0" and self.nodes[node].managed:
            raise self._error(
                f"{node}:eth0 is the management interface; number links from eth1, or set network-mode: none on {node}",
                path,
            )
        return Endpoint(node, interface)

    def _check_interface(self, interface: str, path: Path) -> None:
        if interface in _TAKEN_INTERFACES:
            raise self._error(f"{interface!r} is a name of the kernel's own; choose another", path)
        if not _is_interface(interface):
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
            yield Endpoint(end.node, end.interface, end.mac, addresses, end.vars)

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
    if isinstance(section, OuterLink):
        return _OUTER[section.type]
    return LinkType.DUMMY if isinstance(section, DummyLink) else LinkType.VETH


@cache
def _is_interface(name: str) -> bool:
    """A large fabric has thousands of links and a few dozen names."""
    return _INTERFACE.fullmatch(name) is not None
