"""Set literals `[ ... ]`, the labels of `case`, and path masks `[= ... =]`."""

from sim.address import BITS
from sim.dataclasses import dataclass
from sim.dialects.bird.reader import Reader
from sim.dialects.bird.values import number, plain_address, prefix
from sim.policies import bird_paths as paths
from sim.policies.bird_paths import MaskItem
from sim.policies.bird_terms import Constant, Mask, Term
from sim.policies.bird_values import (
    ENUM_WORDS,
    Box,
    Ec,
    Lc,
    Pair,
    PrefixPattern,
    PrefixSet,
    Range,
    Set,
    Value,
    kind,
)

_SETTABLE = ("int", "pair", "quad", "ip", "ec", "lc")
_WORD, _HALF = 0xFFFFFFFF, 0xFFFF


def set_literal(reader: Reader) -> Set | PrefixSet:
    """`[1, 5..7]`, `[10.0.0.0/8+]`, `[(65000, *)]`, `[]`."""
    reader.expect("[")
    if reader.takes("]"):
        return Set("", ())
    if _prefix_ahead(reader):
        return _prefix_set(reader)
    ranges = items(reader)
    reader.expect("]")
    return Set(_type(ranges[0]), tuple(ranges))


def items(reader: Reader) -> list[Range | Box]:
    """Items of one type with commas between."""
    found = [_item(reader)]
    while reader.takes(","):
        found.append(_item(reader))
        if _type(found[-1]) != _type(found[0]):
            reader.complain(f"a set of {_type(found[0])} can not hold {_type(found[-1])}")
    return found


def _type(item: Range | Box) -> str:
    return "pair" if isinstance(item, Box) else kind(item.low)


def _prefix_ahead(reader: Reader) -> bool:
    return reader.here.kind == "ip" and reader.ahead().text == "/"


def _prefix_set(reader: Reader) -> PrefixSet:
    patterns = [_pattern(reader)]
    while reader.takes(","):
        patterns.append(_pattern(reader))
        if patterns[-1].prefix.version != patterns[0].prefix.version:
            reader.complain("mixed IPv4/IPv6 prefixes in prefix set")
    reader.expect("]")
    return PrefixSet(tuple(patterns))


def _pattern(reader: Reader) -> PrefixPattern:
    base = prefix(reader)
    bits = BITS[base.version]
    if reader.takes("+"):
        return PrefixPattern(base, base.length, bits)
    if reader.takes("-"):
        return PrefixPattern(base, 0, base.length)
    if not reader.takes("{"):
        return PrefixPattern(base, base.length, base.length)
    low = number(reader)
    reader.expect(",")
    high = number(reader)
    reader.expect("}")
    if low > high or high > bits:
        reader.complain(f"invalid prefix pattern range: {{{low}, {high}}}")
    return PrefixPattern(base, low, high)


def _item(reader: Reader) -> Range | Box:
    if reader.sees("(") and _community_ahead(reader):
        return _community(reader)
    low = _atom(reader)
    high = _atom(reader) if reader.takes("..") else low
    if kind(low) != kind(high):
        reader.complain(f"a range from {kind(low)} to {kind(high)}")
    return Range(low, high)


def _community_ahead(reader: Reader) -> bool:
    """Whether these parentheses hold a comma at their own depth: `(1, 2)`, and not `(1 + 2)`."""
    depth, offset = 0, 0
    while (token := reader.ahead(offset)).kind != "end":
        depth += (token.text == "(") - (token.text == ")") if token.kind == "sign" else 0
        if depth == 0:
            return False
        if depth == 1 and token.text == "," and token.kind == "sign":
            return True
        offset += 1
    return False


