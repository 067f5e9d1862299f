"""Terms of BIRD's filter language: each node gives a value for the route that a filter is at.

`type` is a term's type in BIRD's words where it is known before a route is, or None; `bird -p` refuses by it.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from sim.address import Address
from sim.dataclasses import dataclass, field
from sim.errors import Place
from sim.policies import bird_match as match
from sim.policies import bird_paths as paths
from sim.policies.bird_attributes import Attribute, Subject
from sim.policies.bird_paths import PathMask
from sim.policies.bird_values import Ec, Eclist, Enum, FilterError, Lc, Lclist, Pair, Set, Value, cut, kind

if TYPE_CHECKING:
    from sim.policies.bird_commands import Command


@dataclass(slots=True)
class Run:
    """A filter at work: the route, and the variables of the function that is running."""

    subject: Subject
    variables: dict[int, Value] = field(default_factory=dict)


class Term(Protocol):
    """Anything with a value."""

    @property
    def type(self) -> str | None:
        """Its type, where it is known beforehand."""
        ...

    def value(self, run: Run) -> Value:
        """Its value; FilterError where BIRD says runtime error."""
        ...


@dataclass(frozen=True, slots=True)
class Constant:
    """A literal, or a `define`d name."""

    of: Value

    @property
    def type(self) -> str | None:
        """Its value's type; that of a mask is told apart."""
        return "bgpmask" if isinstance(self.of, PathMask) else kind(self.of)

    def value(self, run: Run) -> Value:
        """Itself."""
        return self.of


@dataclass(frozen=True, slots=True)
class Variable:
    """A local variable or a parameter; `slot` tells those of one name apart."""

    name: str
    slot: int
    type: str | None

    def value(self, run: Run) -> Value:
        """What was assigned last; void before that."""
        return run.variables.get(self.slot)


@dataclass(frozen=True, slots=True)
class Get:
    """An attribute of the route."""

    attribute: Attribute

    @property
    def type(self) -> str | None:
        """As the attribute has it."""
        return self.attribute.type

    def value(self, run: Run) -> Value:
        """Its value, or void."""
        return run.subject.get(self.attribute.name)


@dataclass(frozen=True, slots=True)
class Not:
    """`! term`."""

    term: Term
    type: str = "bool"

    def value(self, run: Run) -> Value:
        """The opposite of a bool."""
        return not truth(self.term, run)


@dataclass(frozen=True, slots=True)
class Logic:
    """`&&` and `||`, which have the same rank and bind from the left; the right side is read only where it counts."""

    sign: str
    left: Term
    right: Term
    type: str = "bool"

    def value(self, run: Run) -> Value:
        """A bool."""
        left = truth(self.left, run)
        return left if left is (self.sign == "||") else truth(self.right, run)


@dataclass(frozen=True, slots=True)
class Compare:
    """`= != < <= > >= ~ !~`."""

    sign: str
    left: Term
    right: Term
    type: str = "bool"

    def value(self, run: Run) -> Value:
        """A bool."""
        return _COMPARE[self.sign](self.left.value(run), self.right.value(run))


_COMPARE: dict[str, Callable[[Value, Value], bool]] = {
    "=": match.same,
    "!=": lambda a, b: not match.same(a, b),
    "<": match.less,
    "<=": lambda a, b: match.less(a, b, equal=True),
    ">": lambda a, b: match.less(b, a),
    ">=": lambda a, b: match.less(b, a, equal=True),
    "~": match.matches,
    "!~": lambda a, b: not match.matches(a, b),
}


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """`+ - * /` of ints."""

    sign: str
    left: Term
    right: Term
    type: str = "int"

    def value(self, run: Run) -> Value:
        """An int of 32 bits."""
        left, right = self.left.value(run), self.right.value(run)
        if type(left) is not int or type(right) is not int:
            raise FilterError(f"'{self.sign}' between {kind(left)} and {kind(right)}")
        return match.arithmetic(self.sign, left, right)


@dataclass(frozen=True, slots=True)
class Member:
    """`net.len`, `bgp_path.first`, `x.mask(24)` ..."""

    term: Term
    name: str
    argument: Term | None = None

    @property
    def type(self) -> str | None:
        """What the member always is."""
        return {"ip": "ip", "mask": "ip", "is_v4": "bool", "type": "enum NET"}.get(self.name, "int")

    def value(self, run: Run) -> Value:
        """The member of the term's value; FilterError where it has none of that name."""
        value = self.term.value(run)
        if self.name == "mask" and isinstance(value, Address) and self.argument is not None:
            return cut(value.host, int(self.argument.value(run))).first
        reader = _MEMBERS.get((kind(value), self.name))
        if reader is None:
            raise FilterError(f"{kind(value)} has no '{self.name}'")
        return reader(value)


_MEMBERS: dict[tuple[str, str], Callable[[Any], Value]] = {
    ("prefix", "len"): lambda prefix: prefix.length,
    ("prefix", "ip"): lambda prefix: prefix.first,
    ("prefix", "type"): lambda prefix: Enum("NET", f"IP{prefix.version}"),
    ("prefix", "is_v4"): lambda prefix: prefix.version == 4,
    ("ip", "is_v4"): lambda address: address.version == 4,
    ("bgppath", "len"): len,
    ("bgppath", "first"): paths.first,
    ("bgppath", "last"): paths.last,
    ("bgppath", "last_nonaggregated"): paths.last_nonaggregated,
    ("clist", "len"): len,
    ("eclist", "len"): len,
    ("lclist", "len"): len,
    ("pair", "asn"): lambda pair: int(pair) >> 16,
    ("pair", "data"): lambda pair: int(pair) & 0xFFFF,
    ("lc", "asn"): lambda lc: lc.first,
    ("lc", "data1"): lambda lc: lc.second,
    ("lc", "data2"): lambda lc: lc.third,
}
MEMBERS = frozenset(name for _, name in _MEMBERS) | {"mask", "type", "rd", "maxlen", "src", "dst", "min", "max"}


