"""Filters and functions: text -> nodes of `sim.policies.bird_commands`, and Policies of them."""

from collections.abc import Callable

from sim.dialects.bird.reader import Reader
from sim.dialects.bird.sets import items
from sim.dialects.bird.terms import call, require, term
from sim.errors import Place
from sim.policies.bird import ALL, NONE, BirdFilter
from sim.policies.bird_attributes import ATTRIBUTES, Attribute
from sim.policies.bird_commands import (
    NOTHING,
    Assign,
    Block,
    Case,
    Command,
    Decide,
    Do,
    EditAttribute,
    Empty,
    For,
    If,
    Return,
    SetAttribute,
)
from sim.policies.bird_terms import Constant, Function, Term, Variable
from sim.policies.bird_values import Box, Eclist, Lclist, Range, Value

_TYPES = [
    "int",
    "bool",
    "ip",
    "rd",
    "prefix",
    "pair",
    "quad",
    "ec",
    "lc",
    "string",
    "bgpmask",
    "bgppath",
    "clist",
    "eclist",
    "lclist",
]
_EMPTY: dict[str, Value] = {"bgppath": (), "clist": frozenset(), "eclist": Eclist(), "lclist": Lclist()}


def define_filter(reader: Reader) -> None:
    """`filter NAME { ... }`, its first word taken."""
    token = reader.next()
    reader.check_new(token)
    reader.define("filter", token, filter_body(reader, token.text))


def filter_body(reader: Reader, name: str) -> BirdFilter:
    """`[variables] { ... }`."""
    place, before = reader.here.place, len(reader.unmodelled)
    body = _body(reader, {})
    return BirdFilter(name, body, _since(reader, before), place)


def _since(reader: Reader, before: int) -> tuple[Place, ...]:
    return tuple(dict.fromkeys(reader.unmodelled[before:]))


def where(reader: Reader) -> BirdFilter:
    """`where term`, its first word taken."""
    place, before = reader.here.place, len(reader.unmodelled)
    condition = term(reader)
    require(reader, condition, "bool", "CONDITION")
    return BirdFilter("where", (If(condition, Decide(True), Decide(False)),), _since(reader, before), place)


def import_export(reader: Reader) -> BirdFilter:
    """What follows `import` or `export`: `all`, `none`, `filter NAME`, `filter { ... }`, `where term`."""
    if reader.takes("all"):
        return ALL
    if reader.takes("none"):
        return NONE
    if reader.takes("where"):
        return where(reader)
    reader.expect("filter")
    if reader.sees("{") or _type_ahead(reader):
        return filter_body(reader, "filter")
    found = reader.known("filter")
    assert isinstance(found, BirdFilter)
    return found


def define_function(reader: Reader) -> None:
    """`function NAME(TYPE NAME; ...) { ... }`, its first word taken. It may call itself."""
    token, before = reader.next(), len(reader.unmodelled)
    function = Function(token.text)
    reader.define("function", token, function)
    reader.expect("(")
    scope: dict[str, Variable] = {}
    reader.scopes.append(scope)
    while not reader.takes(")"):
        reader.declare(_type(reader))
        if not reader.sees(")") and not reader.takes(";"):
            reader.expect(",")
    reader.scopes.pop()
    function.parameters = tuple(scope.values())
    function.body = _body(reader, scope)
    function.unmodelled = _since(reader, before)


def _type_ahead(reader: Reader) -> bool:
    return reader.here.kind == "word" and reader.here.text in _TYPES and reader.ahead().text != "("


def _type(reader: Reader) -> str:
    if not _type_ahead(reader):
        reader.refuse("a type")
    name = reader.next().text
    if reader.takes("set"):
        return "prefix set" if name == "prefix" else "set"
    return name


def _body(reader: Reader, parameters: dict[str, Variable]) -> tuple[Command, ...]:
    """Variables declared before the brace, as BIRD 1 has them, and the commands."""
    reader.scopes.append(parameters)
    while not reader.sees("{"):
        reader.declare(_type(reader))
        reader.expect(";")
    reader.expect("{")
    commands = _commands(reader)
    reader.expect("}")
    reader.scopes.pop()
    return commands


def _commands(reader: Reader) -> tuple[Command, ...]:
    reader.scopes.append({})
    found: list[Command] = []
    while not reader.sees("}") and not _label_ahead(reader):
        if _type_ahead(reader):
            found.append(_declaration(reader))
        else:
            found.append(command(reader))
    reader.scopes.pop()
    return tuple(found)


def _declaration(reader: Reader) -> Command:
    kind = _type(reader)
    at = reader.at
    reader.next()
    initial: Term = term(reader) if reader.takes("=") else Constant(None)
    end, reader.at = reader.at, at
    variable = reader.declare(kind)
    reader.at = end
    reader.expect(";")
    _check_assigned(reader, kind, initial)
    return Assign(variable, initial)


def _check_assigned(reader: Reader, wanted: str | None, given: Term) -> None:
    allowed = {("quad", "ip")}
    plain = wanted is None or given.type in (None, "void", wanted) or (wanted, given.type) in allowed
    if not plain and not (wanted in ("set", "prefix set") and given.type in ("set", "prefix set")):
        reader.complain(f"variable of type {wanted} can not hold type {given.type}")


