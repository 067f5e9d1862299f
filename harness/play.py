"""Play a scenario's steps on a lab or on paper: do, expect, and wait no longer than it takes.

`within` and `for` count from the end of the last `do`. An expectation with `within` is asked, and asked again when a
kernel of the lab has news (`harness.bell`), until it holds or the time is over; with `for` it must hold at every look
from its first good one on. An action that can not be done skips the rest. A FabricError in a check is ERROR, whatever
`not` says.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from harness import checks
from harness.actions import Stage, actions
from harness.story import Step
from harness.verdict import Outcome, Verdict, errored, passed, skipped
from harness.witness import Witness
from sim.dataclasses import dataclass, replace
from sim.errors import FabricError, SimError

TICK_S = 0.2
"""The longest silence before a check is asked again."""


class Rings(Protocol):
    """What a Play needs of a Bell."""

    def wait(self, longest_s: float) -> None:
        """Return at the next news, or when `longest_s` has passed."""
        ...


@dataclass(frozen=True, slots=True)
class StepResult:
    """One step's answer. `took_s` runs from the last `do` (for a do: from its start) to the answer, over `looks`.

    `own_s` is the time of this step alone: those of all steps add up to the story's.
    """

    step: Step
    verdict: Verdict
    took_s: float
    looks: int = 1
    own_s: float = 0.0


class Play:
    """Steps, one after another: what happened so far, and the clock since the last `do`.

    The witness answers the checks; `bell` says when it is worth asking again (None: never, one look decides), `changed`
    is told after each `do`. `vain` holds what was waited for in vain since the network was last changed: the next story
    asks that once.
    """

    def __init__(
        self,
        stage: Stage,
        witness: Witness,
        bell: Callable[[], Rings] | None,
        changed: Callable[[], None] = lambda: None,
        vain: set[str] | None = None,
    ) -> None:
        self.stage = stage
        self.witness = witness
        self._bell = bell
        self._changed = changed
        self._vain = set() if vain is None else vain
        self._since = time.monotonic()
        self._broken: str | None = None

    def step(self, step: Step) -> StepResult:
        """Do or expect what the step says."""
        if self._broken:
            return StepResult(step, skipped(f"not tried: {self._broken}"), 0.0, 0)
        began = time.monotonic()
        result = self._do(step) if step.verb == "do" else self.expect(step)
        return replace(result, own_s=time.monotonic() - began)

    def _do(self, step: Step) -> StepResult:
        started = time.monotonic()
        try:
            actions()[step.name](self.stage, **step.arguments)
            verdict = passed(f"done: {step}")
        except FabricError as error:
            self._broken = f"{step} could not be done"
            verdict = errored(str(error))
        self._changed()
        self._since = time.monotonic()
        return StepResult(step, verdict, self._since - started)

    def expect(self, step: Step) -> StepResult:
        """Ask, and ask again as the step's times allow."""
        looks, held = 0, False
        asked = replace(step, within_s=None) if str(step) in self._vain else step
        if self._bell is None:
            asked = replace(step, within_s=None, for_s=None)
        while True:
            began = time.monotonic()
            verdict = self._look(step)
            elapsed, looks = time.monotonic() - self._since, looks + 1
            answer = _answer(asked, verdict, elapsed, held)
            if answer is not None:
                if asked.within_s is not None and not held and answer.outcome is Outcome.FAIL:
                    self._vain.add(str(step))
                return StepResult(step, answer, elapsed, looks)
            held = verdict.outcome is Outcome.PASS
            assert self._bell is not None, "without times, one look decides"
            self._bell().wait(max(TICK_S, time.monotonic() - began))

    def _look(self, step: Step) -> Verdict:
        verdict = look(step.name, step.arguments, self.witness)
        return verdict.inverted() if step.negated else verdict


def _answer(step: Step, verdict: Verdict, elapsed_s: float, held: bool) -> Verdict | None:
    """The step's answer if this look decides it; None: ask again. `held` says that an earlier look was good."""
    if verdict.outcome is Outcome.PASS:
        return None if step.for_s is not None and elapsed_s < step.for_s else verdict
    if held:
        return replace(verdict, text=f"{verdict.text}; {elapsed_s:.1f}s in, though it held before")
    if verdict.outcome is not Outcome.SKIP and step.within_s is not None and elapsed_s < step.within_s:
        return None
    return verdict


def look(name: str, arguments: Mapping[str, Any], witness: Witness) -> Verdict:
    """Ask a check once. An instrument that fails is ERROR; what the model can not tell is SKIP."""
    try:
        return checks.check(name)(witness, **arguments)
    except SimError as error:
        return skipped(str(error))
    except FabricError as error:
        return errored(str(error))
