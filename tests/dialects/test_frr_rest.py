"""Interfaces, static routes, OSPF, PBR, zebra's settings, lists, names and files of FRR."""

import pytest
from dialects.frr_texts import device

from sim.address import parse_address, parse_interface, parse_prefix
from sim.device.bgp import Redistribution
from sim.device.ospf import OspfArea, OspfInstance, OspfInterface
from sim.device.static import Rule, StaticRoute
from sim.devices import parse_files
from sim.policies.frr_matches import MatchCommunity, MatchPrefix
from sim.policies.frr_prefixes import Always, PrefixList
from sim.policies.frr_route_map import RouteMap
from sim.snapshot import RouteType
from sim.topology.model import Kind, Node


def test_an_interface_has_addresses_a_vrf_and_a_state() -> None:
    found = device(
        """interface lo
            ip address 10.0.0.9/32
           interface eth1 vrf RED
            description uplink
            ip address 10.0.0.1/24
            ip address 10.0.1.1/24
            no ip address 10.0.0.1/24
            ipv6 address 2001:db8::1/64
            shutdown
           interface eth2
            ip address 10.1.1.1/32 peer 10.1.1.2/32
            no shutdown
        """
    ).interfaces
    assert found["lo"].kind == "loopback"
    assert found["eth1"].addresses == (parse_interface("10.0.1.1/24"), parse_interface("2001:db8::1/64"))
    assert (found["eth1"].vrf, found["eth1"].up, found["eth2"].up, found["lo"].up) == ("RED", False, True, None)
    assert found["eth2"].peers == ((parse_interface("10.1.1.1/32"), parse_address("10.1.1.2")),)


BLACKHOLE, UNREACHABLE = RouteType.BLACKHOLE, RouteType.UNREACHABLE
VIA = parse_address("192.0.2.1")
STATICS = [
    ("ip route 10.0.0.0/8 192.0.2.1", {"via": VIA}),
    ("ip route 10.0.0.0 255.0.0.0 192.0.2.1 50", {"via": VIA, "distance": 50}),
    ("ip route 10.0.0.0/8 eth1", {"interface": "eth1"}),
    (
        "ip route 10.0.0.0/8 192.0.2.1 eth1 onlink 5 tag 7",
        {"via": VIA, "interface": "eth1", "onlink": True, "distance": 5, "tag": 7},
    ),
    (
        "ip route 10.0.0.0/8 192.0.2.1 eth1 tag 7 5 onlink",
        {"via": VIA, "interface": "eth1", "onlink": True, "distance": 5, "tag": 7},
    ),
    ("ip route 10.0.0.0/8 192.0.2.1 onlink", {"via": VIA, "onlink": True}),
    ("ip route 10.0.0.0/8 192.0.2.1 tag 9", {"via": VIA, "tag": 9}),
    ("ip route 10.0.0.0/8 Null0 254", {"type": BLACKHOLE, "distance": 254}),
    ("ip route 10.0.0.0/8 null0", {"type": BLACKHOLE}),
    ("ip route 10.0.0.0/8 blackhole 3", {"type": BLACKHOLE, "distance": 3}),
    ("ip route 10.0.0.0/8 reject", {"type": UNREACHABLE}),
    ("ip route 10.5.5.5/8 192.0.2.1", {"via": VIA}),
    ("ip route 10.0.0.0/8 192.0.2.1 vrf RED", {"via": VIA, "vrf": "RED"}),
    ("vrf RED\n ip route 10.0.0.0/8 192.0.2.1\nexit-vrf", {"via": VIA, "vrf": "RED"}),
    ("ip route 10.0.0.0/8 192.0.2.1 nexthop-vrf RED", {"via": VIA, "next_hop_vrf": "RED"}),
    ("ip route 10.0.0.0/8 192.0.2.1 table 100", {"via": VIA, "table": "100"}),
    ("ip route 10.0.0.0/8 192.0.2.1 300", {"via": VIA, "interface": "300"}),  # more than a distance: a name
]


@pytest.mark.parametrize(("text", "expected"), STATICS)
def test_a_static_route_in_each_of_its_forms(text: str, expected: dict[str, object]) -> None:
    assert device(text).statics == (StaticRoute(parse_prefix("10.0.0.0/8"), **expected),)  # type: ignore[arg-type]


def test_static_routes_of_ipv6() -> None:
    found = device(
        """ipv6 route 2001:db8:1::/48 2001:db8::1
           ipv6 route 2001:db8:2::/48 fe80::1 eth1 9
           ipv6 route 2001:db8:3::/48 Null0
        """
    ).statics
    assert found == (
        StaticRoute(parse_prefix("2001:db8:1::/48"), parse_address("2001:db8::1")),
        StaticRoute(parse_prefix("2001:db8:2::/48"), parse_address("fe80::1"), "eth1", distance=9),
        StaticRoute(parse_prefix("2001:db8:3::/48"), type=BLACKHOLE),
    )


