"""Corners of OSPF's areas as ospfd 8.4.4 has them (seen 2026-11-25 beside real daemons)."""

from dataclasses import replace

from networks import cabled, solved, static, ways
from test_solve_ospf import LINE, TRIANGLE, speaker

from sim.address import parse_prefix
from sim.device import Device
from sim.device.bgp import Redistribution
from sim.device.ospf import OspfArea, OspfInterface
from sim.paper import Paper
from sim.policies.frr_prefixes import PrefixList, PrefixRule
from sim.snapshot import RouteType

OUTSIDE = {
    "statics": (static("10.8.0.0/16", type=RouteType.BLACKHOLE),),
    "redistributions": (Redistribution("static"),),
}


def ranged(text: str, **of_area: object) -> OspfArea:
    """An area with one range, which is told."""
    return OspfArea(ranges=((parse_prefix(text), True, None),), **of_area)  # type: ignore[arg-type]


def two_borders(areas_of_b: dict[int, OspfArea], **of_d: object) -> Paper:
    """Areas 1 (a, b), 0 (b, c), 2 (c, d)."""
    return solved(
        cabled("a:eth1 b:eth1", "b:eth2 c:eth1", "c:eth2 d:eth1"),
        speaker("a", {"eth1": "10.2.1.1/24"}, {"eth1": 1}),
        speaker("b", {"eth1": "10.2.1.2/24", "eth2": "10.0.2.2/24"}, {"eth1": 1}, areas=areas_of_b),
        speaker("c", {"eth1": "10.0.2.3/24", "eth2": "10.2.3.3/24"}, {"eth2": 2}),
        speaker("d", {"eth1": "10.2.3.4/24", "lo": "10.3.0.4/32"}, {"eth1": 2, "lo": 2}, **of_d),
    )


def test_a_border_router_hears_no_summary_that_lies_in_a_range_of_its_own() -> None:
    paper = two_borders({1: ranged("10.2.0.0/16")})
    assert ways(paper, "b", "10.2.3.0/24") == set()
    assert ways(paper, "b", "10.3.0.4/32") == {"10.0.2.3 eth2"}
    assert ways(two_borders({}), "b", "10.2.3.0/24") == {"10.0.2.3 eth2"}


def test_a_range_that_holds_nothing_hides_nothing() -> None:
    paper = two_borders({0: ranged("10.2.0.0/16")})
    assert ways(paper, "b", "10.2.3.0/24") == {"10.0.2.3 eth2"}
    assert "10.2.0.0/16" not in paper.snapshot.nodes["b"].fib


def test_another_prefix_may_be_told_in_a_ranges_place() -> None:
    paper = two_borders(
        {1: ranged("10.2.1.0/24", substitutes={parse_prefix("10.2.1.0/24"): parse_prefix("10.7.0.0/16")})}
    )
    assert ways(paper, "d", "10.7.0.0/16") == {"10.2.3.3 eth1"}
    assert ways(paper, "d", "10.2.1.0/24") == set()


def test_an_area_without_summaries_hears_ranges_of_others() -> None:
    """And they stand for something only if another area takes summaries."""
    line = {"kind": "stub", "no_summary": True}

    def told(third: dict[str, object]) -> Paper:
        areas = {1: OspfArea(**line), 2: OspfArea(**third), 0: ranged("10.0.0.0/16")}  # type: ignore[arg-type]
        return solved(
            cabled("a:eth1 b:eth1", "b:eth2 c:eth1", "b:eth3 d:eth1"),
            speaker("a", {"eth1": "10.2.1.1/24"}, {"eth1": 1}, areas={1: areas[1]}),
            speaker("b", {"eth1": "10.2.1.2/24", "eth2": "10.0.2.2/24", "eth3": "10.2.3.2/24"}, {"eth1": 1, "eth3": 2},
                    areas=areas),
            speaker("c", {"eth1": "10.0.2.3/24"}),
            speaker("d", {"eth1": "10.2.3.4/24"}, {"eth1": 2}, areas={2: areas[2]}),
        )  # fmt: skip

    assert ways(told({}), "a", "10.0.0.0/16") == {"10.2.1.2 eth1"}
    assert ways(told(line), "a", "10.0.0.0/16") == set()
    assert "10.0.0.0/16" not in told(line).snapshot.nodes["b"].fib


