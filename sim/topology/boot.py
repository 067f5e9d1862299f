"""How a node boots: its stages, what each waits for, its commands, and when it counts as healthy. Frozen values."""

from collections.abc import Iterator, Mapping

from sim.dataclasses import dataclass, field
from sim.errors import Place

STAGES = ("create", "create-links", "configure", "healthy", "exit")
"""A node's stages in their order. Between configure and healthy its own `exec` lines run."""


@dataclass(frozen=True, slots=True)
class Command:
    """A line that is split as a shell would, and run by none. `on_host`: on the lab's host side."""

    line: str
    on_host: bool = False


@dataclass(frozen=True, slots=True)
class WaitFor:
    """A stage of another node that must be over."""

    node: str
    stage: str
    place: Place | None = field(default=None, compare=False)

    def __str__(self) -> str:
        return f"{self.node}:{self.stage}"


@dataclass(frozen=True, slots=True)
class Stage:
    """What a stage waits for before it begins, and what runs at its beginning and its end."""

    wait_for: tuple[WaitFor, ...] = ()
    on_enter: tuple[Command, ...] = ()
    on_exit: tuple[Command, ...] = ()


@dataclass(frozen=True, slots=True)
class Healthcheck:
    """A command whose success says that a node does what it should, asked as Docker asks it.

    Failures in the first `start_period_s` do not count; `retries` of them in a row make a node unhealthy.
    """

    argv: tuple[str, ...]
    interval_s: int = 30
    timeout_s: int = 30
    retries: int = 3
    start_period_s: int = 0


def in_order(stages: Mapping[str, Stage], own: tuple[str, ...]) -> Iterator[Command]:
    """Every command of a node, its own `exec` lines among them, in the order in which they run."""
    for name in STAGES:
        if name == "healthy":
            yield from map(Command, own)
        stage = stages.get(name, Stage())
        yield from (*stage.on_enter, *stage.on_exit)