def test_a_next_hop_said_twice_has_the_later_distance_and_its_path_one_tag() -> None:
    """As staticd 8.4.4 showed it after these three lines."""
    found = device(
        "ip route 0.0.0.0/0 192.0.2.1 10\nip route 0.0.0.0/0 192.0.2.1 20\nip route 0.0.0.0/0 192.0.2.5 20 tag 3"
    )
    assert [(str(each.via), each.distance, each.tag) for each in found.statics] == [
        ("192.0.2.1", 20, 3),
        ("192.0.2.5", 20, 3),
    ]
    assert not device("ip route 0.0.0.0/0 192.0.2.1\nno ip route 0.0.0.0/0 192.0.2.1").statics


def test_router_ospf_with_all_its_lines() -> None:
    (found,) = device(
        """router ospf
            ospf router-id 1.1.1.1
            auto-cost reference-bandwidth 1000
            maximum-paths 8
            passive-interface default
            no passive-interface eth1
            network 10.0.0.0/8 area 0.0.0.5
            area 1 stub no-summary
            area 1 default-cost 7
            area 2 nssa
            area 2 range 10.2.0.0/16 cost 5
            area 2 range 10.3.0.0/16 not-advertise
            redistribute connected metric 5 metric-type 1 route-map NO
            redistribute static
            default-information originate always metric 10 metric-type 1
            default-metric 30
            distance 50
            distance ospf intra-area 5 external 9
            log-adjacency-changes
            timers throttle spf 200 400 10000
        """
    ).ospf
    assert found == OspfInstance(
        router_id=parse_address("1.1.1.1"),
        networks=((parse_prefix("10.0.0.0/8"), 5),),
        interfaces={"eth1": OspfInterface(passive=False)},
        areas={
            1: OspfArea("stub", True, 7),
            2: OspfArea(
                "nssa", ranges=((parse_prefix("10.2.0.0/16"), True, 5), (parse_prefix("10.3.0.0/16"), False, None))
            ),
        },
        passive_default=True,
        reference_mbps=1000,
        maximum_paths=8,
        redistributions=(
            Redistribution("connected", Always("NO", False), 5, 1),
            Redistribution("static"),
        ),
        default_originate=True,
        default_always=True,
        default_metric=10,
        default_metric_type=1,
        default_information=Redistribution("default", None, 10, 1),
        redistribute_metric=30,
        distance=50,
        distances=(5, None, 9),
    )


def test_interfaces_say_their_share_of_ospf() -> None:
    (found,) = device(
        """interface eth1
            ip ospf area 0.0.0.1
            ip ospf cost 5
            ip ospf network point-to-point
            ip ospf hello-interval 3
            ip ospf dead-interval 9
            ip ospf priority 0
            ip ospf passive
            ip ospf bfd
            ip ospf mtu-ignore
            bandwidth 100
           interface eth2
            ip ospf area 1
            ip ospf message-digest-key 1 md5 s3cret
            ip ospf authentication message-digest
            no ip ospf passive
           router ospf
        """
    ).ospf
    one, two = found.interfaces["eth1"], found.interfaces["eth2"]
    assert one == OspfInterface(1, 5, "point-to-point", 0, True, 3, 9, True, bfd=True, bandwidth_mbps=100)
    assert (two.area, two.passive, two.authentication) == (1, False, "message-digest")
    assert two.authentication_digest
    assert "s3cret" not in repr(found)


def test_router_ospf6_takes_areas_from_interfaces_in_both_ways() -> None:
    (found,) = device(
        """interface eth1
            ipv6 ospf6 area 0
            ipv6 ospf6 cost 20
           router ospf6
            ospf6 router-id 1.1.1.1
            interface eth2 area 0.0.0.2
            redistribute connected
        """
    ).ospf
    assert found.version == 3
    assert found.interfaces == {"eth2": OspfInterface(2), "eth1": OspfInterface(0, 20)}


def test_the_backbone_stays_no_stub() -> None:
    found = device("router ospf\n area 0 stub\n")
    assert found.ospf[0].areas.get(0, OspfArea()).kind == "normal"
    assert [note.text for note in found.notes]


