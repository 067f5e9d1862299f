"""A story about a network, as values: Scenario and its Steps."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from sim.dataclasses import dataclass, field
from sim.errors import Place
from sim.topology.model import Topology
from sim.topology.overlay import with_overlay, with_vars
from sim.topology.reader import read_topology

Verb = Literal["do", "expect"]


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the story. `within_s` and `for_s` are seconds, counted from the last `do`."""

    verb: Verb
    name: str
    arguments: Mapping[str, Any]
    place: Place
    negated: bool = False
    within_s: float | None = None
    for_s: float | None = None
    written: Mapping[str, Any] = field(default_factory=dict)  # the arguments as they stand in the file

    def __str__(self) -> str:
        words = [self.name if self.verb == "expect" else f"do {self.name}", *map(_said, self.written.items())]
        times = [("within", self.within_s), ("for", self.for_s)]
        words += [f"{name} {seconds:g}s" for name, seconds in times if seconds is not None]
        return " ".join(["not", *words] if self.negated else words)


@dataclass(frozen=True, slots=True)
class Scenario:
    """A story as its file tells it. `vars` are by node or group; `fails` is a twin's regular expression.

    `on` lab: what it tells of shows in a lab alone (a daemon's fault, say), and paper has nothing to say about it.
    """

    name: str
    file: Path
    topology: Path
    steps: tuple[Step, ...]
    overlay: Path | None = None
    vars: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    twin_of: Path | None = None
    fails: str | None = None
    on: Literal["lab"] | None = None
    outside_binds: bool = False  # its topology's binds may leave the topology's folder

    @property
    def changes(self) -> bool:
        """Whether it changes the network, so that no other story can share its lab."""
        return any(step.verb == "do" for step in self.steps)

    @property
    def network(self) -> tuple[str, str, str]:
        """What scenarios must have in common to share a lab: topology, overlay, vars."""
        return str(self.topology), str(self.overlay or ""), repr(self.vars)

    def draw(self, name: str | None = None) -> Topology:
        """The topology with the scenario's overlay and vars, its lab under another `name` if given."""
        drawn = read_topology(self.topology, name=name, allow_outside_binds=self.outside_binds)
        return changed(drawn, self.overlay, self.vars)


def changed(topology: Topology, overlay: Path | None, vars: Mapping[str, Mapping[str, Any]]) -> Topology:
    """A topology with an overlay and vars."""
    topology = with_overlay(topology, overlay) if overlay else topology
    return with_vars(topology, vars) if vars else topology


def _said(item: tuple[str, Any]) -> str:
    key, value = item
    if isinstance(value, Mapping):
        value = "{" + ", ".join(f"{name}: {each}" for name, each in value.items()) + "}"
    elif isinstance(value, list):
        value = "[" + ", ".join(map(str, value)) + "]" if len(str(value)) < 60 else f"[{len(value)} items]"
    return str(value) if key in ("node", "prefix", "link") else f"{key} {value}"
