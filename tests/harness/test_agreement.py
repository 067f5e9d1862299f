"""Where two Snapshots part: each kind of entry, with a pair that differs and a pair that only looks different."""

from dataclasses import replace

import pytest
from hand_made import fib, interfaces, snapshot, via

from harness.agreement import differences
from sim.snapshot import Interface, NextHop, NodeState, Route, RouteType, Session

LEAF = NodeState(
    interfaces(lo="10.255.0.1/32", eth1="10.1.0.1/31 fe80::a/64"),
    fib(via("10.0.4.0/24", "10.1.0.0%eth1", "10.1.0.2%eth2", metric=20)),
    sessions=(Session("bgp", "10.1.0.0", "Established", True),),
)


def parted(one: NodeState, other: NodeState) -> list[tuple[str, str]]:
    return [(each.what, each.key) for each in differences(snapshot(leaf1=one), snapshot(leaf1=other))]


def test_a_network_agrees_with_itself():
    assert parted(LEAF, LEAF) == []


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"fib": {}}, ("route", "10.0.4.0/24")),
        ({"fib": fib(via("10.0.4.0/24", "10.1.0.0%eth1", metric=20))}, ("route", "10.0.4.0/24")),
        ({"fib": fib(via("10.0.4.0/24", "10.1.0.0%eth1", "10.1.0.2%eth2", metric=30))}, ("route", "10.0.4.0/24")),
        ({"fib": fib(via("10.0.4.0/24", type=RouteType.BLACKHOLE, metric=20))}, ("route", "10.0.4.0/24")),
        ({"tables": {"100": fib(via("0.0.0.0/0", "10.1.0.0%eth1"))}}, ("route", "0.0.0.0/0 in table 100")),
        ({"interfaces": interfaces(lo="10.255.0.1/32", eth1="10.1.0.3/31")}, ("interface", "eth1")),
        ({"interfaces": interfaces(lo="10.255.0.1/32")}, ("interface", "eth1")),
        ({"sessions": (Session("bgp", "10.1.0.0", "Active", False),)}, ("session", "bgp 10.1.0.0")),
        ({"sessions": ()}, ("session", "bgp 10.1.0.0")),
        ({"running": False}, ("node", "state")),
    ],
)
def test_what_differs_is_named(change, found):
    assert found in parted(LEAF, replace(LEAF, **change))


def test_link_local_next_hops_are_known_by_their_interface():
    one = replace(LEAF, fib=fib(Route("10.0.4.0/24", "bgp", (NextHop("fe80::1", "eth1"),))))
    same = replace(LEAF, fib=fib(Route("10.0.4.0/24", "bgp", (NextHop("fe80::ffff", "eth1"),))))
    elsewhere = replace(LEAF, fib=fib(Route("10.0.4.0/24", "bgp", (NextHop("fe80::1", "eth2"),))))
    assert parted(one, same) == []
    assert parted(one, elsewhere) == [("route", "10.0.4.0/24")]


def test_an_interface_that_is_down_is_no_interface():
    down = replace(LEAF, interfaces={**LEAF.interfaces, "eth9": Interface("eth9", up=False)})
    assert parted(LEAF, down) == []


def test_equal_weights_are_no_weights():
    hops = (NextHop("10.1.0.0", "eth1", 5), NextHop("10.1.0.2", "eth2", 5))
    assert parted(LEAF, replace(LEAF, fib=fib(Route("10.0.4.0/24", "bgp", hops, metric=20)))) == []
    uneven = (NextHop("10.1.0.0", "eth1", 5), NextHop("10.1.0.2", "eth2", 6))
    assert parted(LEAF, replace(LEAF, fib=fib(Route("10.0.4.0/24", "bgp", uneven, metric=20))))


def test_entries_that_may_settle_either_way_are_left_out():
    other = snapshot(leaf1=replace(LEAF, fib={}))
    assert differences(snapshot(leaf1=LEAF), other, besides=[("leaf1", "10.0.4.0/24")]) == []
