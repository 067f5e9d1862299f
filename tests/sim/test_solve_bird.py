"""BIRD on paper: tables, filters at work, the kernel, reflection, next hops. What is expected here BIRD 2.0.12 does."""

from dataclasses import replace

import pytest
from networks import bgp, cabled, neighbour, route, router, solved, ways

from sim.address import parse_prefix
from sim.device import Device
from sim.device.bgp import Aggregate
from sim.device.static import StaticRoute
from sim.devices import parse_files
from sim.paper import Paper
from sim.snapshot import RouteType, Session
from sim.topology.model import Node

BASE = "router id {id}; protocol device {{ }} protocol direct {{ ipv4; }}\n"
KERNEL = "protocol kernel { ipv4 { import all; export all; }; learn; }\n"
QUIET = "protocol kernel { ipv4 { export where source != RTS_DEVICE; }; learn; }\n"


def bird(name: str, ports: dict[str, str], conf: str, *scripts: StaticRoute) -> Device:
    """A node with BIRD, and routes that a script has put into its kernel."""
    base = BASE.format(id="10.0.0." + str(ord(name[0]) - 96)) if "router id" not in conf else ""
    read = parse_files(Node(name), {"/etc/bird/bird.conf": base + conf})
    return replace(router(name, ports), daemons=read.daemons, bird=read.bird, statics=scripts)


def script(prefix: str, interface: str, metric: int = 0) -> StaticRoute:
    """`ip route add PREFIX dev INTERFACE`."""
    return StaticRoute(parse_prefix(prefix), interface=interface, protocol="boot", metric=metric)


def session(peer: str, asn: int, own: int = 65000, rest: str = "", channel: str = "import all; export all;") -> str:
    return f"protocol bgp {{ local as {own}; neighbor {peer} as {asn}; {rest} ipv4 {{ {channel} }}; }}\n"


def sessions(paper: Paper, node: str) -> dict[str, Session]:
    return {f"{each.protocol} {each.peer}": each for each in paper.snapshot.nodes[node].sessions}


STAR = cabled("a:eth1 r:eth1", "b:eth1 r:eth2")
A_PORTS, B_PORTS = {"eth1": "10.1.0.1/24", "tap1": ""}, {"eth1": "10.2.0.2/24"}
R_PORTS = {"eth1": "10.1.0.9/24", "eth2": "10.2.0.9/24"}


def star(of_r: str, a_channel: str = 'import all; export where ifname ~ "tap*"; next hop self;') -> Paper:
    """Workload 10.9.0.1 behind a's tap; r between a and b."""
    a = bird("a", A_PORTS, KERNEL + session("10.1.0.9", 65000, channel=a_channel), script("10.9.0.1/32", "tap1"))
    b = bird("b", B_PORTS, KERNEL + session("10.2.0.9", 65000))
    return solved(cabled("a:eth1 r:eth1", "b:eth1 r:eth2", "a:tap1 w:eth0"), a, b, bird("r", R_PORTS, of_r))


CLIENTS = session("10.1.0.1", 65000, rest="rr client;") + session("10.2.0.2", 65000, rest="rr client;")


def test_a_workloads_route_is_learnt_announced_and_reflected() -> None:
    paper = star(KERNEL + CLIENTS)
    assert ways(paper, "r", "10.9.0.1/32") == {"10.1.0.1 eth1"}
    assert route(paper, "r", "10.9.0.1/32").protocol == "bird"
    assert route(paper, "r", "10.9.0.1/32").metric == 32
    assert route(paper, "a", "10.9.0.1/32").protocol == "boot"
    assert "10.9.0.1/32" in paper.snapshot.nodes["b"].bgp_prefixes


