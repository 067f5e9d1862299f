"""delivered, denied, mtu, ecmp, separation: each with a network in which it holds and one in which it does not."""

from dataclasses import replace

import pytest
from hand_made import Told, answer, fib, interfaces, snapshot, topology, via

from harness.checks.delivered import delivered
from harness.checks.denied import denied
from harness.checks.ecmp import ecmp, judge
from harness.checks.mtu import mtu
from harness.checks.separation import separation
from harness.parameters import Opening
from harness.verdict import Outcome
from harness.witness import Spread
from sim.flow import Disposition, Flow
from sim.snapshot import NextHop, NodeState
from sim.topology.model import Kind

FLOW = Flow("server1", "server4", "tcp", dport=443)
WIRES = topology("server1:eth1 gw:eth1", "server4:eth1 gw:eth2")


def ending(disposition, *path, **facts):
    return Told(WIRES, snapshot(), lambda flow: answer(flow, disposition, *path, **facts))


class TestDelivered:
    def test_an_answered_packet_passes(self):
        assert delivered(ending(Disposition.DELIVERED), FLOW).outcome is Outcome.PASS

    def test_a_denied_one_fails_and_names_the_node_and_its_rule(self):
        verdict = delivered(ending(Disposition.DENIED_IN, "gw", where="gw", why="-A INPUT -j DROP"), FLOW)
        assert verdict.outcome is Outcome.FAIL
        assert verdict.text == "server1 -> server4 tcp/443: denied_in at gw: -A INPUT -j DROP"

    def test_the_answer_must_come_from_the_address_asked_for(self):
        witness = ending(Disposition.DELIVERED, answer_from="10.0.0.9")
        assert delivered(witness, FLOW, answer_from="10.0.0.9").outcome is Outcome.PASS
        assert delivered(witness, FLOW, answer_from="10.0.0.8").outcome is Outcome.FAIL

    @pytest.mark.parametrize("end", [end for end in Disposition if end is not Disposition.DELIVERED])
    def test_nothing_else_is_delivery(self, end):
        assert delivered(ending(end, "gw"), FLOW).outcome is Outcome.FAIL


class TestDenied:
    @pytest.mark.parametrize("end", ["denied_in", "denied_out", "no_route", "null_routed", "lost"])
    def test_a_packet_stopped_on_its_way_passes(self, end):
        assert denied(ending(Disposition(end), "server1", "gw", where="gw"), FLOW).outcome is Outcome.PASS

    @pytest.mark.parametrize("end", ["delivered", "refused", "no_answer", "neighbor_unreachable", "loop", "too_big"])
    def test_a_packet_that_arrived_or_died_of_something_else_fails(self, end):
        assert denied(ending(Disposition(end), "server1", "gw", where="gw"), FLOW).outcome is Outcome.FAIL

    def test_a_probe_that_never_left_is_an_error_whatever_not_says(self):
        verdict = denied(ending(Disposition.LOST), FLOW)
        assert verdict.outcome is Outcome.ERROR
        assert verdict.inverted().outcome is Outcome.ERROR

    def test_a_source_without_a_route_was_not_kept_out(self):
        witness = ending(Disposition.NO_ROUTE, where="server1")
        assert denied(witness, FLOW).outcome is Outcome.FAIL
        assert denied(witness, FLOW, how="no_route").outcome is Outcome.PASS

    def test_the_node_that_must_stop_it(self):
        witness = ending(Disposition.DENIED_IN, "server1", "gw", where="gw")
        assert denied(witness, FLOW, by="gw").outcome is Outcome.PASS
        assert denied(witness, FLOW, by="server4").outcome is Outcome.FAIL
        assert denied(witness, FLOW, how="null_routed").outcome is Outcome.FAIL


