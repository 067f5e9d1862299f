"""OSPF on paper: who becomes adjacent, areas, routes to the outside."""

from dataclasses import replace
from typing import Any

from networks import FRR, cabled, route, router, solved, static, ways

from sim.address import parse_address, parse_prefix
from sim.device import Device
from sim.device.bgp import Redistribution
from sim.device.ospf import OspfArea, OspfInstance, OspfInterface
from sim.paper import Paper
from sim.snapshot import RouteType

LINE = cabled("a:eth1 b:eth1", "b:eth2 c:eth1")
TRIANGLE = cabled("a:eth1 b:eth1", "b:eth2 c:eth1", "c:eth2 a:eth2")


def speaker(name: str, ports: dict[str, str], places: dict[str, int] | None = None, **settings: Any) -> Device:
    """A router with OSPF on every port, in area 0 unless said otherwise."""
    per_port = settings.pop("per_port", {})
    statics = settings.pop("statics", ())
    found = {port: replace(per_port.get(port, OspfInterface()), area=(places or {}).get(port, 0)) for port in ports}
    instance = OspfInstance(router_id=parse_address(f"9.9.9.{ord(name[0])}"), interfaces=found, **settings)
    return replace(router(name, ports, statics=statics), ospf=(instance,), daemons=FRR)


def line(areas_of_c: int = 0, **of_c: Any) -> Paper:
    """a - b - c; c may be in another area than the rest."""
    return solved(
        LINE,
        speaker("a", {"eth1": "10.0.1.1/24", "lo": "10.1.0.1/32"}),
        speaker("b", {"eth1": "10.0.1.2/24", "eth2": "10.0.2.2/24"}, {"eth2": areas_of_c}),
        speaker("c", {"eth1": "10.0.2.3/24", "lo": "10.1.0.3/32"}, {"eth1": areas_of_c, "lo": areas_of_c}, **of_c),
    )


def test_routes_pass_through_the_middle() -> None:
    assert ways(line(), "a", "10.1.0.3/32") == {"10.0.1.2 eth1"}
    assert {session.up for session in line().snapshot.nodes["b"].sessions} == {True}


def test_equal_ways_share_the_load() -> None:
    paper = solved(
        TRIANGLE,
        speaker("a", {"eth1": "10.0.1.1/24", "eth2": "10.0.3.1/24"}),
        speaker("b", {"eth1": "10.0.1.2/24", "eth2": "10.0.2.2/24"}),
        speaker("c", {"eth1": "10.0.2.3/24", "eth2": "10.0.3.3/24"}),
    )
    assert ways(paper, "a", "10.0.2.0/24") == {"10.0.1.2 eth1", "10.0.3.3 eth2"}


def test_hello_intervals_that_differ_keep_two_routers_apart() -> None:
    paper = line(per_port={"eth1": OspfInterface(hello_s=5)})
    assert ways(paper, "a", "10.1.0.3/32") == set()
    assert [session.state for session in paper.snapshot.nodes["c"].sessions] == ["Down"]


def test_a_border_router_tells_an_area_of_the_other() -> None:
    assert ways(line(areas_of_c=1), "a", "10.1.0.3/32") == {"10.0.1.2 eth1"}
    assert ways(line(areas_of_c=1), "c", "10.1.0.1/32") == {"10.0.2.2 eth1"}


def stub(kind: str, **area: Any) -> Paper:
    """a redistributes a static route; b borders c's area of that kind, c redistributes, too."""
    settings = {1: OspfArea(kind=kind, **area)}  # type: ignore[arg-type]
    takes = (Redistribution("static"),)
    return solved(
        LINE,
        speaker("a", {"eth1": "10.0.1.1/24"}, statics=(static("10.8.0.0/16", "10.0.1.9"),), redistributions=takes),
        speaker("b", {"eth1": "10.0.1.2/24", "eth2": "10.0.2.2/24"}, {"eth2": 1}, areas=settings),
        speaker("c", {"eth1": "10.0.2.3/24"}, {"eth1": 1}, areas=settings,
                statics=(static("10.7.0.0/16", "10.0.2.9"),), redistributions=takes),
    )  # fmt: skip