def test_whether_a_default_that_is_originated_in_an_nssa_is_heard_is_unsettled() -> None:
    always = {"default_originate": True, "default_always": True}

    def told(areas: dict[int, OspfArea]) -> Paper:
        return solved(
            LINE,
            speaker("a", {"eth1": "10.0.1.1/24"}),
            speaker("b", {"eth1": "10.0.1.2/24", "eth2": "10.0.2.2/24"}, {"eth2": 1}, areas=areas),
            speaker("c", {"eth1": "10.0.2.3/24"}, {"eth1": 1}, areas=areas, **always),
        )

    assert told({1: OspfArea("nssa")}).uncertain_entries() == {("a", "0.0.0.0/0"), ("b", "0.0.0.0/0")}
    assert ways(told({}), "a", "0.0.0.0/0") == {"10.0.1.2 eth1"}
    assert told({}).uncertain_entries() == frozenset()


def test_of_equal_ways_to_a_boundary_router_those_of_the_greatest_area_count() -> None:
    paper = solved(
        cabled("a:eth1 b:eth1", "a:eth2 b:eth2"),
        speaker("a", {"eth1": "10.0.1.1/24", "eth2": "10.0.2.1/24"}, {"eth1": 1, "eth2": 2}),
        speaker("b", {"eth1": "10.0.1.2/24", "eth2": "10.0.2.2/24"}, {"eth1": 1, "eth2": 2}, **OUTSIDE),
    )
    assert ways(paper, "a", "10.8.0.0/16") == {"10.0.2.2 eth2"}


def test_a_border_router_reads_what_is_told_of_boundary_routers_in_the_backbone_alone() -> None:
    """b's backbone is cut off: it hears of d by area 1 alone, and does not listen."""
    paper = solved(
        cabled("b:eth1 c:eth1", "c:eth2 d:eth1"),
        speaker("b", {"eth1": "10.0.1.2/24", "lo": "10.1.0.2/32"}, {"eth1": 1}),
        speaker("c", {"eth1": "10.0.1.3/24", "eth2": "10.0.2.3/24"}, {"eth1": 1}),
        speaker("d", {"eth1": "10.0.2.4/24"}, **OUTSIDE),
    )
    assert ways(paper, "c", "10.8.0.0/16") == {"10.0.2.4 eth2"}
    assert ways(paper, "b", "10.8.0.0/16") == set()


def test_who_redistributes_is_not_heard_if_the_way_through_a_stub_area_comes_first() -> None:
    """b and c share a cable of the backbone, and one of a stub area, which counts before the backbone."""

    def told(kind: str) -> Paper:
        areas = {1: OspfArea(kind)}  # type: ignore[arg-type]
        return solved(
            cabled("b:eth1 c:eth1", "b:eth2 c:eth2"),
            speaker("b", {"eth1": "10.0.1.2/24", "eth2": "10.0.2.2/24"}, {"eth2": 1}, areas=areas),
            speaker("c", {"eth1": "10.0.1.3/24", "eth2": "10.0.2.3/24"}, {"eth2": 1}, areas=areas, **OUTSIDE),
        )

    assert ways(told("stub"), "b", "10.8.0.0/16") == set()
    assert ways(told("normal"), "b", "10.8.0.0/16") == {"10.0.2.3 eth2"}


def test_of_one_range_in_several_areas_the_last_says_whether_it_drops_packets() -> None:
    empty = two_borders({0: ranged("10.2.0.0/16"), 1: ranged("10.2.0.0/16")})
    assert empty.snapshot.nodes["b"].fib["10.2.0.0/16"].type is RouteType.BLACKHOLE
    last = two_borders({0: ranged("10.0.0.0/16"), 1: ranged("10.0.0.0/16")})
    assert "10.0.0.0/16" not in last.snapshot.nodes["b"].fib


def test_of_one_range_in_several_areas_the_first_says_whether_summaries_are_heard() -> None:
    both = {0: ranged("10.2.0.0/16"), 1: ranged("10.2.0.0/16")}  # the backbone's holds nothing
    assert ways(two_borders(both), "b", "10.2.3.0/24") == {"10.0.2.3 eth2"}