def _atom(reader: Reader) -> Value:
    from sim.dialects.bird.terms import constant_term

    if reader.here.kind == "number":
        return int(reader.next().text, 0)
    if reader.here.kind == "ip":
        return plain_address(reader)
    if reader.here.kind == "word" and reader.here.text in ENUM_WORDS:
        return ENUM_WORDS[reader.next().text]
    place = reader.here.place
    if reader.takes("("):
        value = constant_term(reader)
        reader.expect(")")
    elif symbol := reader.symbol("constant"):
        symbol.used = True
        reader.next()
        value = symbol.value
    else:
        reader.refuse("an item of a set")
    if kind(value) not in _SETTABLE and not kind(value).startswith("enum"):
        reader.complain(f"set-incompatible type {kind(value)}", place)
    return value


@dataclass(frozen=True, slots=True)
class _Parts:
    """A community as written: its parts as ranges (`*` is everything), and the kind of an extended one."""

    parts: tuple[tuple[int, int], ...]
    ec: str | None

    def end(self, side: int) -> Value:
        """Its lowest (0) or highest (1) value."""
        numbers = [part[side] for part in self.parts]
        if self.ec:
            return Ec(self.ec, *numbers)
        return Lc(*numbers) if len(numbers) == 3 else Pair(numbers[0] << 16 | numbers[1])


def _community(reader: Reader) -> Range | Box:
    one = _parts(reader)
    if reader.takes(".."):
        return Range(one.end(0), _parts(reader).end(1))
    if one.ec is None and len(one.parts) == 2:
        return Box(one.parts[0], one.parts[1])
    return Range(one.end(0), one.end(1))


def _parts(reader: Reader) -> _Parts:
    from sim.dialects.bird.terms import ec_kind

    reader.expect("(")
    ec = ec_kind(reader)
    raw = [_part(reader)]
    while reader.takes(","):
        raw.append(_part(reader))
    reader.expect(")")
    if len(raw) not in ((2,) if ec else (2, 3)):
        reader.complain("syntax error: a community has two or three parts")
    top = _HALF if ec is None and len(raw) == 2 else _WORD
    parts = tuple((0, top) if part is None else part for part in raw)
    if any(high > top or low > high for low, high in parts):
        reader.complain(f"value is not in range 0-{top}, or a range is upside down")
    return _Parts(parts, ec)


def _part(reader: Reader) -> tuple[int, int] | None:
    if reader.takes("*"):
        return None
    low = _whole(reader)
    return (low, _whole(reader)) if reader.takes("..") else (low, low)


def _whole(reader: Reader) -> int:
    from sim.dialects.bird.terms import constant_term

    value = constant_term(reader)
    if not isinstance(value, int):
        if kind(value) == "ip":
            return int(value.value)
        reader.complain(f"integer expression expected, not {kind(value)}")
    return int(value)


def path_mask(reader: Reader) -> Term:
    """`[= * 65000 65001..65010 [1, 2] ? + =]`."""
    from sim.dialects.bird.terms import term

    reader.expect("[=")
    found: list[Term] = []
    while not reader.takes("=]"):
        if reader.sees("("):
            reader.next()
            found.append(term(reader))
            reader.expect(")")
        else:
            found.append(_mask_item(reader))
    if all(isinstance(item, Constant) for item in found):
        return Constant(paths.mask_of([item.of for item in found if isinstance(item, Constant)]))
    return Mask(tuple(found))


def _mask_item(reader: Reader) -> Term:
    for sign in ("*", "?", "+"):
        if reader.takes(sign):
            return Constant(MaskItem(sign))
    if reader.here.kind == "number":
        low = number(reader)
        return Constant(MaskItem(low=low, high=number(reader) if reader.takes("..") else low))
    if reader.sees("["):
        among = set_literal(reader)
        if not isinstance(among, Set) or among.of not in ("int", ""):
            reader.complain("only integer sets allowed in path mask")
        return Constant(MaskItem(among=among))
    if variable := reader.variable():
        reader.next()
        return variable
    symbol = reader.symbol("constant")
    if symbol is None:
        reader.refuse("an item of a path mask")
    symbol.used = True
    reader.next()
    return Constant(symbol.value)
