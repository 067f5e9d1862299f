"""YAML with lines: text -> plain mappings and lists that remember where each of their keys and items stands.

The dialect is the one that containerlab reads (Go's yaml.v2): `yes`, `on` and `y` are true, `010` is eight, a duplicate
key is an error, `<<` merges. Scalars that are not text keep the text they were written as, because a field that wants
text takes `image: 1.10` as it stands. Text arrives as `str`, everything else that is not a collection as `Scalar`.
"""

import math
import re
from collections.abc import Iterator, Sequence
from typing import Any

from sim.dataclasses import dataclass
from sim.errors import Place, TopologyError
from sim.topology.events import DEEPEST, Event, NotSure, kind, origin, quick_events, thorough_events

_MOST_VALUES = 1_000_000


@dataclass(frozen=True, slots=True)
class Scalar:
    """A value that is not text, and the text it was written as. None is YAML's null."""

    value: int | float | bool | None
    raw: str

    def __str__(self) -> str:
        return self.raw or "nothing"


class Map(dict[str, Any]):
    """A mapping; `lines` tells where each key stands, `line` where the mapping itself begins."""

    def __init__(self, line: int = 0) -> None:
        super().__init__()
        self.line = line
        self.lines: dict[str, int] = {}

    def put(self, key: str, value: Any, line: int) -> None:
        """Set a key and its line."""
        self[key] = value
        self.lines[key] = line


class Seq(list[Any]):
    """A list; `lines` tells where each item stands, `line` where the list itself begins."""

    def __init__(self, line: int = 0) -> None:
        super().__init__()
        self.line = line
        self.lines: list[int] = []

    def put(self, value: Any, line: int) -> None:
        """Append an item and its line."""
        self.append(value)
        self.lines.append(line)


def load(text: str, file: str, origins: Sequence[int] = ()) -> Any:
    """The one document of a YAML text, at most 60 levels and a million values. TopologyError with file and line.

    `origins` tells, for each line of the text (from 1), which line of the file it comes from; without it, that one.
    """
    quick = quick_events(text)
    if quick is not None:
        try:
            return _Builder(file, origins).document(quick)
        except (NotSure, TopologyError):
            pass  # of several mistakes the thorough parser names the first, in its own words
    return _Builder(file, origins).document(iter(thorough_events(text, file, origins)))


def plain(tree: Any) -> Any:
    """The same values as ordinary Python ones, without lines."""
    if isinstance(tree, dict):
        return {key: plain(value) for key, value in tree.items()}
    if isinstance(tree, list):
        return [plain(value) for value in tree]
    return tree.value if isinstance(tree, Scalar) else tree


def line_of(tree: Any, path: Sequence[str | int]) -> int:
    """The line on which the last part of a path stands; parts that the tree does not hold are passed over."""
    line = getattr(tree, "line", 0)
    for part in path:
        keyed = isinstance(tree, Map) and isinstance(part, str) and part in tree.lines
        if keyed or (isinstance(tree, Seq) and isinstance(part, int) and part < len(tree)):
            line, tree = tree.lines[part], tree[part]
    return line


@dataclass(frozen=True, slots=True)
class _Anchored:
    """What an anchor names: its tree, how many values it unfolds to, and how many levels it holds below itself."""

    tree: Any
    values: int
    height: int


