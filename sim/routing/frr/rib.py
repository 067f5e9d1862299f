"""zebra's RIB of one VRF and IP version: the candidates of each prefix, the one selected, and next hops resolved.

Recursive resolution (zebra_nhg.c, nexthop_active) and next-hop tracking (zebra_rnh.c) ask the same question of the
same table, so both read `lookup`, whose answers are kept until a route changes that holds the address asked for.
"""

from collections import defaultdict
from collections.abc import Callable
from typing import NamedTuple

from sim.address import BITS, Address, Prefix
from sim.errors import NotConverged
from sim.routing.values import Hop
from sim.snapshot import RouteType

_ROUNDS = 200
CONNECTED, KERNEL = "connected", "kernel"
_DIRECT = (CONNECTED,)


class RibRoute(NamedTuple):
    """A candidate. `recursive`: its gateways may be reached over other routes than connected ones; else a gateway on
    no network of ours makes it inactive. `table`: the VRF whose RIB resolves its gateways, if not this one."""

    protocol: str
    distance: int
    metric: int
    hops: tuple[Hop, ...] = ()
    type: RouteType = RouteType.UNICAST
    recursive: bool = True
    tag: int = 0
    source: Address | None = None
    vrf: str | None = None
    maximum_paths: int | None = None
    instance: str = ""


class Selected(NamedTuple):
    """The route that won, and where it really sends (resolved; empty for a blackhole). `type` may have become that of
    a route it resolves over."""

    route: RibRoute
    hops: tuple[Hop, ...]
    type: RouteType


