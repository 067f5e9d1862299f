"""Where ospf6d 8.4.4 has its own ways, or leaves to chance what others do not (seen 2026-11-25 beside real daemons)."""

from typing import Any

from networks import cabled, solved, ways
from test_solve_ospf import LINE, speaker

from sim.address import parse_prefix
from sim.device import Device
from sim.device.bgp import Redistribution
from sim.device.ospf import OspfArea, OspfInterface
from sim.device.static import StaticRoute
from sim.paper import Paper
from sim.policies.frr_prefixes import PrefixList, PrefixRule
from sim.snapshot import RouteType

SIX: dict[str, Any] = {
    "statics": (StaticRoute(parse_prefix("2001:db8:8::/48"), type=RouteType.BLACKHOLE),),
    "redistributions": (Redistribution("static"),),
}
"""A prefix from outside."""


def three(
    name: str,
    cables: str,
    costs: dict[int, int] | None = None,
    places: dict[int, int] | None = None,
    **settings: object,
) -> Device:
    """A router with a loopback address, and OSPFv3 on these cables by number: `eth4` has an address of cable 4's."""
    numbers = [int(each) for each in cables]
    ports = {f"eth{number}": f"2001:db8:{number}::{ord(name)}/64" for number in numbers}
    ways_ = {
        f"eth{number}": OspfInterface(network="point-to-point", cost=(costs or {}).get(number, 10))
        for number in numbers
    }
    where = {f"eth{number}": area for number, area in (places or {}).items()}
    lo = {"lo": f"2001:db8:0:{ord(name)}::1/128"}
    return speaker(name, ports | lo, where | {"lo": min(where.values()) if len(where) == len(ports) else 0},
                   version=3, per_port=ways_, **settings)  # fmt: skip


def lo(name: str) -> str:
    """The loopback of a router."""
    return f"2001:db8:0:{ord(name):d}::1/128"


def test_a_router_behind_two_parallel_cables_has_both_next_hops() -> None:
    paper = solved(
        cabled("a:eth1 b:eth1", "a:eth2 b:eth2", "b:eth3 c:eth3"),
        three("a", "12"), three("b", "123"), three("c", "3"),
    )  # fmt: skip
    assert {way.split()[1] for way in ways(paper, "a", lo("c"))} == {"eth1", "eth2"}
    assert ("a", lo("c")) not in paper.uncertain_entries()


def test_which_of_parallel_cables_is_added_to_a_shorter_row_of_routers_is_chance() -> None:
    """c is as near by a cable of its own as behind b, to whom there are two cables: one of these is added."""
    paper = solved(
        cabled("a:eth1 b:eth1", "a:eth2 b:eth2", "b:eth3 c:eth3", "a:eth4 c:eth4"),
        three("a", "124", {4: 20}), three("b", "123"), three("c", "34"),
    )  # fmt: skip
    assert paper.uncertain_entries() >= {("a", lo("c"))}
    assert ("a", lo("b")) not in paper.uncertain_entries()
    longer = solved(
        cabled("a:eth1 b:eth1", "b:eth3 c:eth3", "a:eth4 c:eth4"),
        three("a", "14", {4: 20}), three("b", "13"), three("c", "34"),
    )  # fmt: skip
    assert {way.split()[1] for way in ways(longer, "a", lo("c"))} == {"eth1", "eth4"}
    assert ("a", lo("c")) not in longer.uncertain_entries()


def test_ospf6d_passes_on_a_default_that_it_has_from_ospf_itself() -> None:
    """ospfd does not; so that the router with the default hears of it from the one that has it of him."""

    def told(version: int) -> Paper:
        ports = (
            ({"eth1": "2001:db8:1::1/64"}, {"eth1": "2001:db8:1::2/64", "eth2": "2001:db8:2::2/64"})
            if version == 3
            else ({"eth1": "10.0.1.1/24"}, {"eth1": "10.0.1.2/24", "eth2": "10.0.2.2/24"})
        )
        return solved(
            LINE,
            speaker("a", ports[0], version=version, default_originate=True, default_always=True),
            speaker("b", ports[1], version=version, default_originate=True),
        )

    assert {way.split()[1] for way in ways(told(3), "a", "::/0")} == {"eth1"}
    assert ways(told(2), "a", "0.0.0.0/0") == set()


def ring(kind: str, **costs: int) -> Paper:
    """a and b share cable 1 of the backbone, and c of area 1 (cables 2 and 3), by which they are 20 apart."""
    areas = {1: OspfArea(kind)}  # type: ignore[arg-type]
    return solved(
        cabled("a:eth1 b:eth1", "b:eth2 c:eth2", "a:eth3 c:eth3"),
        three("a", "13", {1: costs.get("a", 10)}, {3: 1}, areas=areas),
        three("b", "12", {1: costs.get("b", 10)}, {2: 1}, areas=areas, **SIX),
        three("c", "23", places={2: 1, 3: 1}, areas=areas),
    )


