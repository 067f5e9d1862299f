"""A node's forwarding decision: policy rules in order, in each table the longest prefix (fib_rules, fib_trie)."""

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from itertools import pairwise
from typing import Any, Literal, NamedTuple
from weakref import WeakKeyDictionary

from sim.address import BITS, Address, Prefix, parse_prefix
from sim.dataclasses import dataclass, replace
from sim.snapshot import NextHop, PolicyRule, Route, RouteType
from sim.trace.ground import LOOPBACK, Site

PROTOCOLS = {"icmp": 1, "tcp": 6, "udp": 17, "ipv6-icmp": 58}
Kind = Literal["local", "unicast", "blackhole", "unreachable", "prohibit", "none"]
ACTIONS: Mapping[str, Kind] = {"blackhole": "blackhole", "unreachable": "unreachable", "prohibit": "prohibit"}
_DROPS: Mapping[RouteType, Kind] = {RouteType(name): kind for name, kind in ACTIONS.items()}
_DEFAULT_RULES = (PolicyRule(0, "from all", "local"), PolicyRule(32766, "from all", "main"))


class Query(NamedTuple):
    """A packet whose way is asked: `incoming` "" where the node itself sends it, `outgoing` where it must leave by."""

    destination: Address
    source: Address | None = None
    incoming: str = ""
    outgoing: str = ""
    protocol: int = 0
    sport: int = 0
    dport: int = 0
    mark: int = 0


@dataclass(frozen=True, slots=True)
class Choice:
    """The answer: the node itself, a route with its usable next hops, a route that drops, or none."""

    type: Kind
    route: Route | None = None
    hops: tuple[NextHop, ...] = ()


class Lookup:
    """One table, for longest-prefix match."""

    def __init__(self, routes: Mapping[str, Route]) -> None:
        self._by_length: dict[tuple[int, int], dict[int, Route]] = {}
        for route in routes.values():
            prefix = parse_prefix(route.prefix)
            self._by_length.setdefault((prefix.version, prefix.length), {})[prefix.network] = route
        self._lengths = {
            version: sorted((length for v, length in self._by_length if v == version), reverse=True) for version in BITS
        }

    def matching(self, address: Address) -> Iterator[Route]:
        """The routes that hold an address, the longest prefix first."""
        bits = BITS[address.version]
        for length in self._lengths[address.version]:
            shift = bits - length
            found = self._by_length[(address.version, length)].get(address.value >> shift << shift)
            if found is not None:
                yield found


class Fib:
    """All tables of a node."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._tables: dict[str, Lookup] = {}
        self._rules = {version: tuple(_rules(site, version)) for version in BITS}
        self._plain = all(rule.is_plain for rules in self._rules.values() for _, rule in rules)
        self._known: dict[tuple[Address, str, str | None], Choice] = {}

    def choose(self, query: Query) -> Choice:
        """The kernel's way for a packet."""
        if not self._plain:
            return self._choose(query)
        key = (query.destination, query.outgoing, self._site.vrf(query.incoming or query.outgoing))
        if key not in self._known:
            self._known[key] = self._choose(query)
        return self._known[key]

    def _choose(self, query: Query) -> Choice:
        beyond = 0
        for priority, rule in self._rules[query.destination.version]:
            if priority < beyond or not rule.holds(query):
                continue
            if rule.action.startswith("goto "):
                beyond = int(rule.action[5:])
                continue
            found = self._ask(rule.action, query)
            if found is not None:
                return found
        return Choice("none")

    def _ask(self, action: str, query: Query) -> Choice | None:
        """What one rule says; None: on to the next rule."""
        vrf = self._site.vrf(query.incoming or query.outgoing)
        if action in ACTIONS:
            return Choice(ACTIONS[action])
        if action == "local":
            return Choice("local") if self._site.owns(query.destination, vrf) else None
        if action == "[l3mdev-table]":
            return self._in_table(vrf, query) if vrf else None
        return self._in_table(action, query)

    def _in_table(self, name: str, query: Query) -> Choice | None:
        for route in self._table(name).matching(query.destination):
            if route.type is not RouteType.UNICAST:
                return Choice(_DROPS[route.type], route)
            hops = tuple(hop for hop in route.next_hops if self._usable(hop, query))
            if hops:
                return Choice("unicast", route, hops)
        return None

    def _usable(self, hop: NextHop, query: Query) -> bool:
        if query.outgoing and hop.interface != query.outgoing and self._site.vrf(hop.interface or "") != query.outgoing:
            return False
        face = self._site.face(hop.interface or "")
        return face is None or face.up or face.name not in self._site.off

    def _table(self, name: str) -> Lookup:
        if name not in self._tables:
            state = self._site.state
            self._tables[name] = Lookup(state.fib if name == "main" else state.tables.get(name, {}))
        return self._tables[name]


