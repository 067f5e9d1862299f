"""Each disposition, produced by a real network that has that fault."""

import socket
import threading
from contextlib import suppress

import pytest
from probe_network import Network, listen

from harness.probes.prober import Prober
from sim.errors import ProbeError
from sim.flow import Disposition, Flow, Hop, Trace
from sim.topology.facts import Facts, Service
from sim.topology.model import Node

pytestmark = pytest.mark.kernel

THERE = (Hop("a", None, "eth1"), Hop("r1", "eth1", "eth2"), Hop("r2", "eth1", "eth2"), Hop("b", "eth1", None))


def both(prober: Prober, flow: Flow) -> Trace:
    """The bulk probe and the single one must agree on disposition and place; the single one's Trace."""
    single, [bulk] = prober.trace(flow), prober.traces([flow])
    assert (bulk.disposition, bulk.where) == (single.disposition, single.where), (bulk, single)
    return single


def ends(trace: Trace) -> tuple[Disposition, str | None]:
    return trace.disposition, trace.where


def test_a_listener_answers_and_the_path_is_seen(net: Network, prober: Prober) -> None:
    with listen(net.node("b"), 80):
        trace = both(prober, Flow("a", "b", "tcp", dport=80))
    assert ends(trace) == (Disposition.DELIVERED, "b")
    assert trace.paths == (THERE,)
    assert trace.answer_from == "10.0.3.2"
    assert trace.round_trip_s is not None and 0 < trace.round_trip_s < 1


def test_an_echo_is_answered_over_ipv4_and_ipv6(prober: Prober) -> None:
    for destination in ("b", "2001:db8:3::2"):
        trace = prober.trace(Flow("a", destination))
        assert ends(trace) == (Disposition.DELIVERED, "b")
        assert trace.paths == (THERE,)


def test_a_node_reaches_itself(prober: Prober) -> None:
    trace = both(prober, Flow("a", "a"))
    assert trace.delivered
    assert trace.paths == ((Hop("a"),),)


@pytest.mark.parametrize("destination", ["b", "2001:db8:3::2"])
@pytest.mark.parametrize("protocol", ["tcp", "udp"])
def test_a_closed_port_is_refused_by_the_host(prober: Prober, protocol: str, destination: str) -> None:
    trace = both(prober, Flow("a", destination, protocol, dport=81))  # type: ignore[arg-type]
    assert ends(trace) == (Disposition.REFUSED, "b")
    assert trace.paths == (THERE,)


def test_silence_of_a_closed_udp_port_is_refusal_too(prober: Prober) -> None:
    """A host sends one ICMP error a second to the same peer, after a burst of six (icmp(7), icmp_ratelimit)."""
    traces = prober.traces([Flow("a", "b", "udp", dport=9000 + n) for n in range(20)])
    assert {each.disposition for each in traces} == {Disposition.REFUSED}
    assert any("nobody listens" in each.why for each in traces)


@pytest.mark.parametrize(
    ("node", "rule", "expected"),
    [
        ("b", "-A INPUT -p tcp -m tcp --dport 80 -j DROP", Disposition.DENIED_IN),
        ("b", "-A INPUT -p tcp -m tcp --dport 80 -j REJECT --reject-with tcp-reset", Disposition.DENIED_IN),
        ("b", "-A INPUT -p tcp -m tcp --dport 80 -j REJECT --reject-with icmp-port-unreachable", Disposition.DENIED_IN),
        ("r1", "-A FORWARD -i eth1 -p tcp -m tcp --dport 80 -j DROP", Disposition.DENIED_IN),
        ("r2", "-A FORWARD -o eth2 -p tcp -m tcp --dport 80 -j DROP", Disposition.DENIED_OUT),
        ("r2", "-A FORWARD -p tcp -m tcp --dport 80 -j REJECT --reject-with tcp-reset", Disposition.DENIED_IN),
        (
            "r2",
            "-A FORWARD -p tcp -m tcp --dport 80 -j REJECT --reject-with icmp-host-prohibited",
            Disposition.DENIED_IN,
        ),
        ("a", "-A OUTPUT -p tcp -m tcp --dport 80 -j DROP", Disposition.DENIED_OUT),
        ("b", "-A OUTPUT -p tcp -m tcp --sport 80 -j DROP", Disposition.NO_ANSWER),
        ("r1", "-A FORWARD -i eth2 -p tcp -m tcp --sport 80 -j DROP", Disposition.NO_ANSWER),
        ("a", "-A INPUT -p tcp -m tcp --sport 80 -j DROP", Disposition.NO_ANSWER),
    ],
)
def test_a_filter_rule_is_named(net: Network, prober: Prober, node: str, rule: str, expected: Disposition) -> None:
    net.node(node).run(["iptables", "-t", "filter", *rule.split()])
    with listen(net.node("b"), 80):
        trace = both(prober, Flow("a", "b", "tcp", dport=80))
        assert prober.traces([Flow("a", "b", "icmp")])[0].delivered
    assert ends(trace) == (expected, node)
    assert rule in trace.why


