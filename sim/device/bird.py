"""What a BIRD configuration says: tables, and the protocols between them, as BIRD 2 has it.

BIRD 1 is said in the same words: its one table is `master4` (bird.conf) or `master6` (bird6.conf), and the options that
it keeps on a protocol stand on that protocol's only channel. Templates and defaults are resolved.
"""

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Literal

from sim.address import Address, InterfaceAddress, Prefix
from sim.dataclasses import dataclass, field
from sim.errors import Place
from sim.policy import Policy
from sim.snapshot import RouteType

Family = Literal["ipv4", "ipv6"]
When = Literal["", "all", "ibgp", "ebgp"]
"""For which routes an option holds: none, all, those from internal peers, those from external ones."""


@dataclass(frozen=True, slots=True)
class InterfacePattern:
    """`"eth*"`, `-"dummy0"`, `"eth*" 10.0.0.0/8`: a shell pattern, a network, or both."""

    glob: str = "*"
    negated: bool = False
    prefix: Prefix | None = None

    def fits(self, name: str, address: InterfaceAddress | None) -> bool:
        """Whether an interface, by its name and one of its addresses, is meant."""
        near = self.prefix is None or (address is not None and self.prefix.holds(address.address))
        return near and fnmatchcase(name, self.glob)


def chosen(lists: Iterable[tuple[InterfacePattern, ...]], name: str, address: InterfaceAddress | None = None) -> bool:
    """Whether one of several `interface` options takes an interface: in each the first pattern that fits decides."""
    for patterns in lists:
        found = next((pattern for pattern in patterns if pattern.fits(name, address)), None)
        if found is not None and not found.negated:
            return True
    return False


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit of routes and what comes of passing it."""

    routes: int
    action: Literal["warn", "block", "restart", "disable"] = "disable"


@dataclass(frozen=True, slots=True)
class Channel:
    """A protocol's door to one table."""

    family: Family
    table: str
    imports: Policy
    exports: Policy
    preference: int
    receive_limit: Limit | None = None
    import_limit: Limit | None = None
    export_limit: Limit | None = None
    keep_filtered: bool = False


@dataclass(frozen=True, slots=True)
class BgpChannel(Channel):
    """One address family of a BGP session. `cost` is the IGP metric of next hops that are directly reached."""

    next_hop_self: When = ""
    next_hop_keep: When = ""
    next_hop_address: Address | None = None
    gateway: Literal["direct", "recursive"] = "recursive"
    add_paths_rx: bool = False
    add_paths_tx: bool = False
    extended_next_hop: bool = False
    secondary: bool = False
    igp_table: str | None = None
    import_table: bool = False
    cost: int = 0


@dataclass(frozen=True, slots=True)
class DeviceProtocol:
    """The interfaces' own."""

    name: str
    place: Place | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class DirectProtocol:
    """Routes to the networks of interfaces; without any pattern, of all."""

    name: str
    channels: tuple[Channel, ...] = ()
    interfaces: tuple[tuple[InterfacePattern, ...], ...] = ()
    check_link: bool = False
    disabled: bool = False
    place: Place | None = field(default=None, compare=False)

    def takes(self, name: str, address: InterfaceAddress) -> bool:
        """Whether an interface's network is imported."""
        return not self.interfaces or chosen(self.interfaces, name, address)


@dataclass(frozen=True, slots=True)
class KernelProtocol:
    """A kernel's table. `merge_paths` is the most next hops of a merged route, 0 for none."""

    name: str
    channel: Channel
    kernel_table: int = 254
    learn: bool = False
    persist: bool = False
    merge_paths: int = 0
    metric: int = 32
    disabled: bool = False
    place: Place | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class StaticHop:
    """One way of a static route."""

    via: Address | None = None
    interface: str | None = None
    weight: int = 1
    onlink: bool = False


@dataclass(frozen=True, slots=True)
class BirdRoute:
    """One `route`: hops, or a `recursive` next hop, or a type that forwards nothing. `policy` is its `{ ... }`."""

    prefix: Prefix
    hops: tuple[StaticHop, ...] = ()
    recursive: Address | None = None
    type: RouteType = RouteType.UNICAST
    policy: Policy | None = None
    place: Place | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class StaticProtocol:
    """Static routes."""

    name: str
    channel: Channel
    routes: tuple[BirdRoute, ...] = ()
    check_link: bool = False
    igp_table: str | None = None
    disabled: bool = False
    place: Place | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class PipeProtocol:
    """Routes of `peer_table` into the channel's table (import), and from that to it (export)."""

    name: str
    channel: Channel
    peer_table: str
    disabled: bool = False
    place: Place | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class BgpProtocol:
    """One session. `remote_as` None: any other AS (`external`), or our own (`internal`). `multihop` None: direct."""

    name: str
    local_as: int
    local: Address | None = None
    neighbour: Address | None = None
    neighbour_range: Prefix | None = None
    interface: str | None = None
    remote_as: int | None = None
    internal: bool = False
    external: bool = False
    router_id: Address | None = None
    channels: tuple[BgpChannel, ...] = ()
    multihop: int | None = None
    rr_client: bool = False
    rr_cluster_id: int | None = None
    rs_client: bool = False
    confederation: int | None = None
    confederation_member: bool = False
    passive: bool = False
    password_digest: str | None = None  # never the secret itself: equal digests mean equal secrets
    ttl_security: bool = False
    bfd: bool = False
    local_port: int = 179
    remote_port: int = 179
    allow_local_as: int = 0  # how often our own AS may stand in the path
    allow_local_pref: bool = False
    enforce_first_as: bool = False
    default_med: int = 0
    default_local_pref: int = 100
    path_metric: bool = True
    med_metric: bool = False
    igp_metric: bool = True
    prefer_older: bool = False
    deterministic_med: bool = False
    interpret_communities: bool = True
    capabilities: bool = True
    extended_messages: bool = False  # RFC 8654
    role: str | None = None
    disabled: bool = False
    unmodelled: tuple[Place, ...] = ()
    place: Place | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class BfdProtocol:
    """BFD: on which interfaces a session may run (no pattern: on all), and neighbours asked for here."""

    name: str
    interfaces: tuple[tuple[InterfacePattern, ...], ...] = ()
    neighbours: tuple[tuple[Address, str | None, bool], ...] = ()  # address, interface, multihop
    multihop: bool = False
    disabled: bool = False
    place: Place | None = field(default=None, compare=False)


Protocol = DeviceProtocol | DirectProtocol | KernelProtocol | StaticProtocol | PipeProtocol | BgpProtocol | BfdProtocol


@dataclass(frozen=True, slots=True)
class BirdConfig:
    """One bird.conf with what it includes (and bird6.conf's, where there is one). `tables`: name and family."""

    router_id: Address | None = None
    router_id_from: tuple[InterfacePattern, ...] = ()
    tables: Mapping[str, Family] = field(default_factory=dict)
    protocols: tuple[Protocol, ...] = ()
    syntax: Literal[1, 2] = 2
    unmodelled: tuple[Place, ...] = ()
    place: Place | None = field(default=None, compare=False)
