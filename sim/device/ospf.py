"""What a configuration says of OSPF (version 2 and 3)."""

from collections.abc import Mapping
from typing import Literal

from sim.address import Address, Prefix
from sim.dataclasses import dataclass, field
from sim.device.bgp import Redistribution
from sim.errors import Place
from sim.policy import Policy

NetworkType = Literal["broadcast", "point-to-point", "point-to-multipoint", "non-broadcast", "loopback"]


@dataclass(frozen=True, slots=True)
class OspfInterface:
    """OSPF on one interface. `cost` None: computed from the reference bandwidth."""

    area: int | None = None  # where the interface itself says it (`ip ospf area`)
    cost: int | None = None
    network: NetworkType | None = None
    priority: int = 1
    passive: bool | None = None
    hello_s: int = 10
    dead_s: int = 40
    mtu_ignore: bool = False
    authentication: str | None = None  # kind and key id, never the secret itself
    authentication_digest: str | None = None
    bfd: bool = False
    instance: int = 0
    bandwidth_mbps: int | None = None


@dataclass(frozen=True, slots=True)
class OspfArea:
    """One area's settings. `ranges`: prefix, advertised or not, its cost; `substitutes`: what is told instead.
    `filter_in`: which networks of others a border router tells it of; `filter_out`: which of its own others hear of."""

    kind: Literal["normal", "stub", "nssa"] = "normal"
    no_summary: bool = False
    default_cost: int = 1
    ranges: tuple[tuple[Prefix, bool, int | None], ...] = ()
    substitutes: Mapping[Prefix, Prefix] = field(default_factory=dict)
    virtual_links: tuple[Address, ...] = ()
    filter_in: Policy | None = None
    filter_out: Policy | None = None


@dataclass(frozen=True, slots=True)
class OspfInstance:
    """One `router ospf` or `router ospf6`."""

    version: Literal[2, 3] = 2
    vrf: str = "default"
    router_id: Address | None = None
    networks: tuple[tuple[Prefix, int], ...] = ()  # network statements: prefix and area
    interfaces: Mapping[str, OspfInterface] = field(default_factory=dict)
    areas: Mapping[int, OspfArea] = field(default_factory=dict)
    passive_default: bool = False
    reference_mbps: int = 100_000
    maximum_paths: int = 64
    redistributions: tuple[Redistribution, ...] = ()
    default_originate: bool = False
    default_always: bool = False
    default_metric: int | None = None
    default_metric_type: int = 2
    default_information: Redistribution | None = None
    redistribute_metric: int | None = None  # `default-metric`
    distance: int = 110
    distances: tuple[int | None, int | None, int | None] = (None, None, None)  # intra-area, inter-area, external
    maximum_metric: bool = False
    rfc1583: bool = False
    unmodelled: tuple[Place, ...] = ()
    place: Place | None = field(default=None, compare=False)
