"""What other simulators get wrong on FRR and Linux input, each with the real daemon as the referee.

The list is of 2026-08, reproduced with Batfish. Each network is deployed and must agree with paper; and paper must say
what the mistake would have said otherwise, so that agreement about an empty network counts for nothing.
"""

from dataclasses import replace

import pytest
from network import Block, Cable, Network, Router
from referee import Judged, judged

pytestmark = pytest.mark.kernel

CABLE = Cable(1, (("r1", "eth1"), ("r2", "eth1")))
SECOND = Cable(2, (("r1", "eth2"), ("r2", "eth2")))


def faces(number: int, *cables: int) -> list[Block]:
    """Loopback and cable addresses of router `number` of two."""
    blocks = [Block("interface", ("interface lo", f" ip address 10.255.0.{number}/32", "exit"))]
    for cable in cables or (1,):
        lines = (
            f"interface eth{cable}",
            f" ip address 10.9.{cable}.{number}/24",
            f" ipv6 address 2001:db8:9:{cable}::{number}/64",
        )
        blocks.append(Block("interface", (*lines, "exit")))
    return blocks


def pair(
    one: list[Block], two: list[Block], cables: tuple[Cable, ...] = (CABLE,), profile: str = "datacenter"
) -> Network:
    """Two routers with a cable or two, AS 65001 and 65002."""
    numbers = [cable.number for cable in cables]
    routers = (
        Router("r1", 1, 65001, "frr", profile, (*faces(1, *numbers), *one)),
        Router("r2", 2, 65002, "frr", profile, (*faces(2, *numbers), *two)),
    )
    return Network("mistake", routers, cables)


def ebgp(number: int, *family: str, cables: tuple[int, ...] = (1,)) -> list[Block]:
    """A session to the other router over each cable, announcing the loopback, and more lines of the IPv4 family."""
    other = 3 - number
    blocks = [Block("bgp", (f" bgp router-id 10.255.0.{number}",))]
    for cable in cables:
        peer = f"10.9.{cable}.{other}"
        blocks.append(
            Block("bgp", (f" neighbor {peer} remote-as {65000 + other}", f" neighbor {peer} timers connect 1"))
        )
    return [*blocks, Block("bgp4", (f"  network 10.255.0.{number}/32", *family))]


def prefixes(found: Judged, node: str) -> set[str]:
    return set(found.paper.snapshot.nodes[node].fib)


def test_a_neighbours_prefix_list_keeps_a_route_out() -> None:
    listed = [Block("list", ("ip prefix-list none seq 5 deny any",))]
    found = judged(pair([*listed, *ebgp(1, "  neighbor 10.9.1.2 prefix-list none in")], ebgp(2)))
    assert found.agrees, found.told
    assert "10.255.0.2/32" not in prefixes(found, "r1")
    assert "10.255.0.1/32" in prefixes(found, "r2")


def test_ebgp_without_a_policy_announces_nothing_under_the_traditional_defaults() -> None:
    found = judged(pair(ebgp(1), ebgp(2), profile="traditional"))
    assert found.agrees, found.told
    assert "10.255.0.2/32" not in prefixes(found, "r1")
    opened = [Block("bgp", (" no bgp ebgp-requires-policy",))]
    found = judged(pair([*ebgp(1), *opened], [*ebgp(2), *opened], profile="traditional"))
    assert found.agrees, found.told
    assert "10.255.0.2/32" in prefixes(found, "r1")


def test_static_routes_with_a_tag_or_an_interface_are_routes() -> None:
    ways = ("10.50.0.0/16 10.9.1.99 tag 7", "10.51.0.0/16 10.9.1.2 eth1", "10.52.0.0/16 10.9.1.2 tag 7")
    static = Block("static", tuple(f"ip route {way}" for way in ways))
    tagged = [Block("map", ("route-map sevens permit 10", " match tag 7", "exit"))]
    one = [static, *tagged, *ebgp(1, "  redistribute static route-map sevens")]
    found = judged(pair(one, ebgp(2)))
    assert found.agrees, found.told
    assert {"10.50.0.0/16", "10.51.0.0/16", "10.52.0.0/16"} <= prefixes(found, "r1")
    assert "10.50.0.0/16" in prefixes(found, "r2") and "10.51.0.0/16" not in prefixes(found, "r2")
    assert "10.52.0.0/16" not in prefixes(found, "r2")  # by way of r2 itself, which takes no route to its own address


def ospf(number: int, area: str, *router: str, face: tuple[str, ...] = ()) -> list[Block]:
    fast = (" ip ospf network point-to-point", " ip ospf hello-interval 1", " ip ospf dead-interval 4")
    return [
        Block("interface", ("interface eth1", f" ip ospf area {area}", *fast, *face, "exit")),
        Block("interface", ("interface lo", " ip ospf area 0", "exit")),
        Block("ospf", (f" ospf router-id 10.255.0.{number}", *router)),
    ]


def test_a_stub_area_takes_a_default_and_no_externals() -> None:
    outside = Block("static", ("ip route 10.60.0.0/16 Null0",))
    one = [outside, *ospf(1, "1", " redistribute static", " area 1 stub")]
    two = ospf(2, "1", " area 1 stub")[::2]  # its loopback stays out of the backbone
    found = judged(pair(one, two))
    assert found.agrees, found.told
    assert "0.0.0.0/0" in prefixes(found, "r2") and "10.60.0.0/16" not in prefixes(found, "r2")


