"""What a part of an nftables rule asks: keys, and the values they are compared with -> matches, and their print."""

from collections.abc import Mapping, Sequence

from sim.dataclasses import dataclass, field
from sim.dialects.nftables.keys import Key, NotModelled, read_key
from sim.dialects.nftables.tokens import Cursor, Token
from sim.dialects.nftables.values import NAMED, Value, printed, read_value
from sim.errors import ConfigError, Place
from sim.filters.matches import ALWAYS, NEVER, Bits, Either, Match, Named, OneOf, Within
from sim.filters.ranges import TOP, complement, ranges

_ORDERS: Mapping[str, tuple[int, int]] = {"<": (0, -1), "<=": (0, 0), ">": (1, TOP), ">=": (0, TOP)}


@dataclass(slots=True)
class NamedSet:
    """A set or map of the table: its elements as tokens. `dynamic`: packets fill it, so nobody knows what it holds."""

    name: str
    elements: list[Token] = field(default_factory=list)
    dynamic: bool = False
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class Scope:
    """What a rule may refer to."""

    family: str
    sets: Mapping[str, NamedSet]
    kind: str = ""  # the base chain's type; empty in a user chain


@dataclass(frozen=True, slots=True)
class Element:
    """An element: one value for each key (empty: `*`, anything), and for a map the tokens behind its colon."""

    values: tuple[Value, ...]
    data: tuple[Token, ...] = ()

    @property
    def text(self) -> str:
        """As nft prints it."""
        values = " . ".join(value.text for value in self.values) or "*"
        return f"{values} : {' '.join(map(str, self.data))}" if self.data else values


def read_keys(cursor: Cursor, scope: Scope) -> tuple[Key, ...]:
    """One key, or several with dots between."""
    found = [read_key(cursor, scope.family)]
    while cursor.skip("."):
        found.append(read_key(cursor, scope.family))
    return tuple(found)


def needs_of(keys: Sequence[Key]) -> tuple[Match, ...]:
    """What nft asks by itself because of these keys."""
    return tuple(dict.fromkeys(match for key in keys for match in key.needs))


def text_of(keys: Sequence[Key]) -> str:
    """Keys as printed."""
    return " . ".join(key.text for key in keys)


# --- sets


def elements_of(found: Sequence[Token], keys: Sequence[Key]) -> list[Element]:
    """The elements of a set between its braces, read as values of these keys."""
    made = []
    for words in _split(found, ","):
        value, _, data = _parted(words, ":")
        value = _without_options(value)
        if value:
            made.append(Element(_values(value, keys), tuple(data)))
    return made


def _split(found: Sequence[Token], separator: str) -> list[list[Token]]:
    """Parts between separators; nested braces (of a variable) are taken apart."""
    parts: list[list[Token]] = [[]]
    for token in found:
        if token.kind == "end" or (token.kind == "punct" and token.text in "{}"):
            continue
        if token.text == separator and token.kind != "string":
            parts.append([])
        else:
            parts[-1].append(token)
    return [part for part in parts if part]


def _parted(words: list[Token], separator: str) -> tuple[list[Token], str, list[Token]]:
    for at, token in enumerate(words):
        if token.text == separator and token.kind == "word":
            return words[:at], separator, words[at + 1 :]
    return words, "", []


def _without_options(words: list[Token]) -> list[Token]:
    """Without `timeout 5m`, `comment "..."` and counters behind an element."""
    options = ("timeout", "expires", "comment", "counter", "limit")
    at = next((n for n, token in enumerate(words) if token.text in options and token.kind == "word"), len(words))
    return words[:at]


def _values(words: list[Token], keys: Sequence[Key]) -> tuple[Value, ...]:
    if len(words) == 1 and words[0].text == "*":
        return ()
    parts = _split(words, ".")
    if len(parts) != len(keys):
        shown = " ".join(map(str, words))
        raise ConfigError(f"datatype mismatch: {shown} has {len(parts)} parts, the keys {len(keys)}", words[0].place)
    return tuple(_joined(part, key.kind) for part, key in zip(parts, keys, strict=True))


def _joined(part: list[Token], kind: str) -> Value:
    """One value; `1 - 5` with blanks is one too."""
    if len(part) == 3 and part[1].text == "-":
        return read_value(Token("word", f"{part[0].text}-{part[2].text}", part[0].place), kind)
    if kind == "flags" and len(part) > 2 and all(token.text == "|" for token in part[1::2]):
        bits = sum({read_value(token, kind).low for token in part[::2]})
        return Value(_bits_text(kind, bits, " | "), bits, bits)
    if len(part) != 1:
        raise ConfigError(f"syntax error, unexpected {part[1]}", part[1].place)
    return read_value(part[0], kind)


