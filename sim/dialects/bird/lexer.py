"""BIRD's configuration text -> tokens with their places, `include` resolved among the node's files.

An `include` stands at the start of a line, may be a glob, and names a file relative to the one it stands in. A literal
name that no file has is refused; a glob that no file matches is not (bird -p 2.0.12, 2026-11-25).
"""

import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from posixpath import dirname, join
from typing import Literal

from sim.dataclasses import dataclass
from sim.dialects import Source
from sim.errors import ConfigError, Place

Kind = Literal["word", "symbol", "number", "ip", "text", "sign", "end"]

_TOKEN = re.compile(
    r"""(?P<space>\s+|\#[^\n]*|/\*.*?\*/)
  | (?P<ip>\d+\.\d+\.\d+\.\d+|(?:[0-9a-fA-F]{0,4}:){2,7}[0-9a-fA-F:.]*)
  | (?P<number>0[xX][0-9a-fA-F]+|\d+)
  | (?P<word>[A-Za-z_][A-Za-z0-9_]*)
  | '(?P<symbol>[A-Za-z0-9_.:-]+)'
  | "(?P<text>[^"\n]*)"
  | (?P<sign>!=|!~|<=|>=|&&|\|\||\[=|=\]|\.\.|[\[\]{}()=<>~!+\-*/.,;:?%&|])
    """,
    re.VERBOSE | re.DOTALL,
)
_INCLUDE = re.compile(r"[ \t]*include[ \t]*\"([^\"\n]*)\"[ \t]*;")
_DEEPEST = 5
"""BIRD's own limit of includes within includes."""


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of text; `symbol` is a quoted name, `text` a string, both without their quotes."""

    kind: Kind
    text: str
    place: Place

    def __str__(self) -> str:
        return "the end of the file" if self.kind == "end" else f"'{self.text}'"


def tokens(path: str, files: Mapping[str, Source]) -> list[Token]:
    """All tokens of a file and of what it includes, and an `end`. ConfigError for what is no token."""
    found = list(_read(path, files, 0))
    last = found[-1].place if found else Place(files[path].origin, max(1, files[path].text.count("\n")))
    return [*found, Token("end", "", last)]


def _read(path: str, files: Mapping[str, Source], depth: int) -> Iterator[Token]:
    source, at, line = files[path], 0, 1
    text = source.text
    while at < len(text):
        if (at == 0 or text[at - 1] == "\n") and (asked := _INCLUDE.match(text, at)):
            for other in _included(asked[1], source, files, line, depth):
                yield from _read(other, files, depth + 1)
            at = asked.end()
            continue
        matched = _TOKEN.match(text, at)
        if matched is None:
            raise ConfigError(f"'{text[at]}' begins nothing that BIRD knows; an unclosed string?", source.at(line))
        kind = matched.lastgroup or ""
        if kind != "space":
            yield Token(kind, matched[kind], source.at(line))  # type: ignore[arg-type]
        at = matched.end()
        line += matched[0].count("\n")


def _included(pattern: str, source: Source, files: Mapping[str, Source], line: int, depth: int) -> list[str]:
    """The files that an include means, in a shell's order."""
    if depth == _DEEPEST:
        raise ConfigError(f"include nested deeper than {_DEEPEST}", source.at(line))
    wanted = join(dirname(source.path), pattern)
    if not set("*?[") & set(wanted):
        if wanted not in files:
            raise ConfigError(f"included file {wanted} is not among the node's files", source.at(line))
        return [wanted]
    slashes = wanted.count("/")
    return sorted(path for path in files if path.count("/") == slashes and fnmatchcase(path, wanted))