class TestMtu:
    def path_of(self, size, too_big=Disposition.TOO_BIG):
        def sized(flow, size_bytes):
            return answer(flow, Disposition.DELIVERED if size_bytes <= size else too_big, "gw", where="gw")

        return Told(WIRES, snapshot(), sized=sized)

    def test_exact_to_the_byte(self):
        assert mtu(self.path_of(1500), "server1", "server4", 1500).outcome is Outcome.PASS
        assert "1500 bytes: " in mtu(self.path_of(1499), "server1", "server4", 1500).text
        assert "1501 bytes pass too" in mtu(self.path_of(9000), "server1", "server4", 1500).text

    def test_a_black_hole_fails(self):
        verdict = mtu(self.path_of(1500, Disposition.LOST), "server1", "server4", 1500)
        assert verdict.outcome is Outcome.FAIL
        assert "expected to be told" in verdict.text

    def test_a_bridge_that_drops_it_tells_nobody(self):
        told = self.path_of(1500)
        bridge = replace(WIRES.nodes["gw"], kind=Kind.BRIDGE)
        told.topology = replace(WIRES, nodes={**WIRES.nodes, "gw": bridge})
        verdict = mtu(told, "server1", "server4", 1500)
        assert verdict.outcome is Outcome.FAIL
        assert "black hole" in verdict.text


