"""listeners, service, filter_covers_sessions: each with a network in which it holds and one in which it does not."""

from dataclasses import replace

import pytest
from hand_made import Told, answer, fib, interfaces, snapshot, topology, via

from harness.checks.filter_covers_sessions import filter_covers_sessions
from harness.checks.listeners import listeners
from harness.checks.service import service
from harness.packet_filter import Packet, rule_on
from harness.verdict import Outcome
from sim.flow import Disposition
from sim.snapshot import FilterRule, Listener, NodeState, Session
from sim.topology.facts import Facts, Service
from sim.topology.model import Node


class TestListeners:
    def host(self, *found):
        return Told(topology("master:eth0 sw:p1"), snapshot(master=NodeState(listeners=found)))

    SSH, DB = Listener("tcp", "0.0.0.0", 22, "sshd"), Listener("tcp", "192.168.10.20", 3306, "mysqld")

    def test_exactly_these_listen(self):
        asked = ["tcp/*:22", "tcp/192.168.10.20:3306"]
        assert listeners(self.host(self.SSH, self.DB), "master", exactly=asked).outcome is Outcome.PASS
        assert "not listening: tcp/*:22" in listeners(self.host(self.DB), "master", exactly=asked).text
        assert "(sshd)" in listeners(self.host(self.SSH, self.DB), "master", exactly=asked[1:]).text

    def test_nothing_outside_these_listens(self):
        assert listeners(self.host(self.DB), "master", only=["tcp/*:22", "tcp/*:3300-3310"]).outcome is Outcome.PASS
        assert listeners(self.host(self.DB), "master", only=["tcp/*:22"]).outcome is Outcome.FAIL

    def test_none_of_these_listens(self):
        assert listeners(self.host(self.DB), "master", none=["tcp/0.0.0.0:*", "udp/*:*"]).outcome is Outcome.PASS
        assert listeners(self.host(self.SSH), "master", none=["tcp/0.0.0.0:*"]).outcome is Outcome.FAIL

    def test_the_loopback_counts_only_when_asked(self):
        host = self.host(Listener("tcp", "127.0.0.1", 2605, "bgpd"), Listener("tcp", "::1", 2605, "bgpd"))
        assert listeners(host, "master", exactly=[]).outcome is Outcome.PASS
        assert listeners(host, "master", exactly=[], loopback=True).outcome is Outcome.FAIL


class TestService:
    """A master with two uplinks, and a client behind each of two routers."""

    DRAWN = topology(
        "master:eth1 leaf1:eth1",
        "master:eth2 leaf2:eth1",
        "client:eth1 leaf1:eth2",
        "client:eth2 leaf2:eth2",
        nodes={"master": Node("master", facts=Facts(services=(Service(name="web", address="192.0.2.1", port=80),)))},
    )

    def network(self, address="192.0.2.1", bound="192.0.2.1"):
        client = fib(via("192.0.2.1/32", "10.3.0.1%eth1", "10.4.0.1%eth2"))
        return snapshot(
            master=NodeState(
                interfaces(dummy0="192.0.2.1/32", eth1="10.1.0.2/24", eth2="10.2.0.2/24"),
                listeners=(Listener("tcp", bound, 80, "web"),) if bound else (),
            ),
            leaf1=NodeState(
                interfaces(eth1="10.1.0.1/24", eth2="10.3.0.1/24"), fib(via("192.0.2.1/32", "10.1.0.2%eth1"))
            ),
            leaf2=NodeState(
                interfaces(eth1="10.2.0.1/24", eth2="10.4.0.1/24"), fib(via("192.0.2.1/32", "10.2.0.2%eth1"))
            ),
            client=NodeState(interfaces(eth1="10.3.0.2/24", eth2="10.4.0.2/24"), client),
        )

    def ask(self, network=None, broken=(), answer_from="192.0.2.1", **more):
        def reply(flow):
            shut = flow.source in broken
            return answer(flow, Disposition.LOST if shut else Disposition.DELIVERED, "master", answer_from=answer_from)

        witness = Told(self.DRAWN, network or self.network(), reply)
        return service(witness, "master", reachable_from=["client"], **more)

    def test_reached_over_each_way_passes(self):
        verdict = self.ask()
        assert verdict.outcome is Outcome.PASS
        assert {trace["flow"].split(" ->")[0] for trace in verdict.evidence["traces"]} == {
            "client",
            "client:eth1",
            "client:eth2",
        }

    def test_one_broken_way_fails_though_the_usual_one_works(self):
        verdict = self.ask(broken={"client:eth2"})
        assert verdict.outcome is Outcome.FAIL
        assert "client:eth2 -> 192.0.2.1 tcp/80: lost" in verdict.text

    def test_bound_to_a_physical_address_fails_where_there_are_several_ways(self):
        verdict = self.ask(self.network(bound="10.1.0.2"), address="10.1.0.2", answer_from="10.1.0.2")
        assert "physical interface eth1" in verdict.text
        said = self.ask(self.network(bound="10.1.0.2"), address="10.1.0.2", answer_from="10.1.0.2", physical=True)
        assert said.outcome is Outcome.PASS

    def test_the_wildcard_is_a_finding_unless_said(self):
        assert "wildcard" in self.ask(self.network(bound="0.0.0.0")).text
        assert self.ask(self.network(bound="0.0.0.0"), wildcard=True).outcome is Outcome.PASS

    def test_nobody_listening_and_unknown_names_fail(self):
        assert "nobody listens" in self.ask(self.network(bound="")).text
        assert "declares no service" in self.ask(name="db").text

    def test_an_answer_from_another_address_fails(self):
        assert "answered from 10.1.0.2" in self.ask(answer_from="10.1.0.2").text

    def test_closed_to_those_who_should_not_reach_it(self):
        assert self.ask(closed_to=["leaf1"], broken={"leaf1"}).outcome is Outcome.PASS
        assert "expected closed" in self.ask(closed_to=["leaf1"]).text


