"""What is being read, while it is read: mutable records that become a Device's frozen values once all lines are in.

Values are kept under the names of the Device's own fields, so that inheritance from a peer-group is one dictionary
over another.
"""

from typing import Any

from sim.address import Address, InterfaceAddress, Prefix
from sim.dataclasses import dataclass, field
from sim.errors import Place

Values = dict[str, Any]


@dataclass(slots=True)
class InterfaceDraft:
    """An `interface` stanza. `ospf` and `ospf6` hold fields of OspfInterface."""

    name: str
    place: Place
    vrf: str | None = None
    addresses: list[InterfaceAddress] = field(default_factory=list)
    peers: list[tuple[InterfaceAddress, Address]] = field(default_factory=list)
    up: bool | None = None
    bandwidth_mbps: int | None = None
    pbr: str | None = None
    ospf: Values = field(default_factory=dict)
    ospf6: Values = field(default_factory=dict)


@dataclass(slots=True)
class PeerDraft:
    """A neighbour or a peer-group. `families` hold what it says itself, by family; `active` is what bgpd would run."""

    key: str
    place: Place
    is_group: bool = False
    address: Address | None = None
    interface: str | None = None
    group: "PeerDraft | None" = None
    values: Values = field(default_factory=dict)
    families: dict[str, Values] = field(default_factory=dict)
    active: set[str] = field(default_factory=set)
    members: list["PeerDraft"] = field(default_factory=list)


@dataclass(slots=True)
class Named:
    """A name that a line uses: of which kind of list, and where."""

    kind: str
    name: str
    place: Place


@dataclass(slots=True)
class FamilyDraft:
    """An address family of an instance."""

    values: Values = field(default_factory=dict)
    networks: dict[Prefix, Values] = field(default_factory=dict)
    redistributions: dict[str, Values] = field(default_factory=dict)
    aggregates: dict[Prefix, Values] = field(default_factory=dict)
    imports_vrfs: list[str] = field(default_factory=list)


@dataclass(slots=True)
class BgpDraft:
    """One `router bgp`."""

    asn: int
    vrf: str
    place: Place
    defaults: Values = field(default_factory=dict)
    values: Values = field(default_factory=dict)
    peers: dict[str, PeerDraft] = field(default_factory=dict)
    ranges: dict[Prefix, tuple[PeerDraft, Place]] = field(default_factory=dict)
    families: dict[str, FamilyDraft] = field(default_factory=dict)
    default_families: set[str] = field(default_factory=lambda: {"ipv4"})
    unmodelled: list[Place] = field(default_factory=list)

    def family(self, name: str) -> FamilyDraft:
        """The draft of a family, made on first use."""
        found = self.families.get(name)
        if found is None:
            found = self.families[name] = FamilyDraft()
        return found


@dataclass(slots=True)
class OspfDraft:
    """One `router ospf` or `router ospf6`."""

    version: int
    vrf: str
    place: Place
    values: Values = field(default_factory=dict)
    networks: dict[Prefix, int] = field(default_factory=dict)
    areas: dict[int, Values] = field(default_factory=dict)
    ranges: dict[tuple[int, Prefix], tuple[bool, int | None, Prefix | None]] = field(default_factory=dict)
    interfaces: dict[str, Values] = field(default_factory=dict)
    redistributions: dict[str, Values] = field(default_factory=dict)
    unmodelled: list[Place] = field(default_factory=list)


@dataclass(slots=True)
class ZebraDraft:
    """What is said to zebra itself."""

    resolve_via_default: set[int] = field(default_factory=set)
    router_id: Address | None = None
    protocols: dict[tuple[int, str], Named] = field(default_factory=dict)
    nexthop_objects: bool = True


@dataclass(slots=True)
class Hop:
    """A next hop: an address, an interface, or both."""

    via: Address | None
    interface: str | None
    vrf: str | None = None


@dataclass(slots=True)
class Target:
    """A nexthop-group, or the one next hop of a map's entry: what a table of its own leads to."""

    hops: list[Hop] = field(default_factory=list)
    table: int = 0


@dataclass(slots=True)
class PbrEntry:
    """One `pbr-map NAME seq N`."""

    place: Place
    matches: dict[str, Any] = field(default_factory=dict)
    target: Target | str | None = None  # a nexthop-group by name
    vrf: str | None = None


class Pbr:
    """What a node's files say of PBR."""

    def __init__(self) -> None:
        self.maps: dict[str, dict[int, PbrEntry]] = {}
        self.groups: dict[str, Target] = {}
        self.entry = PbrEntry(Place(""))
        self.group = Target()
        self.tables = 10_000

    def table(self) -> int:
        """The next table's number."""
        self.tables += 1
        return self.tables - 1
