"""The `match` lines of a route-map: each a question about a route, with what it reads.

A name that nothing defines matches nothing (bgpd's `RMAP_NOMATCH`), whatever the entry's action.
"""

from collections.abc import Iterable
from typing import Protocol

from sim.address import BITS, Address, Prefix
from sim.dataclasses import dataclass
from sim.policies.frr_paths import FIELDS, CommunityList, PathList
from sim.policies.frr_prefixes import NOTHING, READS_PREFIX, AccessList, PrefixList
from sim.policy import Context
from sim.route import Origin, PathAttributes

NEXT_HOP = frozenset({"next_hop"})


class Match(Protocol):
    """One condition of an entry."""

    @property
    def reads(self) -> frozenset[str]:
        """What its answer depends on."""
        ...

    def boundaries(self) -> Iterable[Prefix]:
        """Where its answer may change."""
        ...

    def holds(self, prefix: Prefix, attributes: PathAttributes, context: Context) -> bool:
        """Whether a route meets it."""
        ...


@dataclass(frozen=True, slots=True)
class Never:
    """A condition that nothing meets: an undefined name, or one the model does not know (`unmodelled` tells)."""

    text: str

    reads = NOTHING

    def boundaries(self) -> tuple[Prefix, ...]:
        """None."""
        return ()

    def holds(self, prefix: Prefix, attributes: PathAttributes, context: Context) -> bool:
        """Never."""
        return False


@dataclass(frozen=True, slots=True)
class MatchPrefix:
    """`match ip address [prefix-list] NAME`, and ipv6's."""

    list: PrefixList | AccessList

    reads = READS_PREFIX

    def boundaries(self) -> Iterable[Prefix]:
        """The list's."""
        return self.list.boundaries()

    def holds(self, prefix: Prefix, attributes: PathAttributes, context: Context) -> bool:
        """Whether the list permits the prefix."""
        return self.list.permits(prefix)


@dataclass(frozen=True, slots=True)
class MatchLength:
    """`match ip address prefix-len N`, and ipv6's."""

    length: int
    version: int

    reads = READS_PREFIX

    def boundaries(self) -> Iterable[Prefix]:
        """Its length, and the next: it turns at prefixes of these lengths, wherever they lie."""
        longest = BITS[self.version]
        return (Prefix(0, self.length, self.version), Prefix(0, min(self.length + 1, longest), self.version))

    def holds(self, prefix: Prefix, attributes: PathAttributes, context: Context) -> bool:
        """Whether the prefix has that length and version."""
        return prefix.length == self.length and prefix.version == self.version


@dataclass(frozen=True, slots=True)
class MatchNextHop:
    """`match ip next-hop ...` by a list, or `match ip next-hop address A`."""

    list: PrefixList | AccessList | None
    address: Address | None = None

    reads = NEXT_HOP

    def boundaries(self) -> tuple[Prefix, ...]:
        """None: it looks at another address than the prefix."""
        return ()

    def holds(self, prefix: Prefix, attributes: PathAttributes, context: Context) -> bool:
        """Whether the next hop is that address, or the list permits it as a host's prefix."""
        found = attributes.next_hop
        if found is None:
            return False
        return found == self.address if self.list is None else self.list.permits(found.host)


@dataclass(frozen=True, slots=True)
class MatchSource:
    """`match ip route-source ...`: the neighbour that told, by a list; `match peer ADDRESS|INTERFACE`."""

    list: PrefixList | AccessList | None
    address: Address | None = None
    interface: str | None = None

    reads = frozenset({"peer", "interface"})

    def boundaries(self) -> tuple[Prefix, ...]:
        """None."""
        return ()

    def holds(self, prefix: Prefix, attributes: PathAttributes, context: Context) -> bool:
        """Whether the neighbour is the one meant."""
        if self.interface is not None:
            return context.interface == self.interface
        if context.peer is None:
            return False
        return context.peer == self.address if self.list is None else self.list.permits(context.peer.host)


@dataclass(frozen=True, slots=True)
class MatchPath:
    """`match as-path NAME`."""

    list: PathList

    @property
    def reads(self) -> frozenset[str]:
        """The path."""
        return self.list.reads

    def boundaries(self) -> tuple[Prefix, ...]:
        """None."""
        return ()

    def holds(self, prefix: Prefix, attributes: PathAttributes, context: Context) -> bool:
        """Whether the list permits the path."""
        return self.list.permits(attributes)


@dataclass(frozen=True, slots=True)
class MatchCommunity:
    """`match community|large-community|extcommunity NAME [exact-match|any]`."""

    list: CommunityList
    exact: bool = False

    @property
    def reads(self) -> frozenset[str]:
        """The communities of the list's kind."""
        return frozenset({FIELDS[self.list.kind]})

    def boundaries(self) -> tuple[Prefix, ...]:
        """None."""
        return ()

    def holds(self, prefix: Prefix, attributes: PathAttributes, context: Context) -> bool:
        """Whether the list permits the communities."""
        return self.list.matches(attributes, self.exact)


@dataclass(frozen=True, slots=True)
class MatchField:
    """A field of the attributes that has a value: metric, local-preference, origin, tag."""

    field: str
    value: int | Origin

    @property
    def reads(self) -> frozenset[str]:
        """That field."""
        return frozenset({self.field})

    def boundaries(self) -> tuple[Prefix, ...]:
        """None."""
        return ()

    def holds(self, prefix: Prefix, attributes: PathAttributes, context: Context) -> bool:
        """Whether it has this value; an absent one is 0 (FRR 8.4.4: an eBGP route's local-preference is 0, not 100)."""
        return bool((getattr(attributes, self.field) or 0) == self.value)


@dataclass(frozen=True, slots=True)
class MatchMetric:
    """`match metric N`: the MED of a BGP path, the metric of a route being redistributed."""

    value: int

    reads = frozenset({"med", "metric", "protocol"})

    def boundaries(self) -> tuple[Prefix, ...]:
        """None."""
        return ()

    def holds(self, prefix: Prefix, attributes: PathAttributes, context: Context) -> bool:
        """Whether it has this value."""
        found = attributes.med if attributes.med is not None or context.protocol == "bgp" else attributes.metric
        return (found or 0) == self.value


@dataclass(frozen=True, slots=True)
class MatchContext:
    """Something of the context: `match interface NAME`, `match source-protocol NAME`."""

    field: str
    value: str

    @property
    def reads(self) -> frozenset[str]:
        """That field."""
        return frozenset({self.field})

    def boundaries(self) -> tuple[Prefix, ...]:
        """None."""
        return ()

    def holds(self, prefix: Prefix, attributes: PathAttributes, context: Context) -> bool:
        """Whether it has this value."""
        return bool(getattr(context, self.field) == self.value)
