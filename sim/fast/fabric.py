"""Fabric: the eBGP speakers of one address family and the sessions between them, as arrays.

A session is two *edges*, one for each direction in which routes are told: from `sender` to `receiver`. Edges are sorted
by receiver, so that what a node hears is one run of rows.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sim.dataclasses import dataclass, field
from sim.fast.bits import Numbers


@dataclass(frozen=True, slots=True, eq=False)
class Fabric:
    """N nodes and E edges.

    `asn` (N), `relax` (N): multipath-relax; `limit` (N): maximum-paths. `sender`, `receiver` (E); `door` (E): through
    which policies an edge leads, 0 for none; `rank` (E): where the edge stood before it was sorted. `shared` (N): the
    number, among the AS numbers that several nodes have, of a node's own, or -1. Only these can meet themselves on a
    shortest path (RFC 4271 9.1.2, the AS loop): a node that has its AS number to itself would be on the path, and
    nearer.
    """

    nodes: tuple[str, ...]
    asn: Numbers
    relax: NDArray[np.bool_]
    limit: Numbers
    sender: Numbers
    receiver: Numbers
    door: Numbers
    rank: Numbers
    shared: Numbers
    shared_count: int
    heads: Numbers  # the nodes that hear anything
    starts: Numbers  # the first edge of each of them
    number: dict[str, int] = field(repr=False)

    @property
    def size(self) -> int:
        """The number of nodes."""
        return len(self.nodes)

    @property
    def edges(self) -> int:
        """The number of directed sessions."""
        return len(self.sender)

    def heard(self, node: int) -> range:
        """The edges by which a node hears routes."""
        start, end = np.searchsorted(self.receiver, [node, node + 1])
        return range(int(start), int(end))

    def of_heads(self, values: NDArray[np.uint64], size: int) -> NDArray[np.uint64]:
        """Rows that stand for `heads`, as rows for all nodes."""
        full = np.zeros((size, values.shape[1]), values.dtype)
        full[self.heads] = values
        return full


def make_fabric(
    nodes: Sequence[str],
    asn: Sequence[int],
    edges: Sequence[tuple[int, int, int]],
    relax: Sequence[bool] | None = None,
    limit: Sequence[int] | None = None,
) -> Fabric:
    """A Fabric of edges (sender, receiver, door), in any order; those of one receiver keep theirs."""
    table = np.array(edges, np.int64).reshape(-1, 3)
    rank = np.argsort(table[:, 1], kind="stable")
    table = table[rank]
    receiver = table[:, 1].copy()
    heads, starts = np.unique(receiver, return_index=True)
    numbers = np.array(asn, np.int64)
    shared, count = _shared(numbers)
    return Fabric(
        nodes=tuple(nodes),
        asn=numbers,
        relax=np.ones(len(nodes), np.bool_) if relax is None else np.array(relax, np.bool_),
        limit=np.full(len(nodes), 1 << 30, np.int64) if limit is None else np.array(limit, np.int64),
        sender=table[:, 0].copy(),
        receiver=receiver,
        door=table[:, 2].copy(),
        rank=rank,
        shared=shared,
        shared_count=count,
        heads=heads,
        starts=starts,
        number={name: index for index, name in enumerate(nodes)},
    )


def _shared(asn: Numbers) -> tuple[Numbers, int]:
    """For each node the number of its AS among those that several nodes have, else -1; and how many there are."""
    _, back, counts = np.unique(asn, return_inverse=True, return_counts=True)
    several = counts > 1
    ranks = np.where(several, np.cumsum(several) - 1, -1)
    return ranks[back], int(several.sum())