def test_bird_shares_no_update_group_with_frr_unless_both_take_long_messages() -> None:
    """A group has one longest message (RFC 8654): only in one group is one's AS overridden in place of the other's."""

    def hub(of_x: str) -> Paper:
        peers = [neighbour("10.0.1.2", 65001, as_override=True), neighbour("10.0.2.2", 65002, as_override=True)]
        speaks = KERNEL + 'protocol direct { ipv4; interface "lo"; }\n' + session("10.0.1.1", 65009, 65001, of_x)
        return solved(
            cabled("h:eth1 x:eth1", "h:eth2 y:eth1", "y:eth2 z:eth1"),
            router("h", {"eth1": "10.0.1.1/24", "eth2": "10.0.2.1/24"}, bgp=(bgp(65009, "10.9.0.9", peers),)),
            bird("x", {"eth1": "10.0.1.2/24", "lo": "10.9.0.1/32"}, speaks),
            router("y", {"eth1": "10.0.2.2/24", "eth2": "10.0.3.2/24"},
                   bgp=(bgp(65002, "10.9.0.2", [neighbour("10.0.2.1", 65009), neighbour("10.0.3.3", 65001)]),)),
            router("z", {"eth1": "10.0.3.3/24"}, bgp=(bgp(65001, "10.9.0.3", [neighbour("10.0.3.2", 65002)]),)),
        )  # fmt: skip

    assert hub("").uncertain_entries() == frozenset()
    assert ("z", "10.9.0.1/32") in hub("enable extended messages;").uncertain_entries()


def test_a_path_with_an_emptied_set_is_withdrawn_and_the_session_stays() -> None:
    """Seen with 2.0.12, 2026-11-25: "zero-length segment"; the FRR that sends it has emptied the set."""
    aggregates = {"aggregates": (Aggregate(parse_prefix("10.100.0.0/15"), as_set=True),)}
    towards_e = neighbour("10.0.2.2", 65005, remove_private_as="all")
    inner = {"network_import_check": False}
    paper = solved(
        cabled("x:eth1 a:eth1", "a:eth2 e:eth1"),
        router("x", {"eth1": "10.0.1.1/24"},
               bgp=(bgp(65001, "10.9.0.1", [neighbour("10.0.1.2", 65002)], ["10.101.0.0/16"], **inner),)),
        router("a", {"eth1": "10.0.1.2/24", "eth2": "10.0.2.1/24"},
               bgp=(bgp(65002, "10.9.0.2", [neighbour("10.0.1.1", 65001), towards_e], ["10.100.0.0/16"],
                        family_settings=aggregates, **inner),)),
        bird("e", {"eth1": "10.0.2.2/24"}, KERNEL + session("10.0.2.1", 65002, own=65005)),
    )  # fmt: skip
    assert route(paper, "a", "10.100.0.0/15").type is RouteType.BLACKHOLE
    assert ways(paper, "e", "10.100.0.0/15") == set()
    assert ways(paper, "e", "10.100.0.0/16") == {"10.0.2.1 eth1"}


def test_a_next_hop_that_no_route_leads_to_makes_an_unreachable_route_in_the_kernel() -> None:
    """b has no way to 10.1.0.1: RTD_UNREACHABLE, which BIRD tells the kernel."""
    narrow = session("10.1.0.1", 65000, rest="rr client;", channel="import all; export none;")
    narrow += session("10.2.0.2", 65000, rest="rr client;", channel="import all; export where net = 10.9.0.1/32;")
    found = route(star(KERNEL + narrow), "b", "10.9.0.1/32")
    assert (found.type, found.next_hops) == (RouteType.UNREACHABLE, ())


def test_without_clients_nothing_goes_from_one_internal_neighbour_to_another() -> None:
    paper = star(KERNEL + CLIENTS.replace("rr client;", ""))
    assert ways(paper, "r", "10.9.0.1/32") == {"10.1.0.1 eth1"}
    assert "10.9.0.1/32" not in paper.snapshot.nodes["b"].bgp_prefixes


