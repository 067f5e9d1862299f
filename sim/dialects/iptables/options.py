"""Options of iptables' match extensions: what one is, what comes of it, and those that mean nothing here."""

from collections.abc import Callable, Mapping, Sequence

from sim.dataclasses import dataclass, field
from sim.errors import ConfigError, Place
from sim.filters.matches import Match, Unmodelled
from sim.snapshot import Note


@dataclass(frozen=True, slots=True)
class Asked:
    """One occurrence of an option: its name, its values, whether `!` stood before it, and of which rule it is."""

    option: str
    values: Sequence[str]
    negated: bool
    place: Place
    version: int
    protocol: int | None

    @property
    def value(self) -> str:
        """The only value."""
        return self.values[0]

    def text(self, value: str | None = None) -> str:
        """As iptables-save prints it."""
        shown = " ".join(self.values) if value is None else value
        return f"{'! ' if self.negated else ''}{self.option} {shown}".rstrip()

    def wrong(self, text: str) -> ConfigError:
        """A complaint at the rule's line."""
        return ConfigError(text, self.place)

    def note(self, text: str) -> Note:
        """A note at the rule's line."""
        return Note(self.place, text)


@dataclass(frozen=True, slots=True)
class Read:
    """What came of an option: matches, how it is printed, and a note where something was simplified."""

    matches: tuple[Match, ...]
    text: str
    note: Note | None = None


@dataclass(frozen=True, slots=True)
class Option:
    """An option: how many values it takes, and what they mean."""

    read: Callable[[Asked], Read]
    arity: int = 1


@dataclass(frozen=True, slots=True)
class Extension:
    """A match extension. `protocols`: those that it needs (`-p`), empty for any."""

    options: Mapping[str, Option]
    protocols: tuple[str, ...] = ()
    aliases: Mapping[str, str] | None = None
    defaults: Mapping[str, str] = field(default_factory=dict)  # printed though not given


def upright(asked: Asked) -> None:
    """Refuse a `!`."""
    if asked.negated:
        raise asked.wrong(f'option "{asked.option}" cannot be inverted.')


def plain(asked: Asked) -> Read:
    """An option that changes nothing for one packet."""
    return Read((), asked.text())


def unmodelled(arity: int = 1) -> Option:
    """An option that this model does not know: the rule's answer leans on a note."""

    def read(asked: Asked) -> Read:
        note = asked.note(f"the match {asked.text()} is not modelled")
        return Read((Unmodelled(note),), asked.text())

    return Option(read, arity)
