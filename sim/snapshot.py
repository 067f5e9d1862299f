"""The network at one moment: what `solve()` says should be and what `observe()` found, as the same values.

`to_json` gives the documented form (README, "Snapshot as JSON"). Prefixes and addresses are canonical text
(`10.0.0.0/24`, `2001:db8::/32`, a default route is `0.0.0.0/0` or `::/0`).
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Literal

from sim.dataclasses import dataclass, field
from sim.errors import Place


class RouteType(StrEnum):
    """What a route does with a packet (rtnetlink's words)."""

    UNICAST = "unicast"
    BLACKHOLE = "blackhole"
    UNREACHABLE = "unreachable"
    PROHIBIT = "prohibit"


@dataclass(frozen=True, slots=True, order=True)
class NextHop:
    """Where a route sends: a gateway's address (None: on link), an interface, and an ECMP weight."""

    via: str | None
    interface: str | None
    weight: int = 1


@dataclass(frozen=True, slots=True)
class Route:
    """A FIB entry. `preference` is the daemon's administrative distance where known; `metric` the kernel's."""

    prefix: str
    protocol: str
    next_hops: tuple[NextHop, ...] = ()
    type: RouteType = RouteType.UNICAST
    metric: int = 0
    preference: int | None = None
    source: str | None = None  # the source address that the route prefers (RTA_PREFSRC)


@dataclass(frozen=True, slots=True)
class Interface:
    """An interface. `addresses` are `address/length`; `device` is the kernel's type (veth, bridge, dummy, ifb ...)."""

    name: str
    addresses: tuple[str, ...] = ()
    up: bool = True
    mtu_bytes: int = 1500
    mac: str | None = None
    device: str = ""
    master: str | None = None


@dataclass(frozen=True, slots=True)
class Session:
    """A neighbour that the configuration asks for, and its state in the protocol's own words.

    `up` is whether that state is the working one (BGP Established; OSPF Full, or 2-Way between DROthers; BFD Up).
    """

    protocol: Literal["bgp", "ospf", "ospf6", "bfd"]
    peer: str  # an address, or the interface of an unnumbered session
    state: str
    up: bool
    remote_as: int | None = None
    local: str | None = None
    interface: str | None = None
    vrf: str = "default"
    daemon: str = ""  # frr or bird
    prefixes_received: int | None = None


@dataclass(frozen=True, slots=True, order=True)
class Listener:
    """A listening socket, as the kernel tells it. `address` is `0.0.0.0` or `::` for the wildcard."""

    protocol: Literal["tcp", "udp"]
    address: str
    port: int
    program: str = ""


@dataclass(frozen=True, slots=True)
class PolicyRule:
    """An `ip rule`: its priority, its selector in iproute2's words, and what it does (a table's name, or an action)."""

    priority: int
    selector: str
    action: str
    family: Literal["ipv4", "ipv6"] = "ipv4"


@dataclass(frozen=True, slots=True)
class FilterRule:
    """One line of a packet filter with its counters; `text` is the tool's own (`-A INPUT -p tcp ...`)."""

    family: Literal["ipv4", "ipv6", "nft"]
    table: str
    chain: str
    text: str
    packets: int = 0
    bytes: int = 0


@dataclass(frozen=True, slots=True)
class Note:
    """Something the reader should know: what is not modelled, not available, or could not be asked.

    `policy`: routes or packets may depend on it, so that an answer which leans on this node is not certain.
    """

    place: Place | str
    text: str
    node: str = ""
    policy: bool = False


@dataclass(frozen=True, slots=True)
class NodeState:
    """One node at one moment. `fib` is the main table by prefix; `tables` the others by name or number."""

    interfaces: Mapping[str, Interface] = field(default_factory=dict)
    fib: Mapping[str, Route] = field(default_factory=dict)
    tables: Mapping[str, Mapping[str, Route]] = field(default_factory=dict)
    rules: tuple[PolicyRule, ...] = ()
    sessions: tuple[Session, ...] = ()
    listeners: tuple[Listener, ...] = ()
    filters: tuple[FilterRule, ...] = ()
    router_ids: Mapping[str, str] = field(default_factory=dict)  # by daemon: {"bgpd": "10.0.0.1", "bird": ...}
    bgp_prefixes: tuple[str, ...] = ()  # every prefix in any BGP table of the node, received ones included
    sysctls: Mapping[str, str] = field(default_factory=dict)  # those that steer forwarding: ip_forward, rp_filter, ...
    running: bool = True

    def addresses(self) -> tuple[str, ...]:
        """Every address of the node, without lengths."""
        return tuple(each.split("/")[0] for face in self.interfaces.values() for each in face.addresses)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The network at one moment."""

    topology: str
    source: Literal["solved", "observed"]
    nodes: Mapping[str, NodeState]
    notes: tuple[Note, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The documented JSON form."""
        return {
            "topology": self.topology,
            "source": self.source,
            "nodes": {name: _node(state) for name, state in self.nodes.items()},
            "notes": [{"place": str(note.place), "text": note.text} for note in self.notes],
        }


def _node(state: NodeState) -> dict[str, Any]:
    return {
        "running": state.running,
        "interfaces": {face.name: _interface(face) for face in state.interfaces.values()},
        "fib": _table(state.fib),
        "tables": {name: _table(table) for name, table in state.tables.items()},
        "rules": [_plain(rule) for rule in state.rules],
        "sessions": [_plain(session) for session in state.sessions],
        "listeners": [_plain(listener) for listener in state.listeners],
        "filters": [_plain(rule) for rule in state.filters],
        "router_ids": dict(state.router_ids),
        "sysctls": dict(state.sysctls),
    }


def _interface(face: Interface) -> dict[str, Any]:
    return {name: value for name, value in _plain(face).items() if name != "name"}


def _table(table: Mapping[str, Route]) -> dict[str, Any]:
    return {prefix: _route(route) for prefix, route in table.items()}


def _route(route: Route) -> dict[str, Any]:
    plain = {name: value for name, value in _plain(route).items() if name != "prefix"}
    return plain | {"type": str(route.type), "next_hops": [_plain(hop) for hop in route.next_hops]}


def _plain(value: Any) -> dict[str, Any]:
    """A frozen record as a dictionary, one level deep, tuples as lists."""
    names = value.__dataclass_fields__
    return {name: list(v) if isinstance(v := getattr(value, name), tuple) else v for name in names}
