"""The `fabric` of pytest tests: a running network that is changed, and about which things are expected.

    from harness.fabric import delivered, route

    @pytest.mark.topology("topologies/clos-2x4")
    def test_losing_either_spine_leaves_the_other(fabric):
        for uplink, other in [("leaf1:eth1", "spine2"), ("leaf1:eth2", "spine1")]:
            with fabric.link_down(uplink):
                fabric.expect(route("leaf1", "10.0.4.0/24", next_hops={other}), within=5)

Each check of `harness.checks` can be imported from here under its name: called without a witness, it is an Expectation.
"""

import inspect
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from pydantic import ValidationError

from harness import actions, checks
from harness.parameters import unknown, validated, written_name
from harness.play import Play
from harness.story import Step
from harness.verdict import Outcome, Verdict
from lab.lab import Lab
from sim.dataclasses import dataclass, field, replace
from sim.errors import LabError, Place, ScenarioError
from sim.flow import Flow, Trace
from sim.snapshot import Snapshot
from sim.topology.model import Topology


@dataclass(frozen=True, slots=True)
class Expectation:
    """A check and what it is to be asked; `~` asks for the opposite."""

    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    negated: bool = False

    def __invert__(self) -> "Expectation":
        return replace(self, negated=not self.negated)


class Unmet(AssertionError):
    """An expectation that does not hold; `verdict` has the evidence."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(told(verdict))
        self.verdict = verdict


def __getattr__(name: str) -> Callable[..., Expectation]:
    """`from harness.fabric import route`: the check of that name as a maker of Expectations."""
    if name not in checks.names():
        raise AttributeError(unknown("check", name, list(checks.names())))
    parameters = list(inspect.signature(checks.check(name)).parameters.values())[1:]
    signature = inspect.Signature(parameters)

    def make(*positional: Any, **named: Any) -> Expectation:
        return Expectation(name, signature.bind(*positional, **named).arguments)

    return make


def told(verdict: Verdict) -> str:
    """A verdict with its evidence, as text."""
    lines = [f"{verdict.outcome.upper()}: {verdict.text}"]
    for kind, value in verdict.evidence.items():
        rows = value if isinstance(value, list) else [value]
        shown = [json.dumps(row, default=str) for row in rows[:20]]
        lines += [f"{kind}:", *(f"  {row[:400]}" for row in shown)]
        lines += [f"  ... and {len(rows) - 20} more"] if len(rows) > 20 else []
    return "\n".join(lines)


class Fabric:
    """A running lab in a test's hands."""

    def __init__(self, play: Play, lab: Lab) -> None:
        self._play = play
        self.lab = lab
        """The lab, for what the checks do not know."""

    @property
    def topology(self) -> Topology:
        """The network as drawn, after the changes so far."""
        return self._play.stage.topology

    @property
    def is_whole(self) -> bool:
        """Whether everything that was taken down is up again, and nothing else was put in its place."""
        stage = self._play.stage
        return not (stage.down or stage.stopped or stage.ended or stage.altered)

    def snapshot(self) -> Snapshot:
        """What the kernels and daemons say now."""
        return self._play.witness.snapshot()

    def trace(self, flow: Flow) -> Trace:
        """Where a packet of the flow goes, watched on every node."""
        return self._play.witness.trace(flow)

    def expect(
        self, expectation: Expectation, *, within: float | None = None, throughout: float | None = None
    ) -> Verdict:
        """Ask, and raise Unmet unless it holds: at the latest `within` seconds after the last change, or `throughout`.

        A SKIP is returned as it is.
        """
        verdict = self.ask(expectation, within=within, throughout=throughout)
        if verdict.outcome in (Outcome.FAIL, Outcome.ERROR):
            raise Unmet(verdict)
        return verdict

    def ask(self, expectation: Expectation, *, within: float | None = None, throughout: float | None = None) -> Verdict:
        """The verdict on an expectation."""
        arguments = self._arguments(checks.check(expectation.name), expectation.name, expectation.arguments)
        step = Step(
            "expect", expectation.name, arguments, Place("test"), expectation.negated, within_s=within, for_s=throughout
        )
        return self._play.step(step).verdict

    def do(self, action: str, **parameters: Any) -> None:
        """Change the network: `do("link.down", link="leaf1:eth1")`. LabError where it can not be done."""
        if action not in actions.actions():
            raise ScenarioError(unknown("action", action, list(actions.actions())))
        arguments = self._arguments(actions.actions()[action], action, parameters)
        verdict = self._play.step(Step("do", action, arguments, Place("test"), written=parameters)).verdict
        if verdict.outcome is not Outcome.PASS:
            raise LabError(verdict.text)

    @contextmanager
    def link_down(self, link: str) -> Iterator[None]:
        """The cable at `node:interface` is out for as long as the block lasts."""
        self.do("link.down", link=link)
        try:
            yield
        finally:
            self.do("link.up", link=link)

    @contextmanager
    def node_stopped(self, node: str) -> Iterator[None]:
        """The node is without power for as long as the block lasts."""
        self.do("node.stop", node=node)
        try:
            yield
        finally:
            self.do("node.start", node=node)

    def _arguments(self, function: Callable[..., Any], name: str, given: Mapping[str, Any]) -> dict[str, Any]:
        plain = {written_name(key): _listed(value) for key, value in given.items()}
        try:
            return validated(function, plain, self._play.stage.drawn)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            where = ".".join(map(str, (name, *first["loc"])))
            raise ScenarioError(f"{where}: {first['msg'].removeprefix('Value error, ')}") from error


def _listed(value: Any) -> Any:
    """Sets and tuples as lists, which is what checks take."""
    if isinstance(value, (set, frozenset)):
        return sorted(map(_listed, value), key=str)
    return [_listed(each) for each in value] if isinstance(value, (tuple, list)) else value
