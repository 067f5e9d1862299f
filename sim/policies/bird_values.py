"""The values of BIRD's filter language, as Python has them.

int and bool are Python's; ip is an Address, prefix a Prefix, string a str, bgppath a tuple as in PathAttributes, clist
and its kin frozensets. What Python has no word for stands here. `kind` names a value's type in BIRD's words; void is
None.
"""

from typing import Any, NamedTuple

from sim.address import BITS, Address, Prefix
from sim.dataclasses import dataclass

Value = Any
WORD = 0xFFFFFFFF


class FilterError(Exception):
    """A runtime error of a filter: BIRD logs it and refuses the route."""


class Pair(int):
    """`(65000, 1)`: a community, as the 32-bit number that an UPDATE carries (RFC 1997)."""

    __slots__ = ()


class Quad(int):
    """A router id."""

    __slots__ = ()


class Ec(NamedTuple):
    """`(rt, 65000, 1)`: an extended community (RFC 4360)."""

    kind: str
    key: int
    value: int

    def __str__(self) -> str:
        return f"{self.kind}:{self.key}:{self.value}"


class Lc(NamedTuple):
    """`(65000, 1, 2)`: a large community (RFC 8092)."""

    first: int
    second: int
    third: int


class Enum(NamedTuple):
    """`RTS_DEVICE`: a word of one of BIRD's enumerations."""

    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind}_{self.name}"


ENUMS = {
    "RTS": "STATIC INHERIT DEVICE STATIC_DEVICE REDIRECT RIP OSPF OSPF_IA OSPF_EXT1 OSPF_EXT2 BGP PIPE BABEL",
    "SCOPE": "HOST LINK SITE ORGANIZATION UNIVERSE UNDEFINED",
    "RTD": "UNICAST BLACKHOLE UNREACHABLE PROHIBIT",
    "ROA": "UNKNOWN VALID INVALID",
    "ORIGIN": "IGP EGP INCOMPLETE",
    "NET": "IP4 IP6 VPN4 VPN6 ROA4 ROA6 FLOW4 FLOW6 IP6_SADR",
}
BIRD1_WORDS = {f"RTD_{name}": Enum("RTD", name) for name in ("ROUTER", "DEVICE", "MULTIPATH")}
"""What RTD_UNICAST was in BIRD 1."""

ENUM_WORDS = {f"{kind}_{name}": Enum(kind, name) for kind, names in ENUMS.items() for name in names.split()}


class Eclist(frozenset[Ec]):
    """A set of extended communities, told from a clist even when it is empty."""

    __slots__ = ()


class Lclist(frozenset[Lc]):
    """A set of large communities."""

    __slots__ = ()


class PrefixPattern(NamedTuple):
    """`10.0.0.0/8{16,24}`: prefixes of these lengths that lie in this one or around it."""

    prefix: Prefix
    low: int
    high: int

    def holds(self, other: Prefix) -> bool:
        """Whether the pattern fits: of `10.0.0.0/8-` every covering prefix does, of `+` every one inside."""
        return self.low <= other.length <= self.high and (self.prefix.holds(other) or other.holds(self.prefix))

    def corners(self) -> tuple[Prefix, ...]:
        """Where the answer may change: the prefix itself, and it at the shortest, longest, and next longer length."""
        bits = BITS[self.prefix.version]
        lengths = {self.prefix.length, self.low, self.high, min(self.high + 1, bits)}
        return tuple(cut(self.prefix, length) for length in sorted(lengths))


def cut(prefix: Prefix, length: int) -> Prefix:
    """The prefix's first address with another length."""
    shift = BITS[prefix.version] - length
    return Prefix(prefix.network >> shift << shift, length, prefix.version)


@dataclass(frozen=True, slots=True)
class PrefixSet:
    """`[ 10.0.0.0/8+, 192.0.2.0/24 ]`."""

    patterns: tuple[PrefixPattern, ...]

    def holds(self, prefix: Prefix) -> bool:
        """Whether one of its patterns fits."""
        return any(pattern.holds(prefix) for pattern in self.patterns)


class Range(NamedTuple):
    """`1..5` in a set; of communities the order is that of their members from left to right."""

    low: Value
    high: Value

    def holds(self, value: Value) -> bool:
        """Whether a value of the same type lies in it."""
        return bool(self.low <= value <= self.high)


class Box(NamedTuple):
    """`(1..5, *)` in a set of communities: a range of each half."""

    first: tuple[int, int]
    second: tuple[int, int]

    def holds(self, value: Value) -> bool:
        """Whether both halves of a pair lie in their ranges."""
        high, low = int(value) >> 16, int(value) & 0xFFFF
        return self.first[0] <= high <= self.first[1] and self.second[0] <= low <= self.second[1]


@dataclass(frozen=True, slots=True)
class Set:
    """`[ 1, 5..7 ]`: a set of one type (`of`, its name); the empty one is of none."""

    of: str
    ranges: tuple[Range | Box, ...]

    def holds(self, value: Value) -> bool:
        """Whether a value is in it; one of another type is not."""
        return kind(value) == self.of and any(each.holds(value) for each in self.ranges)


def kind(value: Value) -> str:
    """A value's type in BIRD's words."""
    if isinstance(value, Enum):
        return f"enum {value.kind}"
    if isinstance(value, Prefix):
        return "prefix"
    if isinstance(value, tuple) and type(value) is tuple:
        return "bgppath"
    return _KINDS.get(type(value), "void")


_KINDS: dict[type, str] = {
    bool: "bool",
    int: "int",
    Pair: "pair",
    Quad: "quad",
    Ec: "ec",
    Lc: "lc",
    Address: "ip",
    str: "string",
    frozenset: "clist",
    Eclist: "eclist",
    Lclist: "lclist",
    PrefixSet: "prefix set",
    Set: "set",
}