def test_a_default_route_is_originated_and_the_reference_bandwidth_counts() -> None:
    one = ospf(1, "0", " default-information originate always metric 7 metric-type 1")
    two = ospf(2, "0", " auto-cost reference-bandwidth 1000")
    found = judged(pair(one, two))
    assert found.agrees, found.told
    assert {"0.0.0.0/0", "10.255.0.1/32"} <= prefixes(found, "r2")


def test_large_communities_and_a_bare_address_family_are_read() -> None:
    marked = [
        Block("list", ("bgp large-community-list standard marked seq 5 permit 65001:1:2",)),
        Block("map", ("route-map mark permit 10", " set large-community 65001:1:2", "exit")),
        Block("map", ("route-map only permit 10", " match large-community marked", "exit")),
    ]
    one = [*marked, *ebgp(1, "  neighbor 10.9.1.2 route-map mark out")]
    two = [*marked, *ebgp(2, "  neighbor 10.9.1.1 route-map only in")]
    found = judged(pair(one, two), rewritten=("address-family ipv4 unicast", "address-family ipv4"))
    assert found.agrees, found.told
    assert "10.255.0.1/32" in prefixes(found, "r2")


@pytest.mark.parametrize("paths", [1, 2])
def test_maximum_paths_is_a_limit(paths: int) -> None:
    both = ebgp(1, f"  maximum-paths {paths}", cables=(1, 2)), ebgp(2, f"  maximum-paths {paths}", cables=(1, 2))
    found = judged(pair(*both, cables=(CABLE, SECOND)))
    assert found.agrees, found.told
    if ("r1", "10.255.0.2/32") not in found.paper.uncertain_entries():
        assert len(found.paper.snapshot.nodes["r1"].fib["10.255.0.2/32"].next_hops) == paths


def test_ipv6_routes_are_routes() -> None:
    def six(number: int) -> list[Block]:
        peer = f"2001:db8:9:1::{3 - number}"
        return [
            Block("bgp", (f" neighbor {peer} remote-as {65003 - number}", f" neighbor {peer} timers connect 1")),
            Block("bgp6", (f"  network 2001:db8:{number}::/48", f"  neighbor {peer} activate")),
            Block("static", (f"ipv6 route 2001:db8:{number}::/48 blackhole",)),
        ]

    found = judged(pair([*ebgp(1), *six(1)], [*ebgp(2), *six(2)]))
    assert found.agrees, found.told
    assert "2001:db8:2::/48" in prefixes(found, "r1")


def filtered(*rules: str, sysctls: tuple[str, ...] = ()) -> Network:
    network = pair(ebgp(1), ebgp(2))
    one, two = network.routers
    return Network(
        "mistake", (one, Router(two.name, 2, two.asn, "frr", two.profile, two.blocks, rules, sysctls)), (CABLE,)
    )


ESTABLISHED = "-A INPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT"
BGP = "-A INPUT -p tcp -m tcp --dport 179 -j ACCEPT"


@pytest.mark.parametrize(
    ("rules", "open_"),
    [
        ((ESTABLISHED, BGP, "-A INPUT -j DROP"), False),
        ((ESTABLISHED, BGP, "-A INPUT -p tcp -m multiport --dports 22,80 -j ACCEPT", "-A INPUT -j DROP"), True),
        ((ESTABLISHED, BGP, "-A INPUT -p tcp -m tcp --dport 70:90 -j ACCEPT", "-A INPUT -j DROP"), True),
        ((ESTABLISHED, BGP, "-A INPUT -p icmp -m icmp --icmp-type 8 -j ACCEPT", "-A INPUT -j DROP"), False),
        ((ESTABLISHED, BGP, "-A INPUT -i lo -j ACCEPT", "-A INPUT -j DROP"), False),
        ((ESTABLISHED, BGP, "-A INPUT -p tcp -j LOG", "-A INPUT -p tcp -m tcp --dport 80 -j REJECT"), False),
        ((ESTABLISHED, "-A INPUT -p tcp -m conntrack --ctstate NEW -m tcp --dport 80 -j DROP"), False),
    ],
    ids=["established alone", "multiport", "range", "icmp type", "loopback", "log and reject", "new"],
)
def test_iptables_rules_mean_what_they_say(rules: tuple[str, ...], open_: bool) -> None:
    found = judged(filtered(*rules))
    assert found.agrees, found.told
    assert found.delivered("r1", "r2", 80) is open_


def test_a_strict_reverse_path_filter_drops_what_comes_by_another_way() -> None:
    strict = ("net.ipv4.conf.all.rp_filter=1", "net.ipv4.conf.default.rp_filter=1")
    back = Block("static", ("ip route 10.255.0.1/32 10.9.2.1",))
    there = Block("static", ("ip route 10.255.0.2/32 10.9.1.2",))
    network = pair([there], [back], cables=(CABLE, SECOND))
    one, two = network.routers
    two = Router(two.name, 2, two.asn, "frr", two.profile, two.blocks, (), strict)
    found = judged(Network("mistake", (one, two), network.cables))
    assert found.agrees, found.told
    assert not found.delivered("r1:lo", "r2", 80)


def test_a_node_whose_filter_lets_no_udp_out_can_be_probed() -> None:
    one, two = pair(ebgp(1), ebgp(2)).routers
    silent = replace(one, filters=(ESTABLISHED, BGP, "-A OUTPUT -p udp -j DROP"))
    found = judged(Network("mistake", (silent, two), (CABLE,)))
    assert found.agrees, found.told
    assert found.delivered("r1", "r2", 80)
