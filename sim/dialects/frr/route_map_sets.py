"""The `set` lines of a route-map."""

from typing import Any

from sim.address import parse_address
from sim.dialects.frr.grammar import Words
from sim.dialects.frr.lists import extended
from sim.dialects.frr.names import Names
from sim.dialects.frr.reading import Reading, number
from sim.dialects.frr.route_maps import (
    MOST,
    ROUTE_MAP,
    Making,
    Source,
    Unmodelled,
    list_named,
    origin_of,
    set_line,
    unknown_clause,
)
from sim.policies.frr_paths import parse_community, parse_large
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


@set_line("metric-type type-1|type-2", "forwarding-address *")
def _set_elsewhere(reading: Reading, words: Words) -> Any:
    return Unmodelled(reading.place, words)


@set_line("src *")
def _set_source(reading: Reading, words: Words) -> Any:
    return Source(parse_address(words[0]))


@set_line("as-path prepend ...")
def _prepend(reading: Reading, words: Words) -> Change:
    if words[:1] == ["last-as"]:
        return Prepend(last=number(reading, "".join(words[1:2]), 1, 10))
    return Prepend(_asns(reading, words))


def _asns(reading: Reading, words: Words) -> tuple[int, ...]:
    if not words:
        raise reading.refuse("an AS number is expected")
    return tuple(number(reading, word, 1, MOST) for word in words)


@set_line("as-path exclude ...")
def _exclude(reading: Reading, words: Words) -> Change:
    return Exclude(frozenset(), True) if words == ["all"] else Exclude(frozenset(_asns(reading, words)))


@set_line("as-path replace *", "as-path replace * *")
def _replace(reading: Reading, words: Words) -> Change:
    old = None if words[0] == "any" else number(reading, words[0], 1, MOST)
    return ReplaceAs(old, number(reading, words[1], 1, MOST) if len(words) > 1 else None)


@set_line("community ...")
def _set_community(reading: Reading, words: Words) -> Change:
    if words == ["none"]:
        return SetCommunities("community", frozenset())
    additive = words[-1:] == ["additive"]
    values = words[:-1] if additive else words
    return SetCommunities("community", frozenset(map(parse_community, values)), additive)


@set_line("large-community ...")
def _set_large(reading: Reading, words: Words) -> Change:
    if words == ["none"]:
        return SetCommunities("large", frozenset())
    additive = words[-1:] == ["additive"]
    values = words[:-1] if additive else words
    return SetCommunities("large", frozenset(map(parse_large, values)), additive)


@set_line("extcommunity rt ...")
def _set_target(reading: Reading, words: Words) -> Change:
    return SetCommunities("extended", frozenset(extended(["rt", *words])), True)


@set_line("extcommunity soo ...")
def _set_origin_site(reading: Reading, words: Words) -> Change:
    return SetCommunities("extended", frozenset(extended(["soo", *words])), True)


@set_line("extcommunity nt ...")
def _set_node_target(reading: Reading, words: Words) -> Change:
    return SetCommunities("extended", frozenset(extended(["nt", *words])), True)


def _delete(kind: str) -> Making:
    def make(reading: Reading, words: Words) -> Any:
        named = list_named(reading, words)

        def made(names: Names) -> Change | None:
            found = names.community_list(named, kind)
            return DeleteCommunities(found) if found is not None else None

        return made

    return make


set_line("comm-list * delete")(_delete("community"))
set_line("large-comm-list * delete")(_delete("large"))


@set_line("metric *")
def _set_metric(reading: Reading, words: Words) -> Change:
    text = words[0]
    value = number(reading, text.lstrip("+-"), 0, MOST)
    return SetMetric(-value if text[0] == "-" else value, text[0] in "+-")


@set_line("local-preference *")
def _set_preference(reading: Reading, words: Words) -> Change:
    text = words[0]
    value = number(reading, text.lstrip("+-"), 0, MOST)
    if text[0] not in "+-":
        return SetField("local_pref", value)
    return Add("local_pref", -value if text[0] == "-" else value)


@set_line("weight *")
def _set_weight(reading: Reading, words: Words) -> Change:
    return SetField("weight", number(reading, words[0], 0, MOST))


@set_line("tag *")
def _set_tag(reading: Reading, words: Words) -> Change:
    return SetField("tag", number(reading, words[0], 1, MOST))


@set_line("origin *")
def _set_origin(reading: Reading, words: Words) -> Change:
    return SetField("origin", origin_of(reading, words[0]))


@set_line("originator-id *")
def _set_originator(reading: Reading, words: Words) -> Change:
    return SetField("originator_id", parse_address(words[0]))


@set_line("atomic-aggregate")
def _set_atomic(reading: Reading, words: Words) -> Change:
    return SetField("atomic_aggregate", True)


@set_line("aggregator as * *")
def _set_aggregator(reading: Reading, words: Words) -> Change:
    return SetField("aggregator", (number(reading, words[0], 1, MOST), parse_address(words[1])))


@set_line("ip next-hop *", "ipv6 next-hop global *")
def _set_next_hop(reading: Reading, words: Words) -> Change:
    return SetNextHop(parse_address(words[0]))


@set_line("ip next-hop peer-address", "ipv6 next-hop peer-address")
def _set_peer_address(reading: Reading, words: Words) -> Change:
    return SetNextHop()


ROUTE_MAP.add(
    """
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
    unknown_clause,
)
