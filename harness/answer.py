"""What a verb of the command line answers: a value with its JSON form, which `console.py` draws."""

from collections.abc import Mapping
from typing import Any

from sim.dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Answer:
    """A verb's answer: what the table and the JSON document say alike."""

    content: Mapping[str, Any] = field(default_factory=dict)
    exit_status: int = 0

    def to_json(self) -> Mapping[str, Any]:
        """The JSON document."""
        return self.content
