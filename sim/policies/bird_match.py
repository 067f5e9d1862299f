"""BIRD's operators between values: `=`, `<`, `~`, and arithmetic on 32 bits.

FilterError where BIRD ends a filter with a runtime error.
"""

from collections.abc import Callable
from fnmatch import fnmatchcase

from sim.address import Address, Prefix
from sim.policies import bird_paths as paths
from sim.policies.bird_paths import PathMask
from sim.policies.bird_values import (
    WORD,
    Box,
    Eclist,
    Enum,
    FilterError,
    Lclist,
    PrefixSet,
    Quad,
    Range,
    Set,
    Value,
    kind,
)


def same(one: Value, two: Value) -> bool:
    """`=`. Values of unlike types differ; a quad equals an IPv4 address of the same number."""
    kinds = {kind(one), kind(two)}
    if kinds == {"quad", "ip"}:
        return _number(one) == _number(two)
    return len(kinds) == 1 and bool(one == two)


def less(one: Value, two: Value, equal: bool = False) -> bool:
    """`<`, or `<=`: between numbers, pairs, addresses, strings and prefixes; void is less than anything."""
    if one is None or two is None:
        return two is not None or (equal and one is None)
    if kind(one) != kind(two) or kind(one) not in _ORDERED:
        raise FilterError(f"'<' between {kind(one)} and {kind(two)}")
    if isinstance(one, Prefix):
        one, two = (one.version, one.network, one.length), (two.version, two.network, two.length)
    elif isinstance(one, Address):
        one, two = (one.version, one.value), (two.version, two.value)
    return bool(one < two or (equal and one == two))


def matches(one: Value, two: Value) -> bool:
    """`~`: the left lies in, or fits, the right."""
    for fits, test in _MATCHES:
        if fits(one, two):
            return test(one, two)
    raise FilterError(f"'~' between {kind(one)} and {kind(two)}")


def pattern_fits(name: str, pattern: str) -> bool:
    """A name against a pattern in which `*` is anything and `?` any one character; brackets mean themselves."""
    return fnmatchcase(name, pattern.replace("[", "[[]"))


def arithmetic(sign: str, one: int, two: int) -> int:
    """`+ - * /` of 32-bit numbers; they wrap around."""
    if sign == "/":
        if not two:
            raise FilterError("division by zero")
        return one // two
    return {"+": one + two, "-": one - two, "*": one * two}[sign] & WORD


def _number(value: Value) -> int:
    return int(value.value if isinstance(value, Address) else value)


def _community(value: Value) -> bool:
    return kind(value) in ("pair", "quad", "ip")


_IN_SETS = {"int", "pair", "quad", "ip", "ec", "lc"}
_ORDERED = {"int", "pair", "quad", "ec", "lc", "ip", "string", "prefix"}
_MATCHES: tuple[tuple[Callable[[Value, Value], bool], Callable[[Value, Value], bool]], ...] = (
    (lambda a, b: isinstance(a, str) and isinstance(b, str), pattern_fits),
    (lambda a, b: isinstance(b, Prefix) and kind(a) in ("ip", "prefix"), lambda a, b: b.holds(a)),
    (lambda a, b: isinstance(b, PrefixSet) and isinstance(a, Prefix), lambda a, b: b.holds(a)),
    (lambda a, b: isinstance(b, PathMask) and kind(a) == "bgppath", lambda a, b: b.fits(a)),
    (lambda a, b: kind(b) == "bgppath" and kind(a) == "int", lambda a, b: paths.holds(b, a)),
    (lambda a, b: kind(b) == "clist" and _community(a), lambda a, b: _number(a) in b),
    (lambda a, b: kind(b) == "eclist" and kind(a) == "ec", lambda a, b: a in b),
    (lambda a, b: kind(b) == "lclist" and kind(a) == "lc", lambda a, b: a in b),
    (lambda a, b: isinstance(b, Set) and kind(a) in ("clist", "eclist", "lclist"), lambda a, b: any_in(a, b)),
    (lambda a, b: isinstance(b, Set) and kind(a) == "bgppath", lambda a, b: any_asn_in(a, b)),
    (lambda a, b: (isinstance(b, Set) and kind(a) in _IN_SETS) or isinstance(a, Enum), lambda a, b: b.holds(a)),
)


def any_in(members: frozenset[Value], wanted: Set) -> bool:
    """Whether one member of a community list lies in a set."""
    if isinstance(members, (Eclist, Lclist)):
        return any(wanted.holds(member) for member in members)
    return any(community_in(member, wanted) for member in members)


def community_in(member: int, wanted: Set) -> bool:
    """Whether a clist's member, which is a bare number, lies in a set of pairs (or of quads)."""
    return wanted.of in ("pair", "quad", "ip") and any(_bare(each, member) for each in wanted.ranges)


def _bare(each: Range | Box, member: int) -> bool:
    if isinstance(each, Box):
        return each.holds(member)
    return _number(each.low) <= member <= _number(each.high)


def any_asn_in(path: paths.Path, wanted: Set) -> bool:
    """Whether one AS of a path lies in a set of numbers."""
    return bool(paths.kept(path, wanted.holds))


def quad(value: Address | int) -> Quad:
    """An address as a router id."""
    return Quad(_number(value))
