"""agrees: a lab that is as its files say, and labs in which somebody's hand, a file or a packet says otherwise."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import pytest

from harness.checks.agrees import agrees
from harness.play import StepResult
from harness.run import judge
from harness.story import Scenario, Step
from harness.verdict import Outcome, failed, passed
from sim.devices import read_devices
from sim.errors import Place
from sim.flow import Disposition, Flow, Trace
from sim.paper import Paper
from sim.snapshot import NextHop, NodeState, Note, Route, Snapshot
from sim.solve import solve
from sim.topology.model import Topology
from sim.topology.reader import read_topology
from sim.trace import trace

ROOT = Path(__file__).resolve().parents[2]


@cache
def clos() -> Paper:
    topology = read_topology(ROOT / "topologies/clos-2x4/clos-2x4.clab.yml")
    return solve(topology, read_devices(topology))


def same(state: NodeState) -> NodeState:
    return state


@dataclass
class Lab:
    """A witness of a lab that is as paper has it, but for one node's state and the ends of some flows."""

    change: Callable[[NodeState], NodeState] = same
    ending: Disposition | None = None
    solved: Paper | None = None

    @property
    def topology(self) -> Topology:
        return clos().topology

    def paper(self) -> Paper:
        return self.solved or clos()

    def snapshot(self) -> Snapshot:
        known = clos().snapshot
        nodes = {name: self.change(state) if name == "leaf01" else state for name, state in known.nodes.items()}
        return replace(known, source="observed", nodes=nodes)

    def traces(self, flows: Sequence[Flow]) -> Sequence[Trace]:
        found = [trace(clos(), flow) for flow in flows]
        return [replace(each, disposition=self.ending) if self.ending else each for each in found]


def without_a_route(state: NodeState) -> NodeState:
    return replace(state, fib={prefix: route for prefix, route in state.fib.items() if prefix != "192.0.2.5/32"})


def with_a_route_by_hand(state: NodeState) -> NodeState:
    added = Route("10.99.0.0/16", "boot", (NextHop(None, "swp1"),))
    return replace(state, fib={**state.fib, added.prefix: added})


def with_a_session_down(state: NodeState) -> NodeState:
    first, *rest = state.sessions
    return replace(state, sessions=(replace(first, up=False, state="Active"), *rest))


def test_a_lab_that_is_as_its_files_say_agrees() -> None:
    verdict = agrees(Lab(), flows=20)
    assert verdict.outcome is Outcome.PASS, verdict.text
    assert "20 flows" in verdict.text


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (without_a_route, "leaf01 route 192.0.2.5/32: paper: bgp"),
        (with_a_route_by_hand, "leaf01 route 10.99.0.0/16: paper: none"),
        (with_a_session_down, "lab: down"),
        (lambda state: replace(state, running=False), "not running"),
    ],
)
def test_a_lab_that_somebody_changed_by_hand_does_not(change: Callable[[NodeState], NodeState], words: str) -> None:
    verdict = agrees(Lab(change), flows=0)
    assert verdict.outcome is Outcome.FAIL
    assert words in verdict.text


def test_packets_that_end_otherwise_are_a_difference() -> None:
    verdict = agrees(Lab(ending=Disposition.LOST), flows=10)
    assert verdict.outcome is Outcome.FAIL
    assert "packets: lost" in verdict.text


def test_a_difference_behind_a_line_that_the_model_does_not_know_is_skipped() -> None:
    note = Note(
        Place("configs/leaf01/etc/frr/frr.conf", 42), "'set metric +rtt' is not modelled", "leaf01", policy=True
    )
    unknowing = replace(clos(), snapshot=replace(clos().snapshot, notes=(note,)))
    verdict = agrees(Lab(without_a_route, solved=unknowing), flows=0)
    assert verdict.outcome is Outcome.SKIP
    assert "frr.conf:42" in verdict.text


def test_paper_does_not_agree_with_itself() -> None:
    @dataclass
    class Mirror(Lab):
        def snapshot(self) -> Snapshot:
            return clos().snapshot

    assert agrees(Mirror()).outcome is Outcome.SKIP


def test_a_known_bad_twin_must_agree_with_paper() -> None:
    steps = (
        Step("expect", "route", {}, Place("twin.bad.yml", 5)),
        Step("expect", "agrees", {}, Place("twin.bad.yml", 6)),
    )
    twin = Scenario("twin", Path("twin.bad.yml"), Path("t"), steps, fails="no route")
    answered = [StepResult(steps[0], failed("no route"), 0.1), StepResult(steps[1], passed("as it should be"), 0.1)]
    assert judge(twin, answered).outcome is Outcome.PASS
    answered[1] = StepResult(steps[1], failed("1 differences"), 0.1)
    assert judge(twin, answered).outcome is Outcome.FAIL
