"""`protocol KIND [NAME] [from TEMPLATE] { ... }` and `template`: head, body by the kind's options, what comes of it.

A kind is one value with its options and how its draft becomes what it says; `KINDS` is their table.
"""

from collections.abc import Callable

from sim.dataclasses import dataclass
from sim.device.bird import Protocol
from sim.dialects.bird.channels import reads_channel
from sim.dialects.bird.options import COMMON, Draft, Options, option_words, read_option
from sim.dialects.bird.reader import Reader
from sim.errors import Place


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of protocol. `channel` None: it has no channels. `build` gives None where only Notes come of it."""

    word: str
    options: Options
    build: Callable[[Reader, Draft], Protocol | None]
    channel: Options | None = None
    defaults: tuple[tuple[str, object], ...] = ()


def read_protocol(reader: Reader, kinds: dict[str, Kind], template: bool) -> Protocol | None:
    """A protocol, its first word taken; None for a template."""
    place = reader.here.place
    kind = kinds.get(reader.here.text) if reader.here.kind == "word" else None
    if kind is None:
        reader.refuse(f"a kind of protocol ({', '.join(sorted(kinds))})")
    reader.next()
    draft = _head(reader, kind, template, place)
    reader.expect("{")
    while not reader.takes("}"):
        _item(reader, kind, draft)
    if template:
        return None
    return kind.build(reader, draft)


def _head(reader: Reader, kind: Kind, template: bool, place: Place) -> Draft:
    """Its name, and what it takes over from a template or another protocol."""
    draft: Draft = {"kind": kind.word, "channels": {}, **dict(kind.defaults)}
    given = None
    if not reader.sees("{") and not reader.sees("from"):
        given = reader.next()
        reader.check_new(given)
    if reader.takes("from"):
        base = reader.known("template", others=("protocol",))
        if base["kind"] != kind.word:
            reader.complain(f"'{base['name']}' is a {base['kind']}, and this is a {kind.word}")
        draft = {**base, "channels": {name: dict(each) for name, each in base["channels"].items()}}
    draft["name"] = given.text if given else _default_name(reader, kind.word)
    draft["place"] = place
    if given:
        reader.define("template" if template else "protocol", given, draft)
    return draft


def _default_name(reader: Reader, word: str) -> str:
    """BIRD's: the kind's word and a running number, which it also defines."""
    running = reader.counters[word] = reader.counters.get(word, 0) + 1
    return f"{word}{running}"


def _item(reader: Reader, kind: Kind, draft: Draft) -> None:
    if reader.takes(";"):
        return
    if kind.channel is not None and not _option_first(reader, kind) and reads_channel(reader, draft, kind.channel):
        return
    options = {**COMMON, **kind.options}
    if kind.channel is not None and reader.syntax == 1 and _flat(reader, kind, options):
        read_option(reader, _only_channel(reader, draft), kind.channel)
        return
    read_option(reader, draft, options)


def _option_first(reader: Reader, kind: Kind) -> bool:
    """Whether the word that begins a channel begins an option of the protocol here."""
    return option_words(reader, kind.options) is not None


def _flat(reader: Reader, kind: Kind, options: Options) -> bool:
    """Whether an option of BIRD 1 stands here that BIRD 2 has in a channel."""
    own, channels = option_words(reader, options), option_words(reader, kind.channel or {})
    return channels is not None and len(channels) > len(own or "")


def _only_channel(reader: Reader, draft: Draft) -> Draft:
    found = draft["channels"].setdefault(
        reader.family, {"family": reader.family, "table": f"master{reader.family[-1]}"}
    )
    assert isinstance(found, dict)
    return found
