"""A configuration's tokens under a reader's finger, and the names that were defined so far.

BIRD knows a name only below its definition, so that one pass suffices. Everything that is refused is ConfigError at the
token where BIRD would stop.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NoReturn

from sim.dataclasses import dataclass, field
from sim.dialects.bird.keywords import KEYWORDS
from sim.dialects.bird.lexer import Token
from sim.errors import ConfigError, Place
from sim.policies.bird_attributes import ATTRIBUTES
from sim.policies.bird_terms import Variable
from sim.policies.bird_values import ENUM_WORDS
from sim.snapshot import Note

SymbolKind = Literal["constant", "filter", "function", "template", "protocol", "table", "attribute"]


@dataclass(slots=True)
class Symbol:
    """A name, what it stands for, where it was defined, and whether anything uses it."""

    name: str
    kind: SymbolKind
    value: Any
    place: Place
    used: bool = False


@dataclass(slots=True)
class Reader:
    """One instance's text. `syntax` is BIRD's generation; `family` the only one of a BIRD 1 file."""

    tokens: Sequence[Token]
    syntax: Literal[1, 2] = 2
    family: str = "ipv4"
    at: int = 0
    symbols: dict[str, Symbol] = field(default_factory=dict)
    scopes: list[dict[str, Variable]] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    unmodelled: list[Place] = field(default_factory=list)
    counters: dict[str, int] = field(default_factory=dict)  # of protocols without a name, by kind
    synced: dict[str, str] = field(
        default_factory=dict
    )  # the kernel protocol of each table; of "", the device protocol
    sorted_tables: set[str] = field(default_factory=set)
    slots: int = 0
    option: str = ""  # the words of the option that is being read

    @property
    def here(self) -> Token:
        """The token that comes next."""
        return self.tokens[self.at]

    def ahead(self, count: int = 1) -> Token:
        """A later token, or the end."""
        return self.tokens[min(self.at + count, len(self.tokens) - 1)]

    def next(self) -> Token:
        """Take a token."""
        token = self.here
        if token.kind != "end":
            self.at += 1
        return token

    def sees(self, *texts: str) -> bool:
        """Whether these words and signs come next."""
        return all(
            (token := self.ahead(index)).text == text and token.kind in ("word", "sign")
            for index, text in enumerate(texts)
        )

    def takes(self, *texts: str) -> bool:
        """The same, and take them if so."""
        if not self.sees(*texts):
            return False
        self.at += len(texts)
        return True

    def expect(self, text: str) -> Token:
        """Take a word or sign that must come."""
        if not self.sees(text):
            self.refuse(f"'{text}'")
        return self.next()

    def refuse(self, expected: str, token: Token | None = None) -> NoReturn:
        """What stands here is not what BIRD's grammar wants."""
        raise self.refusal(expected, token)

    def refusal(self, expected: str, token: Token | None = None) -> ConfigError:
        """The same, to be raised."""
        found = token or self.here
        text = f"syntax error, unexpected {found}; expected {expected}"
        if found.kind == "word" and reserved(found.text):
            text += f" ('{found.text}' is a word of BIRD's own)" if expected == "a new name" else ""
        elif found.kind == "word" and found.text not in self.symbols:
            text += f" (nothing above is called '{found.text}')"
        return ConfigError(text, found.place)

    def complain(self, text: str, place: Place | None = None) -> NoReturn:
        """What stands here is well-formed and wrong."""
        raise ConfigError(text, place or self.tokens[max(self.at - 1, 0)].place)

    def note(self, text: str, place: Place) -> None:
        """Something that the model does not know."""
        self.notes.append(Note(place, text))
        self.unmodelled.append(place)

    def define(self, kind: SymbolKind, token: Token, value: Any) -> Symbol:
        """A new name. It may not be one of BIRD's own words, nor be defined twice."""
        self.check_new(token)
        self.symbols[token.text] = Symbol(token.text, kind, value, token.place)
        return self.symbols[token.text]

    def check_new(self, token: Token) -> None:
        """Whether a token may become a name."""
        if token.kind not in ("word", "symbol") or (token.kind == "word" and reserved(token.text)):
            self.refuse("a new name", token)
        if token.text in self.symbols:
            self.complain(f"symbol '{token.text}' already defined at {self.symbols[token.text].place}", token.place)

    def known(self, kind: SymbolKind, *, others: Sequence[SymbolKind] = ()) -> Any:
        """Take the name of something defined above, and give what it stands for."""
        token = self.next()
        symbol = self.symbols.get(token.text) if token.kind in ("word", "symbol") else None
        if symbol is None or (symbol.kind != kind and symbol.kind not in others):
            names = sorted(name for name, each in self.symbols.items() if each.kind == kind)
            known = f" (known: {', '.join(names)})" if names else ""
            raise ConfigError(f"{token} is not the name of a {kind} defined above{known}", token.place)
        symbol.used = True
        return symbol.value

    def symbol(self, *kinds: SymbolKind) -> Symbol | None:
        """The defined name that stands here, if it is of one of these kinds; it is not taken."""
        token = self.here
        found = self.symbols.get(token.text) if token.kind in ("word", "symbol") else None
        return found if found and found.kind in kinds else None

    def variable(self) -> Variable | None:
        """The local variable that stands here; it is not taken."""
        for scope in reversed(self.scopes):
            if self.here.kind in ("word", "symbol") and self.here.text in scope:
                return scope[self.here.text]
        return None

    def declare(self, kind: str) -> Variable:
        """Take a name and make it a local variable of that type."""
        token = self.next()
        if token.kind not in ("word", "symbol") or reserved(token.text):
            self.refuse("a new name", token)
        if token.text in self.scopes[-1]:
            self.complain(f"symbol '{token.text}' already defined", token.place)
        self.slots += 1
        self.scopes[-1][token.text] = Variable(token.text, self.slots, kind)
        return self.scopes[-1][token.text]


def reserved(word: str) -> bool:
    """Whether BIRD's grammar has this word for itself."""
    return word in KEYWORDS or word in ENUM_WORDS or word in ATTRIBUTES


def names(symbols: Mapping[str, Symbol], kind: SymbolKind) -> list[Symbol]:
    """All names of a kind."""
    return [symbol for symbol in symbols.values() if symbol.kind == kind]
