"""sessions, route, loop_free, unique, path: each in a network in which it holds and one in which it does not."""

from dataclasses import replace

import pytest
from hand_made import Told, answer, fib, interfaces, snapshot, topology, via

from harness.checks.loop_free import loop_free
from harness.checks.path import path
from harness.checks.route import route
from harness.checks.sessions import sessions
from harness.checks.unique import unique
from harness.verdict import Outcome
from sim.flow import Disposition, Flow
from sim.snapshot import NodeState, RouteType, Session

TRIANGLE = topology(
    "leaf1:eth1 spine1:eth1", "leaf1:eth2 spine2:eth1", "leaf2:eth1 spine1:eth2", "leaf2:eth2 spine2:eth2"
)


def fabric(**changes):
    """Two leafs, two spines, 10.0.4.0/24 behind leaf2."""
    nodes = {
        "leaf1": NodeState(
            interfaces(lo="10.255.0.1/32", eth1="10.1.0.1/31", eth2="10.1.0.3/31"),
            fib(via("10.0.4.0/24", "10.1.0.0%eth1", "10.1.0.2%eth2"), via("10.9.0.0/24", type=RouteType.BLACKHOLE)),
        ),
        "leaf2": NodeState(
            interfaces(lo="10.255.0.2/32", eth1="10.1.0.5/31", eth2="10.1.0.7/31", eth3="10.0.4.1/24"),
            fib(via("10.0.4.0/24", "%eth3", protocol="kernel")),
        ),
        "spine1": NodeState(
            interfaces(lo="10.255.1.1/32", eth1="10.1.0.0/31", eth2="10.1.0.4/31"),
            fib(via("10.0.4.0/24", "10.1.0.5%eth2")),
        ),
        "spine2": NodeState(
            interfaces(lo="10.255.1.2/32", eth1="10.1.0.2/31", eth2="10.1.0.6/31"),
            fib(via("10.0.4.0/24", "10.1.0.7%eth2")),
        ),
    }
    for name, change in changes.items():
        nodes[name] = replace(nodes[name], **change)
    return Told(TRIANGLE, snapshot(**nodes))


class TestRoute:
    @pytest.mark.parametrize(
        "hops",
        [
            ["spine1", "spine2"],
            ["spine2:eth1", "10.1.0.0"],
            ["leaf1:eth1", "leaf1:eth2"],
        ],
    )
    def test_next_hops_are_nodes_interfaces_or_addresses(self, hops):
        assert route(fabric(), "leaf1", "10.0.4.0/24", next_hops=hops).outcome is Outcome.PASS

    def test_one_next_hop_too_many_is_told_with_what_was_found(self):
        verdict = route(fabric(), "leaf1", "10.0.4.0/24", next_hops=["spine2"])
        assert verdict.outcome is Outcome.FAIL
        assert verdict.text == (
            "leaf1 10.0.4.0/24: next hops {spine1 (10.1.0.0 dev eth1), spine2 (10.1.0.2 dev eth2)} (bgp); "
            "expected next hops {spine2}"
        )

    def test_one_next_hop_too_few_fails(self):
        witness = fabric(leaf1={"fib": fib(via("10.0.4.0/24", "10.1.0.0%eth1"))})
        assert route(witness, "leaf1", "10.0.4.0/24", next_hops=["spine1", "spine2"]).outcome is Outcome.FAIL

    def test_a_more_specific_or_shorter_prefix_is_not_the_prefix(self):
        assert route(fabric(), "leaf1", "10.0.4.0/25").outcome is Outcome.FAIL
        assert route(fabric(), "leaf1", "10.0.4.0/25", absent=True).outcome is Outcome.PASS
        assert route(fabric(), "leaf1", "10.0.4.0/24", absent=True).outcome is Outcome.FAIL

    def test_a_null_route_is_no_way_to_anybody(self):
        assert route(fabric(), "leaf1", "10.9.0.0/24", type="blackhole").outcome is Outcome.PASS
        assert route(fabric(), "leaf1", "10.0.4.0/24", type="blackhole").outcome is Outcome.FAIL
        assert route(fabric(), "leaf1", "10.9.0.0/24", next_hops=["spine1"]).outcome is Outcome.FAIL

    def test_who_put_it_there_and_which_source_it_prefers_can_be_asked(self):
        witness = fabric(leaf1={"fib": fib(via("0.0.0.0/0", "10.1.0.0%eth1", source="192.0.2.1", protocol="static"))})
        assert route(witness, "leaf1", "0.0.0.0/0", source="192.0.2.1", protocol="static").outcome is Outcome.PASS
        assert "source 192.0.2.2" in route(witness, "leaf1", "0.0.0.0/0", source="192.0.2.2").text
        assert route(witness, "leaf1", "0.0.0.0/0", avoid=["spine1"]).outcome is Outcome.FAIL

    def test_an_unnumbered_next_hop_is_named_by_its_cable(self):
        witness = fabric(leaf1={"fib": fib(via("10.0.4.0/24", "169.254.0.1%eth2"))})
        assert route(witness, "leaf1", "10.0.4.0/24", next_hops=["spine2"]).outcome is Outcome.PASS
        assert route(witness, "leaf1", "10.0.4.0/24", next_hops=["spine1"]).outcome is Outcome.FAIL

    def test_a_node_that_does_not_run_can_not_be_asked(self):
        assert route(fabric(leaf1={"running": False}), "leaf1", "10.0.4.0/24").outcome is Outcome.ERROR


