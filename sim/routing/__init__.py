"""Routing: the suites of programs that route on a node, and how they take part in the network's fixed point.

A Suite is what computes routes on one node: FRR, BIRD, or the kernel alone. The engine (`sim.routing.engine`) knows no
protocol: it asks each suite which BGP sessions its configuration wants (`ends`), opens those that come up on both sides
(`Peering`), carries what one side advertises to the other (`Advert`, one prefix at a time), and tells each suite what
others put into the node's kernel (`KernelRoute`). A suite answers with what has changed (`Changes`), and nothing else:
all work is per changed prefix. It ends when nobody has changes.

Link-state protocols are computed for the whole network at once (`sim.routing.ospf`): a suite that speaks them
also offers `LinkState`.

The values on hot paths are tuples. Attributes are interned (`sim.route.interned`), so that `is` compares them.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol, runtime_checkable

from sim.address import Address, InterfaceAddress, Prefix
from sim.dataclasses import dataclass, field
from sim.errors import Place
from sim.explanation import Why
from sim.route import PathAttributes
from sim.routing.bfd import Watch
from sim.routing.ospf import External, OspfRoute, Router
from sim.routing.values import Course, Hop
from sim.snapshot import RouteType

FAMILIES = {"ipv4": 4, "ipv6": 6}


@dataclass(frozen=True, slots=True)
class Port:
    """An interface as routing sees it. `neighbours` are the ends (node, interface) on the same segment.

    `addresses` are the configured ones (no IPv6 link-local, which is `link_local`), in the kernel's order. A port of a
    VRF has the VRF's name as `vrf`, and its routes stand in table `table`.
    """

    name: str
    up: bool = True
    addresses: tuple[InterfaceAddress, ...] = ()
    peers: tuple[tuple[InterfaceAddress, Address], ...] = ()
    link_local: Address | None = None
    mtu_bytes: int = 1500
    kind: str = "physical"
    vrf: str = "default"
    table: str = "main"
    neighbours: tuple[tuple[str, str], ...] = ()
    on: bool = True  # switched on, with a carrier (`up`) or without


Ground = Mapping[str, Mapping[str, Port]]
"""What routing stands on: the ports of every node, by node and name."""


class KernelRoute(NamedTuple):
    """A route in a kernel table. `protocol` in the kernel's words; `preference` the daemon's distance where known."""

    prefix: Prefix
    protocol: str
    hops: tuple[Hop, ...] = ()
    type: RouteType = RouteType.UNICAST
    metric: int = 0
    preference: int | None = None
    source: Address | None = None


class Advert(NamedTuple):
    """One path as an UPDATE carries it. The next hop stands beside the attributes, whose own is None: so equal
    attributes are one object all over the network. `link_local` is the second next hop of RFC 2545."""

    attributes: PathAttributes
    next_hop: Address
    link_local: Address | None = None
    path_id: int = 0

    @property
    def is_malformed(self) -> bool:
        """Whether its AS path has a segment of no number (RFC 7606 section 7.2)."""
        return frozenset() in self.attributes.as_path


@dataclass(frozen=True, slots=True)
class End:
    """One side of a BGP session, as its configuration asks for it.

    `key` names it within its node. `peer` is the neighbour's address, `interface` an unnumbered neighbour's port,
    `listen` a range to accept from. `remote_as` None: any but ours (`external`), or any at all. `ttl` is how many hops
    our packets live; `connected`: the peer's address must lie on a network of ours. `addpath_*`: families.
    """

    node: str
    key: str
    asn: int  # what we say in our OPEN
    router_id: Address
    peer: Address | None = None
    interface: str | None = None
    listen: Prefix | None = None
    remote_as: int | None = None
    external: bool = False
    vrf: str = "default"
    ttl: int = 255
    minimum_ttl: int = 0  # of packets from the peer (RFC 5082)
    connected: bool = False
    passive: bool = False
    shutdown: bool = False
    password: str | None = None
    families: frozenset[str] = frozenset()
    addpath_tx: frozenset[str] = frozenset()
    addpath_rx: frozenset[str] = frozenset()
    extended_next_hop: bool = False  # RFC 8950
    extended_messages: bool = False  # RFC 8654
    bfd: bool = False
    daemon: str = "frr"
    source: Address | None = None  # configured
    alternative_asn: int | None = None  # a second number that we say where the first is refused (FRR's dual-as)
    place: Place | None = field(default=None, compare=False)


class Peering(NamedTuple):
    """One side's view of an established session. `number` is this side's; the engine carries by it."""

    number: int
    end: End
    local: Address
    peer: Address
    interface: str | None  # the port that the peer is on, where it is on a segment of ours
    remote_as: int
    remote_id: Address
    families: frozenset[str]
    addpath_tx: frozenset[str]  # families in which we send several paths
    extended_next_hop: bool
    extended_messages: bool
    other: tuple[str, str]  # node and key of the other end


class Changes(NamedTuple):
    """What a suite has done since it was last asked: per session, and in the kernel (None: the route is gone)."""

    adverts: list[tuple[int, str, Prefix, tuple[Advert, ...]]]  # session, family, prefix, all paths of it now
    routes: list[tuple[str, Prefix, KernelRoute | None]]  # table, prefix, the suite's route there now


class Suite(Protocol):
    """The routing programs of one node. `daemon` is the name under which its kernel routes and sessions stand."""

    daemon: str

    def ends(self) -> Sequence[End]:
        """The BGP sessions that the configuration asks for."""
        ...

    def source(self, end: End, peer: Address | None = None) -> Address | None:
        """Our address for this session now (to `peer`, for a listening end); None while the suite would not try."""
        ...

    def open(self, peering: Peering) -> None:
        """This session is established: everything is to be advertised on it."""
        ...

    def close(self, number: int) -> None:
        """This session is gone, with all that came over it."""
        ...

    def receive(self, number: int, family: str, prefix: Prefix, adverts: tuple[Advert, ...]) -> None:
        """All paths that the peer has for this prefix now; none: withdrawn."""
        ...

    def learn(self, table: str, prefix: Prefix, routes: tuple[KernelRoute, ...]) -> None:
        """All routes that others have put into the kernel for this prefix now."""
        ...

    def work(self) -> Changes:
        """Do what has become due."""
        ...

    def router_ids(self) -> Mapping[str, str]:
        """By daemon, as NodeState has them."""
        ...

    def bgp_prefixes(self) -> Iterable[Prefix]:
        """Every prefix in a BGP table."""
        ...

    def received(self, number: int) -> int:
        """How many prefixes are accepted from a session."""
        ...


@runtime_checkable
class Watching(Protocol):
    """What a suite offers that asks for BFD sessions of their own."""

    def watches(self) -> Iterable[Watch]:
        """Those sessions, as far as there is a way to the neighbour."""
        ...


@runtime_checkable
class Ending(Protocol):
    """What a suite offers that ends sessions by itself, when it has heard too much."""

    def ended(self) -> Sequence[int]:
        """Those that it has ended since it was asked last, by number."""
        ...


@runtime_checkable
class OrderBound(Protocol):
    """What a suite offers whose choices may hang on the order in which routes came."""

    def courses(self) -> Iterator[Course]:
        """The other ways that events could have taken, with which some choice might be another."""
        ...


@runtime_checkable
class Swayed(Protocol):
    """What a suite offers whose policies may contradict those of others."""

    def is_swayed(self) -> bool:
        """Whether policies make it prefer paths for more than their length."""
        ...


@runtime_checkable
class Racing(Protocol):
    """What a suite offers in which some routes hang on which program was quicker."""

    def races(self) -> Iterator[tuple[str, Prefix, str]]:
        """Each such route: table, prefix, and why."""
        ...


@runtime_checkable
class Explaining(Protocol):
    """What a suite offers that can tell why it has chosen a route."""

    def why(self, table: str, prefix: Prefix) -> Why | None:
        """How a route of the suite came to be; None where it has none."""
        ...


@runtime_checkable
class LinkState(Protocol):
    """What a suite that speaks OSPF offers besides. A Router's `key` names the instance within its node."""

    def routers(self) -> Sequence[Router]:
        """The instances that run."""
        ...

    def externals(self, key: str) -> Mapping[Prefix, External]:
        """What an instance tells of the outside now."""
        ...

    def learn_ospf(self, key: str, routes: Mapping[Prefix, OspfRoute]) -> bool:
        """The routes of an instance; whether any of them is news."""
        ...
