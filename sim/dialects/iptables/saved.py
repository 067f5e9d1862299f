"""The format of iptables-save: tables, chains with their policies, rules -> a PacketFilter's tables."""

import re
from collections.abc import Iterable, Mapping

from sim.dataclasses import dataclass, field
from sim.dialects.iptables.names import CHAINS, PRIORITIES
from sim.dialects.iptables.rule import Context, read_rule
from sim.dialects.iptables.words import split
from sim.errors import ConfigError, Place
from sim.filters import Chain, Hook, Point, Rule, Table
from sim.filters.actions import Jump, Nat
from sim.filters.model import Family, Tool
from sim.snapshot import Note

TOOLS: Mapping[int, tuple[Tool, Family]] = {4: ("iptables", "ip"), 6: ("ip6tables", "ip6")}
_CHAIN = re.compile(r"^:(?P<name>\S+)\s+(?P<policy>\S+)(\s+\[(?P<counters>\d+:\d+)\])?\s*$")
_COUNTED = re.compile(r"^\[\d+:\d+\]\s*")


@dataclass(slots=True)
class TableText:
    """A table while its lines are read: policies of built-in chains, rules of every chain."""

    name: str
    version: int
    policies: dict[str, tuple[bool, Place | None]] = field(default_factory=dict)  # drops, and where it says so
    rules: dict[str, list[Rule]] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)
    known: int = 0

    def __post_init__(self) -> None:
        for chain in CHAINS[self.name]:
            self.policies[chain] = (False, None)
            self.rules[chain] = []

    def add(self, words: list[str], place: Place) -> None:
        """`-A CHAIN ...` or `-I CHAIN [NUMBER] ...` as words."""
        chain, rest = words[1], words[2:]
        if chain not in self.rules:
            raise ConfigError(
                f"chain {chain!r} does not exist in table {self.name}; declare it as `:{chain} - [0:0]`", place
            )
        at = len(self.rules[chain])
        if words[0] in ("-I", "--insert"):
            at = int(rest.pop(0)) - 1 if rest and rest[0].isdecimal() else 0
        made, notes = read_rule(rest, Context(self.version, self.name, chain, place))
        self.rules[chain][at:at] = made
        self.notes += notes
        self.known += not any(rule.notes for rule in made)

    def table(self) -> Table:
        """The table as a value; ConfigError for a jump to a chain that is not there."""
        tool, family = TOOLS[self.version]
        for rules in self.rules.values():
            for rule in rules:
                self._check(rule)
        chains = {name: Chain(name, tuple(self._turned(name)), self._hook(name)) for name in self.rules}
        return Table(tool, family, self.name, chains)

    def _check(self, rule: Rule) -> None:
        if isinstance(rule.verb, Jump) and rule.verb.chain not in self.rules:
            raise ConfigError(f"{rule.verb.chain!r} is neither a target nor a chain of table {self.name}", rule.place)

    def _turned(self, chain: str) -> Iterable[Rule]:
        """NETMAP in POSTROUTING and INPUT translates the source (xt_NETMAP.c)."""
        for rule in self.rules[chain]:
            nat = rule.verb
            if isinstance(nat, Nat) and nat.net is not None and chain in ("POSTROUTING", "INPUT"):
                turned = Nat("snat", nat.addresses, nat.ports, nat.net)
                yield Rule(rule.text, rule.matches, rule.effects, turned, rule.place)
            else:
                yield rule

    def _hook(self, chain: str) -> Hook | None:
        if chain not in self.policies:
            return None
        point = Point(chain.lower())
        drops, place = self.policies[chain]
        if self.name == "nat":
            return Hook(point, -100 if point in (Point.PREROUTING, Point.OUTPUT) else 100, "nat", drops, place)
        kind = "route" if self.name == "mangle" and point is Point.OUTPUT else "filter"
        return Hook(point, PRIORITIES[self.name], "route" if kind == "route" else "filter", drops, place)


def read_saved(text: str, origin: str, version: int) -> tuple[list[Table], list[Note], int, int]:
    """The tables of a file, notes, and how many lines there are and are known.

    ConfigError at the line that iptables-restore would refuse (1.8.9, `--test` and the kernel's own checks).
    """
    found: dict[str, TableText] = {}
    current: TableText | None = None
    lines = 0
    for number, raw in enumerate(text.splitlines(), 1):
        line, place = raw.strip(), Place(origin, number)
        if not line or line.startswith("#"):
            continue
        lines += 1
        if line.startswith("*"):
            current = found[line[1:].strip()] = _table(line[1:].strip(), version, current, place)
        elif current is None:
            raise ConfigError(f"{line!r} before any table; expected a line like `*filter`", place)
        elif line == "COMMIT":
            current = None
        elif line.startswith(":"):
            _chain(current, line, place)
        else:
            _command(current, line, place)
    if current is not None:
        raise ConfigError("COMMIT expected at line " + str(len(text.splitlines()) + 1), Place(origin, lines))
    tables = [each.table() for each in found.values()]
    notes = [note for each in found.values() for note in each.notes]
    unknown = sum(1 for each in found.values() for rules in each.rules.values() for rule in rules if rule.notes)
    return tables, notes, lines, lines - unknown


def _table(name: str, version: int, open_table: TableText | None, place: Place) -> TableText:
    if open_table is not None:
        raise ConfigError(f"table {name} begins before COMMIT of table {open_table.name}", place)
    if name not in CHAINS:
        raise ConfigError(f"table {name!r} is not known; known: {', '.join(CHAINS)}", place)
    return TableText(name, version)


def _chain(table: TableText, line: str, place: Place) -> None:
    found = _CHAIN.match(line)
    if not found:
        raise ConfigError(f"{line!r} is no chain; expected `:NAME POLICY [0:0]`", place)
    name, policy = found["name"], found["policy"]
    if name not in table.policies:
        if len(name) > 28:
            raise ConfigError(f"Invalid chain name `{name}' (28 chars max)", place)
        table.rules[name] = []
        return
    if policy not in ("ACCEPT", "DROP", "-"):
        raise ConfigError(f"Can't set policy `{policy}' on `{name}'", place)
    table.policies[name] = (policy == "DROP", place)


def _command(table: TableText, line: str, place: Place) -> None:
    words = split(_COUNTED.sub("", line))
    if words and words[0] in ("-A", "--append", "-I", "--insert"):
        if len(words) < 2:
            raise ConfigError(f'option "{words[0]}" requires an argument', place)
        table.add(words, place)
    elif words and words[0] in ("-P", "--policy") and len(words) == 3:
        _chain(table, f":{words[1]} {words[2]}", place)
    elif words and words[0] in ("-N", "--new-chain") and len(words) == 2:
        _chain(table, f":{words[1]} -", place)
    else:
        raise ConfigError(f"Bad argument `{words[0] if words else line}'; expected -A CHAIN ...", place)
