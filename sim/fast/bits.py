"""Sets of prefix classes as rows of bits: 64 classes to a word, so that one operation asks a question of all of them.

A `Bits` array has the shape (things, words): row `i` is the set of classes for which something is true of thing `i` (a
node, or a directed session). Class `c` is bit `c % 64` of word `c // 64`.
"""

import numpy as np
from numpy.typing import NDArray

Bits = NDArray[np.uint64]
Numbers = NDArray[np.int64]

WORD = 64
_STRIP = 1 << 22  # unpacked bytes looked at in one go: what a cache holds


def no_bits(things: int, classes: int) -> Bits:
    """The empty set for each thing."""
    return np.zeros((things, words(classes)), np.uint64)


def words(classes: int) -> int:
    """How many words hold that many classes."""
    return (classes + WORD - 1) // WORD


def put(bits: Bits, things: Numbers, classes: Numbers) -> None:
    """Add class `classes[i]` to the set of thing `things[i]`, for every i."""
    np.bitwise_or.at(bits, (things, classes // WORD), _one(classes))


def has(bits: Bits, thing: int, number: int) -> bool:
    """Whether the set of one thing holds one class."""
    return bool(int(bits[thing, number // WORD]) >> number % WORD & 1)


def column(bits: Bits, number: int) -> Numbers:
    """The things whose set holds the class."""
    return np.flatnonzero(bits[:, number // WORD] >> np.uint64(number % WORD) & np.uint64(1))


def members(row: Bits) -> Numbers:
    """The classes of one set, in order."""
    return np.flatnonzero(unpacked(row))


def unpacked(bits: Bits) -> NDArray[np.uint8]:
    """One byte, 0 or 1, for each bit of the last axis."""
    return np.unpackbits(
        np.ascontiguousarray(bits).astype("<u8", copy=False).view(np.uint8), axis=-1, bitorder="little"
    )


def weighed(bits: Bits, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """For each thing, the sum of the weights of the classes in its set (exact below 2**53)."""
    full = np.zeros(bits.shape[1] * WORD)
    full[: len(weights)] = weights
    found = np.empty(len(bits))
    strip = max(1, _STRIP // max(1, len(full)))
    for start in range(0, len(bits), strip):
        found[start : start + strip] = unpacked(bits[start : start + strip]) @ full
    return found


def counted(bits: Bits, classes: int) -> Numbers:
    """For each class, how many things have it in their set."""
    found = np.zeros(bits.shape[1] * WORD, np.int64)
    strip = max(1, _STRIP // max(1, len(found)))
    for start in range(0, len(bits), strip):
        found += unpacked(bits[start : start + strip]).sum(axis=0, dtype=np.int64)
    return found[:classes]


def _one(classes: Numbers) -> Bits:
    return np.uint64(1) << (classes % WORD).astype(np.uint64)
