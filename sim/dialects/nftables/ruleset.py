"""nftables' files: tables, chains, sets, variables, includes and the commands that change them -> Tables.

A ruleset is read as one transaction, as `nft -f` loads it: rules are worked out at the end, when every set is whole.
"""

import fnmatch
import re
from collections.abc import Callable, Mapping
from typing import Literal

from sim.dataclasses import dataclass, field
from sim.dialects import Source
from sim.dialects.nftables.asking import NamedSet, Scope
from sim.dialects.nftables.rule import read_rule
from sim.dialects.nftables.tokens import Cursor, Token, tokens
from sim.errors import ConfigError, Place
from sim.filters import Chain, Hook, Point, Rule, Table
from sim.filters.actions import Jump, Lookup, Verb
from sim.filters.model import Family
from sim.snapshot import Note

FAMILIES: Mapping[str, Family] = {
    "ip": "ip",
    "ip6": "ip6",
    "inet": "inet",
    "arp": "arp",
    "bridge": "bridge",
    "netdev": "netdev",
}
PRIORITIES = {"raw": -300, "mangle": -150, "dstnat": -100, "filter": 0, "security": 50, "srcnat": 100, "out": 100}
_KINDS: Mapping[str, Literal["filter", "nat", "route"]] = {"filter": "filter", "nat": "nat", "route": "route"}
_NAT_POINTS = ("prerouting", "input", "output", "postrouting")
_OBJECTS = ("counter", "quota", "limit", "ct", "flowtable", "secmark", "synproxy")
_NAME = re.compile(r"^[A-Za-z_][\w./\\-]*$")
_DEEPEST_INCLUDE = 16


@dataclass(slots=True)
class _Chain:
    """A chain while the file is read."""

    name: str
    rules: list[list[Token]] = field(default_factory=list)
    hook: Hook | None = None


@dataclass(slots=True)
class _Table:
    """A table while the file is read."""

    family: Family
    name: str
    chains: dict[str, _Chain] = field(default_factory=dict)
    sets: dict[str, NamedSet] = field(default_factory=dict)


