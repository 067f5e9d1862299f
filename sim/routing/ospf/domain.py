"""Routes of every router: within areas, between them, and to the outside (RFC 2328 16.1 to 16.4, RFC 3101)."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from sim.address import Address, Prefix
from sim.routing.ospf import BACKBONE, UNREACHABLE, External, Kind, OspfRoute, Router
from sim.routing.ospf.adjacency import Adjacency, adjacencies
from sim.routing.ospf.graph import Graph
from sim.routing.values import Hop

Name = tuple[str, str]  # node and key of a Router
Routes = dict[Prefix, OspfRoute]
Externals = Mapping[Name, Mapping[Prefix, External]]
_DEFAULTS = {2: Prefix(0, 0, 4), 3: Prefix(0, 0, 6)}
_INFINITE = 0xFFFFFF


class _Way(NamedTuple):
    """How a router reaches another that matters (RFC 2328 11.1)."""

    cost: int
    hops: tuple[Hop, ...]
    area: int


class Domain:
    """All routers of one version that may hear each other. Reachability inside is computed once, when made."""

    def __init__(self, version: int, routers: Sequence[Router]) -> None:
        self.version = version
        self.routers = {(router.node, router.key): router for router in routers if router.version == version}
        self.adjacencies: list[Adjacency] = adjacencies(list(self.routers.values()))
        areas = sorted({area for router in self.routers.values() for area in router.attached})
        self._graphs = {area: Graph(area, list(self.routers.values()), self.adjacencies) for area in areas}
        self._borders = [router for router in self.routers.values() if router.is_border]
        self._intra = {name: self._intra_routes(router) for name, router in self.routers.items()}
        self._backbone: dict[Name, Routes] = {}
        self._inside = self._inter_routes()

    # within areas

    def _intra_routes(self, router: Router) -> dict[int, Routes]:
        """By area: every network of the area."""
        return {area: self._in_area(router, self._graphs[area]) for area in router.attached}

    def _in_area(self, router: Router, graph: Graph) -> Routes:
        tree = graph.tree(router)
        own = {
            prefix: circuit.port
            for circuit in router.circuits
            if circuit.area == graph.area
            for prefix in circuit.networks
        }
        found: Routes = {}
        for vertex, stubs in enumerate(graph.stubs):
            if stubs and tree.distance[vertex] < UNREACHABLE:
                for prefix, cost in stubs:
                    hops = tree.hops[vertex] or (Hop(None, own.get(prefix)),)
                    total = tree.distance[vertex] + cost
                    _offer(found, prefix, OspfRoute(Kind.INTRA, total, hops, graph.area, total))
        return found

    def _way(self, router: Router, other: Router, area: int) -> _Way | None:
        graph = self._graphs[area]
        number = graph.index.get((other.node, other.key))
        if number is None or area not in router.attached:
            return None
        tree = graph.tree(router)
        if tree.distance[number] >= UNREACHABLE:
            return None
        return _Way(tree.distance[number], tree.hops[number], area)

    # between areas

    def _inter_routes(self) -> dict[Name, Routes]:
        """All routes inside, of every router. The backbone hears of the other areas, then those of everything."""
        to_backbone = {border: self._told(border, BACKBONE, {}) for border in self._border_names()}
        for name, router in self.routers.items():
            if BACKBONE in router.attached:
                self._backbone[name] = self._heard(router, BACKBONE, to_backbone)
        inside: dict[Name, Routes] = {}
        told: dict[int, dict[Name, dict[Prefix, int]]] = {}
        for name, router in self.routers.items():
            routes: Routes = {}
            for per_area in self._intra[name].values():
                _merge(routes, per_area)
            _merge(routes, self._backbone.get(name, {}))
            if not router.is_border:
                for area in router.attached - {BACKBONE}:
                    if area not in told:
                        told[area] = {
                            border: self._told(border, area, self._backbone.get(border, {}))
                            for border in self._border_names()
                            if area in self.routers[border].attached
                        }
                    _merge(routes, self._heard(router, area, told[area]))
            inside[name] = routes | self._discards(router, routes)
        return inside

    def _discards(self, router: Router, routes: Routes) -> Routes:
        """A border router drops what a range of its holds and no longer prefix does (ospf_add_discard_route)."""
        return {
            prefix: OspfRoute(Kind.INTRA, cost, (), None, cost)
            for area in router.attached
            if router.is_border and router.area(area).ranges
            for prefix, cost in self._summaries(router, area)
            if prefix not in routes and any(prefix == each for each, _, _ in router.area(area).ranges)
        }

    def _border_names(self) -> list[Name]:
        return [(router.node, router.key) for router in self._borders]

    def _told(self, border: Name, area: int, backbone: Routes) -> dict[Prefix, int]:
        """What a border router says in an area: networks of its other areas, and what the backbone told it."""
        router = self.routers[border]
        settings = router.area(area)
        told: dict[Prefix, int] = {}
        if settings.kind != "normal" and area != BACKBONE:
            # into an NSSA, too, whether asked to or not (ospf_abr_announce_stub_defaults; seen with 8.4.4, 2026-11-25)
            told[_DEFAULTS[self.version]] = settings.default_cost
            if settings.no_summary:
                return told
        summaries = [
            each for source in self._intra[border] if source != area for each in self._summaries(router, source)
        ]
        for prefix, cost in summaries:
            told[prefix] = min(cost, told.get(prefix, cost))
        for prefix, route in backbone.items():
            if route.area != area and not any(hop in route.hops for hop in self._hops_in(border, area, prefix)):
                told.setdefault(prefix, route.metric)
        return told

    def _hops_in(self, border: Name, area: int, prefix: Prefix) -> tuple[Hop, ...]:
        """Next hops of the same network in an area: who lies there need not be told (RFC 2328 12.4.3)."""
        route = self._intra[border].get(area, {}).get(prefix)
        return route.hops if route is not None else ()

    def _summaries(self, router: Router, source: int) -> Iterator[tuple[Prefix, int]]:
        """What a border router says of one of its areas elsewhere: ranges stand for what they hold (12.4.3)."""
        ranges = router.area(source).ranges
        held: dict[Prefix, list[int]] = defaultdict(list)
        for prefix, route in self._intra[router.node, router.key][source].items():
            over = next((each for each, _, _ in ranges if each.holds(prefix)), None)
            if over is not None:
                held[over].append(route.metric)
            else:
                yield prefix, route.metric
        for over, advertised, cost in ranges:
            if held[over] and advertised:
                yield over, max(held[over]) if cost is None else cost

    def _heard(self, router: Router, area: int, told: Mapping[Name, Mapping[Prefix, int]]) -> Routes:
        """Inter-area routes of a router in one area, from what its border routers say."""
        found: Routes = {}
        for border, prefixes in told.items():
            other = self.routers[border]
            if other is router or (other.vrf != router.vrf and other.node == router.node):
                continue
            way = self._way(router, other, area)
            if way is None:
                continue
            for prefix, cost in prefixes.items():
                total = way.cost + cost
                _offer(found, prefix, OspfRoute(Kind.INTER, total, way.hops, area, total))
        return found

    # to the outside

    def routes(self, externals: Externals) -> dict[Name, Routes]:
        """Every router's routes, with what these redistribute."""
        translated = self._translated(externals)
        found: dict[Name, Routes] = {}
        for name, router in self.routers.items():
            routes = dict(self._inside[name])
            outside: Routes = {}
            for source, given, area in (
                *((source, given, None) for source, given in externals.items()),
                *((source, given, area) for area, source, given in translated),
            ):
                if source != name and given:
                    self._add_outside(outside, router, self.routers[source], given, area)
            for prefix, route in outside.items():
                if prefix not in routes and prefix not in externals.get(name, {}):
                    routes[prefix] = route
            found[name] = {prefix: _limited(route, router.maximum_paths) for prefix, route in routes.items()}
        return found

    def _add_outside(
        self, found: Routes, router: Router, source: Router, given: Mapping[Prefix, External], only: int | None
    ) -> None:
        """Routes of one boundary router to the outside. In an NSSA its routes stay (type 7), unless translated."""
        way = self._boundary(router, source, only)
        if way is None:
            return
        inside = self._inside[router.node, router.key]
        for prefix, external in given.items():
            cost, hops = way.cost, way.hops
            if external.forward is not None:
                over = _longest(inside, external.forward)
                if over is None or over.kind not in (Kind.INTRA, Kind.INTER):
                    continue
                cost, hops = over.metric, tuple(_to(hop, external.forward) for hop in over.hops)
            if not hops:
                continue
            if external.type == 1:
                total = cost + external.metric
                route = OspfRoute(Kind.EXTERNAL_1, total, hops, None, total, external.tag)
            else:
                route = OspfRoute(Kind.EXTERNAL_2, external.metric, hops, None, cost, external.tag)
            _offer(found, prefix, route)

    def _boundary(self, router: Router, source: Router, only: int | None) -> _Way | None:
        """How a router reaches one that redistributes; None where areas keep its routes away."""
        ways = []
        for area in sorted(router.attached):
            kind = router.area(area).kind
            sources = source.attached if only is None else {only}
            if kind == "stub" or (kind == "nssa" and not (area in sources and source.area(area).kind == "nssa")):
                continue
            if kind == "normal" and only is None and not _floods(source):
                continue
            direct = self._way(router, source, area)
            if direct is not None:
                ways.append((0 if area != BACKBONE else 1, direct))
            elif kind == "normal":
                ways += [(2, way) for way in self._over_borders(router, source, area)]
        if not ways:
            return None
        rank = min(rank for rank, _ in ways) if not router.rfc1583 else None
        fitting = [way for each, way in ways if rank is None or each == rank]
        least = min(way.cost for way in fitting)
        hops = dict.fromkeys(hop for way in fitting if way.cost == least for hop in way.hops)
        return _Way(least, tuple(hops), BACKBONE)

    def _over_borders(self, router: Router, source: Router, area: int) -> Iterator[_Way]:
        """By the border routers' word (type 4 LSAs)."""
        for border in self._borders:
            way = self._way(router, border, area) if border is not router else None
            if way is None:
                continue
            beyond = self._border_cost(border, source, area)
            if beyond is not None:
                yield _Way(way.cost + beyond, way.hops, area)

    def _border_cost(self, border: Router, source: Router, area: int) -> int | None:
        """How far a boundary router is from a border router, seen from beyond `area`."""
        ways = [
            self._way(border, source, other)
            for other in border.attached - {area}
            if border.area(other).kind == "normal"
        ]
        costs = [way.cost for way in ways if way is not None]
        if not costs and area != BACKBONE:
            costs = [way.cost for way in self._over_borders(border, source, BACKBONE)]
        return min(costs, default=None)

    def _translated(self, externals: Externals) -> list[tuple[int, Name, dict[Prefix, External]]]:
        """NSSA routes that the highest border router of an area tells everybody (RFC 3101 3)."""
        found = []
        for area in self._graphs:
            borders = [each for each in self._borders if area in each.attached and each.area(area).kind == "nssa"]
            if not borders:
                continue
            translator = max(borders, key=lambda each: each.router_id.value)
            given: dict[Prefix, External] = {}
            for source, prefixes in externals.items():
                router = self.routers[source]
                if area in router.attached and router is not translator and not router.is_border:
                    for prefix, external in prefixes.items():
                        given.setdefault(prefix, external._replace(forward=external.forward or _own(router, area)))
            if given:
                found.append((BACKBONE, (translator.node, translator.key), given))
        return found