def test_a_reflector_without_kernel_protocol_keeps_its_kernel_empty() -> None:
    paper = star("router id 10.0.0.9; protocol device { }" + CLIENTS)
    assert ways(paper, "r", "10.9.0.1/32") == set()
    assert "10.9.0.1/32" in paper.snapshot.nodes["r"].bgp_prefixes
    assert "10.9.0.1/32" in paper.snapshot.nodes["b"].bgp_prefixes


def test_an_interface_filter_keeps_other_routes_at_home() -> None:
    paper = star(KERNEL + CLIENTS, 'import all; export where ifname ~ "cali*";')
    assert "10.9.0.1/32" not in paper.snapshot.nodes["r"].bgp_prefixes


PAIR = cabled("a:eth1 b:eth1", "a:eth2 b:eth2")
BOTH_A, BOTH_B = {"eth1": "10.1.0.1/24", "eth2": "10.2.0.1/24"}, {"eth1": "10.1.0.2/24", "eth2": "10.2.0.2/24"}
STATIC = "protocol static { ipv4; route 10.50.0.0/16 blackhole; }\n"


def pair(of_a: str, of_b: str, **scripts: StaticRoute) -> Paper:
    return solved(PAIR, bird("a", BOTH_A, of_a), bird("b", BOTH_B, of_b))


def both(side: int, asn: int, own: int, channel: str = "import all; export all;", rest: str = "") -> str:
    return "".join(session(f"10.{net}.0.{side}", asn, own, rest, channel) for net in (1, 2))


ONE = STATIC + both(2, 65002, 65001)


@pytest.mark.parametrize(
    ("merge", "hops"),
    [("", {"10.1.0.1 eth1"}), ("merge paths;", {"10.1.0.1 eth1", "10.2.0.1 eth2"}),
     ("merge paths limit 1;", {"10.1.0.1 eth1"})],
)  # fmt: skip
def test_equal_paths_share_the_traffic_only_where_they_are_merged(merge: str, hops: set[str]) -> None:
    kernel = f"protocol kernel {{ {merge} ipv4 {{ export where source = RTS_BGP; }}; }}\n"
    assert ways(pair(ONE, kernel + both(1, 65001, 65002)), "b", "10.50.0.0/16") == hops


def test_paths_that_a_filter_makes_unequal_are_not_merged() -> None:
    prefer = 'filter { if proto = "bgp2" then bgp_local_pref = 200; accept; }'
    kernel = "protocol kernel { merge paths; ipv4 { export where source = RTS_BGP; }; }\n"
    paper = pair(ONE, kernel + both(1, 65001, 65002, f"import {prefer}; export none;"))
    assert ways(paper, "b", "10.50.0.0/16") == {"10.2.0.1 eth2"}


def test_the_kernel_gets_the_source_address_that_a_filter_sets() -> None:
    kernel = "protocol kernel { ipv4 { export filter { krt_prefsrc = 10.1.0.2; accept; }; }; }\n"
    assert route(pair(ONE, kernel + both(1, 65001, 65002)), "b", "10.50.0.0/16").source == "10.1.0.2"


def test_a_route_of_higher_preference_hides_one_from_bgp() -> None:
    own = "protocol static { ipv4; route 10.50.0.0/16 unreachable; }\n"
    assert route(pair(ONE, QUIET + own + both(1, 65001, 65002)), "b", "10.50.0.0/16").type is RouteType.UNREACHABLE


def test_of_equal_paths_the_lower_peer_address_wins() -> None:
    assert ways(pair(ONE, QUIET + both(1, 65001, 65002)), "b", "10.50.0.0/16") == {"10.1.0.1 eth1"}


@pytest.mark.parametrize(
    ("better", "winner"),
    [
        ("bgp_path.prepend(65001);", "10.2.0.1 eth2"),
        ("bgp_med = 10;", "10.2.0.1 eth2"),
        ("bgp_origin = ORIGIN_INCOMPLETE;", "10.2.0.1 eth2"),
        ("", "10.1.0.1 eth1"),
    ],
)
def test_what_is_worse_on_one_path_moves_the_traffic_to_the_other(better: str, winner: str) -> None:
    worse = session("10.1.0.2", 65002, 65001, channel=f"import all; export filter {{ {better} accept; }};")
    plain = session("10.2.0.2", 65002, 65001)
    assert ways(pair(STATIC + worse + plain, QUIET + both(1, 65001, 65002)), "b", "10.50.0.0/16") == {winner}