def test_a_normal_area_hears_of_the_outside() -> None:
    paper = stub("normal")
    assert ways(paper, "c", "10.8.0.0/16") == {"10.0.2.2 eth1"}
    assert ways(paper, "a", "10.7.0.0/16") == {"10.0.1.2 eth1"}


def test_a_stub_area_has_a_default_route_instead_of_the_outside() -> None:
    paper = stub("stub")
    assert ways(paper, "c", "10.8.0.0/16") == set()
    assert ways(paper, "c", "0.0.0.0/0") == {"10.0.2.2 eth1"}
    assert ways(paper, "c", "10.0.1.0/24") == {"10.0.2.2 eth1"}


def test_a_totally_stubby_area_has_nothing_but_the_default_route() -> None:
    paper = stub("stub", no_summary=True)
    assert ways(paper, "c", "10.0.1.0/24") == set()
    assert ways(paper, "c", "0.0.0.0/0") == {"10.0.2.2 eth1"}


def test_routes_from_an_nssa_are_told_to_everybody() -> None:
    paper = stub("nssa")
    assert ways(paper, "b", "10.7.0.0/16") == {"10.0.2.9 eth2"}
    assert ways(paper, "a", "10.7.0.0/16") == {"10.0.1.2 eth1"}
    assert ways(paper, "c", "10.8.0.0/16") == set()
    assert ways(paper, "c", "0.0.0.0/0") == {"10.0.2.2 eth1"}


def test_a_range_stands_for_what_it_holds() -> None:
    paper = solved(
        LINE,
        speaker("a", {"eth1": "10.0.1.1/24"}),
        speaker("b", {"eth1": "10.0.1.2/24", "eth2": "10.2.0.2/24"}, {"eth2": 1},
                areas={1: OspfArea(ranges=((parse_prefix("10.2.0.0/16"), True, None),))}),
        speaker("c", {"eth1": "10.2.0.3/24"}, {"eth1": 1}),
    )  # fmt: skip
    assert ways(paper, "a", "10.2.0.0/16") == {"10.0.1.2 eth1"}
    assert ways(paper, "a", "10.2.0.0/24") == set()
    assert route(paper, "b", "10.2.0.0/16").type is RouteType.BLACKHOLE


def test_an_external_route_with_a_gateway_on_a_network_of_ospf_is_sent_to_that_gateway() -> None:
    """The forwarding address (RFC 2328 16.4, 3): b's static route points at a host on the network that a is on, too."""
    paper = solved(
        LINE,
        speaker("a", {"eth1": "10.0.1.1/24"}),
        speaker("b", {"eth1": "10.0.1.2/24", "eth2": "10.0.2.2/24"},
                statics=(static("10.8.0.0/16", "10.0.1.9"),), redistributions=(Redistribution("static"),)),
        speaker("c", {"eth1": "10.0.2.3/24"}),
    )  # fmt: skip
    assert ways(paper, "a", "10.8.0.0/16") == {"10.0.1.9 eth1"}


def test_the_default_route_is_originated_where_there_is_one() -> None:
    def with_default(*statics: Any, **settings: Any) -> Paper:
        return line(default_originate=True, statics=statics, **settings)

    assert ways(with_default(), "a", "0.0.0.0/0") == set()
    assert ways(with_default(default_always=True), "a", "0.0.0.0/0") == {"10.0.1.2 eth1"}
    assert ways(with_default(static("0.0.0.0/0", "10.0.2.9")), "a", "0.0.0.0/0") == {"10.0.1.2 eth1"}


def test_ospf_has_distance_110() -> None:
    assert route(line(), "a", "10.1.0.3/32").preference == 110


def test_of_several_gateways_the_lowest_is_told_to_others() -> None:
    """Which is a itself, on the cable that b shares with it, so that a takes nothing from b."""

    def told(*gateways: str) -> set[str]:
        outside = {
            "redistributions": (Redistribution("static"),),
            "statics": tuple(static("10.8.0.0/16", each) for each in gateways),
        }
        return ways(
            solved(
                LINE,
                speaker("a", {"eth1": "10.0.1.1/24"}),
                speaker("b", {"eth1": "10.0.1.2/24", "eth2": "10.0.2.2/24"}, **outside),
            ),
            "a",
            "10.8.0.0/16",
        )

    assert told("10.0.2.3", "10.0.1.1") == set()
    assert told("10.0.2.3") == {"10.0.1.2 eth1"}
