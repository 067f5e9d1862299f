"""/etc/network/interfaces as text -> stanzas, as ifupdown2 reads it (its manual: interfaces(5) of ifupdown2).

A line is `auto`, `allow-*`, `source`, `iface` or `vlan`, or belongs to the `iface` above it; a backslash joins the next
line to it. Two things differ from Debian's classic ifupdown, and the lab's nodes run ifupdown2 3.x (2026-11-25): an
`auto` counts only for stanzas that follow it, and a keyword that ifupdown2 does not know is refused.
"""

import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase

from sim.dataclasses import dataclass, field
from sim.dialects import Source
from sim.errors import ConfigError, Place
from sim.snapshot import Note

CONF = "/etc/network/interfaces"
_FAMILIES = {
    "inet": ("loopback", "static", "manual", "dhcp", "ppp", "tunnel"),
    "inet6": ("loopback", "static", "manual", "dhcp", "auto"),
    "mpls": (),
}
_RANGE = re.compile(r"(?P<head>[^\[]+)\[(?P<low>\d+)-(?P<high>\d+)\](?P<tail>.*)")


@dataclass(frozen=True, slots=True)
class Line:
    """A keyword of a stanza (dashes for underscores), its value, and where it stands."""

    key: str
    value: str
    place: Place


@dataclass(slots=True)
class Stanza:
    """One `iface`. Several of one name are one interface."""

    name: str
    family: str
    method: str
    place: Place
    starts: bool
    lines: list[Line] = field(default_factory=list)


@dataclass(slots=True)
class Interfaces:
    """All that the files say: stanzas in their order, and the notes taken on the way."""

    stanzas: list[Stanza] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    lines: dict[str, int] = field(default_factory=dict)  # lines that say something, by path


class Reader:
    """Reads the main file and what it sources."""

    def __init__(self, files: Mapping[str, Source]) -> None:
        self._files = files
        self._found = Interfaces()
        self._starting: set[str] = set()
        self._all_start = False
        self._open: list[Stanza] = []

    def read(self) -> Interfaces:
        """Everything that the main file leads to."""
        if CONF in self._files:
            self._file(self._files[CONF])
        return self._found

    def _file(self, source: Source) -> None:
        self._open = []
        count = 0
        for place, words in _lines(source):
            count += 1
            self._line(source, place, words)
        self._found.lines[source.path] = count
        self._open = []

    def _line(self, source: Source, place: Place, words: list[str]) -> None:
        key = words[0]
        if key.startswith(("%", "<%")):
            self._found.notes.append(Note(place, "templates are not modelled", policy=True))
        elif key == "auto" or key.startswith("allow-"):
            self._start(key, words, place)
        elif key == "source":
            self._source(source, words, place)
        elif key in ("iface", "vlan"):
            self._open = list(self._stanzas(words, place))
            self._found.stanzas += self._open
        elif not self._open:
            raise ConfigError(f"{' '.join(words)!r}: expected auto, allow-..., source or iface", place)
        elif len(words) < 2:
            raise ConfigError(f"iface {self._open[0].name}: {key!r} has no value; write a keyword and a value", place)
        else:
            self._add(words, place)

    def _start(self, key: str, words: list[str], place: Place) -> None:
        self._open = []
        if len(words) < 2:
            raise ConfigError(f"{key!r} names no interface; write {key} NAME", place)
        if key not in ("auto", "allow-auto", "allow-hotplug"):
            return  # ifup brings other classes up only when asked for them
        self._all_start = self._all_start or "all" in words[1:]
        for word in words[1:]:
            self._starting.update(_expanded(word))

    def _source(self, source: Source, words: list[str], place: Place) -> None:
        if len(words) < 2:
            raise ConfigError("source names no file; write source PATH", place)
        pattern = words[1]
        depth = pattern.count("/")
        paths = [path for path in sorted(self._files) if path.count("/") == depth and fnmatchcase(path, pattern)]
        if not paths and not set(pattern) & set("*?["):
            self._found.notes.append(Note(place, f"there is no file {pattern}"))
        for path in paths:
            if path not in self._found.lines and path != source.path:
                self._found.lines[path] = 0
                self._file(self._files[path])

    def _stanzas(self, words: list[str], place: Place) -> Iterator[Stanza]:
        if len(words) < 2:
            raise ConfigError(f"{words[0]} names no interface; write {words[0]} NAME", place)
        family, method = (*words[2:4], "", "")[:2]
        if family and family not in _FAMILIES:
            raise ConfigError(f"iface {words[1]}: unsupported address family {family!r}; expected inet or inet6", place)
        if method and method not in _FAMILIES[family]:
            known = ", ".join(_FAMILIES[family])
            raise ConfigError(f"iface {words[1]}: unsupported address method {method!r}; known: {known}", place)
        for name in _expanded(words[1].partition(":")[0]):
            starts = self._all_start or name in self._starting
            yield Stanza(name, family, method, place, starts)

    def _add(self, words: list[str], place: Place) -> None:
        value = " ".join(words[1:])
        for stanza in self._open:
            told = value.replace("$IFACE", stanza.name)
            stanza.lines.append(Line(words[0].replace("_", "-"), told, place))


def _lines(source: Source) -> Iterator[tuple[Place, list[str]]]:
    """The lines that say something, as words; a joined line stands where its first part stands."""
    parts: list[str] = []
    first = 0
    for number, raw in enumerate(source.text.splitlines(), 1):
        first = first if parts else number
        head, joined, _ = raw.rpartition("\\") if raw.rstrip().endswith("\\") else (raw, "", "")
        parts.append(head)
        if joined:
            continue
        text = " ".join(parts).strip()
        parts = []
        if text and not text.startswith("#"):
            yield source.at(first), text.split()


def _expanded(name: str) -> list[str]:
    """`swp[1-3]` or `swp[1-3].100` as names."""
    found = _RANGE.fullmatch(name)
    if not found:
        return [name]
    return [f"{found['head']}{number}{found['tail']}" for number in range(int(found["low"]), int(found["high"]) + 1)]
