"""What filters and route-maps do to routes, as bgpd 8.4.4 did it: each row was asked of the real daemon (2026-11-25).

Two routers, one session: the neighbour told ten prefixes, and each row's lines stood on the session's way in.
"""

import pytest
from dialects.frr_texts import neighbour

from sim.address import parse_address, parse_prefix
from sim.errors import ConfigError
from sim.policies.frr_paths import parse_community, parse_large
from sim.policy import Context
from sim.route import Origin, PathAttributes

PEER = parse_address("192.0.2.1")
PLAIN = PathAttributes(as_path=(65001,), med=0, next_hop=PEER)
TOLD = {
    "0.0.0.0/0": PLAIN,
    "10.0.0.0/8": PLAIN.having(med=50, communities=frozenset(map(parse_community, ("65001:1", "65001:2")))),
    "10.1.0.0/16": PLAIN.having(
        as_path=(65001, 100, 200),
        communities=frozenset({parse_community("65001:1")}),
        large_communities=frozenset(map(parse_large, ("65001:1:1", "65001:2:2"))),
    ),
    "10.1.1.0/24": PLAIN.having(
        as_path=(65001, 300, 65001, 300), extended_communities=frozenset({"RT:65001:5", "SoO:65001:6"})
    ),
    "10.1.1.1/32": PLAIN.having(origin=Origin.EGP, communities=frozenset(map(parse_community, ("65001:2", "65001:3")))),
    "10.2.0.0/16": PLAIN,
    "172.16.0.0/12": PLAIN,
    "172.16.5.0/24": PLAIN,
    "192.168.0.0/16": PLAIN,
    "192.168.1.0/24": PLAIN,
}
ALL = " ".join(TOLD)
TENS = "10.1.0.0/16 10.1.1.0/24 10.1.1.1/32"
SINGLE = "0.0.0.0/0 10.0.0.0/8 10.1.1.1/32 10.2.0.0/16 172.16.0.0/12 172.16.5.0/24 192.168.0.0/16 192.168.1.0/24"
IN = Context("r2", "bgp", PEER, 65001, 65002, parse_address("192.0.2.2"), "eth1", "in")


def accepted(lists: str, line: str) -> dict[str, PathAttributes]:
    """The routes that the session's filters let in, as they become."""
    text = f"""{lists}
        router bgp 65002
         neighbor 192.0.2.1 remote-as 65001
         address-family ipv4 unicast
          neighbor 192.0.2.1 {line}
    """
    imports = neighbour(text, "192.0.2.1").families["ipv4"].imports
    found: dict[str, PathAttributes] = {}
    for prefix, attributes in TOLD.items():
        route: PathAttributes | None = attributes
        for policy in imports:
            route = route and policy.apply(parse_prefix(prefix), route, IN)
        if route is not None:
            found[prefix] = route
    return found


def listed(kind: str, entry: str, name: str, match: str) -> tuple[str, str]:
    """Lists and line for a route-map whose one entry asks a list."""
    return f"{kind} {entry}\nroute-map M permit 10\n match {match} {name}", "route-map M in"