def test_pbr_maps_become_rules_and_tables() -> None:
    """As pbrd 8.4.4 installed these: priority 299 + seq, tables from 10000 in the order of their lines."""
    found = device(
        """interface eth1
            pbr-policy M
           nexthop-group G
            nexthop 192.0.2.5
            nexthop 192.0.2.1
           pbr-map M seq 10
            match src-ip 10.1.0.0/16
            match dst-ip 10.2.0.0/16
            match ip-protocol tcp
            set nexthop 192.0.2.5
           pbr-map M seq 20
            match dst-ip 10.3.0.0/16
            set nexthop-group G
           pbr-map UNUSED seq 5
            set nexthop 192.0.2.1
        """
    )
    assert found.rules == (
        Rule(309, parse_prefix("10.1.0.0/16"), parse_prefix("10.2.0.0/16"), "eth1", protocol="tcp", action="10001"),
        Rule(319, None, parse_prefix("10.3.0.0/16"), "eth1", action="10000"),
    )
    assert [(each.table, str(each.via), each.protocol) for each in found.statics] == [
        ("10000", "192.0.2.5", "pbr"),
        ("10000", "192.0.2.1", "pbr"),
        ("10001", "192.0.2.5", "pbr"),
        ("10002", "192.0.2.1", "pbr"),
    ]
    assert {each.metric for each in found.statics} == {20}


def test_zebra_is_told_of_default_routes_and_of_maps_before_the_kernel() -> None:
    found = device(
        """ip nht resolve-via-default
           ip router-id 1.1.1.1
           route-map M permit 10
            match source-protocol static
            set src 10.0.0.9
           ip protocol static route-map M
           ipv6 protocol any route-map NO
        """
    ).zebra
    assert found is not None
    assert (found.resolve_via_default, found.router_id) == (frozenset({4}), parse_address("1.1.1.1"))
    assert found.sources == {(4, "static"): parse_address("10.0.0.9")}
    assert found.protocol_policies[6, "any"] == Always("NO", False)
    assert found.protocol_policies[4, "static"].reads == {"protocol"}
    assert device("hostname r1").zebra is None


def test_names_that_nothing_defines_or_uses_are_found_at_their_lines() -> None:
    found = device(
        """ip prefix-list IDLE permit any
           route-map M permit 10
            match ip address prefix-list GONE
           router bgp 65000
            neighbor 10.0.0.1 remote-as 1
            neighbor 10.0.0.1 route-map M in
            neighbor 10.0.0.1 filter-list NOWHERE out
        """
    ).findings
    assert [(each.place.line, each.kind, each.text) for each in found] == [
        (1, "unused", "ip prefix-list 'IDLE' is defined here and used nowhere"),
        (3, "undefined", "ip prefix-list 'GONE' is used here and defined nowhere"),
        (7, "undefined", "bgp as-path access-list 'NOWHERE' is used here and defined nowhere"),
    ]


def test_no_takes_entries_lists_and_clauses_away() -> None:
    found = device(
        """ip prefix-list A seq 5 permit 10.0.0.0/8
           ip prefix-list A seq 10 permit 10.1.0.0/16
           no ip prefix-list A seq 5
           ip prefix-list A permit 10.2.0.0/16
           no ip prefix-list A permit 10.1.0.0/16
           ip prefix-list B permit any
           no ip prefix-list B
           route-map M permit 10
            match ip address prefix-list A
            match tag 5
            no match tag
            set metric 5
            no set metric
           route-map M permit 20
           no route-map M permit 20
           router bgp 65000
            neighbor 10.0.0.1 remote-as 1
            neighbor 10.0.0.1 route-map M in
        """
    )
    (policy,) = found.bgp[0].neighbours[0].families["ipv4"].imports
    assert str(next(iter(policy.boundaries()))) == "10.2.0.0/16"
    assert policy.reads == {"prefix"}
    assert not policy.writes
    assert not found.findings


def test_entries_without_a_number_follow_the_last_as_frr_counts() -> None:
    """Seen in 8.4.4: 7 is followed by 12 in a prefix-list, by 10 in a community list; repetitions are left out."""
    found = device(
        """ip prefix-list A permit 10.0.0.0/8
           ip prefix-list A seq 7 permit 10.1.0.0/16
           ip prefix-list A permit 10.2.0.0/16
           ip prefix-list A permit 10.0.0.0/8
           ip prefix-list A seq 11 deny 10.3.0.0/16
           bgp community-list standard C seq 7 permit 1:1
           bgp community-list standard C permit 1:2
           bgp community-list standard C seq 11 permit 1:3
           route-map M permit 10
            match ip address prefix-list A
            match community C
           router bgp 65000
            neighbor 10.0.0.1 remote-as 1
            neighbor 10.0.0.1 route-map M in
        """
    )
    (policy,) = found.bgp[0].neighbours[0].families["ipv4"].imports
    assert isinstance(policy, RouteMap)
    prefixes, communities = policy.entries[0].matches
    assert isinstance(prefixes, MatchPrefix)
    assert isinstance(prefixes.list, PrefixList)
    assert isinstance(communities, MatchCommunity)
    assert [str(rule.prefix) for rule in prefixes.list.rules] == [
        "10.0.0.0/8",
        "10.1.0.0/16",
        "10.3.0.0/16",
        "10.2.0.0/16",
    ]
    assert [sorted(rule.members) for rule in communities.list.rules] == [[0x10001], [0x10002], [0x10003]]


