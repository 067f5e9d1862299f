"""FRR's lists about a path: as-path access-lists and community lists, with FRR's dialect of regular expressions.

An expression is POSIX extended, in which `_` stands for `(^|[,{}() ]|$)`: the borders between AS numbers. An AS path is
matched as text: sequences with blanks, sets as `{1,2}`, confederation sequences as `(1 2)`; communities as a sorted
line (`65000:1 65000:2`, well-known ones by name).
"""

import re
from collections.abc import Callable
from functools import lru_cache

from sim.address import Prefix
from sim.dataclasses import dataclass, field
from sim.errors import Place
from sim.policy import Context
from sim.route import PathAttributes

WELL_KNOWN = {
    "graceful-shutdown": 0xFFFF0000,
    "accept-own": 0xFFFF0001,
    "route-filter-translated-v4": 0xFFFF0002,
    "route-filter-v4": 0xFFFF0003,
    "route-filter-translated-v6": 0xFFFF0004,
    "route-filter-v6": 0xFFFF0005,
    "llgr-stale": 0xFFFF0006,
    "no-llgr": 0xFFFF0007,
    "accept-own-nexthop": 0xFFFF0008,
    "blackhole": 0xFFFF029A,
    "no-export": 0xFFFFFF01,
    "no-advertise": 0xFFFFFF02,
    "local-AS": 0xFFFFFF03,
    "no-peer": 0xFFFFFF04,
}
_NAMES = {value: name for name, value in WELL_KNOWN.items()}
_BORDER = "(?:^|[,{}() ]|$)"
_PATH_CHARACTERS = frozenset("1234567890_^|[,{}() ]$*+.?-\\")
_CLASSES = {"[:digit:]": "0-9", "[:space:]": r"\s", "[:alpha:]": "a-zA-Z", "[:alnum:]": "0-9a-zA-Z"}


@lru_cache(4096)
def expression(text: str) -> re.Pattern[str]:
    """FRR's regular expression as Python's; ValueError where it is none."""
    translated = text.replace("_", _BORDER)
    for posix, python in _CLASSES.items():
        translated = translated.replace(posix, python)
    try:
        return re.compile(translated)
    except re.error as error:
        raise ValueError(f"{text!r} is not a regular expression ({error})") from error


def path_expression(text: str) -> str:
    """An as-path access-list's expression as it is; ValueError for characters that bgpd refuses in one."""
    if not set(text) <= _PATH_CHARACTERS:
        raise ValueError(
            f"invalid character in as-path access-list {text!r}; digits, blanks and _^|[]{{}}()$*+.?-, may"
        )
    expression(text)
    return text


@lru_cache(1 << 16)
def path_text(path: tuple[int | frozenset[int], ...], confed: tuple[int, ...] = ()) -> str:
    """An AS path as FRR prints it."""
    words = [f"({' '.join(map(str, confed))})"] if confed else []
    words += [f"{{{','.join(map(str, sorted(hop)))}}}" if isinstance(hop, frozenset) else str(hop) for hop in path]
    return " ".join(words)


def community_text(value: int) -> str:
    """A community as FRR prints it."""
    return _NAMES.get(value) or f"{value >> 16}:{value & 0xFFFF}"


def communities_text(values: frozenset[int]) -> str:
    """Communities as FRR prints them: sorted by number."""
    return " ".join(map(community_text, sorted(values)))


def large_text(values: frozenset[tuple[int, int, int]]) -> str:
    """Large communities as FRR prints them."""
    return " ".join(":".join(map(str, value)) for value in sorted(values))


def parse_community(text: str) -> int:
    """`65000:1`, a number, or a well-known name; ValueError for anything else."""
    if text in WELL_KNOWN:
        return WELL_KNOWN[text]
    high, colon, low = text.partition(":")
    if colon and high.isdecimal() and low.isdecimal() and int(high) < 65536 and int(low) < 65536:
        return int(high) << 16 | int(low)
    if text.isdecimal() and int(text) < 1 << 32:
        return int(text)
    raise ValueError(f"{text!r} is not a community (AS:NUMBER, or {', '.join(WELL_KNOWN)})")


def parse_large(text: str) -> tuple[int, int, int]:
    """`65000:1:2`; ValueError for anything else."""
    parts = text.split(":")
    if len(parts) != 3 or not all(part.isdecimal() and int(part) < 1 << 32 for part in parts):
        raise ValueError(f"{text!r} is not a large community (AS:NUMBER:NUMBER)")
    return int(parts[0]), int(parts[1]), int(parts[2])


@dataclass(frozen=True, slots=True)
class PathRule:
    """One entry of an as-path access-list."""

    permit: bool
    regex: str


@dataclass(frozen=True, slots=True)
class PathList:
    """`bgp as-path access-list`; as a filter (`neighbor X filter-list`) it is a Policy."""

    name: str
    rules: tuple[PathRule, ...]
    place: Place | None = field(default=None, compare=False)

    reads = frozenset({"as_path", "confed_path"})
    writes = frozenset[str]()
    unmodelled: tuple[Place, ...] = field(default=(), init=False)

    def permits(self, attributes: PathAttributes) -> bool:
        """Whether the first entry that matches permits; none does: denied."""
        text = path_text(attributes.as_path, attributes.confed_path)
        return next((rule.permit for rule in self.rules if expression(rule.regex).search(text)), False)

    def boundaries(self) -> tuple[Prefix, ...]:
        """None: it looks at no prefix."""
        return ()

    def apply(self, prefix: Prefix, attributes: PathAttributes, context: Context) -> PathAttributes | None:
        """The route as it is, or None."""
        return attributes if self.permits(attributes) else None


@dataclass(frozen=True, slots=True)
class CommunityRule:
    """One entry of a community list of any kind: communities that must all be there, or (`regex`) an expression."""

    permit: bool
    members: frozenset[object] = frozenset()
    regex: str | None = None


FIELDS = {"community": "communities", "large": "large_communities", "extended": "extended_communities"}
_TEXTS: dict[str, Callable[..., str]] = {
    "community": communities_text,
    "large": large_text,
    "extended": lambda values: " ".join(sorted(values)),
}


@dataclass(frozen=True, slots=True)
class CommunityList:
    """`bgp community-list`, `large-community-list` or `extcommunity-list`, by `kind` (a key of FIELDS)."""

    name: str
    kind: str
    rules: tuple[CommunityRule, ...]
    place: Place | None = field(default=None, compare=False)

    def matches(self, attributes: PathAttributes, exact: bool = False) -> bool:
        """Whether the first entry that matches permits. `exact`: the route has these communities and no others."""
        values = getattr(attributes, FIELDS[self.kind])
        for rule in self.rules:
            if rule.regex is not None:
                found = expression(rule.regex).search(_TEXTS[self.kind](values)) is not None
            elif exact:
                found = values == rule.members
            else:
                found = rule.members <= values
            if found:
                return rule.permit
        return False

    def selected(self, attributes: PathAttributes) -> frozenset[object]:
        """The communities of a route that the list permits one by one, as `set comm-list NAME delete` asks.

        An entry with several communities takes each of them, also where the others are missing (FRR 8.4.4).
        """
        values = getattr(attributes, FIELDS[self.kind])
        return frozenset(value for value in values if self._permits_one(value))

    def _permits_one(self, value: object) -> bool:
        for rule in self.rules:
            if rule.regex is not None:
                found = expression(rule.regex).search(_TEXTS[self.kind](frozenset({value}))) is not None
            else:
                found = value in rule.members
            if found:
                return rule.permit
        return False
