"""`aggregate-address` (bgp_aggregate_route): an own route as long as something more specific is in the table."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from sim.address import Address, Prefix
from sim.device.bgp import Aggregate
from sim.policy import Context
from sim.route import Origin, PathAttributes, interned
from sim.routing.chain import Chain
from sim.routing.frr.origination import OWN_WEIGHT
from sim.routing.frr.paths import Entry, Path, Sort
from sim.routing.values import Course

Valid = Callable[[Prefix, Entry], Sequence[Path]]


class Aggregator:
    """The aggregates of one family of an instance."""

    def __init__(
        self, node: str, asn: int, router_id: Address, aggregates: Sequence[Aggregate], course: Course
    ) -> None:
        self._asn, self._router_id, self._course = asn, router_id, course
        self._aggregates = tuple(aggregates)
        context = Context(node=node, protocol="bgp", local_as=asn)
        self._policies = {each.prefix: Chain((each.policy,) if each.policy else (), context) for each in aggregates}
        self._suppress = {each.prefix: Chain((each.suppress,), context) for each in aggregates if each.suppress}

    def above(self, prefix: Prefix, itself: bool = False) -> Iterator[Prefix]:
        """The aggregates that a prefix contributes to; with `itself` also the one that it is."""
        for each in self._aggregates:
            if each.prefix.length < prefix.length + itself and each.prefix.holds(prefix):
                yield each.prefix

    def path(self, prefix: Prefix, table: dict[Prefix, Entry], valid: Valid) -> Path | None:
        """The aggregate's path as the table is now; None while nothing valid contributes."""
        aggregate = next(each for each in self._aggregates if each.prefix == prefix)
        entries = [(each, table[each]) for each in table if each.length > prefix.length and prefix.holds(each)]
        parts = [path for each, entry in entries for path in valid(each, entry) if path.origin != "aggregate"]
        if not parts or (aggregate.matching_med_only and len({part.attributes.med for part in parts}) > 1):
            return None
        attributes = interned(self._attributes(aggregate, [part.attributes for part in parts]))
        result = self._policies[prefix].apply(prefix, attributes)
        return None if result is None else Path(result.having(next_hop=None), Sort.LOCAL, "aggregate")

    def is_masked(self, path: Path, entry: Entry | None) -> bool:
        """Whether bgpd takes another's path for the aggregate itself, and makes none.

        It compares origin, AS path and communities with whatever path stands first, the newest one, which may be a
        neighbour's (bgp_aggregate_install). So of two routers of one AS that aggregate the same prefix either may be
        left with only the other's, whichever hears of it first (8.4.4, seen 2026-11-25). Contrary to the plain
        run, all have; or none.
        """
        if self._course is Course.OWN_FIRST or entry is None:
            return False
        if self._course is Course.CONTRARY:
            return _is_heard(path, entry.received.values())
        return "aggregate" not in entry.local and _is_heard(path, list(entry.received.values())[-1:])

    def hangs_on_order(self, table: dict[Prefix, Entry], valid: Valid) -> bool:
        """Whether some aggregate would not be there, had another's come first, or the other way round."""
        for each in self._aggregates:
            path, entry = self.path(each.prefix, table, valid), table.get(each.prefix)
            if path is not None and entry is not None and _is_heard(path, entry.received.values()):
                return True
        return False

    def suppresses(self, prefix: Prefix, paths: Iterable[Path]) -> bool:
        """Whether a more specific prefix is kept from neighbours."""
        return any(self._hides(each, prefix, paths) for each in self._aggregates)

    def _hides(self, aggregate: Aggregate, prefix: Prefix, paths: Iterable[Path]) -> bool:
        if aggregate.prefix.length >= prefix.length or not aggregate.prefix.holds(prefix):
            return False
        if aggregate.summary_only:
            return True
        chain = self._suppress.get(aggregate.prefix)
        return chain is not None and any(chain.apply(prefix, path.attributes) is not None for path in paths)

    def _attributes(self, aggregate: Aggregate, parts: Sequence[PathAttributes]) -> PathAttributes:
        """The worst origin of the parts; with `as-set` what the parts share and hold together (RFC 4271 9.2.2.2)."""
        origin = Origin(max(part.origin for part in parts)) if aggregate.origin is None else Origin(aggregate.origin)
        plain = PathAttributes(
            origin=origin,
            weight=OWN_WEIGHT,
            atomic_aggregate=not aggregate.as_set,
            aggregator=(self._asn, self._router_id),
        )
        if not aggregate.as_set:
            return plain
        if self._course is Course.EARLY:
            parts = [part.having(as_path=(), confed_path=()) for part in parts]
        confed, path = merged_with_members(parts)
        return plain.having(
            as_path=path,
            confed_path=confed,
            communities=frozenset().union(*(part.communities for part in parts)),
            large_communities=frozenset().union(*(part.large_communities for part in parts)),
        )


def _is_heard(path: Path, received: Iterable[Path]) -> bool:
    """Whether an aggregate is among these paths."""
    return any(_identity(each) == _identity(path) for each in received)


def _identity(path: Path) -> tuple[object, ...]:
    """What tells aggregates apart (bgp_aggregate_info_same)."""
    own = path.attributes
    return own.origin, own.as_path, own.communities, own.large_communities, own.extended_communities


def merged_with_members(
    parts: Sequence[PathAttributes],
) -> tuple[tuple[int, ...], tuple[int | frozenset[int], ...]]:
    """The path through member ASes and the path of an aggregate; members that not all share are in its set, too
    (aspath_aggregate; 8.4.4, seen 2026-11-25)."""
    confed: list[int] = []
    for members in zip(*(part.confed_path for part in parts), strict=False):
        if len(set(members)) > 1:
            break
        confed.append(members[0])
    if all(len(part.confed_path) == len(confed) for part in parts):
        return tuple(confed), merged([part.as_path for part in parts])
    rest = [(frozenset((*part.confed_path[len(confed) :], *_numbers(part.as_path))),) for part in parts]
    return tuple(confed), merged([each if each[0] else () for each in rest])


def _numbers(path: tuple[int | frozenset[int], ...]) -> frozenset[int]:
    return frozenset().union(*(each if isinstance(each, frozenset) else {each} for each in path))


def merged(paths: Sequence[tuple[int | frozenset[int], ...]]) -> tuple[int | frozenset[int], ...]:
    """Their common beginning, and a set of all other numbers."""
    common: list[int | frozenset[int]] = []
    for heads in zip(*paths, strict=False):
        if any(head != heads[0] for head in heads):
            break
        common.append(heads[0])
    rest: set[int] = set()
    for path in paths:
        for each in path[len(common) :]:
            rest |= each if isinstance(each, frozenset) else {each}
    return (*common, frozenset(rest)) if rest else tuple(common)
