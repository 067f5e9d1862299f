"""A killed daemon's routes: BIRD's and zebra's stay in the kernel, a protocol daemon's of FRR go."""

import pytest

from sim.left_behind import left_behind
from sim.snapshot import NextHop, NodeState, Route, RouteType

STATE = NodeState(
    fib={
        "10.0.0.0/24": Route("10.0.0.0/24", "kernel", (NextHop(None, "eth1"),)),
        "10.1.0.0/24": Route(
            "10.1.0.0/24", "bird", (NextHop("10.0.0.1", "eth1"), NextHop("10.0.0.2", "eth1")), metric=32
        ),
        "10.2.0.0/24": Route("10.2.0.0/24", "bgp", (), RouteType.BLACKHOLE, metric=20),
    }
)


@pytest.mark.parametrize(
    ("daemon", "prefixes"), [("bird", {"10.1.0.0/24"}), ("zebra", {"10.2.0.0/24"}), ("bgpd", set())]
)
def test_a_dead_daemon_leaves_what_it_wrote_itself(daemon: str, prefixes: set[str]) -> None:
    assert {str(each.prefix) for each in left_behind(STATE, daemon)} == prefixes


def test_each_way_of_a_route_stays() -> None:
    assert [str(each.via) for each in left_behind(STATE, "bird")] == ["10.0.0.1", "10.0.0.2"]