class Ruleset:
    """What the files say so far."""

    def __init__(self, files: Mapping[str, Source]) -> None:
        self.files = files
        self.tables: dict[tuple[str, str], _Table] = {}
        self.variables: dict[str, list[Token]] = {}
        self.notes: list[Note] = []
        self.lines: dict[str, set[int]] = {}
        self.doubtful: dict[str, set[int]] = {}

    def read(self, source: Source, depth: int = 0) -> None:
        """One file's commands. ConfigError at the line that nft would refuse."""
        found = list(tokens(source.text, source.origin))
        self.lines.setdefault(source.path, set()).update(t.place.line for t in found if t.kind != "end")
        cursor = Cursor(found, source.at(1))
        while cursor.more:
            if cursor.tokens[cursor.at].kind == "end":
                cursor.take()
                continue
            self._command(cursor, source, depth)

    def _command(self, cursor: Cursor, source: Source, depth: int) -> None:
        word = cursor.take()
        if word.text == "include":
            self._include(cursor.take(), source, depth)
        elif word.text in ("define", "redefine"):
            name = cursor.take().text
            cursor.expect("=")
            self.variables[name] = self._expanded(_statement(cursor))
        elif word.text in ("flush", "delete", "destroy", "undefine"):
            self._remove(word.text, _statement(cursor))
        elif word.text in ("add", "create", "insert", "replace"):
            self._add(word.text, cursor)
        elif word.text == "table":
            self._table_block(cursor)
        elif word.text in ("list", "reset", "monitor"):
            _statement(cursor)
        else:
            raise ConfigError(f"syntax error, unexpected {word.text}", word.place)

    # --- variables and files

    def _expanded(self, found: list[Token]) -> list[Token]:
        """With variables filled in."""
        made: list[Token] = []
        for token in found:
            if token.kind == "word" and token.text.startswith("$"):
                if token.text[1:] not in self.variables:
                    raise ConfigError(f"unknown identifier '{token.text[1:]}'", token.place)
                made += [Token(each.kind, each.text, token.place) for each in self.variables[token.text[1:]]]
            else:
                made.append(token)
        return made

    def _include(self, pattern: Token, source: Source, depth: int) -> None:
        if depth >= _DEEPEST_INCLUDE:
            raise ConfigError("Include nested too deeply, max 16 levels", pattern.place)
        path = pattern.text
        if not path.startswith("/"):
            path = f"{source.path.rpartition('/')[0]}/{path.removeprefix('./')}"
        if any(letter in path for letter in "*?["):
            for name in sorted(each for each in self.files if fnmatch.fnmatchcase(each, path)):
                self.read(self.files[name], depth + 1)
        elif path in self.files:
            self.read(self.files[path], depth + 1)
        else:
            raise ConfigError(f"Could not open file {pattern.text!r}: No such file or directory", pattern.place)

    # --- commands

    def _remove(self, word: str, rest: list[Token]) -> None:
        what = [token.text for token in rest]
        if what[:1] == ["ruleset"]:
            self.tables.clear()
        elif what[:1] in (["table"], ["chain"]):
            family, names = _family(what[1:])
            if what[0] == "table" and word == "flush" and (family, names[0]) in self.tables:
                for chain in self.tables[family, names[0]].chains.values():
                    chain.rules.clear()
            elif what[0] == "table":
                self._gone(word, self.tables.pop((family, names[0]), None), rest[0].place)
            else:
                chains = self.tables[family, names[0]].chains if (family, names[0]) in self.tables else {}
                self._gone(word, chains.get(names[1]), rest[0].place)
                chains[names[1]].rules.clear() if word == "flush" else chains.pop(names[1])

    def _gone(self, word: str, had: object, place: Place) -> None:
        if had is None and word != "destroy":
            raise ConfigError(f"Could not process rule: No such file or directory ({word})", place)

    def _add(self, word: str, cursor: Cursor) -> None:
        kind = cursor.take()
        if kind.text == "table":
            self._table_block(cursor)
            return
        if kind.text not in ("chain", "rule", "set", "map", "element", *_OBJECTS):
            cursor.at -= 1  # `add inet t c ...` is a rule
            kind = Token("word", "rule", kind.place)
        family = FAMILIES[cursor.take().text] if cursor.next in FAMILIES else "ip"
        name = cursor.take()
        if (family, name.text) not in self.tables:
            raise ConfigError(f"No such file or directory: there is no table {family} {name.text}", name.place)
        table = self.tables[family, name.text]
        if kind.text == "rule":
            self._add_rule(table, word, cursor)
        elif kind.text == "element":
            self._elements(table, cursor)
        elif kind.text == "chain":
            self._chain(table, cursor)
        elif kind.text in ("set", "map"):
            self._set(table, cursor)
        else:
            _statement(cursor)

    def _add_rule(self, table: _Table, word: str, cursor: Cursor) -> None:
        name = cursor.take()
        if name.text not in table.chains:
            raise ConfigError(f"No such file or directory: there is no chain {name.text!r}", name.place)
        if cursor.next in ("index", "position", "handle"):
            raise ConfigError(f"a place by {cursor.next} is not known before the ruleset is loaded", name.place)
        chain = table.chains[name.text]
        rule = self._expanded(_statement(cursor))
        chain.rules.insert(0 if word == "insert" else len(chain.rules), rule)

    def _elements(self, table: _Table, cursor: Cursor) -> None:
        name = cursor.take()
        if name.text not in table.sets:
            raise ConfigError(f"No such file or directory: there is no set {name.text!r}", name.place)
        found = self._expanded(cursor.braced())
        table.sets[name.text].elements += [Token("punct", ",", name.place), *found]

    # --- blocks

    def _table_block(self, cursor: Cursor) -> None:
        family = FAMILIES[cursor.take().text] if cursor.next in FAMILIES else "ip"
        name = cursor.take()
        if not _NAME.match(name.text):
            raise ConfigError(f"syntax error, unexpected {name.text}, expecting a table's name", name.place)
        table = self.tables.setdefault((family, name.text), _Table(family, name.text))
        _block(cursor, lambda word: self._in_table(table, word, cursor))

    def _in_table(self, table: _Table, word: Token, cursor: Cursor) -> None:
        if word.text == "chain":
            self._chain(table, cursor)
        elif word.text in ("set", "map"):
            self._set(table, cursor)
        elif word.text in _OBJECTS:
            while cursor.next and cursor.next != "{":
                cursor.take()
            cursor.braced()
        elif word.text in ("comment", "flags"):
            _statement(cursor)
        else:
            raise ConfigError(f"syntax error, unexpected {word.text}", word.place)

    def _chain(self, table: _Table, cursor: Cursor) -> None:
        name = cursor.take()
        if not _NAME.match(name.text) or name.text in _RESERVED:
            raise ConfigError(f"syntax error, unexpected {name.text}, expecting a chain's name", name.place)
        chain = table.chains.setdefault(name.text, _Chain(name.text))
        if cursor.next == "{":
            _block(cursor, lambda word: self._in_chain(table, chain, word, cursor))

    def _in_chain(self, table: _Table, chain: _Chain, word: Token, cursor: Cursor) -> None:
        cursor.at -= 1
        if word.text == "type" and cursor.ahead(2) == "hook":
            chain.hook = read_hook(self._expanded(_statement(cursor)), table.family)
        elif word.text == "policy":
            cursor.take()
            chain.hook = _with_policy(chain, cursor.take())
        elif word.text == "comment" and len(cursor.tokens) > cursor.at + 1:
            _statement(cursor)
        else:
            chain.rules.append(self._expanded(_statement(cursor)))

    def _set(self, table: _Table, cursor: Cursor) -> None:
        name = cursor.take()
        made = table.sets.setdefault(name.text, NamedSet(name.text, place=name.place))
        _block(cursor, lambda word: self._in_set(made, word, cursor))

    def _in_set(self, made: NamedSet, word: Token, cursor: Cursor) -> None:
        if word.text == "elements":
            cursor.expect("=")
            found = self._expanded(_value(cursor))
            made.elements += [Token("punct", ",", word.place), *found]
        elif word.text in (
            "type",
            "typeof",
            "flags",
            "timeout",
            "gc-interval",
            "size",
            "policy",
            "auto-merge",
            "comment",
        ):
            rest = [token.text for token in _statement(cursor)]
            made.dynamic = made.dynamic or (word.text == "flags" and "dynamic" in rest)
        elif word.text not in ("counter",):
            raise ConfigError(f"syntax error, unexpected {word.text}", word.place)

    # --- the end

    def made(self) -> list[Table]:
        """The tables as values."""
        return [self._made(table) for table in self.tables.values()]

    def _made(self, table: _Table) -> Table:
        chains = {}
        for chain in table.chains.values():
            scope = Scope(table.family, table.sets, chain.hook.kind if chain.hook else "")
            rules: list[Rule] = []
            for written in chain.rules:
                made, notes = read_rule(written, scope)
                rules += made
                self.notes += notes
            for rule in rules:
                _check_jumps(rule.verb, table, rule.place)
            chains[chain.name] = Chain(chain.name, tuple(rules), chain.hook)
        return Table("nft", table.family, table.name, chains)


