"""The walk of a flow through networks made by hand: routes, neighbours, filters, and the answer's way back."""

from paper_network import Drawn, host, iptables, network, route_of, router

from sim.flow import Disposition, Flow, Hop, Trace
from sim.snapshot import PolicyRule
from sim.trace import trace_on


def line(**facts: object) -> Drawn:
    """a - r - b; facts are those of r."""
    facts = {"eth1": "10.0.1.1/24 2001:db8:1::1/64", "eth2": "10.0.2.1/24 2001:db8:2::1/64", **facts}
    return network(
        "a:eth0 r:eth1",
        "r:eth2 b:eth0",
        a=host(["0.0.0.0/0 via 10.0.1.1%eth0", "::/0 via 2001:db8:1::1%eth0"], eth0="10.0.1.2/24 2001:db8:1::2/64"),
        r=router(**facts),
        b=host(
            ["0.0.0.0/0 via 10.0.2.1%eth0", "::/0 via 2001:db8:2::1%eth0"],
            ["tcp/22", "udp/53", "tcp/80@::"],
            eth0="10.0.2.2/24 2001:db8:2::2/64",
        ),
    )


def ends(trace: Trace) -> tuple[Disposition, str | None]:
    return trace.disposition, trace.where


def test_a_ping_crosses_a_router_and_comes_back() -> None:
    trace = trace_on(line(), Flow("a", "b"))
    assert ends(trace) == (Disposition.DELIVERED, "b")
    assert trace.paths == ((Hop("a", None, "eth0"), Hop("r", "eth1", "eth2"), Hop("b", "eth0")),)
    assert trace.answer_from == "10.0.2.2"


def test_a_port_with_a_listener_answers_and_one_without_refuses() -> None:
    assert trace_on(line(), Flow("a", "b", "tcp", dport=22)).delivered
    refused = trace_on(line(), Flow("a", "b", "tcp", dport=23))
    assert (ends(refused), refused.why) == ((Disposition.REFUSED, "b"), "RST from 10.0.2.2")
    assert trace_on(line(), Flow("a", "b", "udp", dport=53)).delivered
    assert trace_on(line(), Flow("a", "b", "udp", dport=54)).why == "port unreachable, says 10.0.2.2"


def test_a_listener_on_the_ipv6_wildcard_answers_ipv6_alone() -> None:
    assert trace_on(line(), Flow("a", "2001:db8:2::2", "tcp", dport=80)).delivered
    assert trace_on(line(), Flow("a", "10.0.2.2", "tcp", dport=80)).disposition is Disposition.REFUSED


def test_a_router_that_does_not_forward_has_no_route() -> None:
    trace = trace_on(line(sysctls={"net.ipv4.conf.all.forwarding": "0"}), Flow("a", "b"))
    assert (ends(trace), trace.why) == (
        (Disposition.NO_ROUTE, "r"),
        "it does not forward: net.ipv4.conf.eth1.forwarding is 0",
    )


def test_a_destination_without_route_ends_where_the_route_is_missing() -> None:
    trace = trace_on(line(), Flow("a", "192.0.2.1"))
    assert (ends(trace), trace.why) == ((Disposition.NO_ROUTE, "r"), "no route to 192.0.2.1: Network is unreachable")


def test_a_blackhole_swallows_what_no_longer_prefix_takes() -> None:
    trace = trace_on(line(routes=["blackhole 192.0.2.0/24"]), Flow("a", "192.0.2.1"))
    assert (ends(trace), trace.why) == ((Disposition.NULL_ROUTED, "r"), "its route to 192.0.2.1 is blackhole")


def test_an_address_that_nobody_has_is_an_unreachable_neighbour() -> None:
    trace = trace_on(line(), Flow("a", "10.0.2.9"))
    assert ends(trace) == (Disposition.NEIGHBOR_UNREACHABLE, "r")
    assert trace.why.startswith("10.0.2.9 did not answer ARP on eth2")


