"""zebra on paper: statics, recursive next hops, what reaches the kernel."""

from networks import cabled, route, router, solved, static, ways

from sim.snapshot import RouteType

TRIO = cabled("a:eth1 b:eth1", "b:eth2 c:eth1")


def test_a_static_route_resolves_over_another() -> None:
    one = router(
        "a", {"eth1": "10.0.0.1/24"}, statics=(static("10.9.0.0/16", "10.8.0.1"), static("10.8.0.0/24", "10.0.0.2"))
    )
    paper = solved(TRIO, one, router("b", {"eth1": "10.0.0.2/24"}), router("c", {}))
    assert ways(paper, "a", "10.9.0.0/16") == {"10.0.0.2 eth1"}


def test_a_static_route_over_the_default_route_is_not_used() -> None:
    one = router(
        "a", {"eth1": "10.0.0.1/24"}, statics=(static("10.9.0.0/16", "10.8.0.1"), static("0.0.0.0/0", "10.0.0.2"))
    )
    paper = solved(TRIO, one, router("b", {"eth1": "10.0.0.2/24"}), router("c", {}))
    assert ways(paper, "a", "10.9.0.0/16") == set()
    assert ways(paper, "a", "0.0.0.0/0") == {"10.0.0.2 eth1"}


def test_the_lower_distance_wins_and_the_other_stands_by() -> None:
    statics = (static("10.9.0.0/16", "10.0.0.2", distance=5), static("10.9.0.0/16", "10.0.0.3"))
    paper = solved(TRIO, router("a", {"eth1": "10.0.0.1/24"}, statics=statics), router("b", {}), router("c", {}))
    assert ways(paper, "a", "10.9.0.0/16") == {"10.0.0.3 eth1"}


def test_two_ways_of_one_static_route_share_the_load() -> None:
    statics = (static("10.9.0.0/16", "10.0.0.2"), static("10.9.0.0/16", "10.0.0.3"))
    paper = solved(TRIO, router("a", {"eth1": "10.0.0.1/24"}, statics=statics), router("b", {}), router("c", {}))
    assert ways(paper, "a", "10.9.0.0/16") == {"10.0.0.2 eth1", "10.0.0.3 eth1"}


def test_a_route_to_null0_is_a_blackhole_with_zebras_metric() -> None:
    paper = solved(
        TRIO,
        router("a", {}, statics=(static("10.0.0.0/8", type=RouteType.BLACKHOLE),)),
        router("b", {}),
        router("c", {}),
    )
    found = route(paper, "a", "10.0.0.0/8")
    assert (found.type, found.metric, found.protocol) == (RouteType.BLACKHOLE, 20, "static")


def test_a_connected_network_prefers_the_ports_address_as_source() -> None:
    paper = solved(TRIO, router("a", {"eth1": "10.0.0.1/24"}), router("b", {}), router("c", {}))
    assert route(paper, "a", "10.0.0.0/24").source == "10.0.0.1"