def test_the_deciding_step_is_told() -> None:
    worse = session("10.1.0.2", 65002, 65001, channel="import all; export filter { bgp_med = 9; accept; };")
    paper = pair(STATIC + worse + session("10.2.0.2", 65002, 65001), QUIET + both(1, 65001, 65002))
    why = paper.why("b", "10.50.0.0/16")
    assert why is not None
    assert (why.route, why.step) == ("from 10.2.0.1 (AS path 65001)", "MED")
    assert [(each.path, each.step) for each in why.losers] == [("from 10.1.0.1 (AS path 65001)", "MED")]


def test_a_preferred_older_route_may_be_either() -> None:
    paper = pair(ONE, QUIET + both(1, 65001, 65002, rest="prefer older;"))
    assert ("b", "10.50.0.0/16") not in paper.uncertain_entries()  # one neighbour: its two sessions have one router id
    line = cabled("a:eth1 b:eth1", "c:eth1 b:eth2")
    a = bird("a", {"eth1": "10.1.0.1/24"}, STATIC + session("10.1.0.2", 65002, 65001))
    c = bird("c", {"eth1": "10.2.0.1/24"}, STATIC + session("10.2.0.2", 65002, 65001))
    for option, unsure in (("", False), ("prefer older;", True)):
        paper = solved(line, a, c, bird("b", BOTH_B, QUIET + both(1, 65001, 65002, rest=option)))
        assert (("b", "10.50.0.0/16") in paper.uncertain_entries()) is unsure


def test_our_own_as_in_a_path_is_refused_unless_it_is_allowed() -> None:
    worse = STATIC + both(2, 65002, 65001, "import all; export filter { bgp_path.prepend(65002); accept; };")
    assert ways(pair(worse, QUIET + both(1, 65001, 65002)), "b", "10.50.0.0/16") == set()
    assert ways(pair(worse, QUIET + both(1, 65001, 65002, rest="allow local as;")), "b", "10.50.0.0/16")


def test_med_leaves_the_as_only_where_the_export_filter_sets_it() -> None:
    """a -> b (eBGP, MED 7) -> c (eBGP)."""
    line = cabled("a:eth1 b:eth1", "b:eth2 c:eth1")
    a = bird("a", {"eth1": "10.1.0.1/24"}, STATIC + session("10.1.0.2", 65002, 65001,
             channel="import all; export filter { bgp_med = 7; accept; };"))  # fmt: skip
    ports = {"eth1": "10.1.0.2/24", "eth2": "10.3.0.2/24"}
    b = bird("b", ports, session("10.1.0.1", 65001, 65002) + session("10.3.0.3", 65003, 65002))
    strict = "import filter { if defined(bgp_med) then reject; accept; }; export none;"
    c = bird("c", {"eth1": "10.3.0.3/24"}, QUIET + session("10.3.0.2", 65002, 65003, channel=strict))
    paper = solved(line, a, b, c)
    assert ways(paper, "c", "10.50.0.0/16") == {"10.3.0.2 eth1"}


def test_no_export_stays_in_the_as() -> None:
    tagged = "import all; export filter { bgp_community.add((65535, 65281)); accept; };"
    line = cabled("a:eth1 b:eth1", "b:eth2 c:eth1")
    a = bird("a", {"eth1": "10.1.0.1/24"}, STATIC + session("10.1.0.2", 65002, 65001, channel=tagged))
    ports = {"eth1": "10.1.0.2/24", "eth2": "10.3.0.2/24"}
    b = bird("b", ports, session("10.1.0.1", 65001, 65002) + session("10.3.0.3", 65003, 65002))
    c = bird("c", {"eth1": "10.3.0.3/24"}, session("10.3.0.2", 65002, 65003))
    paper = solved(line, a, b, c)
    assert "10.50.0.0/16" in paper.snapshot.nodes["b"].bgp_prefixes
    assert "10.50.0.0/16" not in paper.snapshot.nodes["c"].bgp_prefixes


