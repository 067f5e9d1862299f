"""What real daemons settle by the order of events is said to be unsettled, and packets that take it are unsure."""

from random import Random

import pytest
from networks import bgp, cabled, neighbour, router, solved, static, ways

from sim.address import parse_address, parse_prefix
from sim.device import Device
from sim.device.bgp import Aggregate, Redistribution
from sim.device.ospf import OspfInstance, OspfInterface
from sim.errors import NotConverged
from sim.flow import Disposition, Flow
from sim.links import solve_links
from sim.paper import Paper
from sim.routing.engine import Engine
from sim.routing.kernel import used
from sim.trace import trace

AGGREGATE = {"aggregates": (Aggregate(parse_prefix("10.100.0.0/15")),)}


def two_that_aggregate() -> Paper:
    """One AS: a and c both aggregate what b, which reflects between them, originates."""
    line = cabled("a:eth1 b:eth1", "b:eth2 c:eth1")
    client = {"reflector_client": True}
    return solved(
        line,
        router("a", {"eth1": "10.0.1.1/24"}, statics=(static("10.0.2.0/24", "10.0.1.2"),),
               bgp=(bgp(65000, "10.9.0.1", [neighbour("10.0.1.2", 65000)], family_settings=AGGREGATE),)),
        router("b", {"eth1": "10.0.1.2/24", "eth2": "10.0.2.2/24"}, statics=(static("10.101.0.0/16", "10.0.2.3"),),
               bgp=(bgp(65000, "10.9.0.2", [neighbour("10.0.1.1", 65000, **client),
                                            neighbour("10.0.2.3", 65000, **client)], ["10.101.0.0/16"]),)),
        router("c", {"eth1": "10.0.2.3/24"}, statics=(static("10.0.1.0/24", "10.0.2.2"),),
               bgp=(bgp(65000, "10.9.0.3", [neighbour("10.0.2.2", 65000)], family_settings=AGGREGATE),)),
    )  # fmt: skip


def test_a_second_aggregate_of_one_as_may_never_be_made() -> None:
    unsettled = two_that_aggregate().uncertain_entries()
    assert {("a", "10.100.0.0/15"), ("c", "10.100.0.0/15")} <= unsettled
    assert not any(prefix == "10.101.0.0/16" for _, prefix in unsettled)


def test_packets_over_a_route_that_may_be_otherwise_are_unsure() -> None:
    paper = two_that_aggregate()
    flow = Flow("a", "10.100.0.1", "icmp")
    assert not trace(paper, flow).unsure
    assert "10.100.0.0/15" in trace(paper, flow, doubting=True).unsure[0]


def test_a_trace_tells_every_ending_of_its_equal_paths() -> None:
    forwards = {"net.ipv4.conf.all.forwarding": "1"}
    square = cabled("a:eth1 b:eth1", "a:eth2 c:eth1", "b:eth2 d:eth1")
    paper = solved(
        square,
        router("a", {"eth1": "10.0.1.1/24", "eth2": "10.0.2.1/24"},
               statics=(static("10.0.9.0/24", "10.0.1.2"), static("10.0.9.0/24", "10.0.2.2"))),
        router("b", {"eth1": "10.0.1.2/24", "eth2": "10.0.9.2/24"}, sysctls=forwards),
        router("c", {"eth1": "10.0.2.2/24"}, sysctls=forwards),
        router("d", {"eth1": "10.0.9.3/24"}, statics=(static("10.0.0.0/16", "10.0.9.2"),)),
    )  # fmt: skip
    found = trace(paper, Flow("a", "10.0.9.3", "icmp"))
    assert found.endings == {Disposition.DELIVERED, Disposition.NO_ROUTE}


def unnumbered_twice(paths: int) -> Paper:
    """Three cables between two routers, without addresses: link-local addresses alone tell them apart."""
    three = cabled("a:eth1 b:eth1", "a:eth2 b:eth2", "a:eth3 b:eth3")
    ports, faces = ("eth1", "eth2", "eth3"), {"eth1": "", "eth2": "", "eth3": ""}
    settings = {"family_settings": {"maximum_paths": paths}}
    return solved(
        three,
        router("a", faces, bgp=(bgp(65001, "10.9.0.1", [neighbour(port) for port in ports], **settings),)),
        router("b", faces | {"lo": "10.9.0.2/32"},
               bgp=(bgp(65002, "10.9.0.2", [neighbour(port) for port in ports], ["10.9.0.2/32"], **settings),)),
    )  # fmt: skip