def test_two_routers_that_point_at_each_other_are_a_loop() -> None:
    net = line(routes=["192.0.2.0/24 via 10.0.1.2%eth1"])
    trace = trace_on(net, Flow("a", "192.0.2.1"))
    assert (ends(trace), trace.why) == ((Disposition.LOOP, "a"), "it goes round: a -> r -> a")


def test_a_loop_between_routers_that_are_not_the_sender_is_found_too() -> None:
    net = square()
    net.sites["x"].state.fib["10.9.0.1/32"] = route_of("10.9.0.1/32 via 10.0.1.1%eth0")  # type: ignore[index]
    trace = trace_on(net, Flow("a", "b"))
    assert trace.disposition is Disposition.LOOP
    assert "it goes round: a -> r -> x -> r" in trace.why


def test_a_large_packet_ends_at_the_small_link() -> None:
    net = line(mtu={"eth2": 1400})
    trace = trace_on(net, Flow("a", "b"), size_bytes=1500)
    assert (ends(trace), trace.why) == ((Disposition.TOO_BIG, "r"), "1500 bytes, and the MTU of eth2 is 1400")
    assert trace_on(net, Flow("a", "b"), size_bytes=1400).delivered


def test_no_way_back_is_no_answer() -> None:
    net = line()
    del net.sites["b"].state.fib["0.0.0.0/0"]  # type: ignore[attr-defined]
    trace = trace_on(net, Flow("a", "b"))
    assert ends(trace) == (Disposition.NO_ANSWER, "b")
    assert trace.why == "no way back to 10.0.1.2: no route to 10.0.1.2: Network is unreachable"


def test_a_forward_rule_denies_and_is_named_with_its_line() -> None:
    rules = iptables("""
        :FORWARD ACCEPT
        -A FORWARD -i eth1 -p tcp --dport 22 -j DROP
    """)
    trace = trace_on(line(rules=rules), Flow("a", "b", "tcp", dport=22))
    assert ends(trace) == (Disposition.DENIED_IN, "r")
    assert trace.why == "iptables filter: -A FORWARD -i eth1 -p tcp -m tcp --dport 22 -j DROP (fw:3)"
    assert trace_on(line(rules=rules), Flow("a", "b", "tcp", dport=80)).disposition is Disposition.REFUSED


def test_a_rule_by_the_exit_denies_outwards() -> None:
    rules = iptables("-A FORWARD -o eth2 -j REJECT")
    assert trace_on(line(rules=rules), Flow("a", "b")).disposition is Disposition.DENIED_OUT


def test_the_answer_of_an_accepted_flow_is_established() -> None:
    rules = iptables("""
        :FORWARD DROP
        -A FORWARD -m state --state ESTABLISHED -j ACCEPT
        -A FORWARD -i eth1 -p tcp --dport 22 -m state --state NEW -j ACCEPT
    """)
    assert trace_on(line(rules=rules), Flow("a", "b", "tcp", dport=22)).delivered
    there = trace_on(line(rules=rules), Flow("b", "a"))
    assert (ends(there), there.why) == ((Disposition.DENIED_IN, "r"), "iptables filter: policy of FORWARD DROP (fw:2)")


def test_without_a_rule_for_answers_the_answer_dies_at_the_filter() -> None:
    rules = iptables("""
        :FORWARD DROP
        -A FORWARD -i eth1 -j ACCEPT
    """)
    trace = trace_on(line(rules=rules), Flow("a", "b"))
    assert ends(trace) == (Disposition.NO_ANSWER, "r")
    assert "policy of FORWARD DROP" in trace.why


def test_the_senders_own_output_denies_outwards() -> None:
    net = line()
    net.sites["a"] = host(
        ["0.0.0.0/0 via 10.0.1.1%eth0"], rules=iptables("-A OUTPUT -p icmp -j DROP"), eth0="10.0.1.2/24"
    )
    assert trace_on(Drawn(net.cables, net.sites), Flow("a", "10.0.2.2")).disposition is Disposition.DENIED_OUT


