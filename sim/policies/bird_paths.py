"""AS paths in BIRD's filter language: masks (`[= * 65000 65001..65010 ? =]`) and what is done to a path."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from sim.dataclasses import dataclass
from sim.policies.bird_values import Set, Value

Hop = int | frozenset[int]
Path = tuple[Hop, ...]


class MaskItem(NamedTuple):
    """One item of a mask: an AS range, a set, or a sign (`*` any sequence, `?` any one, `+` the item before, again)."""

    sign: str = ""
    low: int = 0
    high: int = 0
    among: Set | None = None

    def fits(self, hop: Hop) -> bool:
        """Whether one hop matches; an AS_SET does if one of its members does."""
        if isinstance(hop, frozenset):
            return any(self.fits(member) for member in hop)
        if self.sign == "?":
            return True
        return self.among.holds(hop) if self.among is not None else self.low <= hop <= self.high


@dataclass(frozen=True, slots=True)
class PathMask:
    """A mask, which the whole path must match."""

    items: tuple[MaskItem, ...]

    def fits(self, path: Path) -> bool:
        """Whether a path matches: all states of the mask side by side, one hop at a time."""
        states = self._spread({0})
        for hop in path:
            states = self._spread({state for at in states for state in self._after(at, hop)})
        return len(self.items) in states

    def _spread(self, states: set[int]) -> set[int]:
        """The states that `*` and `+` reach without a hop."""
        spread = set(states)
        waiting = list(states)
        while waiting:
            at = waiting.pop()
            if at < len(self.items) and self.items[at].sign in ("*", "+") and at + 1 not in spread:
                spread.add(at + 1)
                waiting.append(at + 1)
        return spread

    def _after(self, at: int, hop: Hop) -> set[int]:
        if at >= len(self.items):
            return set()
        item = self.items[at]
        if item.sign == "*":
            return {at}
        if item.sign == "+":
            return {at} if self.items[at - 1].fits(hop) else set()
        return {at + 1} if item.fits(hop) else set()


def holds(path: Path, asn: int) -> bool:
    """Whether an AS stands in a path, sets included."""
    return any(asn in hop if isinstance(hop, frozenset) else asn == hop for hop in path)


def first(path: Path) -> int:
    """The nearest AS; 0 of an empty path, or where an AS_SET is nearest."""
    return path[0] if path and isinstance(path[0], int) else 0


def last(path: Path) -> int:
    """The AS where it began; 0 of an empty path, or where it ends in an AS_SET."""
    return path[-1] if path and isinstance(path[-1], int) else 0


def last_nonaggregated(path: Path) -> int:
    """The last AS before an AS_SET; 0 where there is none."""
    found = 0
    for hop in path:
        if isinstance(hop, frozenset):
            break
        found = hop
    return found


def kept(path: Path, keep: Callable[[int], bool]) -> Path:
    """A path with the hops that `keep` names; of an AS_SET, the members."""
    hops: list[Hop] = []
    for hop in path:
        if isinstance(hop, frozenset):
            if members := frozenset(filter(keep, hop)):
                hops.append(members)
        elif keep(hop):
            hops.append(hop)
    return tuple(hops)


def mask_of(items: Sequence[Value]) -> PathMask:
    """A mask from its items; a number stands for its AS, a path for its hops."""
    flat: list[MaskItem] = []
    for item in items:
        if isinstance(item, MaskItem):
            flat.append(item)
        elif type(item) is tuple:
            flat += [MaskItem(low=hop, high=hop) for hop in item if isinstance(hop, int)]
        else:
            flat.append(MaskItem(low=int(item), high=int(item)))
    return PathMask(tuple(flat))