def test_what_everybody_is_told_is_not_taken_from_a_router_that_an_nssa_leads_to() -> None:
    """b and c share a cable of the backbone and one of area 2, by which they reach each other; c translates for d."""

    def told(kind: str) -> Paper:
        areas = {1: OspfArea("nssa"), 2: OspfArea(kind)}  # type: ignore[arg-type]
        return solved(
            cabled("b:eth1 c:eth1", "b:eth2 c:eth2", "c:eth3 d:eth1"),
            speaker("b", {"eth1": "10.0.1.2/24", "eth2": "10.0.2.2/24"}, {"eth2": 2}, areas=areas),
            speaker("c", {"eth1": "10.0.1.3/24", "eth2": "10.0.2.3/24", "eth3": "10.0.3.3/24"}, {"eth2": 2, "eth3": 1},
                    areas=areas),
            speaker("d", {"eth1": "10.0.3.4/24"}, {"eth1": 1}, areas=areas, **OUTSIDE),
        )  # fmt: skip

    assert ways(told("normal"), "b", "10.8.0.0/16") == {"10.0.1.3 eth1"}
    assert ways(told("nssa"), "b", "10.8.0.0/16") == set()


def test_a_border_router_does_not_tell_of_who_redistributes_where_an_nssa_leads_to_it() -> None:
    """b and c share a cable of the backbone and one of area 1; d in area 2 has b's word for the way to c."""

    def told(kind: str) -> Paper:
        areas = {1: OspfArea(kind)}  # type: ignore[arg-type]
        return solved(
            cabled("b:eth1 c:eth1", "b:eth2 c:eth2", "b:eth3 d:eth1"),
            speaker("b", {"eth1": "10.0.1.2/24", "eth2": "10.0.2.2/24", "eth3": "10.0.3.2/24"}, {"eth2": 1, "eth3": 2},
                    areas=areas),
            speaker("c", {"eth1": "10.0.1.3/24", "eth2": "10.0.2.3/24"}, {"eth2": 1}, areas=areas, **OUTSIDE),
            speaker("d", {"eth1": "10.0.3.4/24"}, {"eth1": 2}),
        )  # fmt: skip

    assert ways(told("normal"), "d", "10.8.0.0/16") == {"10.0.3.2 eth1"}
    assert ways(told("nssa"), "d", "10.8.0.0/16") == set()


def test_each_part_of_an_nssa_has_a_translator_of_its_own() -> None:
    """d redistributes behind b; c, whose id is the highest, has a part of area 1 for itself."""
    areas = {1: OspfArea("nssa")}
    paper = solved(
        cabled("b:eth1 c:eth1", "b:eth2 a:eth1"),
        speaker("b", {"eth1": "10.0.1.2/24", "eth2": "10.0.2.2/24"}, {"eth2": 1}, areas=areas),
        speaker("c", {"eth1": "10.0.1.3/24", "lo": "10.1.0.3/32"}, {"lo": 1}, areas=areas),
        speaker("a", {"eth1": "10.0.2.1/24"}, {"eth1": 1}, areas=areas, **OUTSIDE),
    )
    assert ways(paper, "c", "10.8.0.0/16") == {"10.0.1.2 eth1"}


def test_what_a_border_router_of_an_nssa_makes_of_its_ranges_is_unsettled() -> None:
    """ospfd takes them for empty at times. Area 1 (a - b), 0 (b - c), and what c tells of area 2 lies in b's range."""

    def told(kind: str) -> frozenset[tuple[str, str]]:
        areas = {1: OspfArea(kind, ranges=((parse_prefix("10.2.0.0/16"), True, None),))}  # type: ignore[arg-type]
        return solved(
            cabled("a:eth1 b:eth1", "b:eth2 c:eth1", "c:eth2 d:eth1"),
            speaker("a", {"eth1": "10.2.1.1/24"}, {"eth1": 1}, areas=areas),
            speaker("b", {"eth1": "10.2.1.2/24", "eth2": "10.0.2.2/24"}, {"eth1": 1}, areas=areas),
            speaker("c", {"eth1": "10.0.2.3/24", "eth2": "10.2.3.3/24"}, {"eth2": 2}),
            speaker("d", {"eth1": "10.2.3.4/24"}, {"eth1": 2}),
        ).uncertain_entries()

    assert told("nssa") == {("b", "10.2.0.0/16"), ("b", "10.2.3.0/24"), ("a", "10.2.3.0/24")}
    assert told("normal") == frozenset()