def test_strict_reverse_path_drops_what_is_routed_back_elsewhere_and_loose_does_not() -> None:
    detour = {"routes": ["10.0.1.2/32 via 10.0.2.2%eth2"]}
    strict = line(sysctls={"net.ipv4.conf.eth1.rp_filter": "1"}, **detour)
    trace = trace_on(strict, Flow("a", "b"))
    assert (ends(trace), trace.why) == (
        (Disposition.DENIED_IN, "r"),
        "rp_filter on eth1: 10.0.1.2 is not routed back that way",
    )
    loose = line(sysctls={"net.ipv4.conf.eth1.rp_filter": "2"}, **detour)
    assert trace_on(loose, Flow("a", "b")).disposition is not Disposition.DENIED_IN


def test_a_policy_rule_sends_by_another_table() -> None:
    policy = [
        PolicyRule(0, "from all", "local"),
        PolicyRule(100, "from 10.0.1.0/24 iif eth1", "blue"),
        PolicyRule(32766, "from all", "main"),
    ]
    net = line(policy=policy, tables={"blue": ["prohibit 0.0.0.0/0"]})
    assert trace_on(net, Flow("a", "b")).disposition is Disposition.NULL_ROUTED
    assert trace_on(net, Flow("r", "b")).delivered


def square(**broken: object) -> Drawn:
    """a - r1 - {x, y} - b: two ways."""
    return network(
        "a:eth0 r:eth0",
        "r:eth1 x:eth0",
        "r:eth2 y:eth0",
        "x:eth1 b:eth1",
        "y:eth1 b:eth2",
        a=host(["0.0.0.0/0 via 10.0.0.1%eth0"], eth0="10.0.0.2/24"),
        r=router(
            routes=["10.9.0.1/32 via 10.0.1.2%eth1 10.0.2.2%eth2"],
            eth0="10.0.0.1/24",
            eth1="10.0.1.1/24",
            eth2="10.0.2.1/24",
        ),
        x=router(
            routes=["10.9.0.1/32 via 10.0.3.2%eth1", "0.0.0.0/0 via 10.0.1.1%eth0"],
            eth0="10.0.1.2/24",
            eth1="10.0.3.1/24",
        ),
        y=router(
            routes=["10.9.0.1/32 via 10.0.4.2%eth1", "0.0.0.0/0 via 10.0.2.1%eth0"],
            eth0="10.0.2.2/24",
            eth1="10.0.4.1/24",
            **broken,
        ),
        b=host(
            ["0.0.0.0/0 via 10.0.3.1%eth1 10.0.4.1%eth2"],
            dummy0="10.9.0.1/32",
            eth1="10.0.3.2/24",
            eth2="10.0.4.2/24",
        ),
    )


def test_several_next_hops_are_several_paths() -> None:
    trace = trace_on(square(), Flow("a", "b"))
    assert trace.delivered
    assert sorted([hop.node for hop in path] for path in trace.paths) == [["a", "r", "x", "b"], ["a", "r", "y", "b"]]


def test_one_broken_path_of_two_denies_the_flow_and_is_named() -> None:
    trace = trace_on(square(rules=iptables(":FORWARD DROP")), Flow("a", "b"))
    assert trace.disposition is not Disposition.DELIVERED
    assert "paths: a -> r -> " in trace.why


def test_an_unmodelled_match_makes_unsure_only_what_reaches_it() -> None:
    rules = iptables("""
        -A FORWARD -p icmp -j ACCEPT
        -A FORWARD -m recent --name bad --rcheck -j DROP
    """)
    assert trace_on(line(rules=rules), Flow("a", "b")).unsure == ()
    doubtful = trace_on(line(rules=rules), Flow("a", "b", "tcp", dport=22))
    assert doubtful.unsure == ("fw:3: the match -m recent --name bad --rcheck is not modelled",)