def test_each_port_of_a_matrix_has_its_own_rule(net: Network, prober: Prober) -> None:
    for port in (81, 82, 83):
        net.node("b").run(["iptables", "-A", "INPUT", "-p", "tcp", "--dport", str(port), "-j", "DROP"])
    flows = [Flow(source, "b", "tcp", dport=port) for source in ("a", "r1") for port in (81, 82, 83)]
    for flow, trace in zip(flows, prober.traces(flows), strict=True):
        assert ends(trace) == (Disposition.DENIED_IN, "b")
        assert f"--dport {flow.dport} " in trace.why


def test_a_chain_policy_is_named(net: Network, prober: Prober) -> None:
    net.node("r1").run(["iptables", "-P", "FORWARD", "DROP"])
    trace = both(prober, Flow("a", "b"))
    assert ends(trace) == (Disposition.DENIED_IN, "r1")
    assert "policy of FORWARD DROP" in trace.why


@pytest.mark.parametrize("counted", ["counter ", ""])
def test_an_nftables_rule_is_named_even_if_it_does_not_count(net: Network, prober: Prober, counted: str) -> None:
    rules = (
        f"table inet own {{\nchain input {{\ntype filter hook input priority 0\ntcp dport 80 {counted}drop\n}}\n}}\n"
    )
    net.node("b").run(["nft", "-f", "-"], stdin=rules.encode())
    with listen(net.node("b"), 80):
        trace = both(prober, Flow("a", "b", "tcp", dport=80))
    assert ends(trace) == (Disposition.DENIED_IN, "b")
    assert "tcp dport 80" in trace.why
    assert ("most likely" in trace.why) == (not counted)


@pytest.mark.parametrize("kind", ["blackhole", "prohibit", "unreachable"])
@pytest.mark.parametrize("node", ["a", "r1"])
def test_a_route_that_drops_is_null_routed(net: Network, prober: Prober, node: str, kind: str) -> None:
    net.node(node).run(["ip", "route", "add", kind, "10.0.3.2/32"])
    trace = both(prober, Flow("a", "b"))
    assert ends(trace) == (Disposition.NULL_ROUTED, node)
    assert kind in trace.why


@pytest.mark.parametrize("node", ["a", "r1"])
def test_no_route(net: Network, prober: Prober, node: str) -> None:
    net.node(node).run(["ip", "route", "del", "10.0.3.0/24" if node == "r1" else "default"])
    trace = both(prober, Flow("a", "b"))
    assert ends(trace) == (Disposition.NO_ROUTE, node)


def test_no_route_over_ipv6(net: Network, prober: Prober) -> None:
    net.node("r1").run(["ip", "-6", "route", "del", "2001:db8:3::/64"])
    assert ends(both(prober, Flow("a", "2001:db8:3::2"))) == (Disposition.NO_ROUTE, "r1")


def test_a_router_that_does_not_forward(net: Network, prober: Prober) -> None:
    net.node("r2").sysctl(net__ipv4__ip_forward=0)
    trace = both(prober, Flow("a", "b"))
    assert ends(trace) == (Disposition.NO_ROUTE, "r2")
    assert "forwarding is 0" in trace.why