def test_which_of_equal_unnumbered_links_maximum_paths_leaves_out_hangs_on_macs() -> None:
    assert ("a", "10.9.0.2/32") in unnumbered_twice(1).uncertain_entries()
    assert ("a", "10.9.0.2/32") in unnumbered_twice(2).uncertain_entries()
    assert unnumbered_twice(3).uncertain_entries() == frozenset()


def test_a_bgp_route_over_a_bgp_route_of_several_paths_may_lack_some() -> None:
    """a reaches c's loopback over b, by as many cables as there are; c's network is told between loopbacks alone."""
    far = {"source_interface": "lo"}

    def network(cables: int) -> Paper:
        numbers = range(1, cables + 1)
        near = [neighbour(f"10.0.{number}.2", 65002) for number in numbers]
        back = [neighbour(f"10.0.{number}.1", 65002) for number in numbers]
        settings = {"family_settings": {"maximum_paths_ibgp": 2}}
        return solved(
            cabled(*(f"a:eth{number} b:eth{number}" for number in numbers), "b:eth9 c:eth9"),
            router("a", {f"eth{number}": f"10.0.{number}.1/24" for number in numbers} | {"lo": "10.9.0.1/32"},
                   bgp=(bgp(65002, "10.9.0.1", [*near, neighbour("10.9.0.3", 65002, **far)], ["10.9.0.1/32"],
                            **settings),)),
            router("b", {f"eth{number}": f"10.0.{number}.2/24" for number in numbers} | {"eth9": "10.0.9.2/24"},
                   statics=(static("10.9.0.3/32", "10.0.9.3"), static("10.9.0.1/32", "10.0.1.1")),
                   bgp=(bgp(65002, "10.9.0.2", back, ["10.9.0.3/32"]),)),
            router("c", {"eth9": "10.0.9.3/24", "lo": "10.9.0.3/32 10.7.0.1/24"},
                   statics=(static("10.9.0.1/32", "10.0.9.2"),),
                   bgp=(bgp(65002, "10.9.0.3", [neighbour("10.9.0.1", 65002, **far)], ["10.7.0.0/24"]),)),
        )  # fmt: skip

    assert ways(network(1), "a", "10.7.0.0/24") == {"10.0.1.2 eth1"}
    assert network(1).uncertain_entries() == frozenset()
    assert network(2).uncertain_entries() == {("a", "10.7.0.0/24")}


def test_whose_as_is_overridden_hangs_on_which_session_came_up_last() -> None:
    """h tells x of AS 65001 and y of 65002 the same, overriding the AS of one of them: either hears its own."""

    def hub(**of_x: object) -> Paper:
        ports = {"eth1": "10.0.1.1/24", "eth2": "10.0.2.1/24"}
        peers = [neighbour("10.0.1.2", 65001, as_override=True, **of_x), neighbour("10.0.2.2", 65002, as_override=True)]
        return solved(
            cabled("h:eth1 x:eth1", "h:eth2 y:eth1", "y:eth2 x2:eth1"),
            router("h", ports, bgp=(bgp(65009, "10.9.0.9", peers),)),
            router("x", {"eth1": "10.0.1.2/24", "lo": "10.9.0.1/32"},
                   bgp=(bgp(65001, "10.9.0.1", [neighbour("10.0.1.1", 65009)], ["10.9.0.1/32"]),)),
            router("y", {"eth1": "10.0.2.2/24", "eth2": "10.0.3.2/24"},
                   bgp=(bgp(65002, "10.9.0.2", [neighbour("10.0.2.1", 65009), neighbour("10.0.3.3", 65001)]),)),
            router("x2", {"eth1": "10.0.3.3/24"},
                   bgp=(bgp(65001, "10.9.0.3", [neighbour("10.0.3.2", 65002)]),)),
        )  # fmt: skip

    assert ("x2", "10.9.0.1/32") in hub().uncertain_entries()
    assert ("x2", "10.9.0.1/32") in hub(allowas_in=1).uncertain_entries()  # what comes in does not divide a group
    assert hub(next_hop_self=True).uncertain_entries() == frozenset()  # no group shared


