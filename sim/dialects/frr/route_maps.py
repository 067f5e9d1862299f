"""`route-map NAME permit|deny N`: the entries, and where a match goes on; their `match` and `set` lines stand beside.

A clause is kept as the Match or Change that it means; where it needs a name's meaning, as a function of Names that
gives it once the whole file is read.
"""

from collections.abc import Callable
from functools import partial
from itertools import takewhile
from typing import Any

from sim.address import Address
from sim.dataclasses import dataclass
from sim.dialects.frr.drafts import Named
from sim.dialects.frr.grammar import Commands, Words
from sim.dialects.frr.names import EntryDraft
from sim.dialects.frr.reading import CONFIG, Reading, number, silent
from sim.errors import Place
from sim.policies.frr_route_map import NEXT
from sim.route import Origin

ROUTE_MAP = Commands("route-map", CONFIG)
MOST = 4294967295
_ORIGINS = {"igp": Origin.IGP, "egp": Origin.EGP, "incomplete": Origin.INCOMPLETE}


@CONFIG.on("route-map * permit|deny *")
def entry(reading: Reading, words: Words, negated: bool) -> None:
    """`route-map NAME permit|deny SEQUENCE`: an entry begins."""
    sequence, permit = number(reading, words[3], 1, 65535), words[2] == "permit"
    entries = reading.names.maps.setdefault(words[1], {})
    if negated:
        entries.pop(sequence, None)
        if not entries:
            del reading.names.maps[words[1]]
        return
    found = entries.get(sequence)
    if found is None:
        found = entries[sequence] = EntryDraft(permit, reading.place)
    found.permit = permit
    reading.entry, reading.map_name, reading.sequence, reading.table = found, words[1], sequence, ROUTE_MAP


@CONFIG.on("route-map *")
def whole(reading: Reading, words: Words, negated: bool) -> None:
    """`no route-map NAME`."""
    if not negated:
        raise reading.refuse(f"'route-map {words[1]}' lacks permit or deny, and its sequence")
    reading.names.maps.pop(words[1], None)


@CONFIG.on("route-map * optimization")
def optimization(reading: Reading, words: Words, negated: bool) -> None:
    """How bgpd looks entries up: it changes no answer."""


Making = Callable[[Reading, Words], Any]
"""What makes a clause of the words after a pattern's literal ones: a Match or a Change, or, where it needs a name's
meaning, a function of Names that gives it."""


def match_line(*patterns: str) -> Callable[[Making], Making]:
    """Decorates the making of a Match."""
    return _clause("matches", "match", patterns)


def set_line(*patterns: str) -> Callable[[Making], Making]:
    """Decorates the making of a Change."""
    return _clause("changes", "set", patterns)


def _clause(store: str, verb: str, patterns: tuple[str, ...]) -> Callable[[Making], Making]:
    def register(make: Making) -> Making:
        for pattern in patterns:
            literal = list(takewhile(lambda word: word not in ("*", "..."), pattern.split()))
            about = " ".join(literal).removesuffix(" peer-address")  # bgpd: another form of `set ip next-hop`
            ROUTE_MAP.on(f"{verb} {pattern}")(partial(_keep, store, about, len(literal) + 1, make))
        return make

    return register


def _keep(store: str, key: str, skip: int, make: Making, reading: Reading, words: Words, negated: bool) -> None:
    """A clause takes the place of an earlier one about the same, as in bgpd."""
    clauses = getattr(reading.entry, store)
    clauses.pop(key, None)
    if not negated:
        clauses[key] = make(reading, words[skip:])


def list_named(reading: Reading, words: Words) -> Named:
    """The list that a clause names first."""
    return Named("", words[0], reading.place)


def origin_of(reading: Reading, word: str) -> Origin:
    """`igp`, `egp` or `incomplete`."""
    if word not in _ORIGINS:
        raise reading.refuse(f"{word!r} is not an origin; known: {', '.join(_ORIGINS)}")
    return _ORIGINS[word]


def unknown_clause(reading: Reading, words: Words, negated: bool) -> None:
    """A policy line that the model does not know: what leans on its entry is uncertain."""
    if not negated:
        reading.entry.unmodelled.append(reading.note(f"{' '.join(words)!r} is not modelled"))


@ROUTE_MAP.on("call *")
def call(reading: Reading, words: Words, negated: bool) -> None:
    """`call NAME`: its denial is ours."""
    if not negated and words[1] == reading.map_name:
        raise reading.refuse(f"route-map {words[1]!r} can not call itself")
    reading.entry.calls = None if negated else list_named(reading, words[1:])


@ROUTE_MAP.on("on-match next")
def on_match_next(reading: Reading, words: Words, negated: bool) -> None:
    """`on-match next`: go on at the following entry."""
    _go_on(reading, NEXT, negated)


@ROUTE_MAP.on("on-match goto *", "continue *")
def on_match_goto(reading: Reading, words: Words, negated: bool) -> None:
    """`on-match goto N`, `continue N`: go on at the first entry from N on."""
    _go_on(reading, NEXT if negated else number(reading, words[-1], 1, 65535), negated)


def _go_on(reading: Reading, target: int, negated: bool) -> None:
    if not negated and not reading.entry.permit:
        raise reading.refuse("on-match is not supported under a route-map's deny entry, which ends the map anyway")
    if not negated and target != NEXT and target <= reading.sequence:
        raise reading.refuse(f"entry {reading.sequence} can't jump backwards, to {target}")
    reading.entry.goes_on = None if negated else target


ROUTE_MAP.add("description ...", silent)


@dataclass(frozen=True, slots=True)
class Unmodelled:
    """A clause that some daemons know and the model does not: it counts only in a map that such a daemon asks."""

    place: Place
    said: Any


@dataclass(frozen=True, slots=True)
class Source:
    """`set src A`: the source address that the kernel's route prefers; zebra's alone."""

    address: Address
