"""Prefix classes: prefixes that no router can tell apart are solved once.

Two prefixes are of one class if the same nodes originate them, the same nodes have a better route of their own, and
every door treats them alike. 10^5 prefixes make 10^2 to 10^3 classes. Classes stand in the order of their origins, so
that those of neighbours share words of bits (`sim.fast.bits`).
"""

from collections.abc import Mapping, Sequence, Set

import numpy as np
from numpy.typing import NDArray

from sim.address import Prefix
from sim.dataclasses import dataclass
from sim.fast.bits import Bits, no_bits, put
from sim.fast.doors import REFUSED, UNKNOWN, Door
from sim.fast.fabric import Fabric
from sim.fast.origins import Local, start_alike
from sim.route import PathAttributes

Origins = Mapping[Prefix, Sequence[tuple[int, PathAttributes]]]
"""By prefix: the nodes that originate it, by number, with the attributes that they give it."""


@dataclass(frozen=True, slots=True)
class PrefixClass:
    """Prefixes with one fate. `own` are nodes that have a route of their own which beats BGP's."""

    prefixes: tuple[Prefix, ...]
    origins: tuple[int, ...]
    own: tuple[int, ...]
    verdicts: tuple[int, ...]  # by door, without door 0


def classify(
    origins: Origins, doors: Sequence[Door], locals_: Sequence[Local], left_out: Set[Prefix] = frozenset()
) -> tuple[list[PrefixClass], list[Prefix]]:
    """The classes of all prefixes that the level engine takes, and the prefixes that it does not."""
    owners = _owners(locals_, origins)
    found: dict[tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]], list[Prefix]] = {}
    others = []
    for prefix, starts in origins.items():
        verdicts = tuple(door.verdict(prefix) for door in doors)
        if prefix in left_out or UNKNOWN in verdicts or not start_alike([each for _, each in starts]):
            others.append(prefix)
            continue
        nodes = tuple(sorted(node for node, _ in starts))
        found.setdefault((nodes, tuple(owners.get(prefix, ())), verdicts), []).append(prefix)
    classes = [PrefixClass(tuple(prefixes), *key) for key, prefixes in sorted(found.items())]
    return classes, others


def _owners(locals_: Sequence[Local], origins: Origins) -> dict[Prefix, list[int]]:
    """Who routes a prefix of BGP's by itself, whether it tells it to BGP or not."""
    owners: dict[Prefix, list[int]] = {}
    for node, local in enumerate(locals_):
        for prefix in local.connected | local.static:
            if prefix in origins:
                owners.setdefault(prefix, []).append(node)
    return owners


def weights_of(classes: Sequence[PrefixClass]) -> NDArray[np.float64]:
    """How many prefixes each class has."""
    return np.array([len(each.prefixes) for each in classes], np.float64)


def origin_bits(fabric: Fabric, classes: Sequence[PrefixClass]) -> Bits:
    """For each node, the classes that it originates."""
    return _bits(fabric.size, [each.origins for each in classes])


def own_bits(fabric: Fabric, classes: Sequence[PrefixClass]) -> Bits:
    """For each node, the classes that BGP does not install there: its own routes are better."""
    return _bits(fabric.size, [(*each.own, *each.origins) for each in classes])


def _bits(things: int, sets: Sequence[Sequence[int]]) -> Bits:
    bits = no_bits(things, len(sets))
    numbers = np.repeat(np.arange(len(sets)), [len(each) for each in sets])
    put(bits, np.array([thing for each in sets for thing in each], np.int64), numbers)
    return bits


def door_bits(fabric: Fabric, classes: Sequence[PrefixClass]) -> dict[int, Bits]:
    """For each growth of the AS path, the classes that each edge lets pass with it (edges x words)."""
    doors = int(fabric.door.max(initial=0)) + 1
    table = np.ones((doors, len(classes)), np.int64)
    if doors > 1 and classes:
        table[1:] = np.array([each.verdicts for each in classes]).T
    by_growth = {}
    for growth in np.unique(table):
        if growth != REFUSED:
            rows, columns = np.nonzero(table == growth)
            by_door = no_bits(doors, len(classes))
            put(by_door, rows, columns)
            by_growth[int(growth)] = by_door.take(fabric.door, axis=0)
    return by_growth