def test_whether_ospf_or_bgp_brought_a_prefix_first_decides_whether_it_is_redistributed() -> None:
    """r hears of a network of z both by OSPF and, over q, by eBGP, and redistributes OSPF into BGP."""
    area, fast = OspfInterface(area=0), OspfInstance
    feeds = {"family_settings": {"redistributions": (Redistribution("ospf"),)}}
    paper = solved(
        cabled("r:eth1 z:eth1", "q:eth1 z:eth2", "r:eth2 q:eth2"),
        router("r", {"eth1": "10.0.1.1/24", "eth2": "10.0.3.1/24"},
               bgp=(bgp(65001, "10.9.0.1", [neighbour("10.0.3.2", 65002)], **feeds),),
               ospf=(fast(router_id=parse_address("9.9.9.1"), interfaces={"eth1": area}),)),
        router("q", {"eth1": "10.0.2.1/24", "eth2": "10.0.3.2/24"},
               bgp=(bgp(65002, "10.9.0.2", [neighbour("10.0.3.1", 65001)], **feeds),),
               ospf=(fast(router_id=parse_address("9.9.9.2"), interfaces={"eth1": area}),)),
        router("z", {"eth1": "10.0.1.9/24", "eth2": "10.0.2.9/24", "lo": "10.9.0.9/32"},
               ospf=(fast(router_id=parse_address("9.9.9.9"), interfaces={"eth1": area, "eth2": area, "lo": area}),)),
    )  # fmt: skip
    assert ("r", "10.9.0.9/32") in paper.uncertain_entries()


def test_ospf_may_reach_one_of_two_who_redistribute_it_long_before_the_other() -> None:
    """r and q hear of z's network by OSPF, and of each other by m, who speaks BGP alone."""
    area = OspfInterface(area=0)

    def both(name: str, number: int, far: int, redistributes: bool) -> Device:
        ospf = OspfInstance(router_id=parse_address(f"9.9.9.{number}"), interfaces={"eth1": area})
        feeds = {"family_settings": {"redistributions": (Redistribution("ospf"),) if redistributes else ()}}
        return router(name, {"eth1": f"10.0.{number}.1/24", "eth2": f"10.0.{far}.1/24"},
                      bgp=(bgp(65000 + number, f"10.9.0.{number}", [neighbour(f"10.0.{far}.2", 65009)], **feeds),),
                      ospf=(ospf,))  # fmt: skip

    def network(q_redistributes: bool) -> Paper:
        return solved(
            cabled("r:eth1 z:eth1", "q:eth1 z:eth2", "r:eth2 m:eth1", "q:eth2 m:eth2"),
            both("r", 1, 3, redistributes=True),
            both("q", 2, 4, redistributes=q_redistributes),
            router("m", {"eth1": "10.0.3.2/24", "eth2": "10.0.4.2/24"},
                   bgp=(bgp(65009, "10.9.0.9", [neighbour("10.0.3.1", 65001), neighbour("10.0.4.1", 65002)]),)),
            router("z", {"eth1": "10.0.1.9/24", "eth2": "10.0.2.9/24", "lo": "10.9.1.9/32"}, ospf=(OspfInstance(
                router_id=parse_address("9.9.9.9"), interfaces={"eth1": area, "eth2": area, "lo": area}),)),
        )  # fmt: skip

    assert {("r", "10.9.1.9/32"), ("q", "10.9.1.9/32")} <= network(True).uncertain_entries()
    assert ("r", "10.9.1.9/32") not in network(False).uncertain_entries()


