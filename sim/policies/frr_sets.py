"""The `set` lines of a route-map: each changes attributes, and says what it reads and writes."""

from typing import Any, Protocol

from sim.address import Address
from sim.dataclasses import dataclass, replace
from sim.policies.frr_paths import FIELDS, CommunityList
from sim.policies.frr_prefixes import NOTHING
from sim.policy import Context
from sim.route import PathAttributes

_PATH = frozenset({"as_path"})
_MOST = 4294967295


def _with(attributes: PathAttributes, field: str, value: Any) -> PathAttributes:
    return replace(attributes, **{field: value})


class Change(Protocol):
    """One `set` line."""

    @property
    def reads(self) -> frozenset[str]:
        """What the new value depends on."""
        ...

    @property
    def writes(self) -> frozenset[str]:
        """What it may change."""
        ...

    def of(self, attributes: PathAttributes, context: Context) -> PathAttributes:
        """The attributes as they become (not interned)."""
        ...


@dataclass(frozen=True, slots=True)
class SetField:
    """A field gets a value: local-preference, origin, weight, tag, originator-id, an address as next hop."""

    field: str
    value: Any

    reads = NOTHING

    @property
    def writes(self) -> frozenset[str]:
        """That field."""
        return frozenset({self.field})

    def of(self, attributes: PathAttributes, context: Context) -> PathAttributes:
        """With the value in place."""
        return _with(attributes, self.field, self.value)


@dataclass(frozen=True, slots=True)
class Add:
    """A field gets more or less, within 0 and 2^32-1: `set local-preference -50`. A missing one counts as 0."""

    field: str
    by: int

    @property
    def reads(self) -> frozenset[str]:
        """That field."""
        return frozenset({self.field})

    @property
    def writes(self) -> frozenset[str]:
        """That field."""
        return frozenset({self.field})

    def of(self, attributes: PathAttributes, context: Context) -> PathAttributes:
        """With the sum in place."""
        found = getattr(attributes, self.field)
        value = (found or 0) + self.by
        return _with(attributes, self.field, min(max(value, 0), _MOST))


@dataclass(frozen=True, slots=True)
class SetMetric:
    """`set metric N`, `+N`, `-N`: the MED, and the metric of a route inside this router."""

    value: int
    relative: bool = False

    writes = frozenset({"med", "metric"})

    @property
    def reads(self) -> frozenset[str]:
        """The metric, where it is relative."""
        return self.writes if self.relative else NOTHING

    def of(self, attributes: PathAttributes, context: Context) -> PathAttributes:
        """With the metric in place."""
        value = self.value
        if self.relative:
            value = min(max((attributes.med or attributes.metric) + value, 0), _MOST)
        return replace(attributes, med=value, metric=value)


@dataclass(frozen=True, slots=True)
class Prepend:
    """`set as-path prepend AS...`; `last` is `last-as N`: the path's first AS again, N times."""

    path: tuple[int, ...] = ()
    last: int = 0

    reads = _PATH
    writes = _PATH

    def of(self, attributes: PathAttributes, context: Context) -> PathAttributes:
        """With the path longer at its near end."""
        path = attributes.as_path
        first = next((hop for hop in path[:1] if isinstance(hop, int)), None)
        more = self.path or ((first,) * self.last if first is not None else ())
        return replace(attributes, as_path=(*more, *path))


@dataclass(frozen=True, slots=True)
class Exclude:
    """`set as-path exclude AS...`: these are taken out wherever they stand; without any (`all`), the whole path."""

    path: frozenset[int]
    all: bool = False

    reads = _PATH
    writes = _PATH

    def of(self, attributes: PathAttributes, context: Context) -> PathAttributes:
        """Without them."""
        kept = () if self.all else tuple(_without(hop, self.path) for hop in attributes.as_path)
        return replace(attributes, as_path=tuple(hop for hop in kept if hop != frozenset() and hop is not None))


def _without(hop: int | frozenset[int], out: frozenset[int]) -> int | frozenset[int] | None:
    if isinstance(hop, frozenset):
        return hop - out
    return None if hop in out else hop


@dataclass(frozen=True, slots=True)
class ReplaceAs:
    """`set as-path replace any|AS [WITH]`: FRR 9 and later; by our own AS where `by` is None."""

    old: int | None
    by: int | None = None

    reads = frozenset({"as_path", "local_as"})
    writes = _PATH

    def of(self, attributes: PathAttributes, context: Context) -> PathAttributes:
        """With them replaced."""
        new = self.by if self.by is not None else context.local_as
        if new is None:
            return attributes
        path = tuple(new if self.old is None or hop == self.old else hop for hop in attributes.as_path)
        return replace(attributes, as_path=path)


@dataclass(frozen=True, slots=True)
class SetCommunities:
    """`set community|large-community|extcommunity ...`: in place of those there, or besides them (`additive`).

    Extended ones are always added to those there (FRR 8.4.4).
    """

    kind: str
    values: frozenset[Any]
    additive: bool = False

    @property
    def reads(self) -> frozenset[str]:
        """Those there, where they matter."""
        return self.writes if self.additive else NOTHING

    @property
    def writes(self) -> frozenset[str]:
        """The communities of its kind."""
        return frozenset({FIELDS[self.kind]})

    def of(self, attributes: PathAttributes, context: Context) -> PathAttributes:
        """With them."""
        field = FIELDS[self.kind]
        kept: frozenset[Any] = getattr(attributes, field) if self.additive else frozenset()
        return _with(attributes, field, kept | self.values)


@dataclass(frozen=True, slots=True)
class DeleteCommunities:
    """`set comm-list NAME delete`, and `large-comm-list`: those that the list permits are taken out."""

    list: CommunityList

    @property
    def reads(self) -> frozenset[str]:
        """The communities of its kind."""
        return frozenset({FIELDS[self.list.kind]})

    writes = reads

    def of(self, attributes: PathAttributes, context: Context) -> PathAttributes:
        """Without them."""
        field = FIELDS[self.list.kind]
        return _with(attributes, field, getattr(attributes, field) - self.list.selected(attributes))


@dataclass(frozen=True, slots=True)
class SetNextHop:
    """`set ip next-hop A|peer-address`: the neighbour on the way in, ourselves on the way out."""

    address: Address | None = None
    version: int = 4

    writes = frozenset({"next_hop"})

    @property
    def reads(self) -> frozenset[str]:
        """The neighbour, for peer-address."""
        return NOTHING if self.address else frozenset({"peer", "local", "direction"})

    def of(self, attributes: PathAttributes, context: Context) -> PathAttributes:
        """With that next hop."""
        found = self.address or (context.peer if context.direction == "in" else context.local)
        return replace(attributes, next_hop=found) if found else attributes