def _floods(source: Router) -> bool:
    """Whether a router is in an area that type 5 LSAs pass through."""
    return any(source.area(area).kind == "normal" for area in source.attached)


def _own(router: Router, area: int) -> Address | None:
    """The forwarding address of a type 7 LSA: one of the router's own in the area, a loopback's before others."""
    faces = [each for each in router.circuits if each.area == area and each.address is not None]
    faces.sort(key=lambda each: not each.is_loopback)
    return next((each.address.address for each in faces if each.address is not None), None)


def _offer(routes: Routes, prefix: Prefix, route: OspfRoute) -> None:
    """Keep the better of two routes; equals share the load."""
    had = routes.get(prefix)
    if had is None or (route.kind, _rank(route)) < (had.kind, _rank(had)):
        routes[prefix] = route
    elif (route.kind, _rank(route)) == (had.kind, _rank(had)) and route.hops != had.hops:
        routes[prefix] = had._replace(hops=tuple(dict.fromkeys((*had.hops, *route.hops))))


def _rank(route: OspfRoute) -> tuple[int, int]:
    return (route.metric, route.cost)


def _merge(routes: Routes, more: Routes) -> None:
    for prefix, route in more.items():
        _offer(routes, prefix, route)


def _longest(routes: Routes, address: Address) -> OspfRoute | None:
    matches = [prefix for prefix in routes if prefix.holds(address)]
    return routes[max(matches, key=lambda prefix: prefix.length)] if matches else None


def _to(hop: Hop, address: Address) -> Hop:
    return Hop(address, hop.interface, hop.weight) if hop.via is None else hop


def _limited(route: OspfRoute, limit: int) -> OspfRoute:
    if len(route.hops) <= limit:
        return route
    return route._replace(hops=_in_order(route.hops)[:limit])


def _in_order(hops: Iterable[Hop]) -> tuple[Hop, ...]:
    return tuple(sorted(hops, key=lambda hop: (hop.via or Address(0), hop.interface or "")))