def test_a_prefix_that_drives_itself_out_by_way_of_ospf_and_bgp_finds_no_rest() -> None:
    """b's static route goes by OSPF to a, who tells b of it by BGP, which b prefers: it is redistributed no more.

    Real daemons (8.4.4, seen 2026-11-25) have it in turns of 20 s.
    """
    area, cables = OspfInterface(area=0), cabled("a:eth1 b:eth1", "a:eth2 b:eth2")

    def pair(distance: int) -> Paper:
        return solved(
            cables,
            router("a", {"eth1": "10.0.1.1/24", "eth2": "10.0.2.1/24"},
                   bgp=(bgp(65001, "10.9.0.1", [neighbour("10.0.2.2", 65002)],
                            family_settings={"redistributions": (Redistribution("ospf"),)}),),
                   ospf=(OspfInstance(router_id=parse_address("9.9.9.1"), interfaces={"eth1": area}),)),
            router("b", {"eth1": "10.0.1.2/24", "eth2": "10.0.2.2/24"},
                   statics=(static("10.8.0.0/16", "10.0.2.1", distance=distance),),
                   bgp=(bgp(65002, "10.9.0.2", [neighbour("10.0.2.1", 65001)]),),
                   ospf=(OspfInstance(router_id=parse_address("9.9.9.2"), interfaces={"eth1": area},
                                      redistributions=(Redistribution("static"),)),)),
        )  # fmt: skip

    with pytest.raises(NotConverged, match=r"between OSPF .*: b 10\.8\.0\.0/16"):
        pair(30)
    assert ways(pair(1), "b", "10.8.0.0/16") == {"10.0.2.1 eth2"}


def test_a_router_that_speaks_last_finds_the_others_at_rest_in_another_way() -> None:
    """a prefers b, which has a path without a only while a has not told e of d."""
    drawn = cabled("a:eth1 b:eth1", "a:eth2 d:eth1", "a:eth3 e:eth1", "a:eth4 c:eth1", "a:eth5 b:eth4", "b:eth2 c:eth2",
                   "c:eth3 e:eth2", "c:eth4 e:eth4", "d:eth2 e:eth3")  # fmt: skip
    devices = (
        router("a", {"eth1": "10.0.1.1/24", "eth2": "10.0.2.1/24", "eth3": "10.0.3.1/24", "eth4": "10.0.4.1/24",
                     "eth5": "10.0.9.1/24"},
               bgp=(bgp(65001, "10.9.0.1", [neighbour("10.0.1.2", 65002, weight=9), neighbour("10.0.2.4", 65004),
                                            neighbour("10.0.3.5", 65005), neighbour("10.0.4.3", 65003),
                                            neighbour("10.0.9.2", 65002)]),)),
        router("b", {"eth1": "10.0.1.2/24", "eth2": "10.0.5.2/24", "eth4": "10.0.9.2/24"},
               bgp=(bgp(65002, "10.9.0.2", [neighbour("10.0.1.1", 65001), neighbour("10.0.5.3", 65003),
                                            neighbour("10.0.9.1", 65001)]),)),
        router("c", {"eth1": "10.0.4.3/24", "eth2": "10.0.5.3/24", "eth3": "10.0.6.3/24", "eth4": "10.0.8.3/24"},
               bgp=(bgp(65003, "10.9.0.3", [neighbour("10.0.4.1", 65001), neighbour("10.0.5.2", 65002),
                                            neighbour("10.0.6.5", 65005), neighbour("10.0.8.5", 65005)]),)),
        router("d", {"eth1": "10.0.2.4/24", "eth2": "10.0.7.4/24", "lo": "10.1.0.4/32"},
               bgp=(bgp(65004, "10.9.0.4", [neighbour("10.0.2.1", 65001), neighbour("10.0.7.5", 65005)],
                        ["10.1.0.4/32"]),)),
        router("e", {"eth1": "10.0.3.5/24", "eth2": "10.0.6.5/24", "eth3": "10.0.7.5/24", "eth4": "10.0.8.5/24"},
               bgp=(bgp(65005, "10.9.0.5", [neighbour("10.0.3.1", 65001, weight=9), neighbour("10.0.6.3", 65003),
                                            neighbour("10.0.7.4", 65004), neighbour("10.0.8.3", 65003)]),)),
    )  # fmt: skip
    paper, prefix = solved(drawn, *devices), parse_prefix("10.1.0.4/32")
    assert ways(paper, "a", "10.1.0.4/32") == {"10.0.2.4 eth2"}
    assert {(node, "10.1.0.4/32") for node in "abe"} <= paper.uncertain_entries()
    for seed in range(5):
        known = {each.node: each for each in devices}
        engine = Engine(solve_links(drawn, known), known, order=Random(seed), last="a")
        engine.run()
        assert {str(hop.via) for hop in used(engine.kernels["a"].tables["main"][prefix]).hops} == {"10.0.1.2"}


