"""netfilter's configuration as values: tables of chains of rules, and the hooks at which base chains are asked.

Table    one tool's table in one family: iptables' `filter` for IPv4, nft's `inet fw`
Chain    rules in order; a base chain has a Hook, a user chain has none
Rule     matches that must all hold, effects on the packet, and what then happens to it (None: the next rule)
"""

from collections.abc import Mapping
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from sim.dataclasses import dataclass, field
from sim.errors import Place
from sim.filters.actions import Effect, Verb
from sim.filters.matches import Match, notes_of
from sim.snapshot import Note

if TYPE_CHECKING:  # compiled.py needs Rule
    from sim.filters.compiled import Compiled

Tool = Literal["iptables", "ip6tables", "nft"]
Family = Literal["ip", "ip6", "inet", "bridge", "arp", "netdev"]
VERSIONS: Mapping[str, tuple[int, ...]] = {"ip": (4,), "ip6": (6,), "inet": (4, 6)}


class Point(StrEnum):
    """Where in its way through a node a packet meets filters."""

    PREROUTING = "prerouting"
    INPUT = "input"
    FORWARD = "forward"
    OUTPUT = "output"
    POSTROUTING = "postrouting"


@dataclass(frozen=True, slots=True)
class Hook:
    """Where and when a base chain is asked, and what its policy does with whom no rule decided about."""

    point: Point
    priority: int
    kind: Literal["filter", "nat", "route"] = "filter"
    drops: bool = False  # policy drop
    place: Place | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule; `text` is as its tool prints it. All matches must hold; `verb` None goes on to the next rule."""

    text: str
    matches: tuple[Match, ...] = ()
    effects: tuple[Effect, ...] = ()
    verb: Verb | None = None
    place: Place | None = field(default=None, compare=False)

    @property
    def notes(self) -> tuple[Note, ...]:
        """What of its matches is not modelled."""
        return notes_of(self.matches)


@dataclass(frozen=True)
class Chain:
    """A chain: rules in order."""

    name: str
    rules: tuple[Rule, ...] = ()
    hook: Hook | None = None

    @cached_property
    def compiled(self) -> "Compiled":
        """The chain as a decision structure, made once."""
        from sim.filters.compiled import Compiled

        return Compiled(self.rules)


@dataclass(frozen=True, slots=True)
class Table:
    """A table of one tool."""

    tool: Tool
    family: Family
    name: str
    chains: Mapping[str, Chain] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """As the harness names it where a rule is quoted: `iptables filter`, `nft inet fw`."""
        return f"nft {self.family} {self.name}" if self.tool == "nft" else f"{self.tool} {self.name}"