def match_of(key: Key, values: Sequence[Value], negated: bool = False) -> Match:
    """The key has one of these values."""
    if key.kind in ("name", "device"):
        return Named(key.field, tuple(value.name for value in values), negated)
    if key.kind == "packet type":
        return ALWAYS if any(value.name in ("host", "unicast") for value in values) != negated else NEVER
    held = ranges((value.low, value.high) for value in values)
    return Within(key.field, complement(held) if negated else held)


def set_match(keys: Sequence[Key], elements: Sequence[Element], negated: bool) -> Match:
    """The keys' values together are one of the elements."""
    if any(not element.values for element in elements):
        return NEVER if negated else ALWAYS
    if len(keys) == 1:
        return match_of(keys[0], [element.values[0] for element in elements], negated)
    if all(key.kind not in ("name", "device", "packet type") for key in keys):
        fields = tuple(key.field for key in keys)
        spans = tuple(tuple(((v.low, v.high),) for v in element.values) for element in elements)
        return OneOf(fields, spans, negated)
    return Either(tuple(conjunction(keys, element) for element in elements), negated)


def conjunction(keys: Sequence[Key], element: Element) -> tuple[Match, ...]:
    """Each key has the element's value for it."""
    return tuple(match_of(key, (value,)) for key, value in zip(keys, element.values, strict=False))


def printed_set(elements: Sequence[Element]) -> str:
    """An anonymous set as nft prints it: sorted by value."""
    ordered = sorted(elements, key=lambda element: [(_rank(value), value.name) for value in element.values])
    return f"{{ {', '.join(element.text for element in ordered)} }}"


def _rank(value: Value) -> int:
    """States are bits to the kernel, in another order than here."""
    return _STATE_BITS.get(value.text, value.low)


_STATE_BITS = {"invalid": 1, "established": 2, "related": 4, "new": 8, "untracked": 64}


def referred(cursor: Cursor, keys: Sequence[Key], scope: Scope) -> tuple[list[Element], str]:
    """The set that comes next, `{ ... }` or `@name`, and how it is printed. NotModelled for what packets fill."""
    if cursor.next == "{":
        elements = elements_of(cursor.braced(), keys)
        return elements, printed_set(elements)
    token = cursor.take()
    known = scope.sets.get(token.text[1:])
    if known is None:
        raise ConfigError(f"No such file or directory: there is no set {token.text[1:]!r}", token.place)
    if known.dynamic:
        raise NotModelled(f"{token.text}, which packets fill,")
    return elements_of(known.elements, keys), token.text


# --- comparisons


def read_comparison(keys: tuple[Key, ...], cursor: Cursor, scope: Scope) -> tuple[tuple[Match, ...], str]:
    """What follows the keys, as matches and as printed."""
    head = text_of(keys)
    if len(keys) == 1 and cursor.next in ("&", "and", "/"):
        return _masked(keys[0], cursor)
    operator = cursor.take().text if cursor.next in ("!=", "==", "=", "<", ">", "<=", ">=", "!") else ""
    if cursor.next.startswith("{") or cursor.next.startswith("@"):
        elements, shown = referred(cursor, keys, scope)
        negated = operator in ("!=", "!")
        if any(element.data for element in elements):
            raise ConfigError("mapping outside of map context", cursor.place)
        if shown.startswith("{") and len(elements) == len(keys) == 1 and elements[0].values:
            return _of_one(keys[0], elements[0].values[0], negated)
        return (set_match(keys, elements, negated),), f"{head} {'!= ' if negated else ''}{shown}"
    if len(keys) > 1:
        values = _concatenated(cursor, keys)
        element = Element(values)
        match = set_match(keys, [element], operator in ("!=", "!"))
        return (match,), f"{head} {'!= ' if operator == '!=' else ''}{element.text}"
    return _compared(keys[0], operator, cursor)


def _of_one(key: Key, value: Value, negated: bool) -> tuple[tuple[Match, ...], str]:
    """nft takes a set of one element for that value: of flags, that the bit is set (nft 1.0.6 --debug=netlink)."""
    text = f"{key.text} {'!= ' if negated else ''}{value.text}"
    if key.kind in ("flags", "status") and not negated:
        return (Bits(key.field, value.low, 0, True),), text
    return (match_of(key, (value,), negated),), text


