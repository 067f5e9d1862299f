"""Run scenarios, on a lab that they share or on paper: the steps played, and a Verdict for each scenario as a whole."""

import re
import time
import uuid
from collections.abc import Callable, Sequence
from typing import Protocol

from harness.lab_witness import play_before, witnessing
from harness.paper_witness import play_on_paper
from harness.play import Play, StepResult
from harness.scenario import Scenario
from harness.verdict import Outcome, Verdict, errored, failed, passed, skipped
from lab.lab import Lab
from lab.runtimes import StandIn
from sim.dataclasses import dataclass
from sim.errors import FabricError


@dataclass(frozen=True, slots=True)
class ScenarioResult:
    """A scenario's answer: its verdict as a whole (a known-bad twin passes by failing as it says), and each step's."""

    scenario: Scenario
    verdict: Verdict
    steps: tuple[StepResult, ...]
    took_s: float
    stand_ins: tuple[StandIn, ...] = ()


class Progress(Protocol):
    """Who wants to know how far a run is."""

    def started(self, scenario: Scenario) -> None:
        """A scenario begins."""
        ...

    def stage(self, scenario: Scenario, text: str) -> None:
        """What its lab is doing."""
        ...

    def step(self, scenario: Scenario, result: StepResult) -> None:
        """A step has its answer."""
        ...

    def finished(self, result: ScenarioResult) -> None:
        """A scenario has its answer."""
        ...


class Silent:
    """Progress that nobody watches."""

    def started(self, scenario: Scenario) -> None:
        """Nothing."""

    def stage(self, scenario: Scenario, text: str) -> None:
        """Nothing."""

    def step(self, scenario: Scenario, result: StepResult) -> None:
        """Nothing."""

    def finished(self, result: ScenarioResult) -> None:
        """Nothing."""


def judge(scenario: Scenario, steps: Sequence[StepResult]) -> Verdict:
    """A scenario's verdict from its steps'. A known-bad twin passes when it fails for the reason it states.

    What a twin may never fail is `agrees`: paper and lab say the same of a faulty network, too.
    """
    errors = [each for each in steps if each.verdict.outcome is Outcome.ERROR]
    failures = [each for each in steps if each.verdict.outcome is Outcome.FAIL]
    if errors:
        return errored(f"{errors[0].step}: {errors[0].verdict.text}")
    parted = next((each for each in failures if each.step.name == "agrees"), None)
    if scenario.fails is not None and parted is not None:
        return failed(f"the simulator is to know this network's fault: {parted.verdict.text}")
    if scenario.fails is not None:
        return _judge_twin(scenario.fails, failures, [each for each in steps if each.verdict.outcome is Outcome.SKIP])
    if failures:
        more = f" (and {len(failures) - 1} more)" if len(failures) > 1 else ""
        return failed(f"{failures[0].step}: {failures[0].verdict.text}{more}")
    asked = [each for each in steps if each.step.verb == "expect"]
    answered = [each for each in asked if each.verdict.outcome is Outcome.PASS]
    if not answered:
        return skipped(f"nothing was learnt: {asked[0].verdict.text}" if asked else "nothing was asked")
    return passed(f"{len(answered)} of {len(asked)} expectations hold")


def _judge_twin(pattern: str, failures: Sequence[StepResult], skips: Sequence[StepResult]) -> Verdict:
    for each in failures:
        if re.search(pattern, each.verdict.text):
            return passed(f"fails as it should: {each.verdict.text}")
    if failures:
        return failed(f"fails for another reason: {failures[0].verdict.text}; expected text matching {pattern!r}")
    if skips:
        return skipped(f"nothing was learnt: {skips[0].verdict.text}")
    return failed(f"every expectation holds; expected one to fail with text matching {pattern!r}")


def run_together(scenarios: Sequence[Scenario], lab: Lab, progress: Progress | None = None) -> list[ScenarioResult]:
    """Run scenarios that change nothing on one lab, one after another, before one witness.

    Its sockets are opened once, and what one story saw a moment ago serves the next. Side by side would be slower: a
    probe waits for milliseconds, and the rest is work for one interpreter.
    """
    watching = progress or Silent()
    results: list[ScenarioResult] = []
    with witnessing(lab) as witness:
        for scenario in scenarios:
            started = time.monotonic()
            watching.started(scenario)
            results.append(_played(scenario, play_before(witness), lab.stand_ins, watching, started))
            watching.finished(results[-1])
    return results


def run_on_paper(scenario: Scenario, progress: Progress | None = None) -> ScenarioResult:
    """Run a scenario before the simulator: no lab, no root, and each expectation is looked at once."""
    watching, started = progress or Silent(), time.monotonic()
    watching.started(scenario)
    if scenario.on == "lab":
        said = skipped("paper can not show it: the scenario says `on: lab`")
        result = ScenarioResult(scenario, said, tuple(StepResult(each, said, 0.0, 0) for each in scenario.steps), 0.0)
    else:
        result = _played(scenario, play_on_paper(scenario.draw()), tuple, watching, started)
    watching.finished(result)
    return result


def _played(
    scenario: Scenario,
    play: Play,
    stand_ins_of: Callable[[], tuple[StandIn, ...]],
    progress: Progress,
    started: float,
) -> ScenarioResult:
    steps: list[StepResult] = []
    try:
        for step in scenario.steps:
            steps.append(play.step(step))
            progress.step(scenario, steps[-1])
        stand_ins = stand_ins_of()
    except FabricError as error:
        return _broken_off(scenario, steps, error, time.monotonic() - started)
    return ScenarioResult(scenario, judge(scenario, steps), tuple(steps), time.monotonic() - started, stand_ins)


def _broken_off(scenario: Scenario, steps: Sequence[StepResult], error: FabricError, took_s: float) -> ScenarioResult:
    """The lab went away, or never came up: what was not tried by then is skipped."""
    rest = [StepResult(step, skipped("not tried: the lab is not up"), 0.0, 0) for step in scenario.steps[len(steps) :]]
    return ScenarioResult(scenario, errored(str(error)), (*steps, *rest), took_s)


def without_lab(scenario: Scenario, error: FabricError, progress: Progress) -> ScenarioResult:
    """The answer of a scenario whose lab can not be had: ERROR, in the words of the reason."""
    progress.started(scenario)
    result = _broken_off(scenario, (), error, 0.0)
    progress.finished(result)
    return result


def own_name(base: str) -> str:
    """A lab name that no other run uses at the same time."""
    return f"{base[:40]}-{uuid.uuid4().hex[:6]}"


def shared(scenarios: Sequence[Scenario]) -> list[list[Scenario]]:
    """Scenarios by the lab they can share: each that changes the network stands alone."""
    groups: dict[object, list[Scenario]] = {}
    for scenario in scenarios:
        key: object = id(scenario) if scenario.changes else scenario.network
        groups.setdefault(key, []).append(scenario)
    return list(groups.values())