def three(name: str, ports: dict[str, str], places: dict[str, int] | None = None) -> Device:
    """A router with OSPFv3 on point-to-point cables."""
    direct = dict.fromkeys(ports, OspfInterface(network="point-to-point"))
    return speaker(name, ports, places, version=3, per_port=direct)


def test_ospf6d_passes_on_what_any_area_tells_so_that_a_split_backbone_is_whole() -> None:
    """a - b - c - d: area 1 between two parts of the backbone. RFC 2328's border routers would not listen there."""
    cables = cabled("a:eth1 b:eth1", "b:eth2 c:eth1", "c:eth2 d:eth1")
    ports = [
        {"eth1": "2001:db8:1::1/64", "lo": "2001:db8::1/128"},
        {"eth1": "2001:db8:1::2/64", "eth2": "2001:db8:2::2/64"},
        {"eth1": "2001:db8:2::3/64", "eth2": "2001:db8:3::3/64"},
        {"eth1": "2001:db8:3::4/64"},
    ]
    places = [None, {"eth2": 1}, {"eth1": 1}, None]
    paper = solved(cables, *map(three, "abcd", ports, places))
    assert "2001:db8::1/128" in paper.snapshot.nodes["d"].fib


def test_which_of_two_that_tell_of_a_prefix_ospf6d_believes_is_unsettled() -> None:
    """The cable between b and c, equally far from a by both."""
    ports = [
        {"eth1": "2001:db8:1::1/64", "eth2": "2001:db8:3::1/64"},
        {"eth1": "2001:db8:1::2/64", "eth2": "2001:db8:2::2/64"},
        {"eth1": "2001:db8:2::3/64", "eth2": "2001:db8:3::3/64"},
    ]
    paper = solved(TRIANGLE, *map(three, "abc", ports))
    assert ("a", "2001:db8:2::/64") in paper.uncertain_entries()


def test_filter_lists_say_which_networks_border_routers_tell_and_nothing_of_ranges() -> None:
    """As ospfd 8.4.4 was seen to, 2026-11-25."""
    rest = PrefixRule(True, parse_prefix("0.0.0.0/0"), 0, 32)
    no = PrefixList("P", 4, (PrefixRule(False, parse_prefix("10.2.1.0/24"), 24, 24), rest))
    nothing = PrefixList("N", 4, (PrefixRule(False, parse_prefix("0.0.0.0/0"), 0, 32),))
    assert told_by_c({}) == {"10.2.1.0/24", "10.0.2.0/24"}
    assert told_by_c({2: OspfArea(filter_in=no)}) == {"10.0.2.0/24"}
    assert told_by_c({2: OspfArea(filter_out=nothing)}) == {"10.2.1.0/24", "10.0.2.0/24"}
    assert told_by_c({0: OspfArea(filter_out=nothing)}) == {"10.2.1.0/24"}
    over = ranged("10.0.0.0/16")  # stands for 10.0.2.0/24
    assert told_by_c({0: replace(over, filter_out=no)}) == {"10.2.1.0/24", "10.0.0.0/16"}
    assert told_by_c({0: replace(over, filter_out=nothing)}) == {"10.2.1.0/24"}
    assert told_by_c({0: over, 2: OspfArea(filter_in=nothing)}) == set()


def told_by_c(areas: dict[int, OspfArea]) -> set[str]:
    """What d in area 2 hears of areas 1 (a - b) and 0 (b - c) by c, which has these settings."""
    paper = solved(
        cabled("a:eth1 b:eth1", "b:eth2 c:eth1", "c:eth2 d:eth1"),
        speaker("a", {"eth1": "10.2.1.1/24"}, {"eth1": 1}),
        speaker("b", {"eth1": "10.2.1.2/24", "eth2": "10.0.2.2/24"}, {"eth1": 1}),
        speaker("c", {"eth1": "10.0.2.3/24", "eth2": "10.2.3.3/24"}, {"eth2": 2}, areas=areas),
        speaker("d", {"eth1": "10.2.3.4/24"}, {"eth1": 2}),
    )
    return {prefix for prefix, route in paper.snapshot.nodes["d"].fib.items() if route.protocol == "ospf"}
