"""Standing: what must be known of a solved fabric before asking what a failure would change.

For each class and node: at which length it is reached, by how many members. And which classes are *rigid*: nobody would
accept a path from anyone but its ECMP set, so that whoever loses all members has nobody else to turn to. In a rigid
class a failure only takes away; that is what makes its consequences a walk downstream (`sim.sweep.withdrawals`) instead
of a new solution.
"""

import numpy as np
from numpy.typing import NDArray

from sim.dataclasses import dataclass
from sim.fast.bgp import FastBgp
from sim.fast.bits import Bits, Numbers, unpacked
from sim.fast.classes import door_bits, origin_bits
from sim.fast.fabric import Fabric


@dataclass(frozen=True, slots=True, eq=False)
class Standing:
    """A solved fabric, ready for failures.

    `origins`, `lonely` (nodes x words): classes of which a node is an origin; of which it has exactly one member.
    `rigid` (1 row). `length`, `count` (nodes x classes): where a class is first heard, by how many members.
    `out_starts` (N + 1), `out_edges` (E): the edges by which each node tells. `weights`: prefixes of each class.
    """

    bgp: FastBgp
    doors: dict[int, Bits]
    origins: Bits
    lonely: Bits
    rigid: Bits
    length: NDArray[np.int16]
    count: NDArray[np.int16]
    out_starts: Numbers
    out_edges: Numbers
    weights: NDArray[np.float64]

    @property
    def fabric(self) -> Fabric:
        """The nodes and edges."""
        return self.bgp.plain.fabric

    @property
    def members(self) -> Bits:
        """The ECMP sets (edges x words)."""
        return self.bgp.state.members


def standing(bgp: FastBgp) -> Standing:
    """Look at a solution closely enough to fail parts of it."""
    fabric, classes = bgp.plain.fabric, bgp.classes
    doors, origins = door_bits(fabric, classes), origin_bits(fabric, classes)
    count = _counts(fabric, bgp.state.members)
    lonely = np.packbits(count == 1, axis=-1, bitorder="little").view(np.uint64)
    order = np.argsort(fabric.sender, kind="stable")
    return Standing(
        bgp=bgp,
        doors=doors,
        origins=origins,
        lonely=lonely,
        rigid=_rigid(bgp, doors, origins, lonely),
        length=_lengths(bgp.state.levels),
        count=count,
        out_starts=np.searchsorted(fabric.sender[order], np.arange(fabric.size + 1)),
        out_edges=order,
        weights=np.array([len(each.prefixes) for each in classes], np.float64),
    )


def _counts(fabric: Fabric, members: Bits) -> NDArray[np.int16]:
    """By how many members each node is reached (nodes x classes, rounded up to whole words)."""
    found = np.zeros((fabric.size, members.shape[1] * 64), np.int16)
    for node in range(fabric.size):
        run = fabric.heard(node)
        found[node] = unpacked(members[run.start : run.stop]).sum(axis=0, dtype=np.int16)
    return found


def _lengths(levels: list[Bits]) -> NDArray[np.int16]:
    """The length at which each node first hears each class; -1 where it never does."""
    found = np.full((levels[0].shape[0], levels[0].shape[1] * 64), -1, np.int16)
    for length, level in enumerate(levels):
        found[unpacked(level) != 0] = length
    return found


def _rigid(bgp: FastBgp, doors: dict[int, Bits], origins: Bits, lonely: Bits) -> Bits:
    """The classes (1 row) in which nobody is offered a path beyond its ECMP set, and no path's content is doubtful.

    Certain to be refused is an offer with the receiver's AS on it: one that several nodes share, as the level engine
    keeps it, or the receiver's own, if the sender has the route from the receiver alone.
    """
    fabric, state = bgp.plain.fabric, bgp.state
    offers = np.zeros_like(state.members)
    for open_to in doors.values():
        offers |= open_to
    offers &= state.reached.take(fabric.sender, axis=0) & ~state.members & ~origins.take(fabric.receiver, axis=0)
    rows = np.flatnonzero(fabric.shared[fabric.receiver] >= 0)
    where = fabric.shared[fabric.receiver[rows]], fabric.sender[rows]
    offers[rows] &= ~state.told[where]
    offers &= ~(_returned(fabric, state.members) & lonely.take(fabric.sender, axis=0))
    loose = np.bitwise_or.reduce(offers, axis=0, keepdims=True)
    doubtful: Bits = np.bitwise_or.reduce(state.doubtful, axis=(0, 1), keepdims=True)[0]
    rigid: Bits = np.bitwise_not(loose | doubtful)
    return rigid


def _returned(fabric: Fabric, members: Bits) -> Bits:
    """For each edge, the classes that its sender has from its receiver (by any of the sessions between the two)."""
    key = fabric.sender * fabric.size + fabric.receiver
    back = fabric.receiver * fabric.size + fabric.sender
    found = np.zeros_like(members)
    order = np.argsort(key, kind="stable")
    place = np.searchsorted(key[order], back)
    last = np.searchsorted(key[order], back, side="right")
    for step in range(int((last - place).max(initial=0))):
        here = place + step < last
        found[here] |= members[order[place[here] + step]]
    return found
