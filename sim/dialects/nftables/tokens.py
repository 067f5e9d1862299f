"""nft's language as tokens with their lines: words, quoted strings, punctuation, and ends of statements."""

import re
from collections.abc import Iterator
from typing import Literal

from sim.dataclasses import dataclass
from sim.errors import ConfigError, Place

_TOKEN = re.compile(
    r"(?P<blank>[ \t\r]+|\\\n|#[^\n]*)|(?P<end>[\n;])|\"(?P<string>[^\"\n]*)\""
    r"|(?P<punct>[{}(),|&^=!<>]=?)|(?P<word>[^\s;{}(),|&^=!<>\"#]+)"
)


@dataclass(frozen=True, slots=True)
class Token:
    """One token; an `end` is a line's end or a semicolon."""

    kind: Literal["word", "string", "punct", "end"]
    text: str
    place: Place

    def __str__(self) -> str:
        return f'"{self.text}"' if self.kind == "string" else self.text


def tokens(text: str, origin: str) -> Iterator[Token]:
    """The tokens of a file."""
    line, at = 1, 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        place = Place(origin, line)
        if not found:
            raise ConfigError(f"syntax error, unexpected {text[at]!r}", place)
        kind = found.lastgroup
        if kind != "blank":
            yield from _parts(kind or "", found.group(kind or 0), place)
        line += found.group().count("\n")
        at = found.end()


def _parts(kind: str, text: str, place: Place) -> Iterator[Token]:
    if kind == "word" and text.endswith(":") and not text.endswith("::") and len(text) > 1:
        yield Token("word", text[:-1], place)  # `22: accept`
        yield Token("word", ":", place)
    elif kind == "string":
        yield Token("string", text, place)
    elif kind == "punct" and text[0] in "{}()," and len(text) > 1:
        yield Token("punct", text[0], place)
        yield Token("punct", text[1:], place)
    elif kind == "punct":
        yield Token("punct", text, place)
    elif kind == "end":
        yield Token("end", text, place)
    else:
        yield Token("word", text, place)


class Cursor:
    """Tokens, taken from the left."""

    def __init__(self, found: list[Token], place: Place) -> None:
        self.tokens = found
        self.at = 0
        self.start = place

    @property
    def next(self) -> str:
        """The next token's text, not taken; empty at the end."""
        return self.tokens[self.at].text if self.at < len(self.tokens) else ""

    @property
    def place(self) -> Place:
        """Where the next token stands; at the end, where the last one did."""
        if not self.tokens:
            return self.start
        return self.tokens[min(self.at, len(self.tokens) - 1)].place

    def ahead(self, by: int = 1) -> str:
        """A token further on."""
        return self.tokens[self.at + by].text if self.at + by < len(self.tokens) else ""

    @property
    def more(self) -> bool:
        """Whether there are tokens left."""
        return self.at < len(self.tokens)

    def take(self) -> Token:
        """The next token."""
        if not self.more:
            raise ConfigError("syntax error, unexpected end of the statement", self.place)
        self.at += 1
        return self.tokens[self.at - 1]

    def skip(self, *texts: str) -> bool:
        """Take these tokens if they are the next ones."""
        if [token.text for token in self.tokens[self.at : self.at + len(texts)]] != list(texts):
            return False
        self.at += len(texts)
        return True

    def expect(self, text: str) -> None:
        """Take this token, or complain."""
        if not self.skip(text):
            found = self.next if self.more else "end of the statement"
            raise ConfigError(f"syntax error, unexpected {found}, expecting {text}", self.place)

    def braced(self) -> list[Token]:
        """What stands between the next pair of braces."""
        self.expect("{")
        depth, start = 1, self.at
        while depth:
            text = self.take().text if self.more else ""
            if not text and not self.more:
                raise ConfigError("syntax error, unexpected end of file, expecting }", self.place)
            depth += (text == "{") - (text == "}")
        return self.tokens[start : self.at - 1]
