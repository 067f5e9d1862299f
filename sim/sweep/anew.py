"""Classes solved anew under a failure, many pairs of (failure, class) at once: for classes that are not rigid.

Each pair is a column of bits of its own, with what is dead taken out of its doors. A pair in which a node would have to
choose among equal paths is unsure, and the failure is left to the general engine.
"""

from collections.abc import Iterator

import numpy as np

from sim.dataclasses import dataclass
from sim.fast.bits import Bits, Numbers, unpacked
from sim.fast.classes import door_bits, origin_bits
from sim.fast.levels import spread
from sim.sweep.standing import Standing
from sim.sweep.withdrawals import Dead

_BYTES = 16 << 20


@dataclass(frozen=True, slots=True, eq=False)
class Anew:
    """What changes: triples (failure, class, node) that lose their route, or get one that they did not have.

    `narrowed` (F): how many (node, prefix) have fewer members. `unsure`: failures that were not solved.
    """

    lost: tuple[Numbers, Numbers, Numbers]
    opened: tuple[Numbers, Numbers, Numbers]
    narrowed: Numbers
    unsure: frozenset[int]
    pairs: int


def solve_anew(base: Standing, dead: Dead) -> Anew:
    """Solve every class that is not rigid and has something dead among its members."""
    failure, of = _touched(base, dead)
    narrowed = np.zeros(dead.size, np.int64)
    lost, opened, unsure = [], [], set[int]()
    width = 64 * max(1, _BYTES // (8 * max(1, base.fabric.edges)))
    for start in range(0, len(failure), width):
        part = _part(base, dead, failure[start : start + width], of[start : start + width])
        lost.append(part.lost)
        opened.append(part.opened)
        narrowed += part.narrowed
        unsure |= part.unsure
    return Anew(_together(lost), _together(opened), narrowed, frozenset(unsure), len(failure))


def _touched(base: Standing, dead: Dead) -> tuple[Numbers, Numbers]:
    """The pairs of a failure and a class that is not rigid and that loses a member, in the order of classes."""
    pairs = []
    for start in range(0, len(dead.edge), 8192):
        rows, of = np.nonzero(unpacked(base.members[dead.edge[start : start + 8192]] & ~base.rigid))
        pairs.append(np.stack([of, dead.edge_failure[start + rows]], axis=1))
    found = np.unique(np.concatenate(pairs), axis=0) if pairs else np.zeros((0, 2), np.int64)
    return found[:, 1], found[:, 0]


def _part(base: Standing, dead: Dead, failure: Numbers, of: Numbers) -> Anew:
    """A bunch of pairs, of which each is a column."""
    fabric, size = base.fabric, len(of)
    classes = [base.bgp.classes[each] for each in of.tolist()]
    doors, origins = door_bits(fabric, classes), origin_bits(fabric, classes)
    columns, edges = _of_failures(failure, dead.edge_failure, dead.edge)
    for open_to in doors.values():
        _take_out(open_to, edges, columns)
    columns, nodes = _of_failures(failure, dead.node_failure, dead.node)
    _take_out(origins, nodes, columns)
    state = spread(fabric, origins, doors)
    alive = np.ones((fabric.size, size), np.bool_)
    alive[nodes, columns] = False
    now, before = unpacked(state.reached)[:, :size] != 0, base.length[:, of] >= 0
    less = (_member_counts(base, state.members, size) < base.count[:, of]) & now & alive
    doubt = unpacked(state.unsure)[0, :size] != 0
    narrowed = np.zeros(dead.size)
    np.add.at(narrowed, failure, less.sum(axis=0) * base.weights[of])
    return Anew(
        _triples(before & ~now & alive, failure, of),
        _triples(now & ~before & alive, failure, of),
        np.rint(narrowed).astype(np.int64),
        frozenset(failure[doubt].tolist()),
        size,
    )


def _of_failures(wanted: Numbers, failure: Numbers, thing: Numbers) -> tuple[Numbers, Numbers]:
    """For each column's failure, what is dead in it: (column, thing) pairs. `failure` is in order."""
    first, last = np.searchsorted(failure, wanted), np.searchsorted(failure, wanted, side="right")
    columns = np.repeat(np.arange(len(wanted)), last - first)
    within = np.arange(len(columns)) - np.repeat(np.cumsum(last - first) - (last - first), last - first)
    return columns, thing[first[columns] + within]


def _take_out(bits: Bits, things: Numbers, columns: Numbers) -> None:
    np.bitwise_and.at(bits, (things, columns // 64), ~(np.uint64(1) << (columns % 64).astype(np.uint64)))


def _member_counts(base: Standing, members: Bits, size: int) -> Numbers:
    found = np.zeros((base.fabric.size, size), np.int64)
    if base.fabric.edges:
        bits = unpacked(members)[:, :size]
        found[base.fabric.heads] = np.add.reduceat(bits, base.fabric.starts, axis=0, dtype=np.int64)
    return found


def _triples(marked: np.ndarray, failure: Numbers, of: Numbers) -> tuple[Numbers, Numbers, Numbers]:
    node, column = np.nonzero(marked)
    return failure[column], of[column], node


def _together(parts: list[tuple[Numbers, Numbers, Numbers]]) -> tuple[Numbers, Numbers, Numbers]:
    if not parts:
        return np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.int64)
    failure, of, node = (np.concatenate(each) for each in zip(*parts, strict=True))
    return failure, of, node


def triples(found: tuple[Numbers, Numbers, Numbers]) -> Iterator[tuple[int, int, int]]:
    """As numbers of Python's."""
    return zip(*(each.tolist() for each in found), strict=True)
