"""A whole configuration: statements at its top level, one after another, and what they come to."""

from collections.abc import Callable
from typing import Any, Literal

from sim.address import Address
from sim.dataclasses import replace
from sim.device import Finding
from sim.device.bird import BirdConfig, InterfacePattern, Protocol
from sim.dialects.bird import bgp, local, others
from sim.dialects.bird.filters import define_filter, define_function
from sim.dialects.bird.lexer import Token
from sim.dialects.bird.options import braces
from sim.dialects.bird.patterns import patterns
from sim.dialects.bird.protocols import Kind, read_protocol
from sim.dialects.bird.reader import Reader, Symbol, SymbolKind
from sim.dialects.bird.terms import constant_term
from sim.dialects.bird.values import router_id
from sim.policies.bird_attributes import Attribute

KINDS: dict[str, Kind] = {kind.word: kind for kind in (*local.KINDS, *others.KINDS, bgp.KIND)}
_FAMILIES = ("ipv4", "ipv6")
_OTHER_TABLES = ("ipv6 sadr", "vpn4", "vpn6", "roa4", "roa6", "flow4", "flow6", "mpls")
_UNUSED: tuple[SymbolKind, ...] = ("filter", "function", "template", "constant", "table")


class Statements:
    """The reading of one instance."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.router_id: Address | None = None
        self.router_id_from: tuple[InterfacePattern, ...] = ()
        self.tables: dict[str, Any] = {}
        self.protocols: list[Protocol] = []
        for family in _FAMILIES:
            self._table(Token("word", f"master{family[-1]}", reader.here.place), family)
            reader.symbols[f"master{family[-1]}"].used = True

    def read(self) -> BirdConfig:
        """Every statement."""
        place = self.reader.here.place
        while self.reader.here.kind != "end":
            if not self.reader.takes(";"):
                self._statement()
        if not self.protocols and not self.reader.unmodelled:
            self.reader.complain("no protocol is specified in the config file")
        unmodelled = tuple(dict.fromkeys(self.reader.unmodelled))
        return BirdConfig(
            self.router_id,
            self.router_id_from,
            self.tables,
            tuple(self.protocols),
            self.reader.syntax,
            unmodelled,
            replace(place, line=0),
        )

    def _statement(self) -> None:
        word = self.reader.here.text if self.reader.here.kind == "word" else ""
        if word in _STATEMENTS:
            self.reader.next()
            _STATEMENTS[word](self)
        elif word in _FAMILIES or word in (each.split()[0] for each in _OTHER_TABLES):
            self._named_table()
        else:
            self.reader.refuse("a statement (protocol, filter, function, define, router id, table ...)")

    def _protocol(self) -> None:
        self._any_protocol(template=False)

    def _template(self) -> None:
        self._any_protocol(template=True)

    def _any_protocol(self, template: bool) -> None:
        if self.reader.here.text in others.UNMODELLED:
            others.skip_protocol(self.reader, template)
        elif found := read_protocol(self.reader, KINDS, template):
            self.protocols.append(found)

    def _filter(self) -> None:
        define_filter(self.reader)

    def _function(self) -> None:
        define_function(self.reader)

    def _define(self) -> None:
        token = self.reader.next()
        self.reader.check_new(token)
        self.reader.expect("=")
        value = constant_term(self.reader)
        self._end()
        self.reader.define("constant", token, value)

    def _attribute(self) -> None:
        kind = self.reader.next().text
        token = self.reader.next()
        self.reader.define("attribute", token, Attribute(token.text, kind))
        self._end()

    def _router(self) -> None:
        self.reader.expect("id")
        if self.reader.takes("from"):
            self.router_id_from = patterns(self.reader)
        else:
            self.router_id = router_id(self.reader)
        self._end()

    def _named_table(self) -> None:
        words = next(each for each in (*_OTHER_TABLES, *_FAMILIES) if self.reader.sees(*each.split()))
        place = self.reader.here.place
        self.reader.at += len(words.split())
        self.reader.expect("table")
        if words not in _FAMILIES:
            self.reader.note(f"a table of {words} is not modelled", place)
        self._family_table(words)

    def _old_table(self) -> None:
        """`table NAME;` of BIRD 1."""
        if self.reader.syntax == 2:
            self.reader.at -= 1
            self.reader.refuse("a family before 'table'")
        self._family_table(self.reader.family)

    def _family_table(self, family: str) -> None:
        token = self.reader.next()
        self._table(token, family)
        if self.reader.takes("sorted"):
            self.reader.sorted_tables.add(token.text)
        if self.reader.sees("{"):
            if self.reader.sees("{", "sorted"):
                self.reader.sorted_tables.add(token.text)
            braces(self.reader)
        self._end()

    def _table(self, token: Token, family: str) -> None:
        """A table; the two masters exist, and may be declared once more."""
        if token.text in self.tables and token.text in ("master4", "master6"):
            return
        self.reader.define("table", token, family)
        if family in _FAMILIES:
            self.tables[token.text] = family

    def _logging(self) -> None:
        """What no route hangs on: `log`, `debug`, `watchdog`, `timeformat`, `hostname`, `graceful restart wait` ..."""
        while not self.reader.sees(";"):
            if self.reader.sees("{"):
                braces(self.reader)
            elif self.reader.next().kind == "end":
                self.reader.refuse("';'")
        self._end()

    def _eval(self) -> None:
        constant_term(self.reader)
        self._end()

    def _end(self) -> None:
        self.reader.expect(";")


_STATEMENTS: dict[str, Callable[[Statements], None]] = {
    "protocol": Statements._protocol,
    "template": Statements._template,
    "filter": Statements._filter,
    "function": Statements._function,
    "define": Statements._define,
    "attribute": Statements._attribute,
    "router": Statements._router,
    "table": Statements._old_table,
    "eval": Statements._eval,
    **dict.fromkeys(
        ("log", "debug", "mrtdump", "watchdog", "timeformat", "hostname", "graceful", "listen"), Statements._logging
    ),
}


def generation(tokens: list[Token]) -> Literal[1, 2]:
    """BIRD 1 where `import`, `export` or `table` stand in a speaking protocol itself and no channel stands anywhere."""
    texts = [token.text if token.kind in ("word", "sign") else "" for token in tokens]
    for index, text in enumerate(texts):
        if text in _FAMILIES and texts[index + 1] in ("{", ";", "table"):
            return 2
    kind, depth = "", 0
    for index, text in enumerate(texts):
        depth += (text == "{") - (text == "}")
        if depth == 0 and text in ("protocol", "template"):
            kind = texts[index + 1]
        old = text in ("import", "export", "table") and texts[index - 1] in (";", "{", "}")
        if depth == 1 and old and kind in ("bgp", "kernel", "static", "direct", "ospf", "rip"):
            return 1
    return 2


def findings(reader: Reader) -> tuple[Finding, ...]:
    """Names that nothing uses. Names that nothing defines are refused, as BIRD refuses them."""
    unused: list[Symbol] = [each for each in reader.symbols.values() if each.kind in _UNUSED and not each.used]
    return tuple(Finding(each.place, "unused", f"{each.kind} '{each.name}' is used by nothing") for each in unused)
