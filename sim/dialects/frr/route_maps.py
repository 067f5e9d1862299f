"""`route-map` and the lines inside it."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import takewhile
from typing import Any

from sim.address import Address, parse_address
from sim.dialects.frr.drafts import Named
from sim.dialects.frr.grammar import Commands, Words
from sim.dialects.frr.lists import extended
from sim.dialects.frr.names import EntryDraft, Names
from sim.dialects.frr.reading import CONFIG, Reading, number, silent
from sim.errors import Place
from sim.policies.frr_matches import (
    Match,
    MatchCommunity,
    MatchContext,
    MatchField,
    MatchLength,
    MatchMetric,
    MatchNextHop,
    MatchPath,
    MatchPrefix,
    MatchSource,
    Never,
)
from sim.policies.frr_paths import parse_community, parse_large
from sim.policies.frr_route_map import NEXT, Entry, RouteMap, route_map
from sim.policies.frr_sets import (
    Add,
    Change,
    DeleteCommunities,
    Exclude,
    Prepend,
    ReplaceAs,
    SetCommunities,
    SetField,
    SetMetric,
    SetNextHop,
)
from sim.policy import Policy
from sim.route import Origin

ROUTE_MAP = Commands("route-map", CONFIG)
_MOST = 4294967295
_ORIGINS = {"igp": Origin.IGP, "egp": Origin.EGP, "incomplete": Origin.INCOMPLETE}


@CONFIG.on("route-map * permit|deny *")
def entry(reading: Reading, words: Words, negated: bool) -> None:
    """`route-map NAME permit|deny SEQUENCE`: an entry begins."""
    sequence, permit = number(reading, words[3], 1, 65535), words[2] == "permit"
    entries = reading.names.maps.setdefault(words[1], {})
    if negated:
        entries.pop(sequence, None)
        if not entries:
            del reading.names.maps[words[1]]
        return
    found = entries.get(sequence)
    if found is None:
        found = entries[sequence] = EntryDraft(permit, reading.place)
    found.permit = permit
    reading.entry, reading.map_name, reading.sequence, reading.table = found, words[1], sequence, ROUTE_MAP


@CONFIG.on("route-map *")
def whole(reading: Reading, words: Words, negated: bool) -> None:
    """`no route-map NAME`."""
    if not negated:
        raise reading.refuse(f"'route-map {words[1]}' lacks permit or deny, and its sequence")
    reading.names.maps.pop(words[1], None)


@CONFIG.on("route-map * optimization")
def optimization(reading: Reading, words: Words, negated: bool) -> None:
    """How bgpd looks entries up: it changes no answer."""


Making = Callable[[Reading, Words], Any]
"""What makes a clause of the words after a pattern's literal ones: a Match or a Change, or, where it needs a name's
meaning, a function of Names that gives it."""


def _match(*patterns: str) -> Callable[[Making], Making]:
    """Decorates the making of a Match."""
    return _clause("matches", "match", patterns)


def _set(*patterns: str) -> Callable[[Making], Making]:
    """Decorates the making of a Change."""
    return _clause("changes", "set", patterns)


def _clause(store: str, verb: str, patterns: tuple[str, ...]) -> Callable[[Making], Making]:
    def register(make: Making) -> Making:
        for pattern in patterns:
            literal = list(takewhile(lambda word: word not in ("*", "..."), pattern.split()))
            about = " ".join(literal).removesuffix(" peer-address")  # bgpd: another form of `set ip next-hop`
            ROUTE_MAP.on(f"{verb} {pattern}")(partial(_keep, store, about, len(literal) + 1, make))
        return make

    return register


def _keep(store: str, key: str, skip: int, make: Making, reading: Reading, words: Words, negated: bool) -> None:
    """A clause takes the place of an earlier one about the same, as in bgpd."""
    clauses = getattr(reading.entry, store)
    clauses.pop(key, None)
    if not negated:
        clauses[key] = make(reading, words[skip:])


def _list(reading: Reading, words: Words) -> Named:
    return Named("", words[0], reading.place)


def _prefixes(found: Any, named: Named) -> Match:
    return MatchPrefix(found) if found is not None else Never(named.name)


def _access(version: int) -> Making:
    def make(reading: Reading, words: Words) -> Any:
        named = _list(reading, words)
        return lambda names: _prefixes(names.access_list(named, version), named)

    return make


def _prefix(version: int) -> Making:
    def make(reading: Reading, words: Words) -> Any:
        named = _list(reading, words)
        return lambda names: _prefixes(names.prefix_list(named, version), named)

    return make


for _version, _word in ((4, "ip"), (6, "ipv6")):
    _match(f"{_word} address *")(_access(_version))
    _match(f"{_word} address prefix-list *")(_prefix(_version))


def _by_list(version: int, form: str, kind: Callable[[Any], Match]) -> Making:
    """`match ip next-hop|route-source [prefix-list] NAME`."""

    def make(reading: Reading, words: Words) -> Any:
        named = _list(reading, words)

        def made(names: Names) -> Match:
            found = names.prefix_list(named, version) if form == "prefix-list" else names.access_list(named, version)
            return kind(found) if found is not None else Never(named.name)

        return made

    return make


for _version, _word in ((4, "ip"), (6, "ipv6")):
    for _about, _kind in (("next-hop", MatchNextHop), ("route-source", MatchSource)):
        _match(f"{_word} {_about} *")(_by_list(_version, "access-list", _kind))
        _match(f"{_word} {_about} prefix-list *")(_by_list(_version, "prefix-list", _kind))
    _match(f"{_word} next-hop address *")(lambda reading, words: MatchNextHop(None, parse_address(words[0])))


@_match("ip address prefix-len *")
def _length(reading: Reading, words: Words) -> Match:
    return MatchLength(number(reading, words[0], 0, 32), 4)


@_match("ipv6 address prefix-len *")
def _length6(reading: Reading, words: Words) -> Match:
    return MatchLength(number(reading, words[0], 0, 128), 6)


@_match("as-path *")
def _path(reading: Reading, words: Words) -> Any:
    named = _list(reading, words)

    def made(names: Names) -> Match:
        found = names.path_list(named)
        return MatchPath(found) if found is not None else Never(named.name)

    return made


def _communities(kind: str) -> Making:
    def make(reading: Reading, words: Words) -> Any:
        named, exact = _list(reading, words), words[1:] == ["exact-match"]

        def made(names: Names) -> Match:
            found = names.community_list(named, kind)
            return MatchCommunity(found, exact) if found is not None else Never(named.name)

        return made

    return make


_match("community *", "community * exact-match")(_communities("community"))
_match("large-community *", "large-community * exact-match")(_communities("large"))
_match("extcommunity *")(_communities("extended"))


@_match("metric *")
def _metric(reading: Reading, words: Words) -> Match:
    return MatchMetric(number(reading, words[0], 1, _MOST))


@_match("local-preference *")
def _preference(reading: Reading, words: Words) -> Match:
    return MatchField("local_pref", number(reading, words[0], 0, _MOST))


@_match("ip next-hop prefix-len *")
def _next_hop_length(reading: Reading, words: Words) -> Any:
    return Unmodelled(reading.place, number(reading, words[0], 0, 32))


@_match("source-instance *")
def _instance(reading: Reading, words: Words) -> Any:
    return Unmodelled(reading.place, number(reading, words[0], 0, 255))


@_set("metric-type type-1|type-2", "forwarding-address *")
def _set_elsewhere(reading: Reading, words: Words) -> Any:
    return Unmodelled(reading.place, words)


@_set("src *")
def _set_source(reading: Reading, words: Words) -> Any:
    return Source(parse_address(words[0]))


@_match("tag *")
def _tag(reading: Reading, words: Words) -> Match:
    return MatchField("tag", number(reading, words[0], 1, _MOST))


@_match("origin *")
def _origin(reading: Reading, words: Words) -> Match:
    return MatchField("origin", _origin_of(reading, words[0]))


def _origin_of(reading: Reading, word: str) -> Origin:
    if word not in _ORIGINS:
        raise reading.refuse(f"{word!r} is not an origin; known: {', '.join(_ORIGINS)}")
    return _ORIGINS[word]


@_match("interface *")
def _interface(reading: Reading, words: Words) -> Match:
    return MatchContext("interface", words[0])


@_match("source-protocol *")
def _protocol(reading: Reading, words: Words) -> Match:
    return MatchContext("protocol", words[0])


@_match("peer *")
def _peer(reading: Reading, words: Words) -> Match:
    try:
        return MatchSource(None, parse_address(words[0]))
    except ValueError:
        return MatchSource(None, interface=words[0])


def _unknown(reading: Reading, words: Words, negated: bool) -> None:
    """A policy line that the model does not know: what leans on its entry is uncertain."""
    if not negated:
        reading.entry.unmodelled.append(reading.note(f"{' '.join(words)!r} is not modelled"))


ROUTE_MAP.add(
    """
    match ip next-hop type *
    match ipv6 next-hop type *
    match peer local
    match alias *
    match evpn ...
    match probability *
    match rpki *
    match rpki-extcommunity *
    match source-vrf *
    match mac address *
    match vlan *
    match command *
    match script *
    match community * any
    match large-community * any
    match extcommunity * exact-match|any
    match as-path-length ...
    match community-limit *
    set label-index *
    set ipv6 vpn next-hop *
    set vpn next-hop *
    set ip vpn next-hop *
    set ipv4 vpn next-hop *
    set metric rtt|+rtt|-rtt|igp|aigp
    set aigp-metric *
    set distance *
    set sr-te color *
    set table *
    set evpn ...
    set l3vpn ...
    set min-metric *
    set max-metric *
    set extcommunity bandwidth ...
    set extcommunity color *
    set extcommunity none
    set extended-comm-list * delete
    set as-path exclude as-path-access-list *
    set as-path replace as-path-access-list * ...
    set ip next-hop unchanged
    set ipv6 next-hop prefer-global
    set ipv6 next-hop local *
    """,
    _unknown,
)


@_set("as-path prepend ...")
def _prepend(reading: Reading, words: Words) -> Change:
    if words[:1] == ["last-as"]:
        return Prepend(last=number(reading, "".join(words[1:2]), 1, 10))
    return Prepend(_asns(reading, words))


def _asns(reading: Reading, words: Words) -> tuple[int, ...]:
    if not words:
        raise reading.refuse("an AS number is expected")
    return tuple(number(reading, word, 1, _MOST) for word in words)


@_set("as-path exclude ...")
def _exclude(reading: Reading, words: Words) -> Change:
    return Exclude(frozenset(), True) if words == ["all"] else Exclude(frozenset(_asns(reading, words)))


@_set("as-path replace *", "as-path replace * *")
def _replace(reading: Reading, words: Words) -> Change:
    old = None if words[0] == "any" else number(reading, words[0], 1, _MOST)
    return ReplaceAs(old, number(reading, words[1], 1, _MOST) if len(words) > 1 else None)


@_set("community ...")
def _set_community(reading: Reading, words: Words) -> Change:
    if words == ["none"]:
        return SetCommunities("community", frozenset())
    additive = words[-1:] == ["additive"]
    values = words[:-1] if additive else words
    return SetCommunities("community", frozenset(map(parse_community, values)), additive)


@_set("large-community ...")
def _set_large(reading: Reading, words: Words) -> Change:
    if words == ["none"]:
        return SetCommunities("large", frozenset())
    additive = words[-1:] == ["additive"]
    values = words[:-1] if additive else words
    return SetCommunities("large", frozenset(map(parse_large, values)), additive)


@_set("extcommunity rt ...")
def _set_target(reading: Reading, words: Words) -> Change:
    return SetCommunities("extended", frozenset(extended(["rt", *words])), True)


@_set("extcommunity soo ...")
def _set_origin_site(reading: Reading, words: Words) -> Change:
    return SetCommunities("extended", frozenset(extended(["soo", *words])), True)


@_set("extcommunity nt ...")
def _set_node_target(reading: Reading, words: Words) -> Change:
    return SetCommunities("extended", frozenset(extended(["nt", *words])), True)


def _delete(kind: str) -> Making:
    def make(reading: Reading, words: Words) -> Any:
        named = _list(reading, words)

        def made(names: Names) -> Change | None:
            found = names.community_list(named, kind)
            return DeleteCommunities(found) if found is not None else None

        return made

    return make


_set("comm-list * delete")(_delete("community"))
_set("large-comm-list * delete")(_delete("large"))


@_set("metric *")
def _set_metric(reading: Reading, words: Words) -> Change:
    text = words[0]
    value = number(reading, text.lstrip("+-"), 0, _MOST)
    return SetMetric(-value if text[0] == "-" else value, text[0] in "+-")


@_set("local-preference *")
def _set_preference(reading: Reading, words: Words) -> Change:
    text = words[0]
    value = number(reading, text.lstrip("+-"), 0, _MOST)
    if text[0] not in "+-":
        return SetField("local_pref", value)
    return Add("local_pref", -value if text[0] == "-" else value)


@_set("weight *")
def _set_weight(reading: Reading, words: Words) -> Change:
    return SetField("weight", number(reading, words[0], 0, _MOST))


@_set("tag *")
def _set_tag(reading: Reading, words: Words) -> Change:
    return SetField("tag", number(reading, words[0], 1, _MOST))


@_set("origin *")
def _set_origin(reading: Reading, words: Words) -> Change:
    return SetField("origin", _origin_of(reading, words[0]))


@_set("originator-id *")
def _set_originator(reading: Reading, words: Words) -> Change:
    return SetField("originator_id", parse_address(words[0]))


@_set("atomic-aggregate")
def _set_atomic(reading: Reading, words: Words) -> Change:
    return SetField("atomic_aggregate", True)


@_set("aggregator as * *")
def _set_aggregator(reading: Reading, words: Words) -> Change:
    return SetField("aggregator", (number(reading, words[0], 1, _MOST), parse_address(words[1])))


@_set("ip next-hop *", "ipv6 next-hop global *")
def _set_next_hop(reading: Reading, words: Words) -> Change:
    return SetNextHop(parse_address(words[0]))


@_set("ip next-hop peer-address", "ipv6 next-hop peer-address")
def _set_peer_address(reading: Reading, words: Words) -> Change:
    return SetNextHop()


@ROUTE_MAP.on("call *")
def call(reading: Reading, words: Words, negated: bool) -> None:
    """`call NAME`: its denial is ours."""
    if not negated and words[1] == reading.map_name:
        raise reading.refuse(f"route-map {words[1]!r} can not call itself")
    reading.entry.calls = None if negated else _list(reading, words[1:])


@ROUTE_MAP.on("on-match next")
def on_match_next(reading: Reading, words: Words, negated: bool) -> None:
    """`on-match next`: go on at the following entry."""
    _go_on(reading, NEXT, negated)


@ROUTE_MAP.on("on-match goto *", "continue *")
def on_match_goto(reading: Reading, words: Words, negated: bool) -> None:
    """`on-match goto N`, `continue N`: go on at the first entry from N on."""
    _go_on(reading, NEXT if negated else number(reading, words[-1], 1, 65535), negated)


def _go_on(reading: Reading, target: int, negated: bool) -> None:
    if not negated and not reading.entry.permit:
        raise reading.refuse("on-match is not supported under a route-map's deny entry, which ends the map anyway")
    if not negated and target != NEXT and target <= reading.sequence:
        raise reading.refuse(f"entry {reading.sequence} can't jump backwards, to {target}")
    reading.entry.goes_on = None if negated else target


ROUTE_MAP.add("description ...", silent)


@dataclass(frozen=True, slots=True)
class Unmodelled:
    """A clause that some daemons know and the model does not: it counts only in a map that such a daemon asks."""

    place: Place
    said: Any


@dataclass(frozen=True, slots=True)
class Source:
    """`set src A`: the source address that the kernel's route prefers; zebra's alone."""

    address: Address


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