def rules(*lines, policy="ACCEPT"):
    head = (FilterRule("ipv4", "filter", "INPUT", f"-P INPUT {policy}"),)
    return head + tuple(FilterRule("ipv4", "filter", line.split()[1], line) for line in lines)


BGP = '-A INPUT -s {} -i eth1 -p tcp -m multiport --ports 179 -m comment --comment "010" -m state --state NEW -j ACCEPT'
LAST = "-A INPUT -m state --state NEW -j DROP"


class TestFilterCoversSessions:
    DRAWN = topology("rr:eth1 sw:p1", "c1:eth1 sw:p2")

    def network(self, *lines, **rr):
        near = Session("bgp", "172.17.16.20", "Established", True, local="172.17.17.22")
        far = Session("bgp", "172.17.17.22", "Established", True, local="172.17.16.20")
        connected = fib(via("172.17.16.0/20", "%eth1", protocol="kernel"))
        return Told(
            self.DRAWN,
            snapshot(
                rr=NodeState(
                    interfaces(eth1="172.17.16.20/20"), connected, sessions=(far,), filters=rules(*lines), **rr
                ),
                c1=NodeState(interfaces(eth1="172.17.17.22/20"), connected, sessions=(near,)),
            ),
        )

    def test_a_source_that_covers_every_peer_passes(self):
        assert filter_covers_sessions(self.network(BGP.format("172.17.16.0/20"), LAST)).outcome is Outcome.PASS

    def test_a_source_that_is_too_small_is_found_though_the_session_is_up(self):
        verdict = filter_covers_sessions(self.network(BGP.format("172.17.16.0/24"), LAST))
        assert verdict.outcome is Outcome.FAIL
        assert "rr keeps out bgp of c1 (172.17.17.22 -> 172.17.16.20 tcp/179 in eth1)" in verdict.text

    def test_a_misspelt_interface_is_found(self):
        line = BGP.format("172.17.16.0/20").replace("eth1", "eth0_912")
        assert filter_covers_sessions(self.network(line, LAST)).outcome is Outcome.FAIL

    def test_no_filter_lets_everything_in(self):
        assert filter_covers_sessions(self.network()).outcome is Outcome.PASS

    def test_a_match_that_is_not_known_is_no_answer(self):
        assert filter_covers_sessions(self.network("-A INPUT -m recent --name x -j DROP")).outcome is Outcome.SKIP

    def test_no_session_is_nothing_to_say(self):
        empty = Told(self.DRAWN, snapshot(rr=NodeState(), c1=NodeState()))
        assert filter_covers_sessions(empty).outcome is Outcome.SKIP


class TestRuleOn:
    SSH = Packet("10.0.0.5", "10.0.0.1", "tcp", "eth0", dport=22)

    @pytest.mark.parametrize(
        ("lines", "accepted"),
        [
            (["-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT", "-A INPUT -j DROP"], True),
            (["-A INPUT -p tcp -m tcp ! --dport 22 -j ACCEPT", "-A INPUT -j DROP"], False),
            (["-A INPUT ! -s 10.0.0.0/8 -j ACCEPT", "-A INPUT -j REJECT --reject-with icmp-port-unreachable"], False),
            (["-A INPUT -i eth+ -p tcp -m multiport --dports 1:30,80 -j ACCEPT", "-A INPUT -j DROP"], True),
            (["-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT", "-A INPUT -j DROP"], False),
            (["-A INPUT -p tcp -m tcp --sport 22 -j ACCEPT", "-A INPUT -j DROP"], False),
            (["-A INPUT -j in", "-A in -p udp -j DROP", "-A in -p tcp -j RETURN", "-A in -j DROP"], True),
            (['-A INPUT -j LOG --log-prefix "x y"', "-A INPUT -p tcp --syn -j DROP"], False),
            (["-A INPUT -p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN -j DROP"], False),
            (["-A INPUT -p 89 -j DROP"], True),
        ],
    )
    def test_first_match_wins(self, lines, accepted):
        assert rule_on(self.SSH, rules(*lines)).accepted is accepted

    def test_the_policy_decides_where_no_rule_does(self):
        assert not rule_on(self.SSH, rules(policy="DROP")).accepted
        assert rule_on(
            replace(self.SSH, source="2001:db8::1", destination="2001:db8::2"), rules(policy="DROP")
        ).accepted
