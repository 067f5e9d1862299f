"""Terms of the filter language: text -> nodes of `sim.policies.bird_terms`.

Ranks, loosest first: `&&` and `||` (the same rank, from the left), comparisons (no two in a row), `+ -`, `* /`, `!`,
`.`. So `! a ~ b` is `(!a) ~ b`. Types that are known are checked here, as `bird -p` does (2.0.12).
"""

from typing import Any

from sim.dataclasses import fields, is_dataclass
from sim.dialects.bird.reader import Reader
from sim.dialects.bird.sets import path_mask, set_literal
from sim.dialects.bird.values import number, plain_address, prefix
from sim.policies.bird_attributes import ATTRIBUTES, Attribute, Subject
from sim.policies.bird_terms import (
    MEMBERS,
    Arithmetic,
    Call,
    Compare,
    Constant,
    Construct,
    Defined,
    Edit,
    Get,
    Logic,
    Member,
    Not,
    Run,
    Term,
    Unknown,
    Variable,
)
from sim.policies.bird_values import BIRD1_WORDS, ENUM_WORDS, Eclist, FilterError, Lclist, Value

_COMPARISONS = ("=", "!=", "<", "<=", ">", ">=", "~", "!~")
_EC_KINDS = ("rt", "ro", "generic", "unknown")
_EDITS = {"prepend": "prepend", "add": "add", "delete": "delete", "filter": "filter"}


def term(reader: Reader) -> Term:
    """A whole term."""
    left = _comparison(reader)
    while reader.sees("&&") or reader.sees("||"):
        sign = reader.next().text
        require(reader, left, "bool", "AND" if sign == "&&" else "OR", 1)
        right = _comparison(reader)
        require(reader, right, "bool", "AND" if sign == "&&" else "OR", 2)
        left = Logic(sign, left, right)
    return left


def require(reader: Reader, found: Term, wanted: str, where: str, argument: int = 1) -> None:
    """Refuse a term whose known type is not the wanted one."""
    if found.type is not None and found.type != wanted:
        reader.complain(f"argument {argument} of {where} must be of type {wanted}, got type {found.type}")


def _comparison(reader: Reader) -> Term:
    left = _sum(reader)
    if reader.here.kind != "sign" or reader.here.text not in _COMPARISONS:
        return left
    sign = reader.next().text
    right = _sum(reader)
    if reader.here.kind == "sign" and reader.here.text in _COMPARISONS:
        reader.refuse("no second comparison without parentheses")
    return Compare(sign, left, right)


def _sum(reader: Reader) -> Term:
    left = _product(reader)
    while reader.sees("+") or reader.sees("-"):
        sign = reader.next().text
        left = _arithmetic(reader, sign, left, _product(reader))
    return left


def _product(reader: Reader) -> Term:
    left = _unary(reader)
    while reader.sees("*") or reader.sees("/"):
        sign = reader.next().text
        left = _arithmetic(reader, sign, left, _unary(reader))
    return left


def _arithmetic(reader: Reader, sign: str, left: Term, right: Term) -> Term:
    where = {"+": "ADD", "-": "SUBTRACT", "*": "MULTIPLY", "/": "DIVIDE"}[sign]
    require(reader, left, "int", where, 1)
    require(reader, right, "int", where, 2)
    return Arithmetic(sign, left, right)


def _unary(reader: Reader) -> Term:
    if reader.takes("!"):
        inner = _unary(reader)
        require(reader, inner, "bool", "NOT")
        return Not(inner)
    found = _primary(reader)
    while reader.sees(".") and reader.ahead().text in MEMBERS | {"ip", "len"}:
        reader.next()
        found = _member(reader, found)
    return found


def _member(reader: Reader, of: Term) -> Term:
    token = reader.next()
    if token.text == "mask":
        reader.expect("(")
        bits = term(reader)
        require(reader, bits, "int", "IP_MASK", 2)
        reader.expect(")")
        return Member(of, "mask", bits)
    if token.text == "is_v4":
        require(reader, of, "ip", "IS_V4")
    if token.text in ("rd", "maxlen", "src", "dst", "min", "max"):
        reader.note(f"'.{token.text}' is not modelled", token.place)
        return Unknown(token.text)
    return Member(of, token.text)


def _primary(reader: Reader) -> Term:
    token = reader.here
    if token.kind == "number":
        return Constant(int(reader.next().text, 0))
    if token.kind == "text":
        return Constant(reader.next().text)
    if token.kind == "ip":
        return Constant(prefix(reader) if reader.ahead().text == "/" else plain_address(reader))
    if token.kind == "sign":
        return _signed(reader)
    if token.kind in ("word", "symbol"):
        return _named(reader)
    raise reader.refusal("a term")


def _signed(reader: Reader) -> Term:
    """What begins with a sign: parentheses, sets, masks, empty lists."""
    if reader.sees("("):
        return _parentheses(reader)
    if reader.sees("[="):
        return path_mask(reader)
    if reader.sees("["):
        return Constant(set_literal(reader))
    for words, value in _EMPTIES:
        if reader.takes(*words):
            return Constant(value)
    raise reader.refusal("a term")


_EMPTIES: tuple[tuple[tuple[str, ...], Value], ...] = (
    (("+", "empty", "+"), ()),
    (("-", "empty", "-"), frozenset()),
    (("-", "-", "empty", "-", "-"), Eclist()),
    (("-", "-", "-", "empty", "-", "-", "-"), Lclist()),
)