class TestSessions:
    UP = Session("bgp", "10.1.0.0", "Established", True)
    DOWN = Session("bgp", "10.1.0.2", "Active", False)

    def test_all_up_passes_and_can_be_counted(self):
        witness = fabric(leaf1={"sessions": (self.UP,)})
        assert sessions(witness).outcome is Outcome.PASS
        assert sessions(witness, exactly=1).outcome is Outcome.PASS
        assert sessions(witness, exactly=2).outcome is Outcome.FAIL

    def test_one_down_fails_and_is_named_with_its_state(self):
        verdict = sessions(fabric(leaf1={"sessions": (self.UP, self.DOWN)}))
        assert verdict.outcome is Outcome.FAIL
        assert verdict.text == "1 of 2 sessions are down: leaf1 bgp 10.1.0.2 Active"

    def test_no_session_at_all_is_not_success(self):
        assert sessions(fabric()).outcome is Outcome.FAIL

    def test_another_node_or_protocol_does_not_count(self):
        witness = fabric(leaf1={"sessions": (self.DOWN,)}, leaf2={"sessions": (self.UP,)})
        assert sessions(witness, node="leaf2").outcome is Outcome.PASS
        assert sessions(witness, node="leaf1").outcome is Outcome.FAIL
        assert sessions(witness, node="leaf2", protocol="ospf").outcome is Outcome.FAIL


class TestLoopFree:
    def test_a_fabric_without_a_loop_passes(self):
        assert loop_free(fabric()).outcome is Outcome.PASS

    def test_two_nodes_that_send_to_each_other_are_named(self):
        verdict = loop_free(fabric(spine1={"fib": fib(via("10.0.4.0/24", "10.1.0.1%eth1"))}))
        assert verdict.outcome is Outcome.FAIL
        assert verdict.text == "loop: leaf1 -> spine1 -> leaf1 for 10.0.4.0/24"

    def test_a_loop_on_one_ecmp_member_is_a_loop(self):
        spine = fib(via("10.0.4.0/24", "10.1.0.5%eth2", "10.1.0.1%eth1"))
        assert loop_free(fabric(spine1={"fib": spine})).outcome is Outcome.FAIL

    def test_a_loop_under_a_default_route_is_found_though_a_specific_route_is_good(self):
        default = via("0.0.0.0/0", "10.1.0.0%eth1")
        back = via("0.0.0.0/0", "10.1.0.1%eth1")
        good = via("10.0.4.0/24", "10.1.0.0%eth1")
        witness = fabric(
            leaf1={"fib": fib(default, good)}, spine1={"fib": fib(back, via("10.0.4.0/24", "10.1.0.5%eth2"))}
        )
        assert loop_free(witness).text == "loop: leaf1 -> spine1 -> leaf1 for 0.0.0.0/0"

    def test_a_null_route_ends_the_way(self):
        spine = fib(via("10.0.4.0/24", type=RouteType.BLACKHOLE))
        assert loop_free(fabric(spine1={"fib": spine})).outcome is Outcome.PASS

    def test_a_longer_circle_is_found(self):
        ring = topology("a:r b:l", "b:r c:l", "c:r a:l")
        nodes = {
            name: NodeState(
                interfaces(r=f"10.0.{i}.1/24", l=f"10.0.{(i - 1) % 3}.2/24"), fib(via("10.9.0.0/24", f"10.0.{i}.2%r"))
            )
            for i, name in enumerate("abc")
        }
        assert loop_free(Told(ring, snapshot(**nodes))).text == "loop: a -> b -> c -> a for 10.9.0.0/24"


