"""Appliers: how files become a node's state, each with the node's own tools. One file per configuration language.

The folder is the index: a module here offers `APPLIERS`, a tuple of Applier values, and needs no entry elsewhere.
`order` says when a booting host would do it: 10 sysctl, 20 interfaces, 30 sysctl of interfaces made by then, 40 to 49
packet filters, 60 routing daemons.
"""

import importlib
import pkgutil
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import cache
from pathlib import Path
from typing import Protocol, runtime_checkable

from harness.secrets import masked
from lab.node import RunningNode
from lab.programs import Program
from lab.runtimes import StandIn
from sim.dataclasses import dataclass, field, replace
from sim.errors import Place, PushRejected
from sim.topology.model import Node


class Devices(Protocol):
    """Who makes the virtual devices that files ask for: of a Runtime, this one method."""

    def device(self, node: str, name: str, kind: str) -> StandIn | None:
        """Make a device of that kind; what stands in for it, if anything does. HostError where there is neither."""
        ...


class Scripts(Protocol):
    """What nodes that boot side by side have in common, found out once instead of by each of them."""

    def installed(self) -> Collection[str]:
        """The routing daemons that every node has; none where each is to be asked."""
        ...

    def turn(self) -> AbstractContextManager[None]:
        """A node's turn to start its routing daemons."""
        ...

    def script(self, files: Mapping[str, bytes], daemons: Collection[str]) -> Mapping[str, Sequence[bytes]] | None:
        """The commands that these daemons are told, should they boot from these files; None where it is not known."""
        ...


@dataclass(frozen=True, slots=True)
class Work:
    """One push to one node: from the files it had (`before`) to those it has now (`files`), already written.

    `boot`: nothing of the configuration runs yet. `unsettled`: paths of a push that was cut off, so that what the node
    made of them is not known. `notes` collects what the reader should know, `later` (if there is such a list) what may
    be done when all nodes are through with the rest.
    """

    node: RunningNode
    declared: Node
    files: Mapping[str, bytes]
    before: Mapping[str, bytes] = field(default_factory=dict)
    boot: bool = False
    unsettled: frozenset[str] = frozenset()
    devices: Devices | None = None
    scripts: Scripts | None = None
    later: list[Callable[[], None]] | None = None
    notes: list[str] = field(default_factory=list)

    @property
    def changed(self) -> frozenset[str]:
        """Paths whose bytes differ, come or go, or are unsettled; at boot, every file."""
        if self.boot:
            return frozenset(self.files)
        paths = self.files.keys() | self.before.keys()
        differ = frozenset(path for path in paths if self.files.get(path) != self.before.get(path))
        return differ | self.unsettled

    def backwards(self) -> "Work":
        """The same work the other way: to what the node had."""
        return replace(self, files=self.before, before=self.files, notes=[])

    def text(self, path: str) -> str:
        """A file as text, whatever its bytes."""
        return self.files[path].decode(errors="replace")

    def note(self, text: str) -> None:
        """Tell the reader; once."""
        text = masked(text)
        if text not in self.notes:
            self.notes.append(text)

    def rejected(self, path: str, words: str, line: int = 0) -> PushRejected:
        """The error of a refused file, in the device's words."""
        where = f"{path} line {line}" if line else path
        error = PushRejected(f"{self.node.name} rejected {where}: {one_line(words)}")
        error.place = Place(path, line)
        return error


class Applier(Protocol):
    """A configuration language. `check` refuses a file before anything runs; `apply` acts, or raises PushRejected."""

    name: str
    order: int

    def claims(self, path: str) -> bool:
        """Whether a file at this path (absolute, on the node) is this applier's."""
        ...

    def needs(self, path: str) -> Sequence[Program]:
        """The programs that a node must have for a file of this applier's."""
        ...

    def check(self, work: Work) -> None:
        """Let the node's own tool read the files; PushRejected. Not called at boot, where `apply` says the same."""
        ...

    def apply(self, work: Work) -> None:
        """Bring the node from `work.before` to `work.files`."""
        ...


@runtime_checkable
class Early(Protocol):
    """An applier that may act on a node before its cables are in: its daemons take up interfaces as they appear."""

    def may_begin(self, files: Mapping[str, bytes]) -> bool:
        """Whether it may with these files."""
        ...


def may_begin(files: Mapping[str, bytes]) -> bool:
    """Whether a node may boot from these files before its cables are in: none who read them misses an interface."""
    concerned = [each for each in appliers() if any(map(each.claims, files))]
    return bool(concerned) and all(isinstance(each, Early) and each.may_begin(files) for each in concerned)


@cache
def appliers() -> tuple[Applier, ...]:
    """Every applier of this folder, in the order in which a booting host would use them."""
    found: list[Applier] = []
    for module in pkgutil.iter_modules([str(Path(__file__).parent)]):
        found += getattr(importlib.import_module(f"{__name__}.{module.name}"), "APPLIERS", ())
    return tuple(sorted(found, key=lambda applier: applier.order))


def one_line(words: str) -> str:
    """A tool's words as one line, secrets masked."""
    return "; ".join(line.strip() for line in masked(words).splitlines() if line.strip()) or "no reason given"
