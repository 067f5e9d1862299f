"""Shortest AS paths of many prefix classes at once: level by level, with the loop check and the ECMP sets.

What belongs here: the decision process of eBGP where everything before AS-path length ties (RFC 4271 9.1.2.2 a), and
everything after it either ties too or is cut away by multipath. A node that is reached first at length L takes every
neighbour that tells it a path of that length (its ECMP set), and never a longer one.

How it works: a *level* is the set of classes that each node first hears at one length. Level L is what the senders of
level L - h tell through doors that add h to the path. All sets are bits (`sim.fast.bits`), 64 classes to a word.

The loop check needs to know what is on the path that a node tells on. With several equal paths a daemon tells one of
them, and which one may depend on history. So of every node we keep the AS numbers that are on *any* of its equal paths
(`told`) and those that are on some but not on all (`doubtful`). A receiver whose AS is on all refuses, one whose AS is
on none accepts; where it is doubtful, and the answer would matter, the class is `unsure`, and somebody else must solve
it. The same holds for a choice among equal paths (maximum-paths, no multipath-relax).
"""

from collections.abc import Mapping, Sequence

import numpy as np

from sim.dataclasses import dataclass
from sim.fast.bits import Bits, Numbers
from sim.fast.fabric import Fabric


@dataclass(slots=True, eq=False)
class Spread:
    """How classes spread: `members` (E): the ECMP sets; `levels`: the nodes first reached at each path length (N).

    `reached` (N) is the union of the levels. `unsure` (1 row): the classes that were not solved.
    `told` and `doubtful` (S x N x words), by shared AS number: what is on the paths that each node tells.
    """

    members: Bits
    levels: list[Bits]
    reached: Bits
    unsure: Bits
    told: Bits
    doubtful: Bits


def spread(fabric: Fabric, origins: Bits, doors: Mapping[int, Bits]) -> Spread:
    """Solve the classes of these origins (N rows), through doors (E rows) by how much longer they make a path."""
    state = _start(fabric, origins)
    longest = max(doors, default=0) if fabric.edges else 0
    silent = 0
    while silent < longest:
        heard = _accepted(fabric, state, _offered(fabric, state, doors))
        first = fabric.of_heads(np.bitwise_or.reduceat(heard, fabric.starts, axis=0), fabric.size)
        silent = 0 if first.any() else silent + 1
        state.levels.append(first)
        _settle(fabric, state, heard, first)
    state.unsure |= choosing(fabric, state.members)
    return state


def _start(fabric: Fabric, origins: Bits) -> Spread:
    width = origins.shape[1]
    told = np.zeros((fabric.shared_count, fabric.size, width), np.uint64)
    own = np.flatnonzero(fabric.shared >= 0)
    told[fabric.shared[own], own] = origins[own]
    return Spread(
        members=np.zeros((fabric.edges, width), np.uint64),
        levels=[origins],
        reached=origins.copy(),
        unsure=np.zeros((1, width), np.uint64),
        told=told,
        doubtful=np.zeros_like(told),
    )


def _offered(fabric: Fabric, state: Spread, doors: Mapping[int, Bits]) -> Bits:
    """What each edge tells at the next length, to receivers that have nothing better."""
    length = len(state.levels)
    offered = np.zeros_like(state.members)
    for growth, open_to in doors.items():
        if growth <= length:
            offered |= state.levels[length - growth].take(fabric.sender, axis=0) & open_to
    offered &= ~state.reached.take(fabric.receiver, axis=0)
    return offered


def _accepted(fabric: Fabric, state: Spread, offered: Bits) -> Bits:
    """What passes the AS loop check (RFC 4271 9.1.2); classes where that depends on a choice become unsure."""
    rows = np.flatnonzero(fabric.shared[fabric.receiver] >= 0)
    if not len(rows):
        return offered
    where = fabric.shared[fabric.receiver[rows]], fabric.sender[rows]
    doubt = offered[rows] & state.doubtful[where]
    state.unsure |= np.bitwise_or.reduce(doubt, axis=0, keepdims=True)
    offered[rows] &= ~state.told[where]
    return offered