class TestUnique:
    def test_different_ids_and_addresses_pass(self):
        witness = fabric(leaf1={"router_ids": {"bgpd": "10.255.0.1"}}, leaf2={"router_ids": {"bgpd": "10.255.0.2"}})
        assert unique(witness).outcome is Outcome.PASS

    def test_a_router_id_on_two_nodes_fails(self):
        witness = fabric(leaf1={"router_ids": {"bird": "10.0.2.15"}}, leaf2={"router_ids": {"bgpd": "10.0.2.15"}})
        assert unique(witness).text == "router id 10.0.2.15 on leaf1, leaf2"

    def test_two_daemons_of_one_node_may_share_their_id(self):
        witness = fabric(leaf1={"router_ids": {"bgpd": "10.255.0.1", "ospfd": "10.255.0.1"}})
        assert unique(witness).outcome is Outcome.PASS

    def test_an_address_on_two_nodes_fails_unless_it_is_anycast(self):
        witness = fabric(
            leaf1={"interfaces": interfaces(lo="192.0.2.53/32")}, leaf2={"interfaces": interfaces(lo="192.0.2.53/32")}
        )
        assert unique(witness).text == "address 192.0.2.53 on leaf1, leaf2"
        assert unique(witness, anycast=["192.0.2.53"]).outcome is Outcome.PASS

    def test_loopback_and_link_local_addresses_may_repeat(self):
        lo = {"interfaces": interfaces(lo="127.0.0.1/8 ::1/128", eth1="fe80::1/64")}
        assert unique(fabric(leaf1=lo, leaf2=lo)).outcome is Outcome.PASS


class TestPath:
    FLOW = Flow("server1", "server4", "tcp", dport=80)

    def through(self, *nodes):
        return Told(TRIANGLE, snapshot(), lambda flow: answer(flow, Disposition.DELIVERED, *nodes))

    def test_a_choice_holds_either_spine(self):
        wanted = ["leaf1", ["spine1", "spine2"], "leaf2"]
        assert path(self.through("leaf1", "spine2", "leaf2"), self.FLOW, through=wanted).outcome is Outcome.PASS
        assert path(self.through("leaf1", "leaf2"), self.FLOW, through=wanted).outcome is Outcome.FAIL

    def test_order_counts(self):
        assert path(self.through("leaf2", "leaf1"), self.FLOW, through=["leaf1", "leaf2"]).outcome is Outcome.FAIL

    def test_a_packet_must_take_one_of_a_set(self):
        wanted = [["leaf1", "spine1", "leaf2"], ["leaf1", "spine2", "leaf2"]]
        assert path(self.through("leaf1", "spine1", "leaf2"), self.FLOW, exactly=wanted).outcome is Outcome.PASS
        assert (
            path(self.through("leaf1", "spine1", "spine2", "leaf2"), self.FLOW, exactly=wanted).outcome is Outcome.FAIL
        )

    def test_a_node_to_avoid(self):
        assert path(self.through("leaf1", "spine1"), self.FLOW, avoid=["spine1"]).outcome is Outcome.FAIL

    def test_what_is_not_delivered_has_no_path(self):
        lost = Told(TRIANGLE, snapshot(), lambda flow: answer(flow, Disposition.NO_ROUTE, "leaf1", where="leaf1"))
        assert path(lost, self.FLOW, through=["leaf1"]).outcome is Outcome.FAIL