def test_no_route_back(net: Network, prober: Prober) -> None:
    net.node("b").run(["ip", "route", "del", "default"])
    trace = both(prober, Flow("a", "b"))
    assert ends(trace) == (Disposition.NO_ANSWER, "b")
    assert "no way back to 10.0.1.2" in trace.why


def test_the_answer_dies_on_its_way(net: Network, prober: Prober) -> None:
    net.node("r2").run(["ip", "route", "replace", "blackhole", "10.0.1.0/24"])
    trace = both(prober, Flow("a", "b"))
    assert ends(trace) == (Disposition.NO_ANSWER, "r2")
    assert "blackhole" in trace.why


def test_a_neighbour_that_does_not_answer(prober: Prober) -> None:
    trace = both(prober, Flow("a", "10.0.3.77"))
    assert ends(trace) == (Disposition.NEIGHBOR_UNREACHABLE, "r2")
    assert "10.0.3.77 did not answer ARP on eth2" in trace.why


def test_a_routing_loop(net: Network, prober: Prober) -> None:
    net.node("r2").run(["ip", "route", "add", "10.9.0.0/16", "via", "10.0.2.1"])
    net.node("r1").run(["ip", "route", "add", "10.9.0.0/16", "via", "10.0.2.2"])
    trace = both(prober, Flow("a", "10.9.0.1"))
    assert trace.disposition is Disposition.LOOP
    assert [hop.node for hop in trace.paths[0]] == ["a", "r1", "r2", "r1"]


def test_reverse_path_filtering(net: Network, prober: Prober) -> None:
    net.node("r2").run(["ip", "route", "replace", "10.0.1.0/24", "via", "10.0.3.2"])
    net.node("r2").sysctl(net__ipv4__conf__eth1__rp_filter=1)
    trace = both(prober, Flow("a", "b"))
    assert ends(trace) == (Disposition.DENIED_IN, "r2")
    assert "rp_filter on eth1" in trace.why


def test_a_smaller_mtu_on_the_way_lets_small_packets_pass(net: Network, prober: Prober) -> None:
    net.node("r1").run(["ip", "link", "set", "eth2", "mtu", "1400"])
    for protocol in ("icmp", "udp", "tcp"):
        with listen(net.node("b"), 80):
            flow = Flow("a", "b", protocol, dport=None if protocol == "icmp" else 80)  # type: ignore[arg-type]
            assert ends(prober.trace(flow, size_bytes=1401)) == (Disposition.TOO_BIG, "r1")
            assert prober.trace(flow, size_bytes=1400).disposition is not Disposition.TOO_BIG


def test_an_mtu_black_hole_on_a_cable(net: Network, prober: Prober) -> None:
    """The far end takes less than the near end sends, and nobody says so."""
    net.node("r2").run(["ip", "link", "set", "eth1", "mtu", "1400"])
    trace = prober.trace(Flow("a", "b"), size_bytes=1500)
    assert ends(trace) == (Disposition.TOO_BIG, "r2")
    assert prober.trace(Flow("a", "b"), size_bytes=1400).delivered


def test_a_packet_larger_than_the_senders_own_mtu(prober: Prober) -> None:
    assert ends(prober.trace(Flow("a", "b"), size_bytes=1501)) == (Disposition.TOO_BIG, "a")


def test_a_silent_udp_listener(net: Network, prober: Prober) -> None:
    with listen(net.node("b"), 53, kind=socket.SOCK_DGRAM):
        trace = prober.trace(Flow("a", "b", "udp", dport=53))
    assert ends(trace) == (Disposition.NO_ANSWER, "b")


