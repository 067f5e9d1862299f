"""Dialects: configuration text -> Device, one file per language.

The folder is the index: a module (or package) here offers `DIALECTS`, a tuple of Dialect values, and needs no entry
elsewhere. A dialect that outgrows one file becomes a package of its name. `order` says which dialect has the last word
on an interface that several describe: as a booting host applies them, 10 sysctl, 20 interfaces, 40 packet filters, 60
routing daemons.

What the text says wrongly is ConfigError at its line. What the model does not know is a Note at its line.
"""

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Protocol

from sim.dataclasses import dataclass
from sim.device import Device
from sim.errors import Place
from sim.topology.model import Node


@dataclass(frozen=True, slots=True)
class Source:
    """One file of a node: its absolute path there, where its author keeps it, and its text."""

    path: str
    origin: str
    text: str

    def at(self, line: int) -> Place:
        """A line of it, as its author finds it."""
        return Place(self.origin, line)


class Dialect(Protocol):
    """A configuration language."""

    name: str
    order: int

    def claims(self, path: str) -> bool:
        """Whether a file at this path (absolute, on the node) is written in this language."""
        ...

    def parse(self, node: Node, files: Mapping[str, Source]) -> Device:
        """What these files (those claimed, by path) say. ConfigError, at its line, for what no daemon would accept."""
        ...


@cache
def dialects() -> tuple[Dialect, ...]:
    """Every dialect of this folder, in order."""
    found: list[Dialect] = []
    for module in pkgutil.iter_modules([str(Path(__file__).parent)]):
        found += getattr(importlib.import_module(f"{__name__}.{module.name}"), "DIALECTS", ())
    return tuple(sorted(found, key=lambda dialect: dialect.order))
