"""Route-maps as read -> Policies, as each daemon reads them: it passes over the lines that only others know."""

from typing import Any

from sim.address import Address
from sim.dialects.frr import route_map_matches, route_map_sets  # noqa: F401 (they register commands)
from sim.dialects.frr.drafts import Named
from sim.dialects.frr.names import EntryDraft, Names
from sim.dialects.frr.route_maps import Source, Unmodelled
from sim.errors import Place
from sim.policies.frr_route_map import Entry, RouteMap, route_map
from sim.policy import Policy


def sources(names: Names, name: str) -> set[Address]:
    """The addresses that a map sets as source."""
    drafts = names.maps.get(name, {}).values()
    return {clause.address for draft in drafts for clause in draft.changes.values() if isinstance(clause, Source)}


_ELSEWHERE = {
    "bgpd": frozenset(
        {
            "ip address prefix-len",
            "ipv6 address prefix-len",
            "ip next-hop prefix-len",
            "source-protocol",
            "source-instance",
            "src",
            "metric-type",
            "forwarding-address",
        }
    ),
    "ospfd": frozenset(
        {
            "as-path",
            "community",
            "large-community",
            "extcommunity",
            "local-preference",
            "origin",
            "peer",
            "source-protocol",
            "source-instance",
            "ip address prefix-len",
            "ip next-hop prefix-len",
            "ip route-source",
            "ip route-source prefix-list",
            "weight",
            "src",
        }
    ),
    "zebra": frozenset(
        {"as-path", "community", "large-community", "extcommunity", "local-preference", "origin", "peer", "metric"}
    ),
}
"""Clauses that a daemon passes over, as if they were not there. Seen in bgpd 8.4.4: a map whose entry says `match ip
address prefix-len 24` permits every prefix to a neighbour; zebra alone knows that line."""


def policy(names: Names, named: Named, daemon: str = "bgpd") -> Policy | None:
    """The route-map of a name as a daemon (bgpd, ospfd, zebra) reads it, or None where it is undefined."""
    return names.route_map(named, daemon, lambda name, entries: _compiled(names, name, entries, daemon))


def judge_idle_maps(names: Names) -> None:
    """Looks up the names in maps that nothing uses: what these use is not idle, and may be missing."""
    for name in [name for name in names.maps if ("route-map", name) not in names.used]:
        policy(names, Named("route-map", name, next(iter(names.maps[name].values())).place))
        names.used.discard(("route-map", name))


def _compiled(names: Names, name: str, drafts: dict[int, EntryDraft], daemon: str) -> RouteMap:
    entries = []
    unmodelled: list[Place] = []
    for at in sorted(drafts):
        draft = drafts[at]
        matches = _clauses(names, draft.matches, daemon)
        changes = _clauses(names, draft.changes, daemon)
        missing = [each.place for each in (*matches, *changes) if isinstance(each, Unmodelled)]
        unmodelled += [*draft.unmodelled, *missing]
        calls = policy(names, draft.calls, daemon) if draft.calls else None
        assert calls is None or isinstance(calls, RouteMap)
        entries.append(Entry(at, draft.permit, _known(matches), _known(changes), calls, draft.goes_on))
    return route_map(name, tuple(entries), tuple(unmodelled), next(iter(drafts.values())).place)


def _clauses(names: Names, clauses: dict[str, Any], daemon: str) -> list[Any]:
    """The clauses that a daemon knows, with the names in them looked up."""
    passed = _ELSEWHERE[daemon]
    mine = [clause for key, clause in clauses.items() if key not in passed]
    return [clause(names) if callable(clause) else clause for clause in mine]


def _known(clauses: list[Any]) -> tuple[Any, ...]:
    return tuple(clause for clause in clauses if clause is not None and not isinstance(clause, Unmodelled | Source))