def command(reader: Reader) -> Command:
    """One command with what ends it."""
    if reader.takes("{"):
        block = Block(_commands(reader))
        reader.expect("}")
        return block
    word = reader.here.text if reader.here.kind == "word" else ""
    if reader.variable() is None and word in _COMMANDS:
        reader.next()
        return _COMMANDS[word](reader)
    return _assignment(reader)


def _if(reader: Reader) -> Command:
    condition = term(reader)
    require(reader, condition, "bool", "CONDITION")
    reader.expect("then")
    then = command(reader)
    return If(condition, then, command(reader) if not reader.sees("else", ":") and reader.takes("else") else NOTHING)


def _accept(reader: Reader) -> Command:
    return Decide(True, _printed(reader))


def _reject(reader: Reader) -> Command:
    return Decide(False, _printed(reader))


def _printed(reader: Reader) -> tuple[Term, ...]:
    found: list[Term] = []
    while not reader.takes(";"):
        found.append(term(reader))
        if not reader.sees(";"):
            reader.expect(",")
    return tuple(found)


def _print(reader: Reader) -> Command:
    return Do(_printed(reader))


def _return(reader: Reader) -> Command:
    found = term(reader)
    reader.expect(";")
    return Return(found)


def _unset(reader: Reader) -> Command:
    reader.expect("(")
    attribute = _attribute(reader)
    if attribute is None or attribute.static:
        reader.refuse("an attribute that a route may lack")
    reader.next()
    reader.expect(")")
    reader.expect(";")
    return SetAttribute(attribute, None)


def _for(reader: Reader) -> Command:
    reader.scopes.append({})
    if _type_ahead(reader):
        variable = reader.declare(_type(reader))
    elif (known := reader.variable()) is not None:
        reader.next()
        variable = known
    else:
        reader.refuse("a type, or a variable")
    reader.expect("in")
    among = term(reader)
    reader.expect("do")
    body = command(reader)
    reader.scopes.pop()
    return For(variable, among, body)


def _case(reader: Reader) -> Command:
    of = term(reader)
    reader.expect("{")
    branches: list[tuple[tuple[Range | Box, ...], Command]] = []
    otherwise: Command = NOTHING
    while not reader.takes("}"):
        if reader.takes("else", ":"):
            otherwise = Block(_commands(reader))
        else:
            labels = tuple(items(reader))
            reader.expect(":")
            branches.append((labels, Block(_commands(reader))))
    return Case(of, tuple(branches), otherwise)


def _label_ahead(reader: Reader) -> bool:
    """Whether a new branch of a `case` begins here: labels, and a colon."""
    if reader.here.kind == "end":
        reader.refuse("'}'")
    if reader.sees("else", ":"):
        return True
    offset = 0
    while (token := reader.ahead(offset)).kind != "end" and token.text not in (";", "{", "}", "=", "then"):
        if token.kind == "sign" and token.text == ":":
            return True
        offset += 1
    return False


def _attribute(reader: Reader) -> Attribute | None:
    symbol = reader.symbol("attribute")
    if symbol:
        symbol.used = True
        assert isinstance(symbol.value, Attribute)
        return symbol.value
    return ATTRIBUTES.get(reader.here.text) if reader.here.kind == "word" else None


def _assignment(reader: Reader) -> Command:
    """What begins with a name: an assignment, a change of a path or list, a call."""
    if variable := reader.variable():
        reader.next()
        reader.expect("=")
        given = term(reader)
        reader.expect(";")
        _check_assigned(reader, variable.type, given)
        return Assign(variable, given)
    if (symbol := reader.symbol("function")) is not None:
        symbol.used = True
        reader.next()
        called = call(reader, symbol.value)
        reader.expect(";")
        return Do((called,))
    attribute = _attribute(reader)
    if attribute is None:
        reader.refuse("a command")
    reader.next()
    return _edit(reader, attribute) if reader.takes(".") else _set(reader, attribute)


def _set(reader: Reader, attribute: Attribute) -> Command:
    reader.expect("=")
    given = term(reader)
    if attribute.readonly:
        reader.complain("this static attribute is read-only")
    allowed = {("quad", "ip")}
    if given.type not in (None, "void", attribute.type) and (attribute.type, given.type) not in allowed:
        where = "RTA_SET" if attribute.static else "EA_SET"
        reader.complain(f"argument 1 of {where} must be of type {attribute.type}, got type {given.type}")
    reader.expect(";")
    return SetAttribute(attribute, given)


def _edit(reader: Reader, attribute: Attribute) -> Command:
    what = reader.next().text
    if what == "empty":
        if attribute.type not in _EMPTY:
            reader.complain("can't empty that attribute")
        reader.expect(";")
        return Empty(attribute, _EMPTY[attribute.type])
    if what not in ("prepend", "add", "delete", "filter"):
        reader.refuse("empty, prepend, add, delete or filter", reader.ahead(-1))
    reader.expect("(")
    by = term(reader)
    reader.expect(")")
    reader.expect(";")
    return EditAttribute(attribute, what, by)


_COMMANDS: dict[str, Callable[[Reader], Command]] = {
    "if": _if,
    "case": _case,
    "for": _for,
    "accept": _accept,
    "reject": _reject,
    "error": _reject,
    "print": _print,
    "printn": _print,
    "return": _return,
    "unset": _unset,
}
