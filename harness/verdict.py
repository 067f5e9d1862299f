"""Verdict: an answer with its evidence. `not` turns PASS into FAIL and FAIL into PASS, and nothing else."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from sim.dataclasses import dataclass, field, replace


class Outcome(StrEnum):
    """The four answers. A broken instrument is ERROR; what the model does not know, or what was not tried, is SKIP."""

    PASS = "pass"
    FAIL = "fail"
    ERROR = "error"
    SKIP = "skip"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a check found. `text` is one line; `evidence` what a reader needs to believe it, ready for JSON.

    Kinds of evidence that the report draws: "matrix" (separation), "spread" (ecmp), "traces", "table".
    """

    outcome: Outcome
    text: str
    evidence: Mapping[str, Any] = field(default_factory=dict)

    def inverted(self) -> "Verdict":
        """The answer to the opposite question."""
        swap = {Outcome.PASS: Outcome.FAIL, Outcome.FAIL: Outcome.PASS}
        return replace(self, outcome=swap.get(self.outcome, self.outcome))


def passed(text: str, **evidence: Any) -> Verdict:
    """PASS with its evidence."""
    return Verdict(Outcome.PASS, text, evidence)


def failed(text: str, **evidence: Any) -> Verdict:
    """FAIL with its evidence."""
    return Verdict(Outcome.FAIL, text, evidence)


def skipped(text: str, **evidence: Any) -> Verdict:
    """SKIP: nothing was learnt, and why."""
    return Verdict(Outcome.SKIP, text, evidence)


def errored(text: str, **evidence: Any) -> Verdict:
    """ERROR: the instrument failed."""
    return Verdict(Outcome.ERROR, text, evidence)