_RESERVED = frozenset(
    ("fwd", "type", "hook", "policy", "chain", "table", "set", "map", "rule", "ip", "ip6", "tcp", "udp")
)


def _check_jumps(verb: Verb | None, table: _Table, place: Place | None) -> None:
    verbs = [each for _, each in verb.elements] if isinstance(verb, Lookup) else [verb]
    for each in verbs:
        if isinstance(each, Jump) and each.chain not in table.chains:
            raise ConfigError(f"No such file or directory: there is no chain {each.chain!r}", place)


def _family(words: list[str]) -> tuple[Family, list[str]]:
    if words and words[0] in FAMILIES:
        return FAMILIES[words[0]], words[1:]
    return "ip", words


def _statement(cursor: Cursor) -> list[Token]:
    """Tokens up to the end of the statement; a brace that was opened goes on over lines."""
    found: list[Token] = []
    depth = 0
    while cursor.more:
        token = cursor.tokens[cursor.at]
        if depth == 0 and (token.kind == "end" or (token.text == "}" and token.kind == "punct")):
            break
        depth += (token.text == "{") - (token.text == "}") if token.kind == "punct" else 0
        if token.kind != "end":
            found.append(token)
        cursor.take()
    return found


def _value(cursor: Cursor) -> list[Token]:
    """A set's elements: what stands in braces, or a variable."""
    return cursor.braced() if cursor.next == "{" else _statement(cursor)


