"""A policy's `reads`, `writes` and `boundaries` tell the truth about its `apply`, for route-maps made at random."""

from typing import Any

from dialects.frr_texts import neighbour
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.address import Prefix, parse_address
from sim.policies.frr_paths import parse_community, parse_large
from sim.policy import Context, Policy
from sim.route import Origin, PathAttributes, interned

LISTS = """ip prefix-list P permit 10.0.0.0/8 ge 16 le 24
ip prefix-list P deny 10.1.0.0/16 le 32
ip prefix-list P permit 0.0.0.0/0 le 9
access-list A permit 10.1.0.0/16 exact-match
access-list A permit 192.168.0.0/16
access-list 10 permit 10.1.0.0 0.0.255.255
access-list 100 permit ip 10.0.0.0 0.255.255.255 255.255.0.0 0.0.255.0
ip prefix-list H permit 192.0.2.0/24 le 32
bgp as-path access-list F permit _100_
bgp community-list standard C permit 65001:1
bgp community-list expanded E permit _65001:
bgp large-community-list standard L permit 1:1:1
bgp extcommunity-list standard X permit rt 1:1
route-map S permit 10
 match tag 5
 set weight 3
"""
MATCHES = [
    "ip address prefix-list P",
    "ip address A",
    "ip address 10",
    "ip address 100",
    "ip address prefix-list GONE",
    "ip next-hop prefix-list H",
    "as-path F",
    "community C",
    "community C exact-match",
    "community E",
    "large-community L",
    "extcommunity X",
    "metric 5",
    "local-preference 100",
    "tag 5",
    "origin egp",
    "peer 192.0.2.1",
    "interface eth1",
    "ip route-source prefix-list H",
]
SETS = [
    "metric 7",
    "metric +7",
    "local-preference 200",
    "local-preference -20",
    "weight 9",
    "tag 5",
    "origin igp",
    "as-path prepend 1 2",
    "as-path prepend last-as 2",
    "as-path exclude 100",
    "as-path replace 100",
    "community 65001:9",
    "community 65001:9 additive",
    "community none",
    "comm-list C delete",
    "large-community 2:2:2 additive",
    "extcommunity rt 2:2",
    "ip next-hop 192.0.2.77",
    "ip next-hop peer-address",
]
VALUES: dict[str, list[Any]] = {
    "as_path": [(), (65001,), (65001, 100), (65001, frozenset({100, 200}))],
    "confed_path": [(), (64512,)],
    "origin": list(Origin),
    "next_hop": [None, parse_address("192.0.2.9"), parse_address("10.9.9.9")],
    "local_pref": [None, 100, 150],
    "med": [None, 0, 5],
    "metric": [0, 5],
    "weight": [0, 4],
    "tag": [0, 5],
    "communities": [
        frozenset(),
        frozenset({parse_community("65001:1")}),
        frozenset(map(parse_community, ("65001:1", "1:1"))),
    ],
    "large_communities": [frozenset(), frozenset({parse_large("1:1:1")})],
    "extended_communities": [frozenset(), frozenset({"RT:1:1"})],
}
SURROUNDINGS: dict[str, list[Any]] = {
    "peer": [None, parse_address("192.0.2.1"), parse_address("10.0.0.1")],
    "peer_as": [65001, 65005],
    "local_as": [65002, 65003],
    "local": [parse_address("192.0.2.2"), parse_address("192.0.2.6")],
    "interface": ["eth1", "eth2"],
    "protocol": ["bgp", "static"],
    "direction": ["in", "out"],
    "node": ["r1", "r2"],
}
attributes = st.builds(PathAttributes, **{name: st.sampled_from(values) for name, values in VALUES.items()})
contexts = st.builds(Context, **{name: st.sampled_from(values) for name, values in SURROUNDINGS.items()})
SEEDS = ["0.0.0.0", "10.0.0.0", "10.1.0.0", "10.1.128.0", "10.2.3.4", "192.168.0.0", "192.168.9.9"]
prefixes = st.builds(
    lambda text, length: Prefix(parse_address(text).value >> (32 - length) << (32 - length), length),
    st.sampled_from(SEEDS),
    st.integers(0, 32),
)


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    """A route-map of one to four entries."""
    lines = []
    for at in range(10, 10 * draw(st.integers(2, 5)), 10):
        action = draw(st.sampled_from(["permit", "permit", "deny"]))
        lines.append(f"route-map M {action} {at}")
        lines += [f" match {each}" for each in draw(st.lists(st.sampled_from(MATCHES), max_size=2, unique=True))]
        lines += [f" set {each}" for each in draw(st.lists(st.sampled_from(SETS), max_size=3, unique=True))]
        if action == "permit":
            lines += draw(st.sampled_from([[], [" on-match next"], [f" on-match goto {at + 15}"], [" call S"]]))
    text = "\n".join(
        [LISTS, *lines, "router bgp 65002", "neighbor 10.0.0.1 remote-as 1", "neighbor 10.0.0.1 route-map M in"]
    )
    return neighbour(text, "10.0.0.1").families["ipv4"].imports[0]