def test_the_default_of_a_stub_area_with_two_border_routers_is_unsettled_everywhere() -> None:
    assert {("a", "::/0"), ("b", "::/0"), ("c", "::/0")} <= ring("stub").uncertain_entries()
    assert not any(prefix == "::/0" for _, prefix in ring("normal").uncertain_entries())


def test_ospf6d_hears_a_border_router_in_the_area_that_leads_to_it_and_in_no_other() -> None:
    """In the backbone at equal cost, too."""
    near = ring("stub", a=20)
    assert ways(near, "a", "::/0") == set()
    far = ring("stub", a=30, b=30)
    assert {way.split()[1] for way in ways(far, "a", "::/0")} == {"eth3"}


def test_of_equal_ways_to_a_boundary_router_ospf6d_takes_those_of_the_lowest_area() -> None:
    assert {way.split()[1] for way in ways(ring("normal", a=20), "a", "2001:db8:8::/48")} == {"eth1"}


def test_what_a_boundary_router_told_before_a_stub_area_led_to_it_may_stay() -> None:
    paper = ring("stub", a=30)
    assert {way.split()[1] for way in ways(paper, "a", "2001:db8:8::/48")} == {"eth1"}
    assert ("a", "2001:db8:8::/48") in paper.uncertain_entries()
    assert ("a", "2001:db8:8::/48") not in ring("stub", a=10).uncertain_entries()


def square(costs_of_b: dict[int, int]) -> Paper:
    """Border routers b and c between x (area 1, cables 1 and 2) and s (area 0, cables 3 and 4), who redistributes."""
    return solved(
        cabled("x:eth1 b:eth1", "x:eth2 c:eth2", "b:eth3 s:eth3", "c:eth4 s:eth4"),
        three("x", "12", places={1: 1, 2: 1}),
        three("b", "13", costs_of_b, {1: 1}),
        three("c", "24", places={2: 1}),
        three("s", "34", **SIX),
    )


def test_which_of_several_border_routers_still_tell_of_a_boundary_router_is_chance() -> None:
    assert ("x", "2001:db8:8::/48") in square({3: 20}).uncertain_entries()
    alone = solved(
        cabled("x:eth1 b:eth1", "b:eth3 s:eth3"),
        three("x", "1", places={1: 1}), three("b", "13", places={1: 1}), three("s", "3", **SIX),
    )  # fmt: skip
    assert ("x", "2001:db8:8::/48") not in alone.uncertain_entries()
    assert {way.split()[1] for way in ways(alone, "x", "2001:db8:8::/48")} == {"eth1"}


def test_a_shorter_way_that_another_border_router_told_first_may_stay() -> None:
    """b's own cable in the backbone is longer than the way round by x and c, and counts before it."""
    assert {way.split()[1] for way in ways(square({3: 40}), "b", "2001:db8:8::/48")} == {"eth3"}
    assert ("b", "2001:db8:8::/48") in square({3: 40}).uncertain_entries()
    assert ("b", "2001:db8:8::/48") not in square({3: 20}).uncertain_entries()


def test_ospf6d_asks_filters_about_passed_on_networks_and_never_for_ranges() -> None:
    """c tells d of area 1 (behind b) and of the backbone: eight networks with real daemons."""
    denied = parse_prefix(lo("a"))
    some = PrefixList("P", 6, (PrefixRule(False, denied, 128, 128), PrefixRule(True, parse_prefix("::/0"), 0, 128)))
    nothing = PrefixList("N", 6, (PrefixRule(False, parse_prefix("::/0"), 0, 128),))

    def told(area_0: OspfArea, area_2: OspfArea | None = None) -> set[str]:
        paper = solved(
            cabled("a:eth1 b:eth1", "b:eth2 c:eth2", "c:eth3 d:eth3"),
            three("a", "1", places={1: 1}),
            three("b", "12", places={1: 1}),
            three("c", "23", places={3: 2}, areas={0: area_0, 2: area_2 or OspfArea()}),
            three("d", "3", places={3: 2}),
        )
        return {each for each in (lo("a"), lo("b"), "2001:db8::/40") if each in paper.snapshot.nodes["d"].fib}

    over = ((parse_prefix("2001:db8::/40"), True, None),)
    assert told(OspfArea()) == {lo("a"), lo("b")}
    assert told(OspfArea(filter_out=some)) == {lo("b")}
    assert told(OspfArea(ranges=over)) == {lo("a"), "2001:db8::/40"}
    assert told(OspfArea(ranges=over, filter_out=nothing), OspfArea(filter_in=nothing)) == {"2001:db8::/40"}