@dataclass(frozen=True, slots=True)
class Construct:
    """`(65000, x)`, `(65000, x, y)`, `(rt, a, b)`: a community of terms."""

    parts: tuple[Term, ...]
    ec: str | None = None

    @property
    def type(self) -> str | None:
        """Which community it is."""
        return "ec" if self.ec else "pair" if len(self.parts) == 2 else "lc"

    def value(self, run: Run) -> Value:
        """The community; FilterError where a half of a pair is no 16-bit number."""
        numbers = [
            int(match.quad(value) if isinstance(value := part.value(run), Address) else value) for part in self.parts
        ]
        if self.ec:
            return Ec(self.ec, *numbers)
        if len(numbers) == 3:
            return Lc(*numbers)
        if max(numbers) > 0xFFFF:
            raise FilterError("can't operate with value out of bounds in pair constructor")
        return Pair(numbers[0] << 16 | numbers[1])


@dataclass(frozen=True, slots=True)
class Mask:
    """`[= ... =]` with terms in it."""

    items: tuple[Term, ...]
    type: str = "bgpmask"

    def value(self, run: Run) -> Value:
        """The mask; one without signs serves as a path too."""
        return paths.mask_of([item.value(run) for item in self.items])


@dataclass(frozen=True, slots=True)
class Edit:
    """`prepend(path, x)`, `add(list, x)`, `delete(list, x)`, `filter(list, x)`."""

    what: str
    term: Term
    by: Term

    @property
    def type(self) -> str | None:
        """That of what is changed."""
        return self.term.type

    def value(self, run: Run) -> Value:
        """The changed path or list; FilterError for what does not go together."""
        return edited(self.what, self.term.value(run), self.by.value(run))


def edited(what: str, value: Value, by: Value) -> Value:
    """What `bgp_path.prepend(x)`, `bgp_community.add(x)` and their kin make of a path or list."""
    if kind(value) == "bgppath":
        return _path_edited(what, value, by)
    if not isinstance(value, frozenset) or what == "prepend":
        raise FilterError(f"can't {what} in {kind(value)}")
    chosen = _chosen(value, by)
    if what == "add":
        if isinstance(by, Set):
            raise FilterError("can't add set")
        return type(value)(value | _members(value, by))
    return type(value)(chosen if what == "filter" else value - chosen)


def _path_edited(what: str, path: paths.Path, by: Value) -> paths.Path:
    if what == "prepend" and kind(by) == "int":
        return (by, *path)
    wanted = by.holds if isinstance(by, Set) else by.__eq__
    if what == "delete" and kind(by) in ("int", "set"):
        return paths.kept(path, lambda asn: not wanted(asn))
    if what == "filter" and isinstance(by, Set):
        return paths.kept(path, wanted)
    raise FilterError(f"can't {what} {kind(by)} in a path")


def _members(value: frozenset[Value], by: Value) -> frozenset[Value]:
    """The argument as a list of the same sort."""
    if isinstance(by, frozenset):
        return by
    wanted = {"eclist": "ec", "lclist": "lc"}.get(kind(value))
    if wanted is None and kind(by) in ("pair", "quad", "ip"):
        return frozenset({int(match.quad(by) if isinstance(by, Address) else by)})
    if kind(by) != wanted:
        raise FilterError(f"{kind(by)} in {kind(value)}")
    return frozenset({by})


def _chosen(value: frozenset[Value], by: Value) -> frozenset[Value]:
    if isinstance(by, Set):
        fits = by.holds if isinstance(value, (Eclist, Lclist)) else lambda member: match.community_in(member, by)
        return frozenset(filter(fits, value))
    return value & _members(value, by)


@dataclass(frozen=True, slots=True)
class Defined:
    """`defined(term)`."""

    term: Term
    type: str = "bool"

    def value(self, run: Run) -> Value:
        """Whether it is anything but void, or an empty path or list, which looks like one that is not there."""
        value = self.term.value(run)
        return value is not None and not (value == () or (isinstance(value, frozenset) and not value))


@dataclass(frozen=True, slots=True)
class Unknown:
    """A term that the model does not know (`roa_check`, `format`); a filter with one is marked `unmodelled`."""

    what: str
    type: str | None = None

    def value(self, run: Run) -> Value:
        """Void."""
        return None


@dataclass(slots=True)
class Function:
    """A function: its parameters' slots, and its body, which is known only after calls to itself are parsed."""

    name: str
    parameters: tuple[Variable, ...] = ()
    body: "tuple[Command, ...]" = ()
    unmodelled: tuple[Place, ...] = ()


@dataclass(frozen=True, slots=True)
class Call:
    """A call. An `accept` or `reject` inside ends the whole filter."""

    function: Function
    arguments: tuple[Term, ...]
    type: str | None = None

    def value(self, run: Run) -> Value:
        """What the function returns, or void."""
        inner = Run(run.subject)
        for parameter, argument in zip(self.function.parameters, self.arguments, strict=True):
            inner.variables[parameter.slot] = argument.value(run)
        try:
            for command in self.function.body:
                command.run(inner)
        except Returned as returned:
            return returned.value
        return None


class Returned(Exception):
    """A `return` on its way to the call."""

    def __init__(self, value: Value) -> None:
        super().__init__()
        self.value = value


def truth(term: Term, run: Run) -> bool:
    """A term's value where a bool is needed."""
    value = term.value(run)
    if not isinstance(value, bool):
        raise FilterError(f"{kind(value)} where a bool is needed")
    return value
