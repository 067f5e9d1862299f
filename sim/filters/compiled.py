"""A chain as a decision structure: which of its rules may match a packet, in a few look-ups.

Each rule is a bit. For each field that rules ask about there is an index from the field's value to the set of rules
(an int of as many bits) that this field lets match: integer ranges by bisection in the chain's own boundaries, all
else by value, remembered. The intersection over the fields, lowest bit first, are the rules to look at (the bit vector
scheme of Lakshman and Stiliadis, SIGCOMM 1998). What no index can hold (sets of several fields, alternatives) is asked
of the rules that are left.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from operator import attrgetter
from typing import Protocol

from sim.filters.matches import Bits, Match, Named, Within, all_hold
from sim.filters.model import Rule
from sim.filters.packet import Packet
from sim.filters.ranges import Ranges, intersection


class _Index(Protocol):
    def lookup(self, packet: Packet) -> int:
        """The rules that the packet's field lets match."""
        ...


class _ByRange:
    """Integer ranges of one field, several rules: the masks between all boundaries, made in one sweep."""

    def __init__(self, field: str, asked: dict[int, Ranges], every: int) -> None:
        self.value = attrgetter(field)
        flips: dict[int, int] = defaultdict(int)
        constrained = 0
        for number, ranges in asked.items():
            bit = 1 << number
            constrained |= bit
            for low, high in ranges:
                flips[low] ^= bit
                flips[high + 1] ^= bit
        self.free = every & ~constrained
        self.starts = sorted(flips)
        self.masks = [self.free]
        for start in self.starts:
            self.masks.append(self.masks[-1] ^ flips[start])

    def lookup(self, packet: Packet) -> int:
        value = self.value(packet)
        return self.free if value is None else self.masks[bisect_right(self.starts, value)]


class _ByValue:
    """Tests of one field that are no ranges: interface names, bits. Few values occur; each is worked out once."""

    def __init__(self, field: str, asked: dict[int, list[Match]], every: int) -> None:
        self.value = attrgetter(field)
        self.asked = asked
        self.every = every
        self.known: dict[object, int] = {}

    def lookup(self, packet: Packet) -> int:
        value = self.value(packet)
        if value not in self.known:
            mask = self.every
            for number, matches in self.asked.items():
                if not all_hold(tuple(matches), packet):
                    mask &= ~(1 << number)
            self.known[value] = mask
        return self.known[value]


class Compiled:
    """The decision structure of a chain's rules."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self.rules = rules
        self.every = (1 << len(rules)) - 1
        self.rest: dict[int, tuple[Match, ...]] = {}
        ranged: dict[str, dict[int, Ranges]] = defaultdict(dict)
        valued: dict[str, dict[int, list[Match]]] = defaultdict(dict)
        for number, rule in enumerate(rules):
            self._sort(number, rule.matches, ranged, valued)
        self.indexes: list[_Index] = [_ByRange(name, asked, self.every) for name, asked in ranged.items()]
        self.indexes += [_ByValue(name, asked, self.every) for name, asked in valued.items()]

    def _sort(
        self,
        number: int,
        matches: Iterable[Match],
        ranged: dict[str, dict[int, Ranges]],
        valued: dict[str, dict[int, list[Match]]],
    ) -> None:
        """Give each match of a rule to the index that holds its kind."""
        rest: list[Match] = []
        for match in matches:
            if isinstance(match, Within):
                have = ranged[match.field].get(number)
                ranged[match.field][number] = intersection(have, match.ranges) if have is not None else match.ranges
            elif isinstance(match, (Named, Bits)):
                valued[match.field].setdefault(number, []).append(match)
            else:
                rest.append(match)
        if rest:
            self.rest[number] = tuple(rest)

    def candidates(self, packet: Packet) -> int:
        """The rules (bits) that the indexes let match."""
        mask = self.every
        for index in self.indexes:
            mask &= index.lookup(packet)
            if not mask:
                return 0
        return mask

    def matching(self, packet: Packet, start: int = 0) -> Iterator[tuple[int, bool]]:
        """The rules from `start` on that match, in order: number, and whether that is certain."""
        mask = self.candidates(packet) >> start << start
        while mask:
            lowest = mask & -mask
            mask ^= lowest
            number = lowest.bit_length() - 1
            rest = self.rest.get(number)
            holds = True if rest is None else all_hold(rest, packet)
            if holds is not False:
                yield number, holds is True
