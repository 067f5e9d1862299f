"""What a configuration says of BGP, as FRR has it: instances, neighbours with everything inherited, address families.

A dialect resolves peer-groups, defaults and profiles: a Neighbour here says all that holds for it, so that a solver
needs to know no inheritance rule.
"""

from collections.abc import Mapping

from sim.address import Address, Prefix
from sim.dataclasses import dataclass, field
from sim.errors import Place
from sim.policy import Policy

IPV4, IPV6 = "ipv4", "ipv6"


@dataclass(frozen=True, slots=True)
class NeighbourFamily:
    """One neighbour in one address family (unicast). Policies apply in the order given: all must accept."""

    imports: tuple[Policy, ...] = ()
    exports: tuple[Policy, ...] = ()
    next_hop_self: bool = False
    next_hop_self_force: bool = False  # `next-hop-self force`: also for reflected routes
    next_hop_unchanged: bool = False
    reflector_client: bool = False
    allowas_in: int = 0  # how often our own AS may stand in the path
    allowas_in_origin: bool = False
    as_override: bool = False
    remove_private_as: str | None = None  # None, "", "all", "replace-as", "all replace-as"
    default_originate: bool = False
    default_originate_policy: Policy | None = None
    send_communities: frozenset[str] = frozenset({"standard", "extended", "large"})
    soft_reconfiguration: bool = False
    maximum_prefix: int | None = None
    addpath_tx: str | None = None  # None, "all", "bestpath-per-AS"
    addpath_rx: bool = True
    weight: int | None = None
    attribute_unchanged: frozenset[str] = frozenset()
    unmodelled: tuple[Place, ...] = ()


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A configured neighbour. Exactly one of `address`, `interface` (unnumbered) and `listen` (a range) is given.

    `remote_as` None: any other AS (`external`) or our own (`internal`), as `external` and `internal` say.
    """

    address: Address | None = None
    interface: str | None = None
    listen: Prefix | None = None
    remote_as: int | None = None
    external: bool = False
    internal: bool = False
    local_as: int | None = None
    local_as_no_prepend: bool = False
    local_as_replace: bool = False
    source: Address | None = None
    source_interface: str | None = None
    ebgp_multihop: int | None = None  # the TTL that is allowed
    disable_connected_check: bool = False
    ttl_security: int | None = None
    shutdown: bool = False
    passive: bool = False
    password: bool = False
    password_digest: str | None = None  # never the secret itself: equal digests mean equal secrets
    bfd: bool = False
    capability_extended_next_hop: bool | None = None
    peer_group: str | None = None
    enforce_first_as: bool = False
    timers: tuple[int, int] | None = None
    families: Mapping[str, NeighbourFamily] = field(default_factory=dict)  # only those activated
    place: Place | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Origination:
    """A `network` statement."""

    prefix: Prefix
    policy: Policy | None = None
    backdoor: bool = False
    place: Place | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Redistribution:
    """Routes of another protocol taken in: connected, static, kernel, ospf, ospf6, bgp, table-N."""

    source: str
    policy: Policy | None = None
    metric: int | None = None
    metric_type: int = 2  # OSPF: E1 or E2
    tag: int = 0
    place: Place | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Aggregate:
    """An `aggregate-address`."""

    prefix: Prefix
    summary_only: bool = False
    as_set: bool = False
    policy: Policy | None = None
    suppress: Policy | None = None
    origin: int | None = None
    matching_med_only: bool = False
    place: Place | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class BgpFamily:
    """An address family of an instance."""

    networks: tuple[Origination, ...] = ()
    redistributions: tuple[Redistribution, ...] = ()
    aggregates: tuple[Aggregate, ...] = ()
    maximum_paths: int = 1
    maximum_paths_ibgp: int = 1
    distance: tuple[int, int, int] = (20, 200, 200)  # external, internal, local
    table_policy: Policy | None = None
    imports_vrfs: tuple[str, ...] = ()  # `import vrf NAME`
    import_vrf_policy: Policy | None = None


@dataclass(frozen=True, slots=True)
class BgpInstance:
    """One `router bgp`. FRR 8.4's defaults; `maximum_paths` default is resolved by the dialect."""

    asn: int
    vrf: str = "default"
    router_id: Address | None = None
    cluster_id: int | None = None
    default_local_pref: int = 100
    ebgp_requires_policy: bool = True
    network_import_check: bool = True
    client_to_client: bool = True
    multipath_relax: bool = False
    compare_router_id: bool = False
    ignore_as_path: bool = False
    compare_confed_path: bool = False
    always_compare_med: bool = False
    deterministic_med: bool = False
    missing_med_worst: bool = False
    med_confed: bool = False
    confederation: int | None = None
    confederation_peers: frozenset[int] = frozenset()
    fast_external_failover: bool = True
    shutdown: bool = False
    families: Mapping[str, BgpFamily] = field(default_factory=dict)
    neighbours: tuple[Neighbour, ...] = ()
    unmodelled: tuple[Place, ...] = ()
    place: Place | None = field(default=None, compare=False)
