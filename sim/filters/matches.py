"""Matches: what a rule asks of a packet. Few kinds, into which every dialect translates its own.

A match holds or not; one that the model does not know gives None. A field that the packet does not have (a port of an
ICMP packet) fulfils no match, not even a negated one, as nftables has it; interfaces are never absent but empty.
"""

from operator import attrgetter

from sim.dataclasses import dataclass
from sim.filters.packet import Packet
from sim.filters.ranges import Ranges, complement, contains
from sim.snapshot import Note


@dataclass(frozen=True, slots=True)
class Within:
    """An integer field lies in some ranges (negation is their complement)."""

    field: str
    ranges: Ranges

    def holds(self, packet: Packet) -> bool | None:
        """Whether the packet's value is one of them."""
        value = getattr(packet, self.field)
        return value is not None and contains(self.ranges, value)


@dataclass(frozen=True, slots=True)
class Bits:
    """A field, under a mask, has a value: marks, TCP flags, addresses with a mask that has holes."""

    field: str
    mask: int
    value: int
    negated: bool = False

    def holds(self, packet: Packet) -> bool | None:
        """Whether the bits under the mask are these."""
        value = getattr(packet, self.field)
        return value is not None and (value & self.mask == self.value) != self.negated


@dataclass(frozen=True, slots=True)
class Named:
    """An interface has one of these names; a name that ends with `*` is a beginning."""

    field: str
    names: tuple[str, ...]
    negated: bool = False

    def holds(self, packet: Packet) -> bool | None:
        """Whether the packet's interface is one of them."""
        name: str = getattr(packet, self.field)
        return any(_is_named(name, each) for each in self.names) != self.negated


def _is_named(name: str, pattern: str) -> bool:
    return name.startswith(pattern[:-1]) if pattern.endswith("*") else name == pattern


@dataclass(frozen=True, slots=True)
class OneOf:
    """Several fields together are one element of a set (nftables' concatenations, ipset's hash:ip,port)."""

    fields: tuple[str, ...]
    elements: tuple[tuple[Ranges, ...], ...]
    negated: bool = False

    def holds(self, packet: Packet) -> bool | None:
        """Whether some element holds each field."""
        values = attrgetter(*self.fields)(packet) if len(self.fields) > 1 else (getattr(packet, self.fields[0]),)
        if None in values:
            return False
        found = any(
            all(contains(part, value) for part, value in zip(element, values, strict=True)) for element in self.elements
        )
        return found != self.negated


@dataclass(frozen=True, slots=True)
class Either:
    """At least one of several conjunctions holds."""

    options: tuple[tuple["Match", ...], ...]
    negated: bool = False

    def holds(self, packet: Packet) -> bool | None:
        """Whether one of them does; None where only an unknown one might."""
        found = [all_hold(option, packet) for option in self.options]
        if True in found:
            return not self.negated
        return None if None in found else self.negated


ALWAYS, NEVER = Either(((),)), Either(())
"""What any packet matches, and what none does."""


@dataclass(frozen=True, slots=True)
class Unmodelled:
    """What the kernel knows and the model does not: it may hold or not."""

    note: Note

    def holds(self, packet: Packet) -> bool | None:
        """Nobody knows."""
        return None


Match = Within | Bits | Named | OneOf | Either | Unmodelled


def all_hold(matches: tuple[Match, ...], packet: Packet) -> bool | None:
    """Whether every match holds; None where none fails and some are not known."""
    known = True
    for match in matches:
        holds = match.holds(packet)
        if holds is False:
            return False
        known = known and holds is True
    return True if known else None


def notes_of(matches: tuple[Match, ...]) -> tuple[Note, ...]:
    """The notes of the matches that are not modelled."""
    found: list[Note] = []
    for match in matches:
        if isinstance(match, Unmodelled):
            found.append(match.note)
        elif isinstance(match, Either):
            found += [note for option in match.options for note in notes_of(option)]
    return tuple(found)


def asks(matches: tuple[Match, ...], fields: tuple[str, ...]) -> bool:
    """Whether some match asks about one of these fields."""
    for match in matches:
        if isinstance(match, Either):
            if any(asks(option, fields) for option in match.options):
                return True
        elif isinstance(match, OneOf):
            if set(fields) & set(match.fields):
                return True
        elif not isinstance(match, Unmodelled) and match.field in fields:
            return True
    return False


def within(field: str, these: Ranges, negated: bool = False) -> Within:
    """A Within, negated or not."""
    return Within(field, complement(these) if negated else these)
