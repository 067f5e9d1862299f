"""The words of a command, read one after another, and values as iproute2 writes them."""

from collections.abc import Callable
from typing import TypeVar

from sim.address import Address, InterfaceAddress, Prefix, parse_address, parse_interface, parse_prefix
from sim.errors import ConfigError, Place

Value = TypeVar("Value")


class NotModelled(Exception):
    """A word that iproute2 knows and the model does not."""


class Words:
    """What is left of a command."""

    def __init__(self, words: list[str], place: Place) -> None:
        self._words = words
        self._text = " ".join(words)
        self.place = place

    def __bool__(self) -> bool:
        return bool(self._words)

    def next(self) -> str:
        """The next word; ConfigError where there is none."""
        if not self._words:
            raise self.wrong("it ends too early")
        return self._words.pop(0)

    def take(self, *wanted: str) -> bool:
        """Whether the next word is one of these; it is then read."""
        if self._words and self._words[0] in wanted:
            del self._words[0]
            return True
        return False

    def peek(self) -> str:
        """The next word, or nothing."""
        return self._words[0] if self._words else ""

    def name_ipv6(self) -> bool:
        """Whether anything that is still to come is an IPv6 address."""
        return any(":" in word for word in self._words)

    def wrong(self, what: str) -> ConfigError:
        """The error of a command that iproute2 refuses."""
        return ConfigError(f"`{self._text}`: {what}", self.place)

    def read(self, parse: Callable[[str], Value]) -> Value:
        """The next word as a value; ConfigError where it is none."""
        word = self.next()
        try:
            return parse(word)
        except ValueError as error:
            raise self.wrong(str(error) or f"{word!r} is not what is expected there") from error

    def address(self) -> Address:
        """The next word as an address; a family's name before it is passed over (`via inet6 fe80::1`)."""
        self.take("inet", "inet6")
        return self.read(parse_address)

    def number(self) -> int:
        """The next word as a number, decimal or 0x..."""
        return self.read(lambda word: int(word, 0))

    def prefix(self, version: int) -> Prefix:
        """The next word as a prefix; `default`, `all` and `any` are everything."""
        return self.read(lambda word: prefix_of(word, version))

    def interface_address(self) -> InterfaceAddress:
        """The next word as an interface's address."""
        return self.read(parse_interface)


def prefix_of(word: str, version: int) -> Prefix:
    """A destination; the host bits of one that is written with any make it no route."""
    if word in ("default", "all", "any"):
        return Prefix(0, 0, version)
    if "/" not in word and "." in word and word.count(".") < 3:  # `10.1/16` is old style, `10.1` too
        word += ".0" * (3 - word.count("."))
    elif "/" in word and ":" not in word:
        head, _, length = word.partition("/")
        word = head + ".0" * (3 - head.count(".")) + "/" + length
    given = parse_interface(word)
    if given.network.network != given.value:
        raise ValueError(f"invalid prefix for given prefix length: {word}")
    return parse_prefix(word)


def table_name(word: str) -> str:
    """A routing table as the rest of the model calls it."""
    return {"254": "main", "253": "default", "255": "local"}.get(word, word)


def abbreviated(word: str, *known: str) -> str:
    """The known word that this one is the beginning of, the first of several (as iproute2's matches()); else itself."""
    return next((each for each in known if word and each.startswith(word)), word)