def _parentheses(reader: Reader) -> Term:
    """`(term)`, `(65000, 1)`, `(65000, 1, 2)`, `(rt, 65000, 1)`."""
    reader.expect("(")
    ec = ec_kind(reader)
    parts = [] if ec is None else [_int(reader, "EC_CONSTRUCT", 2)]
    while (ec is None and not parts) or reader.takes(","):
        parts.append(term(reader))
    reader.expect(")")
    if ec is None and len(parts) == 1:
        return parts[0]
    if len(parts) not in ((2,) if ec else (2, 3)):
        reader.complain("syntax error: a community has two or three parts")
    return _folded(Construct(tuple(parts), ec))


def ec_kind(reader: Reader) -> str | None:
    """`rt,`, `ro,`, `generic,`, `unknown 0x1234,` of an extended community, taken with its comma."""
    if reader.here.kind != "word" or reader.here.text not in _EC_KINDS or reader.variable():
        return None
    word = reader.next().text
    if word == "unknown":
        word = f"unknown {number(reader):#x}"
    reader.expect(",")
    return word


def _int(reader: Reader, where: str, argument: int) -> Term:
    found = term(reader)
    if found.type not in (None, "int", "ip", "quad"):
        require(reader, found, "int", where, argument)
    return found


def _folded(found: Construct) -> Term:
    """A community of literals as a constant."""
    return Constant(evaluated(found)) if all(isinstance(part, Constant) for part in found.parts) else found


def _named(reader: Reader) -> Term:
    """What begins with a word: constants, variables, attributes, calls."""
    word = reader.here.text
    if variable := reader.variable():
        reader.next()
        return variable
    if symbol := reader.symbol("constant", "function", "attribute"):
        symbol.used = True
        reader.next()
        if symbol.kind == "function":
            return call(reader, symbol.value)
        return Get(symbol.value) if isinstance(symbol.value, Attribute) else Constant(symbol.value)
    if word in ENUM_WORDS:
        reader.next()
        return Constant(ENUM_WORDS[word])
    if reader.syntax == 1 and word in BIRD1_WORDS:
        reader.note(f"'{word}' is not modelled", reader.next().place)
        return Constant(BIRD1_WORDS[word])
    if word in ATTRIBUTES:
        reader.next()
        return Get(ATTRIBUTES[word])
    if word in ("true", "false"):
        return Constant(reader.next().text == "true")
    if word in _EDITS and reader.ahead().text == "(":
        return _edit(reader)
    return _builtin(reader)


def _builtin(reader: Reader) -> Term:
    token = reader.here
    if reader.takes("defined", "("):
        inner = term(reader)
        reader.expect(")")
        return Defined(inner)
    if token.text in ("roa_check", "format") and reader.ahead().text == "(":
        reader.next()
        _skip_parentheses(reader)
        reader.note(f"'{token.text}' is not modelled", token.place)
        return Unknown(token.text, "enum ROA" if token.text == "roa_check" else "string")
    raise reader.refusal("a term")


def _skip_parentheses(reader: Reader) -> None:
    reader.expect("(")
    while not reader.takes(")"):
        if reader.sees("("):
            _skip_parentheses(reader)
        elif reader.next().kind == "end":
            reader.refuse("')'")


def _edit(reader: Reader) -> Term:
    what = reader.next().text
    reader.expect("(")
    of = term(reader)
    reader.expect(",")
    by = term(reader)
    reader.expect(")")
    return Edit(what, of, by)


def call(reader: Reader, function: Any) -> Call:
    """The arguments of a function whose name was taken."""
    reader.expect("(")
    arguments: list[Term] = []
    while not reader.takes(")"):
        if arguments:
            reader.expect(",")
        arguments.append(term(reader))
    wanted = len(function.parameters)
    if len(arguments) != wanted:
        reader.complain(f"function '{function.name}' expects {wanted} arguments, got {len(arguments)}")
    for index, (parameter, argument) in enumerate(zip(function.parameters, arguments, strict=True), 1):
        if None not in (parameter.type, argument.type) and not _goes(argument.type, parameter.type):
            reader.complain(
                f"argument {index} of '{function.name}' must be of type {parameter.type}, got type {argument.type}"
            )
    reader.unmodelled += function.unmodelled
    return Call(function, tuple(arguments))


def _goes(given: str | None, wanted: str | None) -> bool:
    return given == wanted or (given, wanted) in {("ip", "quad"), ("void", wanted)}


def constant_term(reader: Reader) -> Value:
    """A term that needs no route, evaluated. ConfigError for one that reads an attribute."""
    place = reader.here.place
    found = term(reader)
    if _needs_route(found):
        reader.complain("no route here: a constant can read no attribute", place)
    try:
        return evaluated(found)
    except FilterError as error:
        reader.complain(f"runtime error: {error}", place)


def evaluated(found: Term) -> Value:
    """The value of a term that needs no route."""
    nothing: Subject = None  # type: ignore[assignment]
    return found.value(Run(nothing))


def _needs_route(node: Any) -> bool:
    if isinstance(node, (Get, Variable, Unknown)):
        return True
    if isinstance(node, tuple):
        return any(_needs_route(each) for each in node)
    return is_dataclass(node) and any(_needs_route(getattr(node, each.name)) for each in fields(node))
