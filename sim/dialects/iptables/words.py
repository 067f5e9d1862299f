"""A line of iptables' language as words, and the words one after another; complaints are in iptables' own words."""

from collections.abc import Iterator

from sim.dataclasses import dataclass, field
from sim.errors import ConfigError, Place


def split(line: str) -> list[str]:
    """Words as iptables-restore splits them: blanks separate, double quotes hold together, a backslash quotes one.

    A quotation that does not end goes to the end of the line.
    """
    words: list[str] = []
    word: str | None = None
    quoted = escaped = False
    for letter in line:
        if escaped or (quoted and letter not in '"\\'):
            word, escaped = (word or "") + letter, False
        elif letter == "\\":
            word, escaped = word or "", True
        elif letter == '"':
            word, quoted = word or "", not quoted
        elif letter in " \t":
            if word is not None:
                words.append(word)
            word = None
        else:
            word = (word or "") + letter
    return words if word is None else [*words, word]


@dataclass(slots=True)
class Cursor:
    """The words of one rule, taken from the left."""

    words: list[str]
    place: Place
    at: int = field(default=0)

    def __iter__(self) -> Iterator[str]:
        while self.at < len(self.words):
            self.at += 1
            yield self.words[self.at - 1]

    @property
    def next(self) -> str | None:
        """The next word, not taken."""
        return self.words[self.at] if self.at < len(self.words) else None

    def value(self, option: str) -> str:
        """The argument of an option."""
        if self.next is None:
            raise self.wrong(f'option "{option}" requires an argument')
        self.at += 1
        return self.words[self.at - 1]

    def wrong(self, text: str) -> ConfigError:
        """The complaint, at this line."""
        return ConfigError(text, self.place)


def quoted(text: str) -> str:
    """A value as iptables-save prints it: quoted where it is not one plain word."""
    plain = text and all(letter.isalnum() or letter in "_-" for letter in text)
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("'", "\\'")
    return text if plain else f'"{escaped}"'