def test_daemons_are_those_of_the_file_and_zebra_with_staticd() -> None:
    found = device("hostname r1", "# which run\nbgpd=yes\nospfd=no\nospf6d=1\nbgpd_options='-A 127.0.0.1'\n")
    assert found.daemons == {"zebra", "staticd", "bgpd", "ospf6d"}
    assert device("hostname r1").daemons == {"zebra", "staticd"}


def test_single_files_are_read_where_there_is_no_frr_conf() -> None:
    node = Node("r1", Kind.LINUX)
    files = {
        "/etc/frr/zebra.conf": "interface eth1\n ip address 10.0.0.1/24\n",
        "/etc/frr/bgpd.conf": "router bgp 65000\n neighbor 10.0.0.2 remote-as 1\n",
        "/etc/frr/staticd.conf": "ip route 10.9.0.0/16 10.0.0.2\n",
    }
    found = parse_files(node, files)
    assert list(found.interfaces) == ["eth1"]
    assert len(found.bgp) == len(found.statics) == 1
    assert sorted(found.understood) == sorted(files)
    integrated = parse_files(node, {**files, "/etc/frr/frr.conf": "hostname r1\n"})
    assert not integrated.bgp  # FRR's daemons then read frr.conf alone


def test_a_node_without_frrs_files_runs_none_of_its_daemons() -> None:
    assert not parse_files(Node("r1", Kind.CUMULUS), {"/etc/cumulus/ports.conf": ""}).daemons


def test_a_protocol_that_the_model_does_not_know_is_told_and_passed_over() -> None:
    found = device("router rip\n network 10.0.0.0/8\n redistribute bgp\nexit\nhostname r1\n")
    assert [(note.place.line, note.text) for note in found.notes if not isinstance(note.place, str)] == [
        (1, "'router rip' is not modelled")
    ]


def test_forwarding_lines_write_the_kernels_switch() -> None:
    found = device("ip forwarding\nno ipv6 forwarding\n").sysctls
    assert found == {"net.ipv4.conf.all.forwarding": "1", "net.ipv6.conf.all.forwarding": "0"}


def test_a_list_that_only_an_idle_map_or_an_unmodelled_line_names_is_not_idle() -> None:
    found = device(
        """ip prefix-list A permit any
           access-list B permit any
           route-map IDLE permit 10
            match ip address prefix-list A
            match ip address GONE
           router ospf
            area 1 export-list B
        """
    ).findings
    assert [(each.place.line, each.kind) for each in found] == [(3, "unused"), (5, "undefined")]


def test_another_address_family_is_told_once_and_left_at_its_end() -> None:
    found = device(
        """router bgp 65000
            neighbor 10.0.0.1 remote-as 1
            address-family l2vpn evpn
             neighbor 10.0.0.1 activate
             advertise-all-vni
            exit-address-family
            address-family ipv4 unicast
             network 10.0.0.0/8
        """
    )
    assert len(found.notes) == 1
    assert len(found.bgp[0].unmodelled) == 1
    assert len(found.bgp[0].families["ipv4"].networks) == 1
    assert found.understood["/etc/frr/frr.conf"].known == 5


def test_neighbours_may_be_shut_down_unless_told_otherwise() -> None:
    found = device(
        """router bgp 65000
            bgp default shutdown
            neighbor 10.0.0.1 remote-as 1
            neighbor 10.0.0.2 remote-as 1
            no neighbor 10.0.0.2 shutdown
        """
    ).bgp[0]
    assert [each.shutdown for each in found.neighbours] == [True, False]


def test_an_area_is_filtered_by_the_prefix_list_that_it_names_and_not_by_one_that_is_missing() -> None:
    [found] = device(
        """ip prefix-list P deny any
           router ospf
            area 1 filter-list prefix P in
            area 1 filter-list prefix GONE out
            area 2 filter-list prefix P out
            no area 2 filter-list prefix P out
        """
    ).ospf
    assert found.areas[1].filter_in is not None and found.areas[1].filter_out is None
    assert found.areas[2].filter_out is None and not found.unmodelled