FILTERS = [
    ("", "prefix-list NO in", ""),
    ("", "route-map NO in", ""),
    ("", "filter-list NO in", ""),
    ("", "distribute-list NO in", ""),
    ("access-list 10 permit 10.1.0.0 0.0.255.255", "distribute-list 10 in", TENS),
    ("access-list 10 permit 10.1.1.0", "distribute-list 10 in", "10.1.1.0/24"),
    ("access-list 10 permit host 10.1.1.0", "distribute-list 10 in", "10.1.1.0/24"),
    ("access-list 10 permit any", "distribute-list 10 in", ALL),
    (
        "access-list 100 permit ip 10.1.0.0 0.0.255.255 255.255.255.0 0.0.0.255",
        "distribute-list 100 in",
        "10.1.1.0/24 10.1.1.1/32",
    ),
    (
        "access-list 100 permit ip 10.1.0.0 0.0.255.255 host 255.255.255.0",
        "distribute-list 100 in",
        "10.1.1.0/24",
    ),
    (
        "access-list 100 permit ip any host 255.255.255.0",
        "distribute-list 100 in",
        "10.1.1.0/24 172.16.5.0/24 192.168.1.0/24",
    ),
    ("access-list A permit 10.1.0.0/16", "distribute-list A in", TENS),
    ("access-list A permit 10.1.0.0/16 exact-match", "distribute-list A in", "10.1.0.0/16"),
    ("access-list A permit any", "distribute-list A in", ALL),
    ("access-list 5 permit 10.1.0.0/16", "distribute-list 5 in", TENS),
    ("access-list A permit 10.1.0.0 0.0.255.255", "distribute-list A in", TENS),
    (
        "access-list A deny 10.1.0.0/16\naccess-list A permit any",
        "distribute-list A in",
        "0.0.0.0/0 10.0.0.0/8 10.2.0.0/16 172.16.0.0/12 172.16.5.0/24 192.168.0.0/16 192.168.1.0/24",
    ),
    ("ip prefix-list A permit 10.0.0.0/8 ge 24", "prefix-list A in", "10.1.1.0/24 10.1.1.1/32"),
    ("ip prefix-list A permit 10.0.0.0/8 le 24", "prefix-list A in", "10.0.0.0/8 10.1.0.0/16 10.1.1.0/24 10.2.0.0/16"),
    ("ip prefix-list A permit 10.1.0.0/16 ge 16 le 24", "prefix-list A in", "10.1.0.0/16 10.1.1.0/24"),
    ("ip prefix-list A permit 10.1.0.0/16 le 16", "prefix-list A in", "10.1.0.0/16"),
    ("ip prefix-list A permit 10.1.5.5/16 le 24", "prefix-list A in", "10.1.0.0/16 10.1.1.0/24"),
    (
        "ip prefix-list A permit 0.0.0.0/0 ge 24 le 24",
        "prefix-list A in",
        "10.1.1.0/24 172.16.5.0/24 192.168.1.0/24",
    ),
    (
        "ip prefix-list A seq 20 permit any\nip prefix-list A seq 10 deny 10.0.0.0/8 le 32",
        "prefix-list A in",
        "0.0.0.0/0 172.16.0.0/12 172.16.5.0/24 192.168.0.0/16 192.168.1.0/24",
    ),
    ("ip prefix-list A description nothing else", "prefix-list A in", ALL),
]
PATHS = [
    ("_100_", "10.1.0.0/16"),
    ("^65001$", SINGLE),
    ("^65001_300", "10.1.1.0/24"),
    ("_300$", "10.1.1.0/24"),
    ("65001 100", "10.1.0.0/16"),
    ("^(65001|100)+_", ALL),
    ("100.200", "10.1.0.0/16"),
    ("[13]00$", "10.1.1.0/24"),
    ("^65001( [0-9]+)*$", ALL),
    ("_65001_65001_", ""),
    ("^$", ""),
    ("(_100|_300)_", "10.1.0.0/16 10.1.1.0/24"),
]
BARE = "0.0.0.0/0 10.1.1.0/24 10.2.0.0/16 172.16.0.0/12 172.16.5.0/24 192.168.0.0/16 192.168.1.0/24"
STANDARD, EXPANDED = "bgp community-list standard", "bgp community-list expanded"
MATCHES = [
    (*listed(STANDARD, "C permit 65001:1", "C", "community"), "10.0.0.0/8 10.1.0.0/16"),
    (*listed(STANDARD, "C permit 65001:1 65001:2", "C", "community"), "10.0.0.0/8"),
    (*listed("bgp community-list", "1 permit 65001:2", "1", "community"), "10.0.0.0/8 10.1.1.1/32"),
    (*listed(STANDARD, "C permit 65001:1", "C exact-match", "community"), "10.1.0.0/16"),
    (*listed(EXPANDED, "C permit 65001:[12]", "C", "community"), "10.0.0.0/8 10.1.0.0/16 10.1.1.1/32"),
    (*listed(EXPANDED, "C permit _65001:1_65001:2_", "C", "community"), "10.0.0.0/8"),
    (*listed(EXPANDED, "C permit ^65001:2", "C", "community"), "10.1.1.1/32"),
    (*listed(EXPANDED, "C permit ^65001:1$", "C exact-match", "community"), "10.1.0.0/16"),
    (*listed(EXPANDED, "C permit ^$", "C", "community"), BARE),
    (*listed(STANDARD, f"C deny 65001:2\n{STANDARD} C permit 65001:1", "C", "community"), "10.1.0.0/16"),
    (*listed(STANDARD, "C deny 65001:2", "C", "community"), ""),
    (*listed(STANDARD, "C permit internet", "C", "community"), ALL),
    (
        *listed("bgp large-community-list standard", "C permit 65001:1:1", "C", "large-community"),
        "10.1.0.0/16",
    ),
    (
        *listed("bgp large-community-list expanded", "C permit 65001:.*:2", "C", "large-community"),
        "10.1.0.0/16",
    ),
    (*listed("bgp extcommunity-list standard", "C permit rt 65001:5", "C", "extcommunity"), "10.1.1.0/24"),
    (*listed("bgp extcommunity-list expanded", "C permit RT:65001:.*", "C", "extcommunity"), "10.1.1.0/24"),
    (*listed("bgp extcommunity-list expanded", "C permit SoO:65001:6", "C", "extcommunity"), "10.1.1.0/24"),
    (*listed("!", "", "100", "local-preference"), ""),
    (*listed("!", "", "0", "local-preference"), ALL),
    (*listed("!", "", "5", "tag"), ""),
    (*listed("!", "", "egp", "origin"), "10.1.1.1/32"),
    (*listed("!", "", "50", "metric"), "10.0.0.0/8"),
    (*listed("access-list", "A permit 192.0.2.1/32", "A", "ip next-hop"), ALL),
    (*listed("ip prefix-list", "A permit 192.0.2.0/30 le 32", "A", "ip next-hop prefix-list"), ALL),
    (*listed("ip prefix-list", "A permit 192.0.2.0/30", "A", "ip next-hop prefix-list"), ""),
    (*listed("!", "", "1.1.1.1", "ip next-hop address"), ""),
    (*listed("!", "", "24", "ip address prefix-len"), ALL),  # zebra's clause: bgpd passes over it
    (*listed("!", "", "32", "ip next-hop prefix-len"), ALL),
    (*listed("!", "", "static", "source-protocol"), ALL),
    (*listed("!", "", "192.0.2.1", "peer"), ALL),
    (*listed("!", "", "192.0.2.9", "peer"), ""),
    (*listed("access-list", "A permit 192.0.2.1/32", "A", "ip route-source"), ALL),
    (*listed("ipv6 prefix-list", "S permit any", "S", "ipv6 address prefix-list"), ""),
    (
        *listed(
            "access-list",
            "A permit 10.0.0.0/8\naccess-list B permit 192.168.0.0/16",
            "A\n match ip address B",
            "ip address",
        ),
        "192.168.0.0/16 192.168.1.0/24",  # the later line took the place of the earlier
    ),
    (
        *listed(
            "access-list",
            "A permit 10.0.0.0/8\nip prefix-list B permit 10.1.0.0/16 le 32",
            "A\n match ip address prefix-list B",
            "ip address",
        ),
        TENS,
    ),
]
UNDEFINED = [
    (f"route-map M deny 10\n match {match} NO\nroute-map M permit 20", "route-map M in", ALL)
    for match in ("ip address prefix-list", "ip address", "as-path", "community")
] + [("route-map M permit 10\n call NO", "route-map M in", ALL)]


