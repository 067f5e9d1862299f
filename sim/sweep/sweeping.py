"""The sweep: every set of K failures, by the effects of those that must be looked at and by proof for the rest.

How it works: single failures are examined, all of them. Of larger sets only those are examined whose parts interact
(`Examiner.interacting`); any other set does what its parts do, no more: it inherits. So a minimal failing set is either
a single failure or one that was examined, and coverage can be told exactly: how many sets there are, how many were
examined, how many inherited.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import combinations

from sim.dataclasses import dataclass, field
from sim.sweep.effect import Effect, Examiner
from sim.sweep.failures import Element, Failure, chunks, failures, how_many

Chunk = tuple[Failure, ...]
Work = Callable[[Iterable[Chunk]], Iterator[list[Effect]]]
"""Who examines chunks of failures: in this process, in several, or on a cluster; in any order."""

KINDS = ("lost", "looping", "holed", "opened")


@dataclass(frozen=True, slots=True)
class Coverage:
    """Of the sets of `size`: how many there are, were decided, inherited by proof, and were computed anew."""

    size: int
    total: int
    done: int
    inherited: int
    solved: int


@dataclass(slots=True)
class Sweep:
    """What is known so far. `effects` are those examined, whatever they do; `minimal`: by kind of harm, the failures
    that do it with the pairs that no part of them harms."""

    size: int
    elements: tuple[Element, ...]
    effects: dict[Failure, Effect] = field(default_factory=dict)
    coverage: dict[int, Coverage] = field(default_factory=dict)

    @property
    def complete(self) -> bool:
        """Whether every set has been decided."""
        return len(self.coverage) == self.size and all(each.done == each.total for each in self.coverage.values())

    def minimal(self, kind: str) -> Iterator[tuple[Failure, frozenset[int]]]:
        """The smallest failing sets, small ones first, each with what it harms and no part of it does."""
        for failure, effect in sorted(self.effects.items(), key=lambda item: (len(item[0]), item[0])):
            harmed: frozenset[int] = getattr(effect, kind)
            fresh = harmed - self._of_parts(failure, kind) if len(failure) > 1 and harmed else harmed
            if fresh:
                yield failure, fresh

    def _of_parts(self, failure: Failure, kind: str) -> frozenset[int]:
        """What the proper parts of a set harm."""
        parts = (part for size in range(1, len(failure)) for part in combinations(failure, size))
        return frozenset[int]().union(*(getattr(self.effects[part], kind) for part in parts if part in self.effects))

    def narrowed(self) -> Mapping[Failure, int]:
        """The failures that leave routes with fewer next hops, and how many routes."""
        return {failure: effect.narrowed for failure, effect in self.effects.items() if effect.narrowed}


def sweep(
    examiner: Examiner, elements: Sequence[Element], size: int, work: Work, per_chunk: int = 64
) -> Iterator[Sweep]:
    """Decide about every set of up to `size` elements. Yields the same Sweep each time that more is known."""
    found = Sweep(size, tuple(elements))
    for each in range(1, size + 1):
        wanted = _examined(examiner, elements, each, found)
        total = how_many(elements, each)
        exempt = 0 if wanted is None else total - len(wanted)
        sets: Iterator[Failure] = failures(elements, each) if wanted is None else iter(wanted)
        done = solved = 0
        found.coverage[each] = Coverage(each, total, exempt, exempt, 0)
        for effects in work(chunks(sets, per_chunk)):
            done += len(effects)
            solved += sum(effect.solved for effect in effects)
            found.effects.update((effect.failure, effect) for effect in effects)
            found.coverage[each] = Coverage(each, total, exempt + done, exempt + done - solved, solved)
            yield found
        yield found


def _examined(examiner: Examiner, elements: Sequence[Element], size: int, found: Sweep) -> list[Failure] | None:
    """The sets that must be examined; None: all."""
    if size == 1:
        return None
    known = [failure for failure in found.effects if len(failure) > 1]
    interacting = examiner.interacting(elements, size, known)
    return None if interacting is None else sorted(interacting)


def alone(examiner: Examiner) -> Work:
    """Examine in this process, one chunk after another."""

    def work(chunks: Iterable[Chunk]) -> Iterator[list[Effect]]:
        for chunk in chunks:
            yield examiner.effects(chunk)

    return work
