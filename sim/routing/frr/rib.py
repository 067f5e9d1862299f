"""zebra's RIB of one VRF and IP version: the candidates of each prefix, the one selected, and next hops resolved.

Recursive resolution (zebra_nhg.c, nexthop_active) and next-hop tracking (zebra_rnh.c) ask the same question of the
same table, so both read `lookup`, whose answers are kept until a route changes that holds the address asked for.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import NamedTuple

from sim.address import BITS, Address, Prefix
from sim.errors import NotConverged
from sim.routing.values import Hop
from sim.snapshot import RouteType

_ROUNDS = 200
_UNUSABLE = 255  # a distance that keeps a route out of the kernel
CONNECTED, KERNEL = "connected", "kernel"
_DIRECT = (CONNECTED, "static")


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
    a route it resolves over. `gateway` is the next hop that daemons are told of who redistribute it: the first of those
    in use as zebra keeps them in order, not resolved (zsend_redistribute_route)."""

    route: RibRoute
    hops: tuple[Hop, ...]
    type: RouteType
    gateway: Hop | None = None


class Rib:
    """One table. `changed` is called with each prefix whose selected route has changed."""

    def __init__(
        self,
        vrf: str,
        version: int,
        port_is_up: Callable[[str], bool],
        resolve_via_default: bool,
        other: Callable[[str], "Rib | None"],
        own: frozenset[Address] = frozenset(),
        twins: bool = False,
    ) -> None:
        self._twins = twins
        self._own = own  # a gateway that is an address of ours leads nowhere
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
        self._found[address] = answer = next(self._over(address), None)
        return answer

    def _over(self, address: Address) -> Iterator[tuple[Prefix, Selected]]:
        """The selected routes that hold an address, the longest first."""
        bits, selected = BITS[self.version], self.selected
        for length in sorted(self._lengths, reverse=True):
            shift = bits - length
            prefix = Prefix(address.value >> shift << shift, length, self.version)
            if prefix in selected:
                yield prefix, selected[prefix]

    def led_over(self, route: RibRoute) -> Iterator[Prefix]:
        """The BGP routes that a route's gateways are reached over."""
        for hop in route.hops:
            if hop.via is not None and hop.interface is None and hop.via.version == self.version:
                found = self.lookup(hop.via)
                if found is not None and found[1].route.protocol == "bgp":
                    yield found[0]

    def track(self, address: Address, direct: bool) -> tuple[int, tuple[Hop, ...]] | None:
        """A next hop that a protocol asks about: the metric of its route and where it sends; None: not reachable.

        `direct` (an eBGP neighbour one hop away): the longest connected or static route counts, whatever else holds
        the address (zebra_rnh_resolve_nexthop_entry). Default routes do not count unless `ip nht resolve-via-default`
        says so.
        """
        self.tracked.add(address)
        found = self.lookup(address)
        if direct and found is not None and found[1].route.protocol not in _DIRECT:
            found = next((each for each in self._over(address) if each[1].route.protocol in _DIRECT), None)
        if found is None:
            return None
        prefix, (route, hops, kind, _) = found
        if (prefix.length == 0 and not self.resolve_via_default) or kind is not RouteType.UNICAST:
            return None
        return route.metric, _at(address, hops)

    def _select(self, prefix: Prefix) -> bool:
        """Choose among the candidates; whether the answer is another than before."""
        best: Selected | None = None
        for route in self.candidates.get(prefix, {}).values():
            if route.distance == _UNUSABLE:
                continue
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
            return Selected(route, route.hops, route.type, next(iter(route.hops), None))
        hops: dict[tuple[Hop, bool], Hop] = {}
        dark = None
        told: list[Hop] = []
        for hop in route.hops:
            resolved = self._resolve(prefix, route, hop)
            if isinstance(resolved, RouteType):
                dark = resolved
            elif resolved:
                hops |= {(each, self._is_twin(hop, each)): each for each in resolved}
                is_direct = hop.via is None or resolved[0].via == hop.via
                told.append(resolved[0] if is_direct else hop)
        if not hops:
            return Selected(route, (), dark) if dark is not None else None
        return Selected(route, tuple(hops.values())[: route.maximum_paths], RouteType.UNICAST, min(told, key=_in_order))

    def _resolve(self, prefix: Prefix, route: RibRoute, hop: Hop) -> tuple[Hop, ...] | RouteType:
        """Where one next hop really sends; nothing where it is not active; a type where it leads into a dark route."""
        if hop.interface is not None and not self._port_is_up(hop.interface):
            return ()
        if hop.interface is not None and (hop.onlink or self._is_direct(hop)):
            return (hop._replace(onlink=False),)
        assert hop.via is not None
        if hop.via in self._own:
            return ()
        rib = self._other(route.vrf) if route.vrf is not None else self
        if rib is None:
            return ()
        self._depends(rib, hop.via, prefix)
        found = rib.lookup(hop.via) if rib is not self else self._beyond(prefix, hop.via)
        if found is None:
            return ()
        over, (base, hops, kind, _) = found
        if base.protocol == CONNECTED:
            direct = [each for each in hops if hop.interface in (None, each.interface)]
            return tuple(Hop(hop.via, each.interface, hop.weight) for each in direct)
        if not route.recursive or (over.length == 0 and not self.resolve_via_default):
            return ()
        return _at(hop.via, hops, hop.weight) if kind is RouteType.UNICAST else kind

    def _is_twin(self, hop: Hop, resolved: Hop) -> bool:
        """Whether a nexthop object is made for a gateway that is also the end of a recursive one: the kernel then holds
        the same way twice (8.4.4, seen 2026-11-25)."""
        return self._twins and hop.interface is None and hop.via == resolved.via

    def _is_direct(self, hop: Hop) -> bool:
        """Whether a next hop with an interface needs no look into the table."""
        return hop.via is None or hop.via.is_link_local or hop.via.version != self.version

    def _depends(self, rib: "Rib", gateway: Address, prefix: Prefix) -> None:
        """Remember whose route it is that has to be resolved again when the way to a gateway changes."""
        if rib is self:
            self._users[gateway].add(prefix)
        else:
            rib._elsewhere[gateway].add((self, prefix))

    def _beyond(self, prefix: Prefix, gateway: Address) -> tuple[Prefix, Selected] | None:
        """The route to a gateway of a prefix's own route. That is not resolved over the prefix itself, nor over less:
        "we cannot have a nexthop NH1 resolved by a route NH1, except if the route is a host route" (nexthop_active)."""
        found = self.lookup(gateway)
        if not prefix.holds(gateway):
            return found
        if found is not None and found[0].length > prefix.length:
            return found
        if prefix.length < BITS[self.version]:
            return None
        return next((each for each in self._over(gateway) if each[0] != prefix), None)

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


def _in_order(hop: Hop) -> tuple[bool, int, int, str]:
    """nexthop_cmp, of hops of one family: those without a gateway first."""
    via = hop.via or Address(0)
    return hop.via is not None, hop.weight, via.value, hop.interface or ""


def _at(gateway: Address, hops: tuple[Hop, ...], weight: int = 1) -> tuple[Hop, ...]:
    """The hops of the route that holds a gateway; on a network of ours the gateway itself is the next hop."""
    return tuple(Hop(gateway, each.interface, weight) if each.via is None else each for each in hops)
