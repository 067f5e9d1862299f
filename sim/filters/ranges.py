"""Sets of integers as sorted, disjoint, closed ranges: ports, addresses, protocols."""

from collections.abc import Iterable

Ranges = tuple[tuple[int, int], ...]

TOP = (1 << 128) - 1  # above every field of a packet
ALL: Ranges = ((0, TOP),)


def ranges(pairs: Iterable[tuple[int, int]]) -> Ranges:
    """The union of some ranges; those that touch become one."""
    merged: list[tuple[int, int]] = []
    for low, high in sorted(pairs):
        if merged and low <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(high, merged[-1][1]))
        else:
            merged.append((low, high))
    return tuple(merged)


def complement(these: Ranges) -> Ranges:
    """Every integer that is not in them."""
    gaps: list[tuple[int, int]] = []
    start = 0
    for low, high in these:
        if low > start:
            gaps.append((start, low - 1))
        start = high + 1
    if start <= TOP:
        gaps.append((start, TOP))
    return tuple(gaps)


def intersection(one: Ranges, two: Ranges) -> Ranges:
    """What both hold."""
    return complement(ranges((*complement(one), *complement(two))))


def contains(these: Ranges, value: int) -> bool:
    """Whether the value lies in one of them."""
    return any(low <= value <= high for low, high in these)