@pytest.mark.parametrize(("lists", "line", "expected"), [*FILTERS, *MATCHES, *UNDEFINED])
def test_a_filter_lets_in_what_bgpd_lets_in(lists: str, line: str, expected: str) -> None:
    assert " ".join(accepted(lists, line)) == expected


@pytest.mark.parametrize(("regex", "expected"), PATHS)
def test_an_as_path_expression_matches_what_it_matches_in_bgpd(regex: str, expected: str) -> None:
    assert " ".join(accepted(f"bgp as-path access-list P permit {regex}", "filter-list P in")) == expected


@pytest.mark.parametrize("regex", [r"_[[:digit:]]{3}_", r"\d+"])
def test_an_as_path_expression_with_other_characters_is_refused_as_bgpd_refuses_it(regex: str) -> None:
    with pytest.raises(ConfigError, match=r"r1:/etc/frr/frr\.conf:1: .*invalid character"):
        accepted(f"bgp as-path access-list P permit {regex}", "filter-list P in")


LISTS = """ip prefix-list A permit 10.0.0.0/8 le 32
ip prefix-list B permit 10.1.0.0/16 le 32
ip prefix-list C permit 192.168.0.0/16 le 32
"""
ON_A = "route-map M permit 10\n match ip address prefix-list A\n set metric 10\n"
FLOWS = [
    (
        ON_A + " on-match next\nroute-map M permit 20\n match ip address prefix-list C\n set metric 20",
        None,
        None,
        (20, 0),
    ),
    (
        ON_A
        + " on-match next\nroute-map M permit 20\n match ip address prefix-list B\n set weight 7\n"
        + "route-map M permit 30\n set weight 9",
        (10, 9),
        (10, 7),
        (0, 9),
    ),
    (ON_A + " on-match next\nroute-map M deny 20\n match ip address prefix-list B", None, None, None),
    (
        ON_A + " on-match goto 25\nroute-map M permit 20\n set metric 20\nroute-map M permit 30\n set weight 30",
        (10, 30),
        (10, 30),
        (20, 0),
    ),
    (ON_A + " on-match goto 99\nroute-map M permit 20\n set metric 20", (10, 0), (10, 0), (20, 0)),
    (ON_A + " continue 25\nroute-map M permit 20\n set metric 20\nroute-map M permit 30", (10, 0), (10, 0), (20, 0)),
    (
        "route-map S deny 10\n match ip address prefix-list B\nroute-map S permit 20\n set weight 5\n"
        + ON_A
        + " call S\nroute-map M permit 20\n set metric 20",
        (10, 5),
        None,
        (20, 0),
    ),
    (
        "route-map S permit 10\n match ip address prefix-list B\n set weight 5\n"
        + ON_A
        + " call S\nroute-map M permit 20\n set metric 20",
        None,
        (10, 5),
        (20, 0),
    ),
    (
        "route-map M permit 10\n set metric 77\n on-match next\n"
        "route-map M permit 20\n match metric 77\n set weight 20",
        (77, 20),
        (77, 20),
        (77, 20),
    ),
    (
        "route-map M permit 10\n match ip address prefix-list A\nroute-map M deny 10\nroute-map M permit 20",
        None,
        None,
        (0, 0),
    ),
]