def _concatenated(cursor: Cursor, keys: Sequence[Key]) -> tuple[Value, ...]:
    found = []
    for number, key in enumerate(keys):
        if number:
            cursor.expect(".")
        found.append(read_value(cursor.take(), key.kind))
    return tuple(found)


def _compared(key: Key, operator: str, cursor: Cursor) -> tuple[tuple[Match, ...], str]:
    if key.kind in ("flags", "status"):
        return _any_bit(key, operator, cursor)
    token = cursor.take()
    values = [_spaced(token, cursor, key.kind)]
    while cursor.skip(","):
        values.append(read_value(cursor.take(), key.kind))
    if len(values) > 1 and key.kind != "state":
        raise ConfigError(f"Basetype of {key.kind} is not bitmask: a list needs braces", token.place)
    values.sort(key=_rank)
    shown = ",".join(value.text for value in values)
    if operator in _ORDERS:
        return (_ordered(key, operator, values[0]),), f"{key.text} {operator} {shown}"
    negated = operator in ("!=", "!")
    return (match_of(key, values, negated),), f"{key.text} {'!= ' if negated else ''}{shown}"


def _spaced(token: Token, cursor: Cursor, kind: str) -> Value:
    if cursor.next == "-" and cursor.ahead():
        cursor.take()
        token = Token("word", f"{token.text}-{cursor.take().text}", token.place)
    return read_value(token, kind)


def _ordered(key: Key, operator: str, value: Value) -> Match:
    if operator[0] == "<":
        top = value.low if operator == "<=" else value.low - 1
        return Within(key.field, ((0, top),) if top >= 0 else ())
    return Within(key.field, ((value.low + (operator == ">"), TOP),))


def _any_bit(key: Key, operator: str, cursor: Cursor) -> tuple[tuple[Match, ...], str]:
    """`tcp flags syn,ack`: one of the bits is set; with `==` or `!=`: exactly these are, or not."""
    if key.kind == "status" and cursor.next not in NAMED["status"]:
        raise NotModelled(f"{key.text} {cursor.next}")
    bits = _bits(key.kind, cursor)
    shown = _bits_text(key.kind, bits, ",")
    if cursor.skip("/"):
        mask = _bits(key.kind, cursor)
        return _of_mask(key, mask, bits, negated=operator == "!=")
    if operator in ("==", "!="):
        every = 0xFF if key.kind == "flags" else TOP
        return (Bits(key.field, every, bits, operator == "!="),), f"{key.text} {operator} {shown}"
    return (Bits(key.field, bits, 0, True),), f"{key.text} {shown}"


def _masked(key: Key, cursor: Cursor) -> tuple[tuple[Match, ...], str]:
    """`tcp flags & (fin | syn) == syn`, `meta mark & 0xff == 0x10`."""
    if key.kind not in ("flags", "mark", "status"):
        raise NotModelled(f"{key.text} {cursor.next}")
    cursor.take()
    mask = _bits(key.kind, cursor)
    operator = cursor.take()
    if operator.text not in ("==", "!="):
        raise ConfigError(f"syntax error, unexpected {operator.text}, expecting == or !=", operator.place)
    value = _bits(key.kind, cursor)
    return _of_mask(key, mask, value, negated=operator.text == "!=")


def _of_mask(key: Key, mask: int, value: int, negated: bool) -> tuple[tuple[Match, ...], str]:
    match = Bits(key.field, mask, value, negated)
    if key.kind == "flags" and value:
        sign = "!= " if negated else ""
        shown = f"{_bits_text(key.kind, value, ',')} / {_bits_text(key.kind, mask, ',')}"
        return (match,), f"{key.text} {sign}{shown}"
    if key.kind == "flags" and not negated:
        return (match,), f"{key.text} ! {_bits_text(key.kind, mask, ',')}"
    sign = "!=" if negated else "=="
    return (match,), f"{key.text} & {_bits_text(key.kind, mask, '|')} {sign} {_bits_text(key.kind, value, '|')}"


def _bits(kind: str, cursor: Cursor) -> int:
    """Flags joined by `|` or commas, in parentheses or not, or a number."""
    inside = cursor.skip("(")
    found = read_value(cursor.take(), kind).low
    while cursor.next in ("|", ",", "or"):
        cursor.take()
        found |= read_value(cursor.take(), kind).low
    if inside:
        cursor.expect(")")
    return found


def _bits_text(kind: str, bits: int, joint: str) -> str:
    if kind == "mark" or not bits:
        return printed(bits, kind) if bits else "0x0"
    return joint.join(name for name, bit in NAMED[kind].items() if bits & bit)
