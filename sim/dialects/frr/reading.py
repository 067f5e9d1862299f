"""The loop over a file's lines, and what is known so far.

As vtysh reads: indentation means nothing; a line that its context does not know is tried in the context around it, and
that context then stays (an `interface` line ends `router bgp` without an `exit`). A line that no context knows is
ConfigError in one sentence.
"""

from collections.abc import Mapping

from sim.device import Finding
from sim.device.static import StaticRoute
from sim.dialects import Source
from sim.dialects.frr.drafts import BgpDraft, InterfaceDraft, OspfDraft, Pbr, ZebraDraft
from sim.dialects.frr.grammar import Commands, Words
from sim.dialects.frr.names import EntryDraft, Names
from sim.errors import ConfigError, Place
from sim.snapshot import Note

CONFIG = Commands("config")
_NOWHERE = Place("")


class Reading:
    """One node's FRR configuration while it is read. `table` is the context that the next line is for."""

    def __init__(
        self, node: str, profile: str = "traditional", multipath: int = 256, version: tuple[int, ...] = (8, 4)
    ) -> None:
        self.node = node
        self.profile = profile
        self.version = version  # until the file says which FRR wrote it, the one that runs
        self.multipath = multipath  # the most next hops that bgpd was built or started for
        self.table = CONFIG
        self.source = Source("", "", "")
        self.line = 0
        self.raw: list[str] = []
        self.passing = -1  # the indentation of a stanza that is passed over
        self.lines = self.unknown = 0
        self.notes: list[Note] = []
        self.findings: list[Finding] = []
        self.interfaces: dict[str, InterfaceDraft] = {}
        self.statics: dict[tuple[object, ...], StaticRoute] = {}
        self.static_tags: dict[tuple[object, ...], int] = {}
        self.pbr = Pbr()
        self.zebra = ZebraDraft()
        self.sysctls: dict[str, str] = {}
        self.names = Names()
        self.bgps: dict[str, BgpDraft] = {}
        self.ospfs: dict[tuple[int, str], OspfDraft] = {}
        self.interface = InterfaceDraft("", _NOWHERE)
        self.bgp = BgpDraft(0, "", _NOWHERE)
        self.ospf = OspfDraft(2, "", _NOWHERE)
        self.entry = EntryDraft(True, _NOWHERE)
        self.map_name, self.sequence = "", 0
        self.family = "ipv4"
        self.vrf = "default"

    @property
    def place(self) -> Place:
        """Where the line being read stands."""
        return Place(self.source.origin, self.line)

    def refuse(self, text: str) -> ConfigError:
        """The error of the line being read."""
        return ConfigError(text, self.place)

    def note(self, text: str) -> Place:
        """Tell of a line that FRR knows and the model does not; gives its place."""
        place = self.place
        self.unknown += 1
        self.names.mentioned.update(self.raw[self.line - 1].split())
        self.notes.append(Note(place, text))
        return place

    def read(self, source: Source) -> None:
        """Every line of one file."""
        self.source, self.table = source, CONFIG
        self.raw = lines = source.text.split("\n")
        self.passing = -1
        try:
            for self.line, raw in enumerate(lines, 1):
                words = raw.split()
                if not words or words[0][0] in "!#":
                    continue
                self.lines += 1
                first = words[0]
                if self.passing >= 0 and _indentation(raw) > self.passing:
                    continue
                if first in self.table.exits and len(words) == 1:
                    self.table = self.table.parent or self.table
                elif first == "no":
                    self._take(words[1:], True)
                else:
                    self._take(words, False)
        except ValueError as error:
            raise self.refuse(f"{lines[self.line - 1].strip()!r}: {error}") from error

    def pass_over(self, table: Commands) -> None:
        """A stanza that the model does not look into begins: lines further in than this one are its own.

        Indentation means nothing to FRR; but a stanza in which stanzas nest can be told from what follows in no other
        way without knowing its language, and FRR writes it so.
        """
        self.table, self.passing = table, _indentation(self.raw[self.line - 1])

    def _take(self, words: Words, negated: bool) -> None:
        """A line to its handler: in this context, or in the nearest around it that knows it."""
        table = self.table
        while True:
            handler = table.find_negated(words) if negated else table.find(words)
            if handler is not None:
                self.table = table
                handler(self, words, negated)
                return
            if table.is_incomplete(words):  # vtysh then looks no further
                raise self.refuse(f"{' '.join(words)!r} is incomplete: FRR expects more words after it")
            if table.parent is None:
                raise self._unknown(("no " if negated else "") + " ".join(words))
            table = table.parent

    def _unknown(self, text: str) -> ConfigError:
        where = "" if self.table is CONFIG else f" (here, {self.table.name}, nor at the top)"
        return self.refuse(f"FRR knows no command {text!r}{where}; check its spelling against FRR's manual")


def _indentation(line: str) -> int:
    return len(line) - len(line.lstrip())


def end(reading: Reading, words: Words, negated: bool) -> None:
    """`end`: back to the top."""
    reading.table = CONFIG


def silent(reading: Reading, words: Words, negated: bool) -> None:
    """A line that changes no route."""


def mentioned(reading: Reading, words: Words, negated: bool) -> None:
    """A line that changes no route, and may name lists that are then not idle."""
    reading.names.mentioned.update(words)


def noted(reading: Reading, words: Words, negated: bool) -> None:
    """A line that FRR knows and the model does not."""
    if not negated:
        reading.note(f"{' '.join(words)!r} is not modelled")


CONFIG.add("end", end)
Options = Mapping[str, int]


def options(reading: Reading, words: Words, known: Options) -> dict[str, Words]:
    """`metric 5 route-map X`: keywords with as many words as `known` says, in any order, each at most once."""
    found: dict[str, Words] = {}
    at = 0
    while at < len(words):
        word = words[at]
        count = known.get(word)
        if count is None or at + count >= len(words) or word in found:
            raise reading.refuse(f"{word!r} is not expected here, or lacks its value; known: {', '.join(known)}")
        found[word] = words[at + 1 : at + 1 + count]
        at += 1 + count
    return found


def number(reading: Reading, text: str, low: int, high: int) -> int:
    """A number within FRR's limits."""
    if not text.isdecimal() or not low <= (value := int(text)) <= high:
        raise reading.refuse(f"{text!r} is not a number from {low} to {high}")
    return value