@pytest.mark.parametrize(("text", "eight", "sixteen", "other"), FLOWS)
def test_a_route_takes_the_way_through_entries_that_it_takes_in_bgpd(
    text: str, eight: tuple[int, int] | None, sixteen: tuple[int, int] | None, other: tuple[int, int] | None
) -> None:
    found = {prefix: (route.med, route.weight) for prefix, route in accepted(LISTS + text, "route-map M in").items()}
    assert [found.get(each) for each in ("10.0.0.0/8", "10.1.0.0/16", "192.168.1.0/24")] == [eight, sixteen, other]


C1 = "bgp community-list standard C permit 65001:1\n"
SETS = [
    ("set metric +5", "10.0.0.0/8", {"med": 55}),
    ("set metric -20", "10.0.0.0/8", {"med": 30}),
    ("set metric -20", "10.2.0.0/16", {"med": 0}),
    ("set local-preference +5", "10.0.0.0/8", {"local_pref": 5}),
    ("set local-preference -5", "10.0.0.0/8", {"local_pref": 0}),
    ("set as-path prepend last-as 2", "10.1.0.0/16", {"as_path": (65001, 65001, 65001, 100, 200)}),
    ("set as-path prepend 7 8", "10.1.0.0/16", {"as_path": (7, 8, 65001, 100, 200)}),
    ("set as-path exclude 300 100", "10.1.1.0/24", {"as_path": (65001, 65001)}),
    ("set as-path exclude 300 100\n set as-path prepend 9", "10.1.0.0/16", {"as_path": (9, 65001, 200)}),
    ("set as-path replace any", "10.1.0.0/16", {"as_path": (65002, 65002, 65002)}),
    ("set as-path replace 300", "10.1.1.0/24", {"as_path": (65001, 65002, 65001, 65002)}),
    ("set community 65001:1 no-export additive", "10.0.0.0/8", {"communities": "65001:1 65001:2 no-export"}),
    ("set community 65001:9", "10.0.0.0/8", {"communities": "65001:9"}),
    ("set community none", "10.0.0.0/8", {"communities": ""}),
    ("set comm-list C delete", "10.0.0.0/8", {"communities": "65001:2"}),
    ("set comm-list C delete\n set community 65001:1 additive", "10.0.0.0/8", {"communities": "65001:1 65001:2"}),
    ("set community 65001:1 65001:7\n set comm-list C delete", "10.0.0.0/8", {"communities": "65001:7"}),
    ("set large-community 1:1:1 additive", "10.1.0.0/16", {"large_communities": "1:1:1 65001:1:1 65001:2:2"}),
    ("set extcommunity rt 1:1", "10.1.1.0/24", {"extended_communities": {"RT:65001:5", "SoO:65001:6", "RT:1:1"}}),
    ("set extcommunity soo 1:1", "10.1.1.0/24", {"extended_communities": {"RT:65001:5", "SoO:65001:6", "SoO:1:1"}}),
    ("set ip next-hop 192.0.2.5", "10.0.0.0/8", {"next_hop": parse_address("192.0.2.5")}),
    ("set ip next-hop peer-address", "10.0.0.0/8", {"next_hop": PEER}),
    ("set tag 5", "10.0.0.0/8", {"tag": 5}),
    ("set origin incomplete", "10.0.0.0/8", {"origin": Origin.INCOMPLETE}),
]


@pytest.mark.parametrize(("line", "prefix", "expected"), SETS)
def test_a_set_line_changes_a_route_as_in_bgpd(line: str, prefix: str, expected: dict[str, object]) -> None:
    route = accepted(f"{C1}route-map M permit 10\n {line}", "route-map M in")[prefix]
    for name, value in expected.items():
        found = getattr(route, name)
        if name == "communities":
            value = frozenset(map(parse_community, str(value).split()))
        elif name == "large_communities":
            value = frozenset(map(parse_large, str(value).split()))
        assert found == value


def test_each_community_of_an_entry_is_deleted_alone() -> None:
    lists = "bgp community-list standard C permit 65001:1 65001:2\nroute-map M permit 10\n set comm-list C delete"
    found = accepted(lists, "route-map M in")
    assert not found["10.0.0.0/8"].communities
    assert not found["10.1.0.0/16"].communities
    assert found["10.1.1.1/32"].communities == {parse_community("65001:3")}
