"""Flows forwarded by a real router with several next hops, counted and compared with the kernel's own prediction."""

from collections.abc import Iterator

import pytest
from probe_network import Network

from harness import statistics
from harness.probes.prober import Prober
from sim.errors import ProbeError
from sim.snapshot import NextHop

pytestmark = pytest.mark.kernel


def fan(width: int) -> Network:
    """a - r - {n1..nW}: the router has as many equal ways to 10.9.0.0/16 and to 2001:db8:9::/64."""
    net = Network("a", "r", *[f"n{n}" for n in range(1, width + 1)])
    net.cable("a:eth1", "r:eth1", "10.0.1.2/24", "10.0.1.1/24", "2001:db8:1::2/64", "2001:db8:1::1/64")
    for n in range(1, width + 1):
        addresses = (f"10.1.{n}.1/24", f"10.1.{n}.2/24", f"2001:db8:1{n}::1/64", f"2001:db8:1{n}::2/64")
        net.cable(f"r:swp{n}", f"n{n}:eth1", *addresses)
    net.node("r").sysctl(
        net__ipv4__ip_forward=1,
        net__ipv6__conf__all__forwarding=1,
        net__ipv4__fib_multipath_hash_policy=1,
        net__ipv6__fib_multipath_hash_policy=1,
    )
    return net


def route(net: Network, prefix: str, *hops: str) -> None:
    words = [word for hop in hops for word in ("nexthop", "via", *hop.split())]
    net.node("r").run(["ip", "route", "replace", prefix, *words])


@pytest.fixture
def net() -> Iterator[Network]:
    with fan(4) as network:
        yield network


def test_ten_thousand_flows_go_where_the_kernel_says(net: Network, prober: Prober) -> None:
    route(net, "10.9.0.0/16", *[f"10.1.{n}.2" for n in range(1, 5)])
    found = prober.spread("r", "10.9.0.0/16", 10_000)
    assert (found.lost, found.mismatches) == (0, 0)
    assert found.counts == found.predicted
    assert set(found.counts) == {NextHop(f"10.1.{n}.2", f"swp{n}") for n in range(1, 5)}
    assert statistics.chi_square(list(found.counts.values()), [1] * 4).p_value > 1e-6


def test_weights_are_kept(net: Network, prober: Prober) -> None:
    route(net, "10.9.0.0/16", "10.1.1.2 weight 3", "10.1.2.2 weight 1")
    found = prober.spread("r", "10.9.0.0/16", 2_000)
    counts = [found.counts[NextHop("10.1.1.2", "swp1", 3)], found.counts[NextHop("10.1.2.2", "swp2", 1)]]
    assert found.lost == 0
    assert statistics.chi_square(counts, [3, 1]).p_value > 1e-6


def test_ipv6_flows_are_spread(net: Network, prober: Prober) -> None:
    route(net, "2001:db8:9::/64", *[f"2001:db8:1{n}::2" for n in range(1, 5)])
    found = prober.spread("r", "2001:db8:9::/64", 1_000)
    assert (found.lost, found.mismatches) == (0, 0)
    assert min(found.counts.values()) > 150


def test_routers_on_one_cable_are_told_apart(net: Network, prober: Prober) -> None:
    """Two next hops by one interface: the destination MAC tells which."""
    r, n1 = net.node("r"), net.node("n1")
    n1.run(["ip", "link", "add", "link", "eth1", "name", "second", "type", "macvlan", "mode", "bridge"])
    n1.run(["ip", "addr", "add", "10.1.1.3/24", "dev", "second"])
    n1.run(["ip", "link", "set", "second", "up"])
    n1.sysctl(net__ipv4__conf__all__arp_ignore=1)
    route(net, "10.9.0.0/16", "10.1.1.2", "10.1.1.3")
    found = prober.spread("r", "10.9.0.0/16", 400)
    assert r.run(["ip", "neigh"]).text.count("lladdr") >= 2
    assert found.lost == found.mismatches == 0
    assert min(found.counts.values()) > 100


def test_one_way_only_has_a_width_of_one(net: Network, prober: Prober) -> None:
    net.node("r").run(["ip", "route", "add", "10.9.0.0/16", "via", "10.1.1.2"])
    found = prober.spread("r", "10.9.0.0/16", 100)
    assert found.counts == {NextHop("10.1.1.2", "swp1"): 100}


def test_a_member_behind_a_filter_is_counted_as_lost(net: Network, prober: Prober) -> None:
    route(net, "10.9.0.0/16", "10.1.1.2", "10.1.2.2")
    net.node("r").run(["iptables", "-A", "FORWARD", "-o", "swp2", "-j", "DROP"])
    found = prober.spread("r", "10.9.0.0/16", 500)
    assert found.predicted is not None
    assert found.lost == found.predicted[NextHop("10.1.2.2", "swp2")] > 100
    assert found.counts[NextHop("10.1.2.2", "swp2")] == 0


def test_a_next_hop_that_is_not_there_loses_its_share(net: Network, prober: Prober) -> None:
    route(net, "10.9.0.0/16", "10.1.1.2", "10.1.2.77")
    found = prober.spread("r", "10.9.0.0/16", 200)
    assert found.counts[NextHop("10.1.2.77", "swp2")] == 0
    assert found.lost > 50


def test_hashing_addresses_only_varies_the_addresses(net: Network, prober: Prober) -> None:
    net.node("r").sysctl(net__ipv4__fib_multipath_hash_policy=0)
    route(net, "10.9.0.0/16", "10.1.1.2", "10.1.2.2")
    found = prober.spread("r", "10.9.0.0/16", 500)
    assert found.lost == found.mismatches == 0
    assert min(found.counts.values()) > 150


@pytest.mark.parametrize("policy", [0, 1])
def test_flows_of_the_default_route_avoid_what_has_a_longer_prefix(net: Network, prober: Prober, policy: int) -> None:
    net.node("r").sysctl(net__ipv4__fib_multipath_hash_policy=policy)
    route(net, "default", "10.1.1.2", "10.1.2.2")
    net.node("r").run(["ip", "route", "add", "blackhole", "1.0.0.0/8"])
    found = prober.spread("r", "0.0.0.0/0", 500)
    assert found.lost == found.mismatches == 0
    assert min(found.counts.values()) > 150


def test_a_prefix_that_longer_ones_cover_is_not_asked(net: Network, prober: Prober) -> None:
    route(net, "10.9.0.0/31", "10.1.1.2", "10.1.2.2")
    for address in ("10.9.0.0", "10.9.0.1"):
        net.node("r").run(["ip", "route", "add", address, "via", "10.1.3.2"])
    with pytest.raises(ProbeError, match=r"every address of 10\.9\.0\.0/31 has a longer prefix"):
        prober.spread("r", "10.9.0.0/31", 100)


def test_a_prefix_without_a_route_is_an_error_of_the_instrument(prober: Prober) -> None:
    with pytest.raises(ProbeError, match=r"no route to 10\.99\.0\.0/16"):
        prober.spread("r", "10.99.0.0/16", 10)
    with pytest.raises(ProbeError, match=r"does not run|no neighbour"):
        prober.spread("nobody", "10.99.0.0/16", 10)
