"""OSPF, versions 2 and 3, computed for the whole network at once (RFC 2328 16, RFC 5340 4.8).

A suite offers a Router for each instance that it runs: ports, areas, and what it redistributes. The Domain finds the
adjacencies, then each router's shortest paths in each of its areas, then what area border routers tell about other
areas, then routes to the outside; and gives every Router its routes. Version 3 differs in what a port's prefixes and
next hops are, and in no rule here.
"""

from collections.abc import Mapping
from enum import IntEnum
from typing import NamedTuple

from sim.address import Address, InterfaceAddress, Prefix
from sim.dataclasses import dataclass, field
from sim.device.ospf import NetworkType, OspfArea
from sim.routing.values import Hop

BACKBONE = 0
UNREACHABLE = 1 << 30


class Kind(IntEnum):
    """Types of path, the preferred first (RFC 2328 11)."""

    INTRA = 0
    INTER = 1
    EXTERNAL_1 = 2
    EXTERNAL_2 = 3


class OspfRoute(NamedTuple):
    """A route. `metric` is what zebra shows: of E2 the external metric. `cost` is what decides among equals. `cut`:
    there were more equal ways than `maximum-paths`, and which of them are taken is anybody's guess."""

    kind: Kind
    metric: int
    hops: tuple[Hop, ...]
    area: int | None = None
    cost: int = 0
    tag: int = 0
    cut: bool = False


class External(NamedTuple):
    """A route that a router takes in from outside. `forward`: who gets the packets, if not the router itself."""

    metric: int
    type: int = 2
    tag: int = 0
    forward: Address | None = None


@dataclass(frozen=True, slots=True)
class Circuit:
    """OSPF on one port (version 2: on one address of it). `networks` are what it adds to the map, with `cost`."""

    node: str
    port: str
    area: int
    cost: int
    type: NetworkType
    networks: tuple[Prefix, ...] = ()
    address: InterfaceAddress | None = None  # version 2
    next_hop: Address | None = None  # what others send to
    passive: bool = False
    priority: int = 1
    hello_s: int = 10
    dead_s: int = 40
    mtu_bytes: int = 1500
    mtu_ignore: bool = False
    authentication: tuple[str | None, str | None] = (None, None)
    instance: int = 0
    bfd: bool = False
    neighbours: tuple[tuple[str, str], ...] = ()

    @property
    def is_loopback(self) -> bool:
        """Whether it speaks to nobody by nature."""
        return self.type == "loopback"


@dataclass(frozen=True, slots=True)
class Router:
    """One OSPF instance of a node. `key` names it within the node."""

    node: str
    key: str
    version: int
    vrf: str
    router_id: Address
    circuits: tuple[Circuit, ...] = ()
    areas: Mapping[int, OspfArea] = field(default_factory=dict)
    maximum_metric: bool = False
    maximum_paths: int = 64
    rfc1583: bool = False
    daemon: str = "frr"

    def area(self, number: int) -> OspfArea:
        """Settings of an area."""
        return self.areas.get(number) or OspfArea()

    @property
    def attached(self) -> frozenset[int]:
        """The areas that it has ports in."""
        return frozenset(circuit.area for circuit in self.circuits)

    @property
    def is_border(self) -> bool:
        """Whether it tells areas of each other: it is in several, the backbone among them (RFC 3509, Cisco's way, FRR's
        default)."""
        return len(self.attached) > 1 and BACKBONE in self.attached