class _Builder:
    """Events -> tree. Aliases share their anchor's tree; what they would unfold to is counted."""

    def __init__(self, file: str, origins: Sequence[int] = ()) -> None:
        self.file = file
        self.origins = origins
        self.anchors: dict[str, _Anchored] = {}
        self.values = 0  # so far, aliases unfolded
        self.deepest = 0  # the level reached since the last anchor began

    def document(self, events: Iterator[Event]) -> Any:
        tree, documents = None, 0
        for event in events:
            if kind(event) == "DocumentStartEvent":
                documents += 1
                if documents > 1:
                    raise self._error("a second document begins; expected one; split the file", event)
            elif kind(event) in ("ScalarEvent", "AliasEvent", "MappingStartEvent", "SequenceStartEvent"):
                tree = self._node(event, events, 0)
        if tree is None or tree == Scalar(None, ""):
            raise TopologyError("the file is empty; expected name and topology", Place(self.file))
        return tree

    def _node(self, event: Event, events: Iterator[Event], depth: int) -> Any:
        self.values += 1
        self._reach(depth, event)
        what = kind(event)
        if what == "AliasEvent":
            return self._alias(event, depth)
        if not event.anchor:
            return self._content(what, event, events, depth)
        values, deepest, self.deepest = self.values, self.deepest, depth
        tree = self._content(what, event, events, depth)
        self.anchors[event.anchor] = _Anchored(tree, self.values - values, self.deepest - depth)
        self.deepest = max(deepest, self.deepest)
        return tree

    def _content(self, what: str, event: Event, events: Iterator[Event], depth: int) -> Any:
        if what == "ScalarEvent":
            return self._scalar(event)
        if what == "MappingStartEvent":
            return self._mapping(event, events, depth)
        return self._sequence(event, events, depth)

    def _alias(self, event: Event, depth: int) -> Any:
        if event.anchor not in self.anchors:
            raise self._error(f"alias *{event.anchor} has no anchor &{event.anchor} before it", event)
        anchored = self.anchors[event.anchor]
        self.values += anchored.values
        self._reach(depth + anchored.height, event)
        return anchored.tree

    def _reach(self, depth: int, event: Event) -> None:
        if depth > self.deepest:
            self.deepest = depth
        if depth > DEEPEST:
            raise self._error(f"more than {DEEPEST} levels of nesting; expected a topology", event)
        if self.values > _MOST_VALUES:
            raise self._error(f"more than {_MOST_VALUES} values; expected a topology", event)

    def _mapping(self, start: Event, events: Iterator[Event], depth: int) -> Map:
        found, merges = Map(self._line(start)), []
        for event in events:
            if kind(event) == "MappingEndEvent":
                break
            key, merge = self._key(event), _is_merge(event)
            value = self._node(next(events), events, depth + 1)
            if merge:
                merges.append((value, event))
            elif key in found:
                raise self._error(f"key {key!r} stands twice (first on line {found.lines[key]}); keep one", event)
            else:
                found.put(key, value, self._line(event))
        for value, event in merges:
            self._merge(found, value, event)
        return found

    def _key(self, event: Event) -> str:
        if kind(event) == "ScalarEvent":
            return str(self._scalar(event) if event.style else event.value)
        if kind(event) == "AliasEvent" and event.anchor in self.anchors:
            tree = self.anchors[event.anchor].tree
            if isinstance(tree, (str, Scalar)):
                return str(tree)
        raise self._error("a key is a mapping, a list or an unknown alias; expected a name", event)

    def _merge(self, into: Map, value: Any, event: Event) -> None:
        for source in value if isinstance(value, Seq) else [value]:
            if not isinstance(source, Map):
                raise self._error("'<<' takes a mapping, or a list of mappings", event)
            for key, each in source.items():
                if key not in into:
                    into.put(key, each, source.lines[key])

    def _sequence(self, start: Event, events: Iterator[Event], depth: int) -> Seq:
        found = Seq(self._line(start))
        for event in events:
            if kind(event) == "SequenceEndEvent":
                break
            found.put(self._node(event, events, depth + 1), self._line(event))
        return found

    def _scalar(self, event: Event) -> "str | Scalar":
        if event.style == '"' and _CONTROL.search(event.value):
            raise self._error("a text holds a control character or half a surrogate; expected printable text", event)
        if event.tag in (None, "!"):
            return resolve(event.value) if event.implicit[0] else str(event.value)
        if event.tag == "tag:yaml.org,2002:str":
            return str(event.value)
        resolved = resolve(event.value)
        if _TAGS.get(event.tag) != _kind_of(resolved):
            raise self._error(
                f"{event.value!r} does not fit its tag {event.tag}; expected str, int, float, bool or null", event
            )
        return resolved

    def _error(self, text: str, event: Event) -> TopologyError:
        return TopologyError(text, Place(self.file, self._line(event)))

    def _line(self, event: Event) -> int:
        return origin(int(event.start_mark.line) + 1, self.origins)


def _is_merge(event: Event) -> bool:
    return kind(event) == "ScalarEvent" and event.value == "<<" and bool(event.implicit[0])


def _kind_of(value: "str | Scalar") -> str:
    return "str" if isinstance(value, str) else type(value.value).__name__


_TAGS = {f"tag:yaml.org,2002:{name}": kind for name, kind in
         [("int", "int"), ("float", "float"), ("bool", "bool"), ("null", "NoneType")]}  # fmt: skip
_WORDS: dict[str, bool | None] = {
    spelt: value
    for words, value in [
        ("y yes on true", True),
        ("n no off false", False),
        ("null", None),
    ]
    for word in words.split()
    for spelt in (word, word.capitalize(), word.upper())
} | {"~": None, "": None}
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
_INT = re.compile(r"[-+]?(0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO]?[0-7]+|0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")


def resolve(raw: str) -> "str | Scalar":
    """A plain scalar as yaml.v2 understands it: null, bool, int (also 0x, 0b, 0o, leading 0), float, else text.

    Infinity and not-a-number stay text: no key wants them, and JSON cannot hold them.
    """
    if raw in _WORDS:
        return Scalar(_WORDS[raw], raw)
    if not (raw[0].isdigit() or raw[0] in "+-."):
        return raw
    digits = raw.replace("_", "")
    if len(digits) <= 40 and _INT.fullmatch(digits):
        return Scalar(_integer(digits), raw)
    number = float(digits) if _FLOAT.fullmatch(digits) else math.inf
    return Scalar(number, raw) if math.isfinite(number) else raw


def _integer(digits: str) -> int:
    sign, body = (-1, digits[1:]) if digits[0] == "-" else (1, digits.lstrip("+"))
    octal = len(body) > 1 and body[0] == "0" and body[1].isdigit()
    return sign * (int(body, 8) if octal else int(body, 0))
