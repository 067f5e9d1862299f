"""Run scenarios: a lab for each, or one that some share, the steps played on it, and a Verdict for the whole."""

import re
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Protocol

from harness import deploy
from harness.play import LabWitness, StepResult, play_before, witnessing
from harness.scenario import Scenario
from harness.verdict import Outcome, Verdict, errored, failed, passed, skipped
from lab.lab import Lab
from lab.runtimes import StandIn
from sim.errors import FabricError

Text = Callable[[str], None]


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
    """A scenario's verdict from its steps'. A known-bad twin passes when it fails for the reason it states."""
    errors = [each for each in steps if each.verdict.outcome is Outcome.ERROR]
    failures = [each for each in steps if each.verdict.outcome is Outcome.FAIL]
    if errors:
        return errored(f"{errors[0].step}: {errors[0].verdict.text}")
    if scenario.fails is not None:
        return _judge_twin(scenario.fails, failures)
    if failures:
        more = f" (and {len(failures) - 1} more)" if len(failures) > 1 else ""
        return failed(f"{failures[0].step}: {failures[0].verdict.text}{more}")
    asked = [each for each in steps if each.step.verb == "expect"]
    answered = [each for each in asked if each.verdict.outcome is Outcome.PASS]
    if not answered:
        return skipped(f"nothing was learnt: {asked[0].verdict.text}" if asked else "nothing was asked")
    return passed(f"{len(answered)} of {len(asked)} expectations hold")


def _judge_twin(pattern: str, failures: Sequence[StepResult]) -> Verdict:
    for each in failures:
        if re.search(pattern, each.verdict.text):
            return passed(f"fails as it should: {each.verdict.text}")
    if failures:
        return failed(f"fails for another reason: {failures[0].verdict.text}; expected text matching {pattern!r}")
    return failed(f"every expectation holds; expected one to fail with text matching {pattern!r}")


def run_scenario(scenario: Scenario, lab: Lab | None = None, progress: Progress | None = None) -> ScenarioResult:
    """Run one scenario, on a lab of its own or on a running one. FabricErrors of its lab make it ERROR."""
    watching = progress or Silent()
    started = time.monotonic()
    watching.started(scenario)
    try:
        mine = nullcontext(lab) if lab else own_lab(scenario, lambda text: watching.stage(scenario, text))
        with mine as stage, witnessing(stage) as witness:
            result = _played(scenario, witness, watching, started)
    except FabricError as error:
        steps = tuple(StepResult(step, skipped("not tried: the lab is not up"), 0.0, 0) for step in scenario.steps)
        result = ScenarioResult(scenario, errored(str(error)), steps, time.monotonic() - started)
    watching.finished(result)
    return result


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
            results.append(_played(scenario, witness, watching, started))
            watching.finished(results[-1])
    return results


def _played(scenario: Scenario, witness: LabWitness, progress: Progress, started: float) -> ScenarioResult:
    steps: list[StepResult] = []
    play = play_before(witness)
    try:
        for step in scenario.steps:
            steps.append(play.step(step))
            progress.step(scenario, steps[-1])
        stand_ins = witness.stage.lab.stand_ins()
    except FabricError as error:  # the lab went away
        steps += [StepResult(step, skipped("not tried"), 0.0, 0) for step in scenario.steps[len(steps) :]]
        return ScenarioResult(scenario, errored(str(error)), tuple(steps), time.monotonic() - started)
    return ScenarioResult(scenario, judge(scenario, steps), tuple(steps), time.monotonic() - started, stand_ins)


def own_name(base: str) -> str:
    """A lab name that no other run uses at the same time."""
    return f"{base[:40]}-{uuid.uuid4().hex[:6]}"


@contextmanager
def own_lab(scenario: Scenario, stage: Callable[[str], None] = lambda _: None) -> Iterator[Lab]:
    """A lab for a scenario, brought up with its overlay and vars, and destroyed at the end."""
    lab = deploy.bring_up(scenario.draw(own_name(scenario.draw().name)), progress=stage)
    try:
        yield lab
    finally:
        stage("destroy")
        lab.destroy()


def run_scenarios(
    scenarios: Sequence[Scenario], progress: Progress | None = None, jobs: int = 1
) -> list[ScenarioResult]:
    """Run scenarios, `jobs` labs side by side; results in the order given.

    Those that change nothing share one lab where topology, overlay and vars are the same.
    """
    groups = shared(scenarios)
    with ThreadPoolExecutor(max_workers=max(1, jobs)) as pool:
        futures = [pool.submit(_run_group, group, progress or Silent()) for group in groups]
    found = {id(result.scenario): result for future in futures for result in future.result()}
    return [found[id(scenario)] for scenario in scenarios]


def shared(scenarios: Sequence[Scenario]) -> list[list[Scenario]]:
    """Scenarios by the lab they can share: each that changes the network stands alone."""
    groups: dict[object, list[Scenario]] = {}
    for scenario in scenarios:
        key: object = id(scenario) if scenario.changes else scenario.network
        groups.setdefault(key, []).append(scenario)
    return list(groups.values())


def _run_group(scenarios: Sequence[Scenario], progress: Progress) -> list[ScenarioResult]:
    if len(scenarios) == 1:
        return [run_scenario(scenarios[0], progress=progress)]
    try:
        with own_lab(scenarios[0], lambda text: progress.stage(scenarios[0], text)) as lab:
            return run_together(scenarios, lab, progress)
    except FabricError:  # the shared lab can not be had: each says so for itself
        return [run_scenario(scenario, progress=progress) for scenario in scenarios]