def test_a_session_that_hears_too_much_before_better_paths_come_may_be_up_or_down() -> None:
    """b passes a's four prefixes on to c until it hears of them by d, whom it prefers, and who is in c's AS."""

    def ring(limit: int) -> frozenset[tuple[str, str]]:
        mine = [f"10.1.0.{n}/32" for n in range(1, 5)]
        return solved(
            cabled("a:eth1 b:eth1", "a:eth2 d:eth1", "d:eth2 b:eth2", "b:eth3 c:eth1"),
            router("a", {"eth1": "10.0.1.1/24", "eth2": "10.0.2.1/24", "lo": " ".join(mine)},
                   bgp=(bgp(65001, "10.9.0.1", [neighbour("10.0.1.2", 65002), neighbour("10.0.2.2", 65003)], mine),)),
            router("b", {"eth1": "10.0.1.2/24", "eth2": "10.0.3.2/24", "eth3": "10.0.4.2/24"},
                   bgp=(bgp(65002, "10.9.0.2", [neighbour("10.0.1.1", 65001),
                                                neighbour("10.0.3.1", 65003, weight=9),
                                                neighbour("10.0.4.3", 65003)]),)),
            router("c", {"eth1": "10.0.4.3/24"},
                   bgp=(bgp(65003, "10.9.0.3", [neighbour("10.0.4.2", 65002, maximum_prefix=limit)]),)),
            router("d", {"eth1": "10.0.2.2/24", "eth2": "10.0.3.1/24"},
                   bgp=(bgp(65003, "10.9.0.4", [neighbour("10.0.2.1", 65001), neighbour("10.0.3.2", 65002)]),)),
        ).uncertain_entries()  # fmt: skip

    assert {("b", "bgp 10.0.4.3"), ("c", "bgp 10.0.4.2")} <= ring(limit=2)
    assert ring(limit=9) == frozenset()


def test_what_ospf_was_told_of_before_bgp_had_it_may_stay_with_others() -> None:
    """b's static route is worse than what BGP brings of the prefix, and is redistributed only until that has come."""
    area = OspfInterface(area=0)

    def row(distance: int) -> Paper:
        return solved(
            cabled("a:eth1 b:eth1", "b:eth2 c:eth1"),
            router("a", {"eth1": "10.0.1.1/24"},
                   ospf=(OspfInstance(router_id=parse_address("9.9.9.1"), interfaces={"eth1": area}),)),
            router("b", {"eth1": "10.0.1.2/24", "eth2": "10.0.2.2/24"},
                   statics=(static("10.9.0.3/32", "10.0.2.3", distance=distance),),
                   bgp=(bgp(65002, "10.9.0.2", [neighbour("10.0.2.3", 65003)]),),
                   ospf=(OspfInstance(router_id=parse_address("9.9.9.2"), interfaces={"eth1": area},
                                      redistributions=(Redistribution("static"),)),)),
            router("c", {"eth1": "10.0.2.3/24", "lo": "10.9.0.3/32"},
                   bgp=(bgp(65003, "10.9.0.3", [neighbour("10.0.2.2", 65002)], ["10.9.0.3/32"]),)),
        )  # fmt: skip

    assert ways(row(130), "a", "10.9.0.3/32") == set()
    assert row(130).uncertain_entries() == {("a", "10.9.0.3/32")}
    assert ways(row(1), "a", "10.9.0.3/32") == {"10.0.1.2 eth1"}
    assert row(1).uncertain_entries() == frozenset()