def test_a_host_address_goes_to_the_kernel_as_a_route_of_its_interface() -> None:
    """BIRD 2 exports direct routes; the kernel itself has none for a /32."""
    one = bird("a", {"eth1": "10.1.0.1/24", "lo": "10.0.0.1/32"}, KERNEL)
    paper = solved(cabled("a:eth1 b:eth1"), one)
    assert route(paper, "a", "10.0.0.1/32").protocol == "bird"
    assert route(paper, "a", "10.1.0.0/24").protocol == "kernel"


def test_static_routes_of_every_kind_reach_the_kernel() -> None:
    conf = (
        KERNEL
        + """protocol static { ipv4;
      route 10.20.0.0/16 unreachable; route 10.21.0.0/16 blackhole; route 10.22.0.0/16 prohibit;
      route 10.23.0.0/16 via 10.1.0.2; route 10.24.0.0/16 via "eth2";
      route 10.25.0.0/16 via 10.1.0.2 weight 3 via 10.2.0.2;
      route 10.26.0.0/16 recursive 10.23.0.9; route 10.27.0.0/16 recursive 10.2.0.2;
      route 10.28.0.0/16 recursive 172.16.0.1;
      route 10.29.0.0/16 via 192.0.2.1; route 10.30.0.0/16 recursive 10.20.0.1;
      route 10.31.0.0/16 recursive 10.26.0.1;
    }"""
    )
    paper = solved(PAIR, bird("a", BOTH_A, conf))
    assert [route(paper, "a", f"10.{n}.0.0/16").type for n in (20, 21, 22)] == ["unreachable", "blackhole", "prohibit"]
    assert ways(paper, "a", "10.23.0.0/16") == ways(paper, "a", "10.26.0.0/16") == {"10.1.0.2 eth1"}
    assert ways(paper, "a", "10.24.0.0/16") == {"None eth2"}
    assert {hop.weight for hop in route(paper, "a", "10.25.0.0/16").next_hops} == {3, 1}
    assert ways(paper, "a", "10.27.0.0/16") == {"10.2.0.2 eth2"}
    assert [route(paper, "a", f"10.{n}.0.0/16").type for n in (28, 30, 31)] == ["unreachable"] * 3
    assert "10.29.0.0/16" not in paper.snapshot.nodes["a"].fib


def test_a_recursive_route_beside_the_best_one_spoils_a_next_hop() -> None:
    """Even where it is not the best (rt_update_hostentry in 2.0.12)."""
    best = "route 10.60.0.0/16 via 10.1.0.2; route 10.61.0.0/16 recursive 10.60.0.9;"
    beside = "protocol static two { ipv4 { preference %d; }; route 10.60.0.0/16 recursive 10.2.0.2; }"
    for preference, kind in ((200, "unreachable"), (199, "unicast")):
        conf = f"{KERNEL}protocol static one {{ ipv4; {best} }} {beside % preference}"
        paper = solved(PAIR, bird("a", BOTH_A, conf))
        assert ways(paper, "a", "10.60.0.0/16") == {"10.1.0.2 eth1"}
        assert route(paper, "a", "10.61.0.0/16").type == kind


@pytest.mark.parametrize(("check", "kept"), [("", True), ("check link;", False)])
def test_a_pulled_cable_leaves_routes_that_do_not_check_their_link(check: str, kept: bool) -> None:
    """Here eth2's far end is switched off; BIRD goes by whether the interface is switched on."""
    of_a = KERNEL + f"protocol static one {{ ipv4; {check} route 10.70.0.0/16 via 10.2.0.2; }}\n"
    far = bird("b", BOTH_B, both(1, 65001, 65002))
    faces = dict(far.interfaces)
    faces["eth2"] = replace(faces["eth2"], up=False)
    paper = solved(PAIR, bird("a", BOTH_A, of_a + both(2, 65002, 65001)), replace(far, interfaces=faces))
    assert ("10.70.0.0/16" in paper.snapshot.nodes["a"].fib) is kept
    assert [sessions(paper, "a")[f"bgp 10.{net}.0.2"].up for net in (1, 2)] == [True, False]


