"""FRR's route-maps: entries that match, change, call and go on.

As bgpd does it (FRR 8.4.4, each tried there): an entry whose every `match` holds decides; a permit applies its `set`
lines in their order, then its `call`ed map (whose denial is final; an undefined one changes nothing), and stops unless
`on-match next`, `on-match goto N` or `continue N` sends the route on as what it has become; later entries see that.

The last entry that was asked counts: a route that was permitted and sent on, and then meets an entry that does not
match and none after it that does, is **denied**. Skipped entries (below N) are not asked, so a `goto` beyond the end
permits.
"""

from collections.abc import Iterator

from sim.address import Prefix
from sim.dataclasses import dataclass, field
from sim.errors import Place
from sim.policies.frr_matches import Match
from sim.policies.frr_sets import Change
from sim.policy import Context
from sim.route import PathAttributes, interned

NEXT = 0
"""`goes_on` of an entry with `on-match next`."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One `route-map NAME permit|deny SEQUENCE`.

    `goes_on` is where a match leads: None stops, NEXT is the following entry, N the first with a sequence of N or more.
    """

    sequence: int
    permit: bool
    matches: tuple[Match, ...] = ()
    changes: tuple[Change, ...] = ()
    calls: "RouteMap | None" = None
    goes_on: int | None = None

    def holds(self, prefix: Prefix, attributes: PathAttributes, context: Context) -> bool:
        """Whether a route meets every condition."""
        return all(match.holds(prefix, attributes, context) for match in self.matches)


@dataclass(frozen=True, slots=True)
class RouteMap:
    """A `route-map`. `entries` are in order of their sequence."""

    name: str
    entries: tuple[Entry, ...]
    reads: frozenset[str] = frozenset()
    writes: frozenset[str] = frozenset()
    unmodelled: tuple[Place, ...] = ()
    place: Place | None = field(default=None, compare=False)

    def boundaries(self) -> Iterator[Prefix]:
        """Those of every condition of it and of the maps it calls."""
        for entry in self.entries:
            for match in entry.matches:
                yield from match.boundaries()
            if entry.calls is not None:
                yield from entry.calls.boundaries()

    def apply(self, prefix: Prefix, attributes: PathAttributes, context: Context) -> PathAttributes | None:
        """What the route becomes, or None where it is denied."""
        found = self._walk(prefix, attributes, context)
        return found if found is None or found is attributes else interned(found)

    def _walk(self, prefix: Prefix, attributes: PathAttributes, context: Context) -> PathAttributes | None:
        permitted, wanted = False, 0
        for entry in self.entries:
            if entry.sequence < wanted:
                continue
            if not entry.holds(prefix, attributes, context):
                permitted = False
                continue
            if not entry.permit:
                return None
            for change in entry.changes:
                attributes = change.of(attributes, context)
            if entry.calls is not None:
                called = entry.calls._walk(prefix, attributes, context)
                if called is None:
                    return None
                attributes = called
            permitted = True
            if entry.goes_on is None:
                break
            wanted = entry.goes_on
        return attributes if permitted else None


def route_map(name: str, entries: tuple[Entry, ...], unmodelled: tuple[Place, ...], place: Place | None) -> RouteMap:
    """A route-map with what it reads and writes, those of the maps it calls included."""
    reads: set[str] = set()
    writes: set[str] = set()
    missing = set(unmodelled)
    for entry in entries:
        for match in entry.matches:
            reads |= match.reads
        for change in entry.changes:
            reads |= change.reads
            writes |= change.writes
        if entry.calls is not None:
            reads |= entry.calls.reads
            writes |= entry.calls.writes
            missing |= set(entry.calls.unmodelled)
    places = tuple(sorted(missing, key=lambda each: (each.file, each.line)))
    return RouteMap(name, entries, frozenset(reads), frozenset(writes), places, place)
