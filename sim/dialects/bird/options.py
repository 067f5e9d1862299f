"""Options as tables: the words that begin one, and what reads the rest of it into a draft.

A draft is what a protocol, a template or a channel says so far, by the field's name; `from` copies it. An option that
no table has is refused where it stands.
"""

from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any

from sim.dialects.bird.reader import Reader
from sim.dialects.bird.values import address, number, router_id, string, switch

Draft = dict[str, Any]
Option = Callable[[Reader, Draft], None]
Options = Mapping[str, Option]


def read_option(reader: Reader, draft: Draft, options: Options) -> None:
    """One option with its semicolon; the longest words that fit decide which."""
    words = option_words(reader, options)
    if words is None:
        known = sorted({phrase.split()[0] for phrase in options})
        reader.refuse(f"one of {', '.join(known)}, or '}}'")
    reader.at += len(words.split())
    reader.option = words
    options[words](reader, draft)
    reader.expect(";")


def option_words(reader: Reader, options: Options) -> str | None:
    """Which option begins here."""
    first = reader.here.text
    fitting = [phrase for phrase in options if phrase.startswith(first) and reader.sees(*phrase.split())]
    return max(fitting, key=len, default=None)


def flag(name: str) -> Option:
    """A switch."""

    def read(reader: Reader, draft: Draft) -> None:
        draft[name] = switch(reader)

    return read


def count(name: str, low: int = 0, high: int = 0xFFFFFFFF) -> Option:
    """A number."""

    def read(reader: Reader, draft: Draft) -> None:
        draft[name] = number(reader, low, high)

    return read


def value(name: str, what: Any) -> Option:
    """Words that say all."""

    def read(reader: Reader, draft: Draft) -> None:
        draft[name] = what

    return read


def ip(name: str) -> Option:
    """An address."""

    def read(reader: Reader, draft: Draft) -> None:
        draft[name] = address(reader)

    return read


def text(name: str) -> Option:
    """A string."""

    def read(reader: Reader, draft: Draft) -> None:
        draft[name] = string(reader)

    return read


def secret(name: str) -> Option:
    """A string that is kept as a digest alone."""

    def read(reader: Reader, draft: Draft) -> None:
        draft[name] = sha256(string(reader).encode()).hexdigest()

    return read


def without_effect(*readers: Callable[[Reader], Any]) -> Option:
    """An option that leaves the fixed point as it is: timers, descriptions, what is logged."""

    def read(reader: Reader, draft: Draft) -> None:
        for index, each in enumerate(readers):
            if index:
                reader.expect(",")
            each(reader)

    return read


def not_modelled(*readers: Callable[[Reader], Any]) -> Option:
    """An option that means something which the model does not know; it becomes a Note."""

    def read(reader: Reader, draft: Draft) -> None:
        place, words = reader.tokens[reader.at - 1].place, reader.option
        for each in readers:
            each(reader)
        reader.note(f"'{words}' is not modelled", place)
        draft["unmodelled"] = (*draft.get("unmodelled", ()), place)

    return read


def braces(reader: Reader) -> None:
    """A block in braces, whatever it holds."""
    reader.expect("{")
    depth = 1
    while depth:
        token = reader.next()
        if token.kind == "end":
            reader.refuse("'}'", token)
        depth += (token.text == "{") - (token.text == "}") if token.kind == "sign" else 0


def mask(reader: Reader) -> None:
    """`all`, `off`, or flags in braces: what is logged."""
    if not reader.takes("all") and not reader.takes("off"):
        braces(reader)


def vrf(reader: Reader) -> None:
    """A VRF's name, or `default`."""
    if not reader.takes("default"):
        string(reader)


def _router_id(reader: Reader, draft: Draft) -> None:
    draft["router_id"] = router_id(reader)


COMMON: Options = {
    "disabled": flag("disabled"),
    "debug": without_effect(mask),
    "mrtdump": without_effect(mask),
    "router id": _router_id,
    "description": without_effect(string),
    "vrf": not_modelled(vrf),
}
SECONDS: Option = without_effect(number)