def test_a_slow_answer_is_no_denial_while_a_rule_drops_other_packets(net: Network, prober: Prober) -> None:
    b, over, timers = net.node("b"), threading.Event(), list[threading.Timer]()
    b.run(["iptables", "-A", "INPUT", "-p", "udp", "--dport", "53", "-j", "ACCEPT"])
    b.run(["iptables", "-P", "INPUT", "DROP"])
    out = net.node("a").socket(socket.AF_INET, socket.SOCK_DGRAM)
    with out, listen(b, 53, kind=socket.SOCK_DGRAM) as service:
        service.settimeout(0.2)

        def serve() -> None:
            while not over.is_set():
                with suppress(TimeoutError):
                    timers.append(threading.Timer(0.1, service.sendto, service.recvfrom(512)))
                    timers[-1].start()

        def disturb() -> None:
            while not over.wait(0.001):
                out.sendto(b"", ("10.0.3.2", 9))

        threads = [threading.Thread(target=each) for each in (serve, disturb)]
        for thread in threads:
            thread.start()
        found = [prober.trace(Flow("a", "b", "udp", dport=53)), *prober.traces([Flow("a", "b", "udp", dport=53)])]
        over.set()
        for thread in [*threads, *timers]:
            thread.join()
    assert [trace.disposition for trace in found] == [Disposition.DELIVERED] * 2, found


def test_an_answer_from_another_address_is_told(net: Network, prober: Prober) -> None:
    """A service on the wildcard address answers from the address of the interface, not from the one that was asked."""
    net.node("b").run(["ip", "addr", "add", "10.0.9.9/32", "dev", "lo"])
    net.node("r2").run(["ip", "route", "add", "10.0.9.9/32", "via", "10.0.3.2"])
    net.node("r1").run(["ip", "route", "add", "10.0.9.9/32", "via", "10.0.2.2"])
    with listen(net.node("b"), 53, kind=socket.SOCK_DGRAM) as service:
        service.settimeout(5)

        def serve() -> None:
            data, peer = service.recvfrom(512)
            other = net.node("b").socket(socket.AF_INET, socket.SOCK_DGRAM)
            other.bind(("10.0.3.2", 5353))
            other.sendto(data, peer)
            other.close()

        thread = threading.Thread(target=serve)
        thread.start()
        [trace] = prober.traces([Flow("a", "10.0.9.9", "udp", dport=53)])
        thread.join()
    assert trace.delivered
    assert trace.answer_from == "10.0.3.2"


def test_a_destination_means_its_service_address_then_its_loopback(net: Network) -> None:
    for address in ("10.0.9.9", "10.0.9.10"):
        net.node("b").run(["ip", "addr", "add", f"{address}/32", "dev", "lo"])
        net.node("r2").run(["ip", "route", "add", f"{address}/32", "via", "10.0.3.2"])
        net.node("r1").run(["ip", "route", "add", f"{address}/32", "via", "10.0.2.2"])
    service = Service(name="web", address="10.0.9.10", port=80, protocol="http")  # type: ignore[arg-type]
    topology = net.topology(b=Node("b", facts=Facts(services=(service,))))
    with listen(net.node("b"), 80), Prober(net, topology) as prober:
        found = prober.traces(
            [Flow("a", "b", "tcp", dport=80), Flow("a", "b"), Flow("a", "b:eth1"), Flow("r1:eth1", "b:eth1")]
        )
    assert [trace.answer_from for trace in found] == ["10.0.9.10", "10.0.9.9", "10.0.3.2", "10.0.3.2"]
    assert all(trace.delivered for trace in found)


def test_a_node_that_does_not_run_sends_nothing(net: Network, prober: Prober) -> None:
    topology = net.topology()
    gone = net.nodes.pop("r1")
    try:
        with Prober(net, topology) as other, pytest.raises(ProbeError, match="r1"):
            other.traces([Flow("r1", "b")])
    finally:
        gone.end()
    with pytest.raises(ProbeError, match="nobody"):
        prober.traces([Flow("a", "nobody")])


def test_a_cable_without_a_node_behind_it(net: Network, prober: Prober) -> None:
    prober.trace(Flow("a", "b"))
    net.nodes.pop("b").end()
    prober.close()
    while net.node("r2").run(["ip", "link", "show", "eth2"], check=False).status == 0:
        pass  # the kernel takes a namespace down after its last program and socket
    trace = prober.trace(Flow("a", "b"))
    assert trace.where == "r2"
    assert trace.disposition in (Disposition.LOST, Disposition.NO_ROUTE)
