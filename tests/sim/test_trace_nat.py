"""Translation on a flow's way, and the answer translated back."""

from paper_network import Drawn, host, iptables, network, router

from sim.filters import PacketFilter
from sim.flow import Disposition, Flow
from sim.trace import trace_on


def edge(nat: PacketFilter | None = None, filters: PacketFilter | None = None, **server: object) -> Drawn:
    """client - (public) gw (private) - server; the client knows no private address."""
    rules = (nat or PacketFilter()) | (filters or PacketFilter())
    return network(
        "client:eth0 gw:out",
        "gw:in server:eth0",
        client=host(listens=["tcp/443"], eth0="198.51.100.9/24"),
        gw=router(out="198.51.100.1/24", rules=rules, **{"in": "10.0.0.1/24"}),
        server=host(["0.0.0.0/0 via 10.0.0.1%eth0"], ["tcp/8080", "udp/53", "tcp/22"], eth0="10.0.0.2/24", **server),
    )


FORWARDED = "-A PREROUTING -i out -p tcp --dport 80 -j DNAT --to-destination 10.0.0.2:8080"


def test_a_forwarded_port_reaches_the_server_and_the_answer_comes_from_the_gateway() -> None:
    trace = trace_on(edge(iptables(FORWARDED, table="nat")), Flow("client", "198.51.100.1", "tcp", dport=80))
    assert (trace.disposition, trace.where) == (Disposition.DELIVERED, "server")
    assert trace.answer_from == "198.51.100.1"


def test_without_masquerade_a_private_source_gets_no_answer() -> None:
    trace = trace_on(edge(), Flow("server", "client", "tcp", dport=443))
    assert (trace.disposition, trace.where) == (Disposition.NO_ANSWER, "client")
    assert trace.why.startswith("no way back to 10.0.0.2")


def test_masquerade_lets_a_private_source_be_answered() -> None:
    nat = iptables("-A POSTROUTING -o out -j MASQUERADE", table="nat")
    trace = trace_on(edge(nat), Flow("server", "client", "tcp", dport=443))
    assert (trace.disposition, trace.answer_from) == (Disposition.DELIVERED, "198.51.100.9")


def test_snat_to_a_fixed_address_that_the_gateway_owns_works_like_it() -> None:
    nat = iptables("-A POSTROUTING -s 10.0.0.0/24 -j SNAT --to-source 198.51.100.1", table="nat")
    assert trace_on(edge(nat), Flow("server", "client", "tcp", dport=443)).delivered
    stranger = iptables("-A POSTROUTING -s 10.0.0.0/24 -j SNAT --to-source 198.51.100.77", table="nat")
    trace = trace_on(edge(stranger), Flow("server", "client", "tcp", dport=443))
    assert (trace.disposition, trace.where) == (Disposition.NO_ANSWER, "client")
    assert "198.51.100.77 did not answer ARP" in trace.why


def test_forward_sees_the_translated_destination_and_the_original_source() -> None:
    closed = iptables("""
        :FORWARD DROP
        -A FORWARD -m state --state ESTABLISHED -j ACCEPT
        -A FORWARD -s 198.51.100.9 -d 10.0.0.2 -p tcp --dport 8080 -m conntrack --ctstate DNAT -j ACCEPT
    """)
    net = edge(iptables(FORWARDED, table="nat"), closed)
    assert trace_on(net, Flow("client", "198.51.100.1", "tcp", dport=80)).delivered
    assert trace_on(net, Flow("client", "198.51.100.1", "tcp", dport=22)).disposition is Disposition.REFUSED


def test_a_redirected_port_is_the_gateways_own() -> None:
    net = edge(iptables("-A PREROUTING -i in -p tcp --dport 80 -j REDIRECT --to-ports 3128", table="nat"))
    trace = trace_on(net, Flow("server", "client", "tcp", dport=80))
    assert (trace.disposition, trace.where, trace.answer_from) == (Disposition.REFUSED, "gw", "198.51.100.9")


def test_a_datagram_to_a_closed_port_behind_the_gateway_is_refused_in_the_gateways_name() -> None:
    nat = iptables("-A PREROUTING -i out -p udp --dport 54 -j DNAT --to-destination 10.0.0.2", table="nat")
    filters = iptables("""
        :FORWARD DROP
        -A FORWARD -m state --state RELATED,ESTABLISHED -j ACCEPT
        -A FORWARD -i out -j ACCEPT
    """)
    trace = trace_on(edge(nat, filters), Flow("client", "198.51.100.1", "udp", dport=54))
    assert (trace.disposition, trace.where) == (Disposition.REFUSED, "server")
    assert trace.why == "port unreachable, says 198.51.100.1"


def test_an_answer_past_a_node_that_never_saw_the_question_is_invalid_there() -> None:
    """The server's way back goes by another firewall."""
    stateful = iptables("""
        :FORWARD DROP
        -A FORWARD -m state --state ESTABLISHED,NEW -j ACCEPT
    """)
    net = network(
        "client:eth0 gw:out",
        "gw:in server:eth0",
        "server:eth1 other:eth0",
        "other:eth1 client:eth1",
        client=host(["10.0.0.0/24 via 198.51.100.1%eth0"], eth0="198.51.100.9/24", eth1="192.0.2.9/24"),
        gw=router(out="198.51.100.1/24", **{"in": "10.0.0.1/24"}),
        server=host(
            ["198.51.100.0/24 via 10.1.0.1%eth1"], ["tcp/22", "udp/53"], eth0="10.0.0.2/24", eth1="10.1.0.2/24"
        ),
        other=router(
            routes=["198.51.100.0/24 via 192.0.2.9%eth1"], rules=stateful, eth0="10.1.0.1/24", eth1="192.0.2.1/24"
        ),
    )
    denied = trace_on(net, Flow("client", "10.0.0.2", "tcp", dport=22))
    assert (denied.disposition, denied.where) == (Disposition.NO_ANSWER, "other")
    assert trace_on(net, Flow("client", "10.0.0.2", "udp", dport=53)).delivered
