"""A topology's own commands, run on nodes: `exec` lines and those of stages. A failing one is an error, or is told."""

import shlex
from collections.abc import Callable, Iterable

from harness.appliers import one_line
from lab.lab import Lab
from sim.dataclasses import dataclass
from sim.errors import CommandFailed, HostError
from sim.topology.boot import Command


@dataclass(frozen=True, slots=True)
class Failure:
    """A command that did not succeed, and what it said."""

    node: str
    command: str
    status: int
    words: str

    def __str__(self) -> str:
        return f"exec {self.command!r} ended with {self.status}: {self.words}"


Complain = Callable[[Failure], None]
"""What becomes of a failure."""


def refuse(failure: Failure) -> None:
    """A failure ends the deploy."""
    raise CommandFailed(str(failure), failure.node)


def run(lab: Lab, name: str, commands: Iterable[Command], complain: Complain = refuse) -> None:
    """Run commands on a node (or for it, on the lab's host side) in order, split as a shell would and without one."""
    for each in commands:
        box = lab.host if each.on_host else lab.runtime.node(name)
        try:
            done = box.run(shlex.split(each.line), check=False)
        except (CommandFailed, HostError) as error:  # no such program; it took too long
            complain(Failure(name, each.line, 127, error.text))
        else:
            if done.status:
                complain(Failure(name, each.line, done.status, one_line(done.words)))
