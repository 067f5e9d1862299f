"""The network as drawn: nodes, links, endpoints. Frozen values, read by `sim.topology.reader`.

A Topology says what is cabled and which files each node gets. What those files mean is a Device's business, and what
carries the nodes is a Runtime's.
"""

from collections.abc import Iterator, Mapping
from copy import copy
from enum import StrEnum
from pathlib import Path
from typing import Any

from sim.dataclasses import dataclass, field, replace
from sim.errors import Place, TopologyError
from sim.topology.boot import Healthcheck, Stage, in_order
from sim.topology.container import Container
from sim.topology.facts import Facts
from sim.topology.strict import meant


class Kind(StrEnum):
    """What a node is. Aliases of containerlab's (`frrouting`, `cvx`) are folded into these by the reader."""

    LINUX = "linux"
    FRR = "frr"
    CUMULUS = "cumulus_cvx"
    BRIDGE = "bridge"
    HOST = "host"
    WORKLOAD = "workload"  # ours: a guest behind a tap of a compute, declared in config.vars


class LinkType(StrEnum):
    """How an endpoint is cabled (containerlab's link types)."""

    VETH = "veth"
    DUMMY = "dummy"
    MGMT_NET = "mgmt-net"
    HOST = "host"
    MACVLAN = "macvlan"
    VXLAN = "vxlan"
    VXLAN_STITCH = "vxlan-stitch"

    @property
    def hangs(self) -> bool:
        """Whether it is a device that stands on the lab's host side, made when that side's own interfaces are."""
        return self in (LinkType.MACVLAN, LinkType.VXLAN, LinkType.VXLAN_STITCH)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One end of a link: `leaf1:eth1`. Addresses are those the file gives the end, as `address/length`.

    `alias` is the interface's name as the file has it, where it is none that Linux takes.
    """

    node: str
    interface: str
    mac: str | None = None
    addresses: tuple[str, ...] = ()
    vars: Mapping[str, Any] = field(default_factory=dict)
    alias: str | None = None

    def __str__(self) -> str:
        return f"{self.node}:{self.interface}"

    @property
    def altname(self) -> str | None:
        """The alias as an alternative name of the interface: `/` and blanks become `-`, as containerlab has it."""
        return self.alias.replace("/", "-").replace(" ", "-") if self.alias else None

    @property
    def names(self) -> tuple[str, ...]:
        """What the end is called, by the interface's name and by its others."""
        others = dict.fromkeys(each for each in (self.alias, self.altname) if each)
        return (str(self), *(f"{self.node}:{each}" for each in others))


@dataclass(frozen=True, slots=True)
class Underlay:
    """What a macvlan or vxlan stands on: an interface of the lab's host side, and of a tunnel the far end."""

    parent: str | None = None
    mode: str = "bridge"
    remote: str | None = None
    vni: int = 0
    port: int = 14789
    source_port: int | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """A cable. A veth has two endpoints; dummy has one; mgmt-net and host have one and the name on the far side.

    macvlan and vxlan have one, and an underlay; a vxlan whose two ends are both drawn has both.
    """

    type: LinkType
    endpoints: tuple[Endpoint, ...]
    mtu_bytes: int = 9500
    far_interface: str | None = None
    underlay: Underlay | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    vars: Mapping[str, Any] = field(default_factory=dict)
    place: Place | None = field(default=None, compare=False)

    def __str__(self) -> str:
        return " - ".join(map(str, self.endpoints))

    def other(self, node: str) -> Endpoint | None:
        """The endpoint across from `node`, or None for a link with one end."""
        return next((end for end in self.endpoints if end.node != node), None)


@dataclass(frozen=True, slots=True)
class Bind:
    """A file or folder that the node receives: copied, never mounted. `destination` is absolute on the node."""

    source: Path
    destination: str
    options: str = ""
    place: Place | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Node:
    """A place in the topology. `group` is its role; `facts` are ours, from `config.vars` (see `sim.topology.facts`)."""

    name: str
    kind: Kind = Kind.LINUX
    group: str | None = None
    hostname: str = ""
    image: str | None = None
    binds: tuple[Bind, ...] = ()
    exec: tuple[str, ...] = ()
    stages: Mapping[str, Stage] = field(default_factory=dict)
    healthcheck: Healthcheck | None = None
    startup_delay_s: int = 0
    env: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    sysctls: Mapping[str, str] = field(default_factory=dict)
    aliases: tuple[str, ...] = ()
    startup_config: Path | None = None
    startup_text: str | None = None  # a startup-config written into the topology file itself
    extras: Mapping[str, Any] = field(default_factory=dict)
    dns: Mapping[str, Any] = field(default_factory=dict)  # servers, search, options: the node's /etc/resolv.conf
    network_mode: str | None = None
    mgmt_ipv4: str | None = None
    mgmt_ipv6: str | None = None
    vars: Mapping[str, Any] = field(default_factory=dict)
    facts: Facts = field(default_factory=Facts)
    parent: str | None = None  # the compute that carries a workload
    container: Container = field(default_factory=Container)
    place: Place | None = field(default=None, compare=False)

    @property
    def commands(self) -> tuple[str, ...]:
        """Every command that runs on the node while it boots, those of its stages too, in their order."""
        if not self.stages:
            return self.exec
        return tuple(each.line for each in in_order(self.stages, self.exec) if not each.on_host)

    @property
    def managed(self) -> bool:
        """Whether the lab gives the node an eth0 on the management network, as containerlab does by default."""
        return self.kind in (Kind.LINUX, Kind.FRR, Kind.CUMULUS) and self.network_mode != "none"


