"""The errors of Fabriclab, sorted by who must act: author, host, lab, instrument or model.

Each error is one line: *place: what was found; what was expected; what to do*, and knows the exit status it ends a
command with. A failed expectation is a Verdict and never one of these; a bug of ours is a bare AssertionError.
"""

from sim.dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands: a file and its line (counted from 1; 0 means the file as a whole)."""

    file: str
    line: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file


class FabricError(Exception):
    """Anything that ends a command with one clear line. `place` is a file and line, a node's name, or nothing."""

    exit_status = 3

    def __init__(self, text: str, place: Place | str | None = None) -> None:
        super().__init__(f"{place}: {text}" if place else text)
        self.text = text
        self.place = place


class InputError(FabricError):
    """A file or a flag of the user's is wrong."""

    exit_status = 2


class TopologyError(InputError):
    """The topology file, or a fact in it."""


class ConfigError(InputError):
    """A node's configuration file."""


class ScenarioError(InputError):
    """A scenario file."""


class HostError(FabricError):
    """This machine can not: a missing capability, daemon, device or image."""


class LabError(FabricError):
    """What we started misbehaved."""


class NodeFailed(LabError):
    """A node could not be created, booted or reached; `place` is its name."""


class PushRejected(LabError):
    """A node's own tool refused a file; the text quotes the tool's words, with file and line."""


class CommandFailed(LabError):
    """A command on a node ended with a status other than 0."""


class ProbeError(FabricError):
    """An instrument failed: a Verdict ERROR, never PASS or FAIL."""


class SimError(FabricError):
    """The model can not."""


class NotConverged(SimError):
    """The model's fixed point was not reached."""
