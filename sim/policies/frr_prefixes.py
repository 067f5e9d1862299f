"""FRR's lists of prefixes: prefix-lists (with ge and le) and access-lists (Cisco's wildcard forms and the prefix form).

Entries are asked in order of their sequence, the first that matches decides, and a list that has entries denies what
none of them matches. Seen in FRR 8.4.4's bgpd: a prefix of the other IP version matches nothing.
"""

from collections.abc import Iterable, Iterator

from sim.address import BITS, Prefix
from sim.dataclasses import dataclass, field
from sim.errors import Place
from sim.policy import Context
from sim.route import PathAttributes

READS_PREFIX = frozenset({"prefix"})
NOTHING: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class PrefixRule:
    """One entry of a prefix-list: prefixes inside `prefix` with a length from `low` to `high`, both included."""

    permit: bool
    prefix: Prefix
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class PrefixList:
    """`ip prefix-list` or `ipv6 prefix-list`: a name has one for each version."""

    name: str
    version: int
    rules: tuple[PrefixRule, ...]
    place: Place | None = field(default=None, compare=False)

    reads = READS_PREFIX
    writes = NOTHING
    unmodelled: tuple[Place, ...] = field(default=(), init=False)

    def permits(self, prefix: Prefix) -> bool:
        """Whether the first entry that matches permits."""
        network, length, version = prefix
        if version != self.version:
            return False
        bits = BITS[version]
        for rule in self.rules:
            if rule.low <= length <= rule.high:
                shift = bits - rule.prefix.length
                if network >> shift == rule.prefix.network >> shift:
                    return rule.permit
        return not self.rules  # FRR: a list without entries (a description alone) permits

    def boundaries(self) -> Iterator[Prefix]:
        """Each entry's prefix with the lengths at which its answer turns."""
        for rule in self.rules:
            yield rule.prefix
            for length in {rule.low, min(rule.high + 1, BITS[self.version])}:
                yield Prefix(rule.prefix.network, max(length, rule.prefix.length), self.version)

    def apply(self, prefix: Prefix, attributes: PathAttributes, context: Context) -> PathAttributes | None:
        """The route as it is, or None."""
        return attributes if self.permits(prefix) else None


@dataclass(frozen=True, slots=True)
class AccessRule:
    """One entry of an access-list.

    `wildcard` and `mask` are Cisco's: bits that are 1 do not count. A standard entry compares the network's address
    alone, whatever its length; an extended one compares the netmask too. `exact` and prefix inclusion are of the named
    form, where `wildcard` is None.
    """

    permit: bool
    prefix: Prefix
    exact: bool = False
    wildcard: int | None = None
    mask: tuple[int, int] | None = None  # netmask and its wildcard, of an extended entry

    def matches(self, prefix: Prefix) -> bool:
        """Whether it is about this prefix (of its own version)."""
        if self.wildcard is None:
            return self.prefix.holds(prefix) and (not self.exact or self.prefix.length == prefix.length)
        if (prefix.network ^ self.prefix.network) & ~self.wildcard & 0xFFFFFFFF:
            return False
        return self.mask is None or not (_netmask(prefix.length) ^ self.mask[0]) & ~self.mask[1] & 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class AccessList:
    """`access-list` or `ipv6 access-list`."""

    name: str
    version: int
    rules: tuple[AccessRule, ...]
    place: Place | None = field(default=None, compare=False)
    unmodelled: tuple[Place, ...] = ()

    reads = READS_PREFIX
    writes = NOTHING

    def permits(self, prefix: Prefix) -> bool:
        """Whether the first entry that matches permits."""
        if prefix.version != self.version:
            return False
        return next((rule.permit for rule in self.rules if rule.matches(prefix)), False)

    def boundaries(self) -> Iterator[Prefix]:
        """Each entry's prefix; of an exact one the longer ones too; of a wildcard every length of its own."""
        for rule in self.rules:
            yield rule.prefix
            if rule.wildcard is None:
                if rule.exact and rule.prefix.length < BITS[self.version]:
                    yield Prefix(rule.prefix.network, rule.prefix.length + 1, self.version)
            else:
                yield from _corners(rule)

    def apply(self, prefix: Prefix, attributes: PathAttributes, context: Context) -> PathAttributes | None:
        """The route as it is, or None."""
        return attributes if self.permits(prefix) else None


def _corners(rule: AccessRule) -> Iterable[Prefix]:
    """A wildcard entry compares addresses, so its answer may turn at each address that its free bits reach.

    Told are the lengths of its own network; a solver asks `permits` for each prefix that it has.
    """
    return (Prefix(_cut(rule.prefix.network, length), length) for length in range(33))


def _cut(network: int, length: int) -> int:
    return network & _netmask(length)


def _netmask(length: int) -> int:
    return 0xFFFFFFFF << 32 - length & 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class Always:
    """A policy that answers the same for every route: what FRR makes of a name that nothing defines."""

    name: str
    permit: bool

    reads = NOTHING
    writes = NOTHING
    unmodelled: tuple[Place, ...] = field(default=(), init=False)

    def boundaries(self) -> tuple[Prefix, ...]:
        """None: it looks at no prefix."""
        return ()

    def apply(self, prefix: Prefix, attributes: PathAttributes, context: Context) -> PathAttributes | None:
        """The route as it is, or None."""
        return attributes if self.permit else None