class Rib:
    """One table. `changed` is called with each prefix whose selected route has changed."""

    def __init__(
        self,
        vrf: str,
        version: int,
        port_is_up: Callable[[str], bool],
        resolve_via_default: bool,
        other: Callable[[str], "Rib | None"],
    ) -> None:
        self.vrf, self.version = vrf, version
        self.candidates: dict[Prefix, dict[str, RibRoute]] = {}
        self.selected: dict[Prefix, Selected] = {}
        self.resolve_via_default = resolve_via_default
        self._port_is_up = port_is_up
        self._other = other
        self._lengths: dict[int, int] = {}  # prefix length -> how many selected
        self._found: dict[Address, tuple[Prefix, Selected] | None] = {}
        self._users: dict[Address, set[Prefix]] = defaultdict(set)
        self._elsewhere: dict[Address, set[tuple[Rib, Prefix]]] = defaultdict(set)  # routes of other VRFs
        self._dirty: dict[Prefix, None] = {}
        self.moved: dict[Address, None] = {}  # tracked addresses whose resolution may have changed
        self.tracked: set[Address] = set()

    def put(self, prefix: Prefix, name: str, route: RibRoute | None) -> None:
        """Set a protocol's candidate, or remove it."""
        routes = self.candidates.setdefault(prefix, {})
        if routes.get(name) == route:
            return
        if route is None:
            routes.pop(name, None)
        else:
            routes[name] = route
        self._dirty[prefix] = None

    @property
    def busy(self) -> bool:
        """Whether something is to be selected anew."""
        return bool(self._dirty)

    def settle(self) -> list[Prefix]:
        """Select anew wherever something has changed; the prefixes whose selected route is another now."""
        changed: dict[Prefix, None] = {}
        times: dict[Prefix, int] = defaultdict(int)
        while self._dirty:
            prefix = next(iter(self._dirty))
            del self._dirty[prefix]
            times[prefix] += 1
            if times[prefix] > _ROUNDS:
                raise NotConverged(f"{self.vrf}: {prefix} resolves over routes that resolve over it")
            if self._select(prefix):
                changed[prefix] = None
                self._tell(prefix)
        return list(changed)

    def lookup(self, address: Address) -> tuple[Prefix, Selected] | None:
        """The selected route of the longest prefix that holds an address."""
        if address in self._found:
            return self._found[address]
        bits, selected = BITS[self.version], self.selected
        answer = None
        for length in sorted(self._lengths, reverse=True):
            shift = bits - length
            prefix = Prefix(address.value >> shift << shift, length, self.version)
            if prefix in selected:
                answer = prefix, selected[prefix]
                break
        self._found[address] = answer
        return answer

    def track(self, address: Address, direct: bool) -> tuple[int, tuple[Hop, ...]] | None:
        """A next hop that a protocol asks about: the metric of its route and where it sends; None: not reachable.

        `direct`: only a connected network will do (an eBGP neighbour one hop away). Default routes do not count
        unless `ip nht resolve-via-default` says so.
        """
        self.tracked.add(address)
        found = self.lookup(address)
        if found is None:
            return None
        prefix, (route, hops, kind) = found
        if direct and route.protocol not in _DIRECT:
            return None
        if (prefix.length == 0 and not self.resolve_via_default) or kind is not RouteType.UNICAST:
            return None
        return route.metric, _at(address, hops)

    def _select(self, prefix: Prefix) -> bool:
        """Choose among the candidates; whether the answer is another than before."""
        best: Selected | None = None
        for route in self.candidates.get(prefix, {}).values():
            if best is not None and _order(route) >= _order(best.route):
                continue
            best = self._activate(prefix, route) or best
        before = self.selected.get(prefix)
        if best == before:
            return False
        if best is None:
            del self.selected[prefix]
            self._count(prefix.length, -1)
        else:
            self.selected[prefix] = best
            if before is None:
                self._count(prefix.length, 1)
        return True

    def _count(self, length: int, by: int) -> None:
        self._lengths[length] = self._lengths.get(length, 0) + by
        if not self._lengths[length]:
            del self._lengths[length]

    def _activate(self, prefix: Prefix, route: RibRoute) -> Selected | None:
        """The route with its gateways resolved; None where none of them is active."""
        if route.type is not RouteType.UNICAST:
            return Selected(route, (), route.type)
        if route.protocol in (CONNECTED, KERNEL):
            return Selected(route, route.hops, route.type)
        hops: dict[Hop, None] = {}
        dark = None
        for hop in route.hops:
            resolved = self._resolve(prefix, route, hop)
            if isinstance(resolved, RouteType):
                dark = resolved
            else:
                hops.update(dict.fromkeys(resolved))
        if not hops:
            return Selected(route, (), dark) if dark is not None else None
        return Selected(route, tuple(hops)[: route.maximum_paths], RouteType.UNICAST)

    def _resolve(self, prefix: Prefix, route: RibRoute, hop: Hop) -> tuple[Hop, ...] | RouteType:
        """Where one next hop really sends; nothing where it is not active; a type where it leads into a dark route."""
        if hop.interface is not None:
            return (hop,) if self._port_is_up(hop.interface) else ()
        assert hop.via is not None
        rib = self._other(route.vrf) if route.vrf is not None else self
        if rib is None:
            return ()
        if rib is self:
            self._users[hop.via].add(prefix)
        else:
            rib._elsewhere[hop.via].add((self, prefix))
        found = rib.lookup(hop.via)
        if found is None:
            return ()
        over, (base, hops, kind) = found
        if over == prefix and rib is self:  # a route never resolves over itself
            return ()
        if base.protocol == CONNECTED:
            return tuple(Hop(hop.via, each.interface, hop.weight) for each in hops)
        if over.length == 0 and not self.resolve_via_default:
            return ()
        if not route.recursive:
            return ()
        return _at(hop.via, hops, hop.weight) if kind is RouteType.UNICAST else kind

    def _tell(self, prefix: Prefix) -> None:
        """Ask again what was asked about addresses in a prefix that has changed."""
        shift, value = BITS[self.version] - prefix.length, prefix.network
        for address in [each for each in self._found if each.value >> shift << shift == value]:
            del self._found[address]
            if address in self.tracked:
                self.moved[address] = None
            for user in self._users.get(address, ()):
                self._dirty[user] = None
            for rib, user in self._elsewhere.get(address, ()):
                rib._dirty[user] = None


def _order(route: RibRoute) -> tuple[bool, int, int]:
    """rib_choose_best: connected first, then the lowest distance, then the lowest metric."""
    return route.protocol != CONNECTED, route.distance, route.metric


def _at(gateway: Address, hops: tuple[Hop, ...], weight: int = 1) -> tuple[Hop, ...]:
    """The hops of the route that holds a gateway; on a network of ours the gateway itself is the next hop."""
    return tuple(Hop(gateway, each.interface, weight) if each.via is None else each for each in hops)
