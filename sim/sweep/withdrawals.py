"""What failures take away in rigid classes: a walk downstream from what is dead, for many failures at once.

How it works: a node that loses its last member of a class is *cut off*; whoever has it as a member loses that member
too, and so on outwards, by increasing path length, so that all that a node loses is known when it is looked at. A node
with members left keeps its route, and what it tells stays the same (in a rigid class all members tell alike). The first
step is in bits; what it cuts off is followed as (failure, class, node) triples, of which there are few.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sim.dataclasses import dataclass
from sim.fast.bits import Bits, Numbers, unpacked, weighed
from sim.sweep.standing import Standing


@dataclass(frozen=True, slots=True, eq=False)
class Dead:
    """What is dead in each of F failures, as pairs sorted by failure: edges, and nodes."""

    size: int
    edge_failure: Numbers
    edge: Numbers
    node_failure: Numbers
    node: Numbers


@dataclass(frozen=True, slots=True, eq=False)
class Withdrawn:
    """Who is cut off: triples (failure, class, node). `narrowed` (F): how many (node, prefix) have fewer members."""

    failure: Numbers
    of: Numbers  # the class
    node: Numbers
    narrowed: Numbers


def withdraw(base: Standing, dead: Dead) -> Withdrawn:
    """Everybody whom these failures cut off from rigid classes."""
    walk = _Walk(base, dead)
    walk.begin()
    for length in range(1, int(base.length.max(initial=0)) + 1):
        walk.step(length)
    return walk.end()


@dataclass(frozen=True, slots=True, eq=False)
class Survivors:
    """Who loses members because neighbours are cut off, and keeps some: how many (dead sessions are not counted)."""

    failure: Numbers
    of: Numbers
    node: Numbers
    members: Numbers


def survivors(base: Standing, dead: Dead) -> Survivors:
    """Everybody who loses members downstream of these failures and is not cut off."""
    walk = _Walk(base, dead)
    walk.begin()
    for length in range(1, int(base.length.max(initial=0)) + 1):
        walk.step(length)
    keys = np.concatenate([keys for keys, _ in walk.kept]) if walk.kept else np.zeros(0, np.int64)
    lost = np.concatenate([lost for _, lost in walk.kept]) if walk.kept else np.zeros(0, np.int64)
    failure, of, node = walk.parts(keys)
    return Survivors(failure, of, node, lost)


class _Walk:
    """Keys are (failure * classes + class) * nodes + node."""

    def __init__(self, base: Standing, dead: Dead) -> None:
        self.base, self.dead = base, dead
        self.fabric = base.fabric
        self.classes = base.count.shape[1]
        self.dead_keys = np.sort(dead.edge_failure * self.fabric.edges + dead.edge)
        self.node_keys = np.sort(dead.node_failure * self.fabric.size + dead.node)
        self.pending: dict[int, list[Numbers]] = {}  # keys that lose a member by a cut off neighbour, by length
        self.cut: list[Numbers] = []
        self.kept: list[tuple[Numbers, Numbers]] = []  # keys that lose some members and keep others; how many
        self.narrowed = np.zeros(dead.size)

    def begin(self) -> None:
        """What dead edges alone cut off or narrow, receiver by receiver, in bits."""
        order = np.lexsort((self.fabric.receiver[self.dead.edge], self.dead.edge_failure))
        failure, edge = self.dead.edge_failure[order], self.dead.edge[order]
        receiver = self.fabric.receiver[edge]
        group = failure * self.fabric.size + receiver
        starts = np.flatnonzero(np.r_[True, group[1:] != group[:-1]]) if len(group) else np.zeros(0, np.int64)
        sizes = np.diff(np.r_[starts, len(group)])
        alone, several = starts[sizes == 1], starts[sizes > 1]
        lost = self.base.members.take(edge[alone], axis=0) & self.base.rigid
        lonely = self.base.lonely.take(receiver[alone], axis=0)
        self._first(failure[alone], receiver[alone], lost & lonely, lost & ~lonely)
        for start, size in zip(several.tolist(), sizes[sizes > 1].tolist(), strict=True):
            ends, fall = self._at_once(edge[start : start + size], int(receiver[start]))
            self._first(failure[start : start + 1], receiver[start : start + 1], ends, fall)

    def _at_once(self, edges: Numbers, receiver: int) -> tuple[Bits, Bits]:
        """The classes that one node loses when several of its sessions die, and those that it keeps with fewer."""
        run = self.fabric.heard(receiver)
        alive = [edge for edge in run if edge not in set(edges.tolist())]
        lost = np.bitwise_or.reduce(self.base.members[edges], axis=0, keepdims=True) & self.base.rigid
        left = np.bitwise_or.reduce(self.base.members[alive], axis=0, keepdims=True)
        return lost & ~left, lost & left

    def _first(self, failure: Numbers, node: Numbers, ends: Bits, fall: Bits) -> None:
        living = ~_among(failure * self.fabric.size + node, self.node_keys)
        np.add.at(self.narrowed, failure, weighed(fall, self.base.weights) * living)
        for start in range(0, len(ends), 4096):
            rows, of = np.nonzero(unpacked(ends[start : start + 4096]))
            self._cut_off(self._key(failure[start + rows], of, node[start + rows]))

    def step(self, length: int) -> None:
        """Nodes at one length: those that lose all of their members are cut off."""
        if length not in self.pending:
            return
        keys, lost = np.unique(np.concatenate(self.pending.pop(length)), return_counts=True)
        failure, of, node = self.parts(keys)
        by_edges = self._dead_members(failure, of, node)
        already = _among(keys, np.sort(np.concatenate(self.cut))) if self.cut else np.zeros(len(keys), np.bool_)
        ends = (lost + by_edges >= self.base.count[node, of]) & ~already
        living = ~_among(failure * self.fabric.size + node, self.node_keys)
        change = np.where(ends & (by_edges > 0), -1, np.where(~ends & (by_edges == 0), 1, 0)) * living
        np.add.at(self.narrowed, failure, change * self.base.weights[of])
        self.kept.append((keys[~ends & ~already], lost[~ends & ~already]))
        self._cut_off(keys[ends])

    def _dead_members(self, failure: Numbers, of: Numbers, node: Numbers) -> Numbers:
        """For each triple, how many of the members of the node are dead edges."""
        order = np.lexsort((self.fabric.receiver[self.dead.edge], self.dead.edge_failure))
        edge = self.dead.edge[order]
        groups = self.dead.edge_failure[order] * self.fabric.size + self.fabric.receiver[edge]
        wanted = failure * self.fabric.size + node
        first = np.searchsorted(groups, wanted)
        last = np.searchsorted(groups, wanted, side="right")
        found = np.zeros(len(wanted), np.int64)
        for step in range(int((last - first).max(initial=0))):
            here = np.flatnonzero(first + step < last)
            found[here] += self._is_member(edge[first[here] + step], of[here])
        return found

    def _cut_off(self, keys: Numbers) -> None:
        """Remember who is cut off, and tell those who have them as a member."""
        if not len(keys):
            return
        self.cut.append(keys)
        failure, of, node = self.parts(keys)
        degree = self.base.out_starts[node + 1] - self.base.out_starts[node]
        at = np.repeat(np.arange(len(keys)), degree)
        within = np.arange(len(at)) - np.repeat(np.cumsum(degree) - degree, degree)
        edge = self.base.out_edges[self.base.out_starts[node[at]] + within]
        live = self._is_member(edge, of[at]) & ~_among(failure[at] * self.fabric.edges + edge, self.dead_keys)
        at, edge = at[live], edge[live]
        receiver = self.fabric.receiver[edge]
        lengths = self.base.length[receiver, of[at]]
        told = self._key(failure[at], of[at], receiver)
        for length in np.unique(lengths).tolist():
            self.pending.setdefault(length, []).append(told[lengths == length])

    def end(self) -> Withdrawn:
        """All that was found. Dead nodes are not cut off: they are not there."""
        keys = np.concatenate(self.cut) if self.cut else np.zeros(0, np.int64)
        failure, of, node = self.parts(keys)
        living = ~_among(failure * self.fabric.size + node, self.node_keys)
        return Withdrawn(failure[living], of[living], node[living], np.rint(self.narrowed).astype(np.int64))

    def _is_member(self, edge: Numbers, of: Numbers) -> NDArray[np.bool_]:
        words = self.base.members[edge, of // 64] >> (of % 64).astype(np.uint64)
        return (words & np.uint64(1)).astype(np.bool_)

    def _key(self, failure: Numbers, of: Numbers, node: Numbers) -> Numbers:
        keys: Numbers = (failure * self.classes + of) * self.fabric.size + node
        return keys

    def parts(self, keys: Numbers) -> tuple[Numbers, Numbers, Numbers]:
        """Failure, class and node of keys."""
        rest, node = np.divmod(keys, self.fabric.size)
        failure, of = np.divmod(rest, self.classes)
        return failure, of, node


def _among(keys: Numbers, ordered: Numbers) -> NDArray[np.bool_]:
    """Which keys are among these, that are in order."""
    if not len(ordered):
        return np.zeros(len(keys), np.bool_)
    place = np.minimum(np.searchsorted(ordered, keys), len(ordered) - 1)
    found: NDArray[np.bool_] = ordered[place] == keys
    return found


def dead_of(size: int, edges: Sequence[tuple[int, int]], nodes: Sequence[tuple[int, int]]) -> Dead:
    """Dead edges and nodes as (failure, edge) and (failure, node) pairs, in any order, each once."""
    edge = np.array(sorted(set(edges)), np.int64).reshape(-1, 2)
    node = np.array(sorted(set(nodes)), np.int64).reshape(-1, 2)
    return Dead(size, edge[:, 0], edge[:, 1], node[:, 0], node[:, 1])