@dataclass(frozen=True, slots=True)
class Management:
    """The management network that the lab brings (containerlab's `mgmt`)."""

    network: str = "clab"
    bridge: str = "br-mgmt"
    ipv4_subnet: str = "172.20.20.0/24"
    ipv6_subnet: str = "3fff:172:20:20::/64"
    ipv4_gateway: str | None = None
    ipv6_gateway: str | None = None
    ipv4_range: str | None = None  # where addresses that are not given come from
    ipv6_range: str | None = None
    mtu_bytes: int = 1500


class _Ends:
    """Links by their ends, for questions that are asked of each of many nodes."""

    def __init__(self, links: tuple[Link, ...]) -> None:
        self.by_node: dict[str, list[Link]] = {}
        self.by_end: dict[str, Link] = {}
        self.peers: dict[tuple[str, str], Endpoint | None] = {}
        for link in links:
            for node in dict.fromkeys(end.node for end in link.endpoints):
                self.by_node.setdefault(node, []).append(link)
            self._name(link)

    def without(self, link: Link) -> "_Ends":
        """The same without one link: a sweep over failures pulls each cable of a large network."""
        less = copy(self)
        less.by_node, less.by_end, less.peers = dict(self.by_node), dict(self.by_end), dict(self.peers)
        for end in link.endpoints:
            less.by_node[end.node] = [each for each in less.by_node.get(end.node, ()) if each is not link]
            for name in end.names:
                less.by_end.pop(name, None)
            less.peers.pop((end.node, end.interface), None)
        for each in {id(each): each for end in link.endpoints for each in less.by_node[end.node]}.values():
            less._name(each)
        return less

    def _name(self, link: Link) -> None:
        for end in link.endpoints:
            for name in end.names if end.alias else (str(end),):
                self.by_end.setdefault(name, link)
            across = next((other for other in link.endpoints if other is not end), None)
            self.peers.setdefault((end.node, end.interface), across)


class _Indexed:
    """A slot for what follows from a Topology's links: no field of it, so that a changed copy makes its own."""

    __slots__ = ("_ends",)
    _ends: _Ends


@dataclass(frozen=True, slots=True)
class Topology(_Indexed):
    """A lab as its file draws it, workloads included (each is a Node of kind workload, cabled to its compute's tap).

    `file` is the topology file, `nodes` keeps the file's order. `overlays` are folders whose `<node or group>/<path>`
    take the place of files of the binds, the last folder first. `outside_binds`: binds may leave the file's folder.
    `pulled` are cables of which an end is still there, dark.
    """

    name: str
    file: Path
    nodes: Mapping[str, Node]
    links: tuple[Link, ...]
    management: Management = field(default_factory=Management)
    prefix: str = "clab"
    overlays: tuple[Path, ...] = ()
    outside_binds: bool = False
    pulled: tuple[Link, ...] = ()

    def node(self, name: str) -> Node:
        """The node of that name; TopologyError lists the known ones."""
        if name not in self.nodes:
            hint = meant(name, self.nodes) or f"; known: {', '.join(self.nodes)}"
            raise TopologyError(f"no node named {name!r}{hint}", Place(str(self.file)))
        return self.nodes[name]

    def links_of(self, node: str) -> Iterator[Link]:
        """The links with an end on `node`."""
        return iter(self._index().by_node.get(node, ()))

    def link_at(self, endpoint: str) -> Link:
        """The link that `node:interface` is an end of; TopologyError if there is none."""
        link = self._index().by_end.get(endpoint)
        if link is None:
            raise TopologyError(f"no link at {endpoint!r}; write node:interface", Place(str(self.file)))
        return link

    def peer(self, node: str, interface: str) -> Endpoint | None:
        """The endpoint at the other end of the cable, or None."""
        return self._index().peers.get((node, interface))

    def _index(self) -> _Ends:
        try:
            return self._ends
        except AttributeError:
            object.__setattr__(self, "_ends", _Ends(self.links))  # a cache; the value stays what it was
            return self._ends

    def roles(self) -> Mapping[str, tuple[Node, ...]]:
        """Nodes by role (group)."""
        found: dict[str, list[Node]] = {}
        for node in self.nodes.values():
            if node.group:
                found.setdefault(node.group, []).append(node)
        return {role: tuple(nodes) for role, nodes in found.items()}

    def without(self, link: Link) -> "Topology":
        """The same network with one cable pulled: its ends stay, dark."""
        kept = tuple(each for each in self.links if each is not link)
        dark = (link,) if len(kept) < len(self.links) else ()
        pulled = replace(self, links=kept, pulled=(*self.pulled, *dark))
        object.__setattr__(pulled, "_ends", self._index().without(link))
        return pulled

    def without_node(self, name: str) -> "Topology":
        """The same network with one node and its workloads gone; the far ends of their cables stay, dark."""
        gone = {name} | {node.name for node in self.nodes.values() if node.parent == name}
        dark = {id(link) for link in self.links if any(end.node in gone for end in link.endpoints)}
        return replace(
            self,
            nodes={key: node for key, node in self.nodes.items() if key not in gone},
            links=tuple(link for link in self.links if id(link) not in dark),
            pulled=(*self.pulled, *(link for link in self.links if id(link) in dark)),
        )