@settings(max_examples=80, deadline=None)
@given(policies(), prefixes, attributes, contexts, st.data())
def test_what_a_route_map_does_not_read_changes_nothing_else(
    policy: Policy, prefix: Prefix, route: PathAttributes, context: Context, data: st.DataObject
) -> None:
    name = data.draw(st.sampled_from(sorted(VALUES.keys() - policy.reads)))
    other = route.having(**{name: data.draw(st.sampled_from(VALUES[name]))})
    one, two = policy.apply(prefix, route, context), policy.apply(prefix, other, context)
    assert (one is None) == (two is None)
    if one is None or two is None:
        return
    for each in VALUES:
        if each != name:
            assert getattr(one, each) == getattr(two, each)
    assert getattr(two, name) in (getattr(other, name), getattr(one, name))


@settings(max_examples=80, deadline=None)
@given(policies(), prefixes, attributes, contexts, contexts)
def test_what_a_route_map_does_not_read_of_its_surroundings_changes_nothing(
    policy: Policy, prefix: Prefix, route: PathAttributes, context: Context, other: Context
) -> None:
    kept = {name: getattr(context if name in policy.reads else other, name) for name in SURROUNDINGS}
    assert policy.apply(prefix, route, context) == policy.apply(prefix, route, Context(**kept))


@settings(max_examples=80, deadline=None)
@given(policies(), prefixes, attributes, contexts)
def test_what_a_route_map_does_not_write_stays(
    policy: Policy, prefix: Prefix, route: PathAttributes, context: Context
) -> None:
    found = policy.apply(prefix, route, context)
    if found is not None:
        for name in VALUES.keys() - policy.writes:
            assert getattr(found, name) == getattr(route, name)


@settings(max_examples=120, deadline=None)
@given(policies(), prefixes, prefixes, attributes, contexts)
def test_prefixes_that_no_boundary_parts_are_treated_alike(
    policy: Policy, one: Prefix, two: Prefix, route: PathAttributes, context: Context
) -> None:
    """Parted: inside a boundary or not, at least as long as one or not."""
    for bound in policy.boundaries():
        if bound.holds(one) != bound.holds(two) or (one.length >= bound.length) != (two.length >= bound.length):
            return
    if "prefix" not in policy.reads:
        assert not list(policy.boundaries())
    assert policy.apply(one, route, context) == policy.apply(two, route, context)


@settings(max_examples=50, deadline=None)
@given(policies(), prefixes, attributes, contexts)
def test_a_route_map_gives_the_same_object_each_time(
    policy: Policy, prefix: Prefix, route: PathAttributes, context: Context
) -> None:
    told = interned(route)
    assert policy.apply(prefix, told, context) is policy.apply(prefix, told.having(), context)