def _settle(fabric: Fabric, state: Spread, heard: Bits, first: Bits) -> None:
    """The nodes of a new level: their ECMP sets, and what is on the paths that they tell."""
    state.members |= heard
    state.reached |= first
    news = np.bitwise_or.reduce(heard, axis=0)
    for number in range(fabric.shared_count):
        _tell(fabric, state, heard, number, news)
    own = np.flatnonzero(fabric.shared >= 0)
    where = fabric.shared[own], own
    state.told[where] |= first[own]
    state.doubtful[where] &= ~first[own]


def _tell(fabric: Fabric, state: Spread, heard: Bits, number: int, news: Bits) -> None:
    """Of one shared AS: who of the new level tells paths with it, and on whose equal paths it is only sometimes.

    Only words with a class that has the AS on some path, and `news`, are looked at: that is few, since classes are in
    the order of their origins.
    """
    told, doubtful = state.told[number], state.doubtful[number]
    busy = np.flatnonzero(np.bitwise_or.reduce(told, axis=0) & news)
    if not len(busy):
        return
    heard = heard.take(busy, axis=1)
    having = told.take(busy, axis=1).take(fabric.sender, axis=0) & heard
    some = np.bitwise_or.reduceat(having, fabric.starts, axis=0)
    if not some.any():
        return
    without = np.bitwise_or.reduceat(heard & ~having, fabric.starts, axis=0)
    vague = doubtful.take(busy, axis=1).take(fabric.sender, axis=0) & heard
    without |= np.bitwise_or.reduceat(vague, fabric.starts, axis=0)
    where = fabric.heads[:, None], busy
    told[where] |= some
    doubtful[where] |= some & without


def choosing(fabric: Fabric, members: Bits) -> Bits:
    """The classes (1 row) for which some node must choose among equal paths, by age or by router id.

    That is where more are equal than `maximum-paths` lets in, and, without multipath-relax, where equal paths come
    from different neighbouring AS (FRR, bgp_path_info_cmp step 11: only paths of the best one's AS are its equals).
    """
    found = np.zeros((1, members.shape[1]), np.uint64)
    degree = np.bincount(fabric.receiver, minlength=fabric.size)
    for node in np.flatnonzero(degree > np.where(fabric.relax, fabric.limit, np.minimum(fabric.limit, 1))):
        run = fabric.heard(int(node))
        sets = members[run.start : run.stop]
        if degree[node] > fabric.limit[node]:
            found |= _crowded(sets, int(fabric.limit[node]))
        if not fabric.relax[node]:
            found |= _of_several(sets, fabric.asn[fabric.sender[run.start : run.stop]])
    return found


def _crowded(sets: Bits, limit: int) -> Bits:
    """The classes that more than `limit` of the sets hold. Carries ripple up: `at_least[i]` has those in i + 1 sets."""
    at_least = np.zeros((limit + 1, sets.shape[1]), np.uint64)
    for row in sets:
        carry = row
        for i in range(limit + 1):
            at_least[i], carry = at_least[i] | carry, at_least[i] & carry
    return at_least[limit:]


def _of_several(sets: Bits, asn: Numbers) -> Bits:
    """The classes that sets of more than one AS hold."""
    groups = [np.bitwise_or.reduce(sets[asn == one], axis=0) for one in np.unique(asn)]
    return _crowded(np.array(groups), 1)


def joined(parts: Sequence[Spread]) -> Spread:
    """Bunches of classes, each of whole words but the last, as one."""
    if len(parts) == 1:
        return parts[0]
    depth = max(len(part.levels) for part in parts)
    return Spread(
        members=np.concatenate([part.members for part in parts], axis=1),
        levels=[np.concatenate([_level(part, length) for part in parts], axis=1) for length in range(depth)],
        reached=np.concatenate([part.reached for part in parts], axis=1),
        unsure=np.concatenate([part.unsure for part in parts], axis=1),
        told=np.concatenate([part.told for part in parts], axis=2),
        doubtful=np.concatenate([part.doubtful for part in parts], axis=2),
    )


def _level(part: Spread, length: int) -> Bits:
    return part.levels[length] if length < len(part.levels) else np.zeros_like(part.reached)
