"""Which failures together cut somebody off whom none of them does alone, found without trying all of them.

A node of a rigid class is cut off when it has lost all of its members. The first one that a set of failures cuts off,
and no smaller part of the set does, loses each member to a part of the set. So it is enough to know which members each
part takes from whom, and to put together parts that take all: of the 2 million pairs of cables of a large fat-tree
there is none.
"""

from collections.abc import Iterator, Sequence
from itertools import combinations

import numpy as np

from sim.fast.bits import Numbers, unpacked
from sim.sweep.failures import Failure
from sim.sweep.standing import Standing
from sim.sweep.withdrawals import Dead, survivors


def interplay(base: Standing, dead: Dead, parts: Sequence[Failure], size: int) -> Iterator[Failure]:
    """The sets of `size` elements, made of these parts, that may cut somebody off whom no smaller one does."""
    where, failure, lost = _losses(base, dead, size)
    starts = np.flatnonzero(np.r_[True, where[1:] != where[:-1]][: len(where)]).tolist()
    seen: set[Failure] = set()
    for start, stop in zip(starts, [*starts[1:], len(where)][: len(starts)], strict=True):
        node, of = divmod(int(where[start]), base.count.shape[1])
        here = list(zip(failure[start:stop].tolist(), lost[start:stop].tolist(), strict=True))
        for found in _put_together(parts, here, size, int(base.count[node, of])):
            if found not in seen:
                seen.add(found)
                yield found


def _losses(base: Standing, dead: Dead, size: int) -> tuple[Numbers, Numbers, Numbers]:
    """Who loses how many members to which part and keeps some: (node and class, part, members), in order.

    Only nodes that `size` such losses could cut off.
    """
    cascaded = survivors(base, dead)
    most = np.ones(base.count.shape, np.int64)
    np.maximum.at(most, (cascaded.node, cascaded.of), cascaded.members + 1)
    tight = (base.count > 1) & (base.count <= size * most)
    keep = tight[cascaded.node, cascaded.of]
    rows = [np.stack([cascaded.node, cascaded.of, cascaded.failure, cascaded.members], axis=1)[keep]]
    bits = np.packbits(tight, axis=-1, bitorder="little").view(np.uint64) & base.rigid
    for start in range(0, len(dead.edge), 8192):
        edge = dead.edge[start : start + 8192]
        receiver = base.fabric.receiver[edge]
        at, of = np.nonzero(unpacked(base.members[edge] & bits[receiver]))
        failure = dead.edge_failure[start + at]
        rows.append(np.stack([receiver[at], of, failure, np.ones_like(of)], axis=1))
    table = np.concatenate(rows)
    keys, back = np.unique(table[:, :3], axis=0, return_inverse=True)
    total = np.bincount(back.ravel(), table[:, 3], len(keys)).astype(np.int64)
    return keys[:, 0] * base.count.shape[1] + keys[:, 1], keys[:, 2], total


def _put_together(
    parts: Sequence[Failure], here: Sequence[tuple[int, int]], size: int, needed: int
) -> Iterator[Failure]:
    """Unions of exactly `size` elements that together take as many members as there are."""
    for many in range(2, size + 1):
        for chosen in combinations(here, many):
            if sum(lost for _, lost in chosen) >= needed:
                union = {element for part, _ in chosen for element in parts[part]}
                if len(union) == size:
                    yield tuple(sorted(union))
