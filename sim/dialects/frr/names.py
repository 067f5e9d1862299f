"""Lists and route-maps by name: what defines them, who uses them, and their Policies.

Equal lists are one object, on whatever nodes they stand (`place` does not count), so that a solver's memory of their
answers serves all. A name that is used and not defined gives None, and a Finding.
"""

from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from sim.dataclasses import dataclass, field
from sim.device import Finding
from sim.dialects.frr.drafts import Named
from sim.errors import Place
from sim.policies.frr_paths import CommunityList, PathList
from sim.policies.frr_prefixes import AccessList, PrefixList
from sim.policies.frr_route_map import RouteMap

T = TypeVar("T", bound=Hashable)
_SHARED: dict[Any, Any] = {}


def shared(value: T) -> T:
    """The one object for this value, across nodes."""
    found: T = _SHARED.setdefault(value, value)
    return found


_PREFIX_KINDS = frozenset({"prefix-list", "prefix-list6", "access-list", "access-list6"})


@dataclass(slots=True)
class ListDraft:
    """A list while it is read: entries by sequence."""

    kind: str
    name: str
    place: Place
    rules: dict[int, Any] = field(default_factory=dict)
    style: str = ""
    unmodelled: list[Place] = field(default_factory=list)

    def put(self, sequence: int | None, rule: Any) -> None:
        """An entry at its sequence, or after the last; one that says what another says is left out.

        FRR 8.4.4 numbers on from the last: 7 is followed by 12 in prefix-lists and access-lists, by 10 in the others.
        """
        if rule in self.rules.values():
            return
        if sequence is None:
            last = max(self.rules, default=0)
            sequence = (last if self.kind in _PREFIX_KINDS else last // 5 * 5) + 5
        self.rules[sequence] = rule

    def drop(self, sequence: int | None, rule: Any) -> None:
        """`no`: the entry of that sequence, or the one that says the same."""
        at = sequence if sequence is not None else next((at for at, each in self.rules.items() if each == rule), None)
        if at is not None:
            self.rules.pop(at, None)

    def in_order(self) -> tuple[Any, ...]:
        """The entries by sequence."""
        return tuple(self.rules[at] for at in sorted(self.rules))


@dataclass(slots=True)
class EntryDraft:
    """An entry of a route-map. `matches` and `changes` are kept by what they are about: a later one replaces."""

    permit: bool
    place: Place
    matches: dict[str, Any] = field(default_factory=dict)
    changes: dict[str, Any] = field(default_factory=dict)
    calls: Named | None = None
    goes_on: int | None = None
    unmodelled: list[Place] = field(default_factory=list)


KINDS = {
    "prefix-list": "ip prefix-list",
    "prefix-list6": "ipv6 prefix-list",
    "access-list": "access-list",
    "access-list6": "ipv6 access-list",
    "as-path": "bgp as-path access-list",
    "community": "bgp community-list",
    "large": "bgp large-community-list",
    "extended": "bgp extcommunity-list",
    "route-map": "route-map",
}


class Names:
    """Every name of a node."""

    def __init__(self) -> None:
        self.lists: dict[tuple[str, str], ListDraft] = {}
        self.maps: dict[str, dict[int, EntryDraft]] = {}
        self.used: set[tuple[str, str]] = set()
        self.mentioned: set[str] = set()  # words of lines that are not modelled: any may be a name
        self.missing: list[Named] = []
        self._made: dict[tuple[str, str], Any] = {}
        self._making: set[str] = set()

    def draft(self, kind: str, name: str, place: Place) -> ListDraft:
        """The list being written, made on first use."""
        found = self.lists.get((kind, name))
        if found is None:
            found = self.lists[kind, name] = ListDraft(kind, name, place)
        return found

    def prefix_list(self, named: Named, version: int) -> PrefixList | None:
        """`ip prefix-list` or `ipv6 prefix-list`."""
        kind = "prefix-list6" if version == 6 else "prefix-list"
        found: PrefixList | None = self._list(
            kind, named, lambda draft: PrefixList(draft.name, version, draft.in_order(), draft.place)
        )
        return found

    def access_list(self, named: Named, version: int) -> AccessList | None:
        """`access-list` or `ipv6 access-list`."""
        kind = "access-list6" if version == 6 else "access-list"
        found: AccessList | None = self._list(
            kind,
            named,
            lambda draft: AccessList(draft.name, version, draft.in_order(), draft.place, tuple(draft.unmodelled)),
        )
        return found

    def path_list(self, named: Named) -> PathList | None:
        """`bgp as-path access-list`."""
        found: PathList | None = self._list(
            "as-path", named, lambda draft: PathList(draft.name, draft.in_order(), draft.place)
        )
        return found

    def community_list(self, named: Named, kind: str) -> CommunityList | None:
        """`bgp community-list`, `large` or `extended`."""
        found: CommunityList | None = self._list(
            kind, named, lambda draft: CommunityList(draft.name, kind, draft.in_order(), draft.place)
        )
        return found

    def _list(self, kind: str, named: Named, make: Callable[[ListDraft], Any]) -> Any:
        key = (kind, named.name)
        self.used.add(key)
        if key not in self._made:
            draft = self.lists.get(key)
            self._made[key] = shared(make(draft)) if draft is not None else None
        if self._made[key] is None:
            self._miss(kind, named)
        return self._made[key]

    def route_map(
        self, named: Named, daemon: str, make: Callable[[str, dict[int, EntryDraft]], RouteMap]
    ) -> RouteMap | None:
        """A route-map as a daemon reads it, None where undefined; in a circle of calls one that denies.

        FRR gives up on a circle after ten calls, and denies.
        """
        key = (f"route-map of {daemon}", named.name)
        self.used.add(("route-map", named.name))
        if named.name not in self.maps:
            self._miss("route-map", named)
            return None
        if named.name in self._making:
            return RouteMap(named.name, ())
        if key not in self._made:
            self._making.add(named.name)
            self._made[key] = shared(make(named.name, self.maps[named.name]))
            self._making.discard(named.name)
        found: RouteMap = self._made[key]
        return found

    def _miss(self, kind: str, named: Named) -> None:
        self.missing.append(Named(kind, named.name, named.place))

    def findings(self) -> list[Finding]:
        """Names used and not defined, at each use; names defined and not used, where their definition begins."""
        found = [
            Finding(each.place, "undefined", f"{KINDS[each.kind]} {each.name!r} is used here and defined nowhere")
            for each in self.missing
        ]
        places = {key: draft.place for key, draft in self.lists.items()}
        places |= {("route-map", name): next(iter(entries.values())).place for name, entries in self.maps.items()}
        found += [
            Finding(place, "unused", f"{KINDS[kind]} {name!r} is defined here and used nowhere")
            for (kind, name), place in places.items()
            if (kind, name) not in self.used and name not in self.mentioned
        ]
        return sorted(found, key=lambda each: (each.place.file, each.place.line, each.text))