class TestEcmp:
    HOPS = (NextHop("10.1.0.0", "eth1"), NextHop("10.1.0.2", "eth2"))

    def leaf(self, *spreads, hops=HOPS):
        routes = fib(replace(via("10.0.4.0/24"), next_hops=hops))
        wires = topology("leaf1:eth1 spine1:eth1", "leaf1:eth2 spine2:eth1")
        found = [
            Spread("leaf1", "10.0.4.0/24", dict(zip(hops, counts, strict=False)), **facts) for counts, facts in spreads
        ]
        return Told(wires, snapshot(leaf1=NodeState(interfaces(), routes)), spreads=found)

    def test_a_fair_spread_passes(self):
        verdict = ecmp(self.leaf(([5050, 4950], {})), "leaf1", "10.0.4.0/24", 2)
        assert verdict.outcome is Outcome.PASS
        assert [member["count"] for member in verdict.evidence["spread"]["members"]] == [5050, 4950]

    def test_the_width_in_the_kernel_comes_first(self):
        verdict = ecmp(self.leaf(hops=self.HOPS[:1]), "leaf1", "10.0.4.0/24", 2)
        assert verdict.outcome is Outcome.FAIL
        assert "1 next hops in the kernel" in verdict.text

    def test_a_wide_table_with_a_polarised_hash_fails(self):
        verdict = ecmp(self.leaf(([10000, 0], {}), ([10000, 0], {})), "leaf1", "10.0.4.0/24", 2)
        assert verdict.outcome is Outcome.FAIL
        assert "1 of 2 next hops carry no flow" in verdict.text

    def test_a_lopsided_spread_fails(self):
        assert (
            ecmp(self.leaf(([6000, 4000], {}), ([6000, 4000], {})), "leaf1", "10.0.4.0/24", 2).outcome is Outcome.FAIL
        )

    def test_one_bad_look_by_chance_is_repeated(self):
        assert (
            ecmp(self.leaf(([6000, 4000], {}), ([5010, 4990], {})), "leaf1", "10.0.4.0/24", 2).outcome is Outcome.PASS
        )

    def test_weights_are_what_is_due(self):
        hops = (replace(self.HOPS[0], weight=3), self.HOPS[1])
        assert ecmp(self.leaf(([7500, 2500], {}), hops=hops), "leaf1", "10.0.4.0/24", 2).outcome is Outcome.PASS
        even = ([5000, 5000], {})
        assert ecmp(self.leaf(even, even, hops=hops), "leaf1", "10.0.4.0/24", 2).outcome is Outcome.FAIL

    def test_a_flow_that_went_elsewhere_than_the_kernel_says_fails(self):
        spread = ([5000, 5000], {"predicted": {}, "mismatches": 1})
        assert ecmp(self.leaf(spread, spread), "leaf1", "10.0.4.0/24", 2).outcome is Outcome.FAIL

    def test_flows_that_no_instrument_saw_are_an_error(self):
        spread = ([4000, 4000], {"lost": 2000})
        assert ecmp(self.leaf(spread), "leaf1", "10.0.4.0/24", 2).outcome is Outcome.ERROR

    def test_a_tolerance_wants_proof(self):
        assert ecmp(self.leaf(([5050, 4950], {})), "leaf1", "10.0.4.0/24", 2, tolerance=0.1).outcome is Outcome.PASS
        few = ([52, 48], {})
        assert ecmp(self.leaf(few, few), "leaf1", "10.0.4.0/24", 2, flows=100, tolerance=0.1).outcome is Outcome.FAIL

    @pytest.mark.parametrize("width", [2, 3, 4, 8, 16])
    def test_the_judge_rejects_its_failing_controls(self, width):
        assert judge([10_000] + [0] * (width - 1), [1] * width)
        assert judge([10_000 // width] * width, [1] * width) == ""


class TestSeparation:
    OPEN = (Opening.model_validate({"from": ["server1"], "to": ["server4"], "ports": [443]}),)

    def ask(self, opened, network=None, **more):
        def reply(flow):
            passes = (flow.source, flow.destination, flow.dport) in opened
            return answer(flow, Disposition.DELIVERED if passes else more.get("closed", Disposition.DENIED_IN))

        more_asked = {name: value for name, value in more.items() if name != "closed"}
        witness = Told(WIRES, network or snapshot(), reply)
        return separation(witness, ["server1", "gw"], ["server4"], ["tcp/443", "tcp/22"], list(self.OPEN), **more_asked)

    def test_exactly_what_is_allowed_passes(self):
        verdict = self.ask({("server1", "server4", 443)})
        assert verdict.outcome is Outcome.PASS
        assert len(verdict.evidence["matrix"]["cells"]) == 4

    def test_a_cell_that_is_open_by_mistake_is_named(self):
        verdict = self.ask({("server1", "server4", 443), ("gw", "server4", 22)})
        assert verdict.text == "open: gw -> server4 tcp/22"
        assert [cell["port"] for cell in verdict.evidence["matrix"]["cells"] if not cell["ok"]] == ["tcp/22"]

    def test_an_allowed_cell_that_is_closed_fails_too(self):
        assert "closed, though allowed" in self.ask(set()).text

    def test_a_host_that_refuses_counts_as_closed_unless_said(self):
        opened, refused = {("server1", "server4", 443)}, Disposition.REFUSED
        assert self.ask(opened, closed=refused).outcome is Outcome.PASS
        assert self.ask(opened, closed=refused, refused_is_open=True).outcome is Outcome.FAIL

    def gateway(self, **facts):
        return snapshot(gw=NodeState(interfaces(eth1="172.17.16.1/20"), **facts))

    @pytest.mark.parametrize(
        "facts",
        [
            {"bgp_prefixes": ("192.168.10.0/24",)},
            {"bgp_prefixes": ("192.168.10.20/32",)},
            {"fib": fib(via("192.168.10.0/24", "172.17.16.20%eth1"))},
            {"tables": {"240": fib(via("192.168.0.0/16", "172.17.16.20%eth1"))}},
        ],
    )
    def test_a_leak_in_the_control_plane_fails_though_every_packet_is_right(self, facts):
        rules = {"management": ["192.168.10.0/24"], "transport": ["gw"]}
        verdict = self.ask({("server1", "server4", 443)}, self.gateway(**facts), **rules)
        assert verdict.outcome is Outcome.FAIL
        assert "management prefixes in transport tables: gw has" in verdict.text

    def test_a_default_route_and_other_prefixes_are_no_leak(self):
        rules = {"management": ["192.168.10.0/24"], "transport": ["gw"]}
        network = self.gateway(fib=fib(via("0.0.0.0/0", "172.17.16.20%eth1")), bgp_prefixes=("10.17.0.5/32",))
        assert self.ask({("server1", "server4", 443)}, network, **rules).outcome is Outcome.PASS