def _block(cursor: Cursor, each: Callable[[Token], None]) -> None:
    """`{ ... }`: each statement is handed on with its first word taken; one line may hold several."""
    cursor.expect("{")
    while True:
        if not cursor.more:
            raise ConfigError("syntax error, unexpected end of file, expecting }", cursor.place)
        token = cursor.take()
        if token.kind == "punct" and token.text == "}":
            return
        if token.kind != "end":
            each(token)
            _closed(cursor)


def _closed(cursor: Cursor) -> None:
    """A statement in a block ends with its line or a semicolon, also the last one."""
    behind = cursor.tokens[cursor.at - 1]
    if behind.kind == "punct" and behind.text == "}":
        return
    if cursor.next == "}" or not cursor.more:
        raise ConfigError("syntax error, unexpected '}', expecting newline or semicolon", cursor.place)


# --- hooks


def read_hook(found: list[Token], family: Family) -> Hook:
    """`type filter hook input priority filter - 1`, up to the semicolon."""
    cursor = Cursor(found, found[0].place)
    cursor.expect("type")
    kind, place = cursor.take(), cursor.place
    cursor.expect("hook")
    point = cursor.take()
    if kind.text not in _KINDS:
        raise ConfigError(f"unknown chain type {kind.text}", kind.place)
    known = ("ingress", "egress", *(each.value for each in Point))
    if point.text not in known:
        raise ConfigError(f"unknown chain hook {point.text}", point.place)
    if cursor.skip("device") or cursor.skip("devices"):
        while cursor.more and cursor.next != "priority":
            cursor.take()
    cursor.expect("priority")
    priority = _priority(cursor)
    _check_hook(kind, point, priority)
    at = Point(point.text) if point.text in (each.value for each in Point) else Point.PREROUTING
    return Hook(at, priority, _KINDS[kind.text], place=place)


def _check_hook(kind: Token, point: Token, priority: int) -> None:
    wrong = (kind.text == "nat" and point.text not in _NAT_POINTS) or (kind.text == "route" and point.text != "output")
    if wrong:
        raise ConfigError(f"Operation not supported: chain type {kind.text} at hook {point.text}", kind.place)
    if kind.text == "nat" and priority <= -200:
        raise ConfigError("Operation not supported: a nat chain needs a priority above -200", kind.place)


def _priority(cursor: Cursor) -> int:
    token = cursor.take()
    text = token.text
    while cursor.more:
        text += cursor.take().text
    found = re.fullmatch(r"(?P<name>[a-z]+)?(?P<by>[+-]?\d+)?", text)
    name = found["name"] if found else None
    if not found or not text or (name is not None and name not in PRIORITIES):
        raise ConfigError(f"'{text}' is invalid in this context: no such priority", token.place)
    return PRIORITIES.get(name or "", 0) + int(found["by"] or 0)


def _with_policy(chain: _Chain, word: Token) -> Hook:
    if chain.hook is None:
        raise ConfigError(f"policy of {chain.name}, which has no hook", word.place)
    if word.text not in ("accept", "drop"):
        raise ConfigError(f"syntax error, unexpected {word.text}, expecting accept or drop", word.place)
    hook = chain.hook
    return Hook(hook.point, hook.priority, hook.kind, word.text == "drop", word.place)