def test_a_pipe_carries_chosen_routes_into_another_table_of_the_kernel() -> None:
    conf = (
        KERNEL
        + STATIC
        + """ipv4 table other;
protocol pipe { table master4; peer table other; import none; export where source = RTS_STATIC; }
protocol kernel k { ipv4 { table other; export all; }; kernel table 100; metric 7; }"""
    )
    state = solved(PAIR, bird("a", BOTH_A, conf)).snapshot.nodes["a"]
    assert set(state.tables["100"]) == {"10.50.0.0/16"}
    assert state.tables["100"]["10.50.0.0/16"].metric == 7


def test_a_direct_session_wants_its_neighbour_on_a_network_of_its_own() -> None:
    far = session("10.9.9.9", 65000, rest="direct;")
    assert not sessions(solved(PAIR, bird("a", BOTH_A, far)), "a")["bgp 10.9.9.9"].up


def test_bfd_is_up_where_both_sides_ask_for_it() -> None:
    asking = 'protocol bfd { interface "eth1"; }\n'
    one = asking + both(2, 65002, 65001, rest="bfd;")
    paper = pair(one, asking + both(1, 65001, 65002, rest="bfd;"))
    assert {name for name, each in sessions(paper, "a").items() if each.up and each.protocol == "bfd"} == {
        "bfd 10.1.0.2"
    }
    paper = pair(one, asking + both(1, 65001, 65002))
    assert not sessions(paper, "a")["bfd 10.1.0.2"].up
    assert sessions(paper, "a")["bgp 10.1.0.2"].up


def test_bfd_watches_neighbours_that_it_names_itself() -> None:
    paper = pair("protocol bfd { neighbor 10.1.0.2; neighbor 10.2.0.2; }", "protocol bfd { neighbor 10.1.0.1; }")
    assert {name: each.up for name, each in sessions(paper, "a").items()} == {
        "bfd 10.1.0.2": True,
        "bfd 10.2.0.2": False,
    }


def test_too_many_routes_switch_a_session_off() -> None:
    limited = both(1, 65001, 65002, "import all; import limit 1 action disable; export none;")
    more = STATIC + "protocol static { ipv4; route 10.51.0.0/16 blackhole; }\n" + both(2, 65002, 65001)
    assert not any(each.up for each in sessions(pair(more, limited), "b").values())


def test_bird_and_frr_speak_with_each_other() -> None:
    frr = router("b", BOTH_B, bgp=(bgp(65002, "10.0.0.2", [neighbour("10.1.0.1", 65001)], ["10.2.0.0/24"]),))
    paper = solved(PAIR, bird("a", BOTH_A, QUIET + STATIC + session("10.1.0.2", 65002, 65001)), frr)
    assert ways(paper, "b", "10.50.0.0/16") == {"10.1.0.1 eth1"}
    assert "10.2.0.0/24" in paper.snapshot.nodes["a"].bgp_prefixes
    assert paper.snapshot.nodes["a"].router_ids == {"bird": "10.0.0.1"}


def test_without_a_router_id_the_lowest_address_that_is_no_loopback_is_taken() -> None:
    conf = "protocol device { }"
    read = parse_files(Node("a"), {"/etc/bird/bird.conf": conf})
    node = replace(router("a", {**BOTH_A, "lo": "10.0.0.1/32"}), daemons=read.daemons, bird=read.bird)
    assert solved(PAIR, node).snapshot.nodes["a"].router_ids == {"bird": "10.1.0.1"}