def aggregate_with_a_set(e_asks_for_policies: bool = False, **towards_e: object) -> Paper:
    """a makes an aggregate with the AS set {65001} of a prefix of x, behind which is d; y, behind e, is in 65001."""
    inner = {"network_import_check": False}
    as_set = {"aggregates": (Aggregate(parse_prefix("10.100.0.0/15"), as_set=True),)}
    return solved(
        cabled("x:eth1 a:eth1", "a:eth2 e:eth1", "e:eth2 y:eth1", "x:eth2 d:eth1"),
        router("x", {"eth1": "10.0.1.1/24", "eth2": "10.0.4.1/24"},
               bgp=(bgp(65001, "10.9.0.1", [neighbour("10.0.1.2", 65002), neighbour("10.0.4.2", 65004)],
                        ["10.101.0.0/16"], **inner),)),
        router("a", {"eth1": "10.0.1.2/24", "eth2": "10.0.2.1/24"},
               bgp=(bgp(65002, "10.9.0.2", [neighbour("10.0.1.1", 65001), neighbour("10.0.2.2", 65005, **towards_e)],
                        ["10.100.0.0/16"], family_settings=as_set, **inner),)),
        router("e", {"eth1": "10.0.2.2/24", "eth2": "10.0.3.1/24"},
               bgp=(bgp(65005, "10.9.0.3", [neighbour("10.0.2.1", 65002), neighbour("10.0.3.2", 65001)],
                        ebgp_requires_policy=e_asks_for_policies),)),
        router("y", {"eth1": "10.0.3.2/24"}, bgp=(bgp(65001, "10.9.0.4", [neighbour("10.0.3.1", 65005)]),)),
        router("d", {"eth1": "10.0.4.2/24"}, bgp=(bgp(65004, "10.9.0.5", [neighbour("10.0.4.1", 65001)]),)),
    )  # fmt: skip


def test_who_refuses_an_as_set_may_have_heard_the_aggregate_before_it_was_whole() -> None:
    """Seen with 8.4.4, 2026-11-25: the neighbour behind keeps what the one that refuses has taken back."""
    paper = aggregate_with_a_set()
    assert ways(paper, "e", "10.100.0.0/15") == {"10.0.2.1 eth1"}
    assert all(ways(paper, node, "10.100.0.0/15") == set() for node in "xdy")
    assert {("x", "10.100.0.0/15"), ("d", "10.100.0.0/15"), ("y", "10.100.0.0/15")} == paper.uncertain_entries()


def test_private_numbers_leave_an_as_set_too() -> None:
    paper = aggregate_with_a_set(remove_private_as="")
    assert ways(paper, "y", "10.100.0.0/15") == {"10.0.3.1 eth1"}
    assert ("e", "10.100.0.0/15") not in paper.uncertain_entries()


@pytest.mark.parametrize("refused_anyway", [False, True])
def test_a_set_emptied_of_private_numbers_ends_the_session(refused_anyway: bool) -> None:
    """Seen with 8.4.4, 2026-11-25: bgpd sends a segment of no number, over which its neighbour ends the session, also
    where no policy would have let the route in."""
    paper = aggregate_with_a_set(refused_anyway, remove_private_as="all")
    assert {each.state for each in paper.snapshot.nodes["e"].sessions if each.peer == "10.0.2.1"} != {"Established"}
    assert ways(paper, "e", "10.100.0.0/15") == ways(paper, "e", "10.100.0.0/16") == set()


def test_an_aggregate_stands_or_not_where_another_says_the_same() -> None:
    """b makes of what a tells the very aggregate that a tells as well: the first one stays (8.4.4, 2026-11-25)."""
    as_set = {"aggregates": (Aggregate(parse_prefix("10.100.0.0/15"), as_set=True),)}
    paper = solved(
        cabled("a:eth1 b:eth1"),
        router("a", {"eth1": "10.0.1.1/24"},
               bgp=(bgp(65001, "10.9.0.1", [neighbour("10.0.1.2", 65002)], ["10.101.0.0/16"], family_settings=as_set,
                        network_import_check=False),)),
        router("b", {"eth1": "10.0.1.2/24"},
               bgp=(bgp(65002, "10.9.0.2", [neighbour("10.0.1.1", 65001)], family_settings=as_set),)),
    )  # fmt: skip
    assert paper.uncertain_entries() == {("b", "10.100.0.0/15")}
