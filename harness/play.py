"""Play a scenario's steps on a lab: do, expect, and wait no longer than it takes.

`within` and `for` count from the end of the last `do`. An expectation with `within` is asked, and asked again when a
kernel of the lab has news (`harness.bell`), until it holds or the time is over; with `for` it must hold at every look
from its first good one on. An action that can not be done skips the rest. A FabricError in a check is ERROR, whatever
`not` says.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Protocol

from harness import checks
from harness.actions import Stage, actions
from harness.bell import Bell
from harness.observe import observe
from harness.probes.prober import Prober
from harness.story import Step
from harness.verdict import Outcome, Verdict, errored, passed, skipped
from harness.witness import Spread, Witness
from lab.lab import Lab
from sim.errors import FabricError
from sim.flow import Flow, Trace
from sim.snapshot import Snapshot
from sim.topology.model import Topology

TICK_S = 0.2
"""The longest silence before a check is asked again."""

FRESH_S, STALE_S = 0.5, 1.5
"""How long a Snapshot may serve while no kernel has news: FRESH_S, or on a busy machine four times as long as it took
to take it, so that most of the time is left to the network; but never longer than STALE_S."""


class Rings(Protocol):
    """What a Play needs of a Bell."""

    def wait(self, longest_s: float) -> None:
        """Return at the next news, or when `longest_s` has passed."""
        ...


@dataclass(frozen=True, slots=True)
class StepResult:
    """One step's answer. `took_s` runs from the last `do` (for a do: from its start) to the answer, over `looks`."""

    step: Step
    verdict: Verdict
    took_s: float
    looks: int = 1


class LabWitness:
    """A Witness that asks a running lab: its kernels and daemons, and packets.

    One Snapshot serves the looks of a moment: it is taken anew once a kernel has news, the lab was changed, or (for
    what no kernel tells) FRESH_S have passed.
    """

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._prober = Prober(stage.lab.runtime, stage.drawn, lambda: self.bell.rings())
        self._bell: Bell | None = None
        self.vain: set[str] = set()
        self._last: tuple[Snapshot, int, float] | None = None  # with the rings before it, and until when it serves

    @property
    def stage(self) -> Stage:
        """The lab and its drawing, which the actions change."""
        return self._stage

    @property
    def topology(self) -> Topology:
        """The network as drawn, after the actions so far."""
        return self._stage.topology

    @property
    def bell(self) -> Bell:
        """The bell that listens to the nodes running now."""
        if self._bell is None:
            self._bell = Bell(self._stage.lab)
        return self._bell

    def changed(self) -> None:
        """The lab was changed: what was seen no longer counts, and other nodes may be running."""
        if self._bell is not None:
            self._bell.close()
        self._bell, self._last = None, None
        self.vain.clear()
        self._prober.forget()

    def snapshot(self) -> Snapshot:
        """The network as it is now."""
        rings, began = self.bell.rings(), time.monotonic()
        if self._last is None or self._last[1] != rings or began > self._last[2]:
            snapshot = observe(self._stage.lab)
            took = time.monotonic() - began
            self._last = snapshot, rings, began + min(STALE_S, max(FRESH_S, 4 * took))
        return self._last[0]

    def traces(self, flows: Sequence[Flow]) -> Sequence[Trace]:
        """One probe per flow, all at once."""
        return self._probing().traces(flows)

    def trace(self, flow: Flow, size_bytes: int | None = None, via: str | None = None) -> Trace:
        """One probe with captures on every node."""
        return self._probing().trace(flow, size_bytes=size_bytes, via=via)

    def spread(self, node: str, prefix: str, flows: int) -> Spread:
        """Forward flows through a node and count where they go."""
        return self._probing().spread(node, prefix, flows)

    def close(self) -> None:
        """Close the sockets."""
        self.changed()
        self._prober.close()

    def _probing(self) -> Prober:
        """The prober, told of the network as the actions so far have left it."""
        self._prober.topology = self._stage.drawn
        return self._prober


class Play:
    """Steps on a lab, one after another: what happened so far, and the clock since the last `do`.

    The witness answers the checks; `bell` says when it is worth asking again, `changed` is told after each `do`. `vain`
    holds what was waited for in vain since the network was last changed: the next story asks that once.
    """

    def __init__(
        self,
        stage: Stage,
        witness: Witness,
        bell: Callable[[], Rings],
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
        return self._do(step) if step.verb == "do" else self.expect(step)

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
            self._bell().wait(max(TICK_S, time.monotonic() - began))

    def _look(self, step: Step) -> Verdict:
        verdict = look(step.name, step.arguments, self.witness)
        return verdict.inverted() if step.negated else verdict


@contextmanager
def witnessing(lab: Lab) -> Iterator[LabWitness]:
    """A witness of a running lab, for one story or several; its sockets are closed at the end."""
    witness = LabWitness(Stage(lab, lab.topology))
    try:
        yield witness
    finally:
        witness.close()


def play_before(witness: LabWitness) -> Play:
    """A Play on the lab of a witness, its clock beginning now."""
    return Play(witness.stage, witness, lambda: witness.bell, witness.changed, witness.vain)


@contextmanager
def playing(lab: Lab) -> Iterator[Play]:
    """A Play on a running lab, whose sockets are closed at the end."""
    with witnessing(lab) as witness:
        yield play_before(witness)


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
    """Ask a check once. An instrument that fails is ERROR."""
    try:
        return checks.check(name)(witness, **arguments)
    except FabricError as error:
        return errored(str(error))
