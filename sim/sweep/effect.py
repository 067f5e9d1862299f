"""Effect: what one failure does to the properties of a network; the seam between the sweep and who examines it."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol

from sim.dataclasses import dataclass
from sim.sweep.failures import Element, Failure


class Pair(NamedTuple):
    """A source node and what it is to reach: the name of a target (a node, or a service of it)."""

    source: str
    target: str


@dataclass(frozen=True, slots=True)
class Effect:
    """Pairs by number: `lost` are no longer delivered, `opened` are now and were not, `looping` go in circles, `holed`
    end at a node that has no route (or a null route) on one of their ways. `narrowed`: how many routes have fewer next
    hops. `solved`: whether anything had to be computed, beyond looking who uses what has failed.
    """

    failure: Failure
    lost: frozenset[int] = frozenset()
    opened: frozenset[int] = frozenset()
    looping: frozenset[int] = frozenset()
    holed: frozenset[int] = frozenset()
    narrowed: int = 0
    solved: bool = False


class Examiner(Protocol):
    """Who knows what a failure does to one network."""

    engine: str
    pairs: int  # how many are delivered when nothing has failed
    separate: int  # how many are not, and must stay so

    def effects(self, failures: Sequence[Failure]) -> list[Effect]:
        """What each failure does."""
        ...

    def interacting(self, elements: Sequence[Element], size: int, known: Iterable[Failure]) -> Iterable[Failure] | None:
        """The sets of so many elements that may do more than their parts do; None: any of them may.

        `known` are the smaller sets that do.
        """
        ...

    def pair(self, number: int) -> Pair:
        """Names for a pair's number."""
        ...
