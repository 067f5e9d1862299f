"""The `match` lines of a route-map."""

from collections.abc import Callable
from typing import Any

from sim.address import parse_address
from sim.dialects.frr.drafts import Named
from sim.dialects.frr.grammar import Words
from sim.dialects.frr.names import Names
from sim.dialects.frr.reading import Reading, number
from sim.dialects.frr.route_maps import (
    MOST,
    ROUTE_MAP,
    Making,
    Unmodelled,
    list_named,
    match_line,
    origin_of,
    unknown_clause,
)
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


def _prefixes(found: Any, named: Named) -> Match:
    return MatchPrefix(found) if found is not None else Never(named.name)


def _access(version: int) -> Making:
    def make(reading: Reading, words: Words) -> Any:
        named = list_named(reading, words)
        return lambda names: _prefixes(names.access_list(named, version), named)

    return make


def _prefix(version: int) -> Making:
    def make(reading: Reading, words: Words) -> Any:
        named = list_named(reading, words)
        return lambda names: _prefixes(names.prefix_list(named, version), named)

    return make


for _version, _word in ((4, "ip"), (6, "ipv6")):
    match_line(f"{_word} address *")(_access(_version))
    match_line(f"{_word} address prefix-list *")(_prefix(_version))


def _by_list(version: int, form: str, kind: Callable[[Any], Match]) -> Making:
    """`match ip next-hop|route-source [prefix-list] NAME`."""

    def make(reading: Reading, words: Words) -> Any:
        named = list_named(reading, words)

        def made(names: Names) -> Match:
            found = names.prefix_list(named, version) if form == "prefix-list" else names.access_list(named, version)
            return kind(found) if found is not None else Never(named.name)

        return made

    return make


for _version, _word in ((4, "ip"), (6, "ipv6")):
    for _about, _kind in (("next-hop", MatchNextHop), ("route-source", MatchSource)):
        match_line(f"{_word} {_about} *")(_by_list(_version, "access-list", _kind))
        match_line(f"{_word} {_about} prefix-list *")(_by_list(_version, "prefix-list", _kind))
    match_line(f"{_word} next-hop address *")(lambda reading, words: MatchNextHop(None, parse_address(words[0])))


@match_line("ip address prefix-len *")
def _length(reading: Reading, words: Words) -> Match:
    return MatchLength(number(reading, words[0], 0, 32), 4)


@match_line("ipv6 address prefix-len *")
def _length6(reading: Reading, words: Words) -> Match:
    return MatchLength(number(reading, words[0], 0, 128), 6)


@match_line("as-path *")
def _path(reading: Reading, words: Words) -> Any:
    named = list_named(reading, words)

    def made(names: Names) -> Match:
        found = names.path_list(named)
        return MatchPath(found) if found is not None else Never(named.name)

    return made


def _communities(kind: str) -> Making:
    def make(reading: Reading, words: Words) -> Any:
        named, exact = list_named(reading, words), words[1:] == ["exact-match"]

        def made(names: Names) -> Match:
            found = names.community_list(named, kind)
            return MatchCommunity(found, exact) if found is not None else Never(named.name)

        return made

    return make


match_line("community *", "community * exact-match")(_communities("community"))
match_line("large-community *", "large-community * exact-match")(_communities("large"))
match_line("extcommunity *")(_communities("extended"))


@match_line("metric *")
def _metric(reading: Reading, words: Words) -> Match:
    return MatchMetric(number(reading, words[0], 1, MOST))


@match_line("local-preference *")
def _preference(reading: Reading, words: Words) -> Match:
    return MatchField("local_pref", number(reading, words[0], 0, MOST))


@match_line("ip next-hop prefix-len *")
def _next_hop_length(reading: Reading, words: Words) -> Any:
    return Unmodelled(reading.place, number(reading, words[0], 0, 32))


@match_line("source-instance *")
def _instance(reading: Reading, words: Words) -> Any:
    return Unmodelled(reading.place, number(reading, words[0], 0, 255))


@match_line("tag *")
def _tag(reading: Reading, words: Words) -> Match:
    return MatchField("tag", number(reading, words[0], 1, MOST))


@match_line("origin *")
def _origin(reading: Reading, words: Words) -> Match:
    return MatchField("origin", origin_of(reading, words[0]))


@match_line("interface *")
def _interface(reading: Reading, words: Words) -> Match:
    return MatchContext("interface", words[0])


@match_line("source-protocol *")
def _protocol(reading: Reading, words: Words) -> Match:
    return MatchContext("protocol", words[0])


@match_line("peer *")
def _peer(reading: Reading, words: Words) -> Match:
    try:
        return MatchSource(None, parse_address(words[0]))
    except ValueError:
        return MatchSource(None, interface=words[0])


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
    """,
    unknown_clause,
)