_KNOWN: WeakKeyDictionary[Site, Fib] = WeakKeyDictionary()


def fib_of(site: Site) -> Fib:
    """The node's tables, indexed once."""
    found = _KNOWN.get(site)
    if found is None:
        found = _KNOWN[site] = Fib(site)
    return found


# --- rules


@dataclass(frozen=True, slots=True)
class _Selector:
    """A policy rule's selector, read from iproute2's words."""

    action: str
    source: Prefix | None = None
    destination: Prefix | None = None
    incoming: str = ""
    outgoing: str = ""
    mark: tuple[int, int] | None = None
    protocol: int = 0
    sports: tuple[int, int] | None = None
    dports: tuple[int, int] | None = None
    negated: bool = False

    def holds(self, query: Query) -> bool:
        """Whether the rule is for this packet (fib_rule_match)."""
        return self._matches(query) != self.negated

    @property
    def is_plain(self) -> bool:
        """Whether it asks for the destination alone."""
        asked = (self.source, self.incoming, self.outgoing, self.mark, self.protocol, self.sports, self.dports)
        return not any(asked)

    def _matches(self, query: Query) -> bool:
        if self.source and not (query.source and self.source.holds(query.source)):
            return False
        if self.destination and not self.destination.holds(query.destination):
            return False
        if self.incoming and self.incoming != (query.incoming or LOOPBACK):
            return False
        if self.outgoing and self.outgoing != query.outgoing:
            return False
        if self.mark and (query.mark ^ self.mark[0]) & self.mark[1]:
            return False
        if self.protocol and self.protocol != query.protocol:
            return False
        return _in(self.sports, query.sport) and _in(self.dports, query.dport)


def _in(ports: tuple[int, int] | None, port: int) -> bool:
    return ports is None or ports[0] <= port <= ports[1]


def _rules(site: Site, version: int) -> Iterator[tuple[int, _Selector]]:
    family = "ipv4" if version == 4 else "ipv6"
    rules = [rule for rule in site.state.rules if rule.family == family] or list(_DEFAULT_RULES)
    vrfs = any(face.device == "vrf" for face in site.state.interfaces.values())
    if vrfs and not any("[l3mdev-table]" in rule.selector for rule in rules):
        rules.append(PolicyRule(1000, "from all [l3mdev-table]", "0"))
    for rule in sorted(rules, key=lambda rule: rule.priority):
        by_vrf = "[l3mdev-table]" in rule.selector
        yield rule.priority, replace(_selector(rule.selector), action="[l3mdev-table]" if by_vrf else rule.action)


@lru_cache(1 << 12)
def _selector(text: str) -> _Selector:
    """`not from 10.0.0.0/8 to all iif eth0 fwmark 0x1/0xff ipproto tcp dport 22` as values."""
    words = text.split()
    made: dict[str, Any] = {"negated": "not" in words}
    for name, value in pairwise(words):
        if name in _WORDS and value != "all":
            field, read = _WORDS[name]
            made[field] = read(value)
    return _Selector("", **made)


def _mark(text: str) -> tuple[int, int]:
    value, slash, mask = text.partition("/")
    return int(value, 0), int(mask, 0) if slash else 0xFFFFFFFF


def _ports(text: str) -> tuple[int, int]:
    low, dash, high = text.partition("-")
    return int(low), int(high) if dash else int(low)


def _protocol(text: str) -> int:
    return PROTOCOLS.get(text) or int(text)


_WORDS: Mapping[str, tuple[str, Callable[[str], Any]]] = {
    "from": ("source", parse_prefix),
    "to": ("destination", parse_prefix),
    "iif": ("incoming", str),
    "oif": ("outgoing", str),
    "fwmark": ("mark", _mark),
    "ipproto": ("protocol", _protocol),
    "sport": ("sports", _ports),
    "dport": ("dports", _ports),
}
