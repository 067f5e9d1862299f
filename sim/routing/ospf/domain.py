"""Routes of every router within areas and between them (RFC 2328 16.1 to 16.3)."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

from sim.address import Prefix
from sim.policy import Context, Policy
from sim.route import PathAttributes, interned
from sim.routing.ospf import BACKBONE, UNREACHABLE, Kind, OspfRoute, Router
from sim.routing.ospf.adjacency import Adjacency, Heard, adjacencies
from sim.routing.ospf.graph import Graph
from sim.routing.values import Hop

_PASSES = 50
_NOTHING = interned(PathAttributes())
Name = tuple[str, str]  # node and key of a Router
Routes = dict[Prefix, OspfRoute]
_DEFAULTS = {2: Prefix(0, 0, 4), 3: Prefix(0, 0, 6)}


class Way(NamedTuple):
    """How a router reaches another that matters (RFC 2328 11.1)."""

    cost: int
    hops: tuple[Hop, ...]
    area: int
    unsure: bool = False  # which of the next hops are taken is chance


class Domain:
    """All routers of one version that may hear each other. Reachability inside is computed once, when made."""

    def __init__(self, version: int, routers: Sequence[Router], heard: Heard = lambda *_: True) -> None:
        self.version = version
        self.routers = {(router.node, router.key): router for router in routers if router.version == version}
        self.adjacencies: list[Adjacency] = adjacencies(list(self.routers.values()), heard)
        areas = sorted({area for router in self.routers.values() for area in router.attached})
        self._graphs = {area: Graph(area, list(self.routers.values()), self.adjacencies) for area in areas}
        self.borders = [router for router in self.routers.values() if router.is_border]
        self._intra = {name: self._intra_routes(router) for name, router in self.routers.items()}
        self._active = {name: tuple(self._active_ranges(router)) for name, router in self.routers.items()}
        self._backbone: dict[Name, Routes] = {}
        self._ignored: dict[Name, set[Prefix]] = defaultdict(set)
        self.inside = self._inter_routes() if version == 2 else self._passed_on()

    @cached_property
    def doubtful(self) -> Mapping[Name, set[Prefix]]:
        """Routes, there or not, that hang on what came first, besides those that say so themselves (`OspfRoute.cut`).

        Such are summaries within ranges of a border router that takes these for empty at times; and, with ospf6d, the
        default of a stub area with several border routers. While they start, these hear each other's within the area,
        carry it to the backbone, and it may stay there, or the area lose it, after they have ceased to hear each other
        (8.4.4, seen 2026-11-25: five networks, with another outcome at most deployments).
        """
        found: dict[Name, set[Prefix]] = defaultdict(set)
        for border, ignored in self._ignored.items():
            beside = self._beside(self.routers[border]) if self._is_forgetful(self.routers[border]) else ()
            prefixes = ignored - self._inside_areas(border)
            for name in beside:
                found[name] |= prefixes - self._inside_areas(name)
        if self.version == 3 and any(self._is_stub_of_several(area) for area in self._graphs):
            for name in self.routers:
                found[name].add(_DEFAULTS[3])
        return found

    def _inside_areas(self, name: Name) -> set[Prefix]:
        """The networks of a router's own areas."""
        return {prefix for routes in self._intra[name].values() for prefix in routes}

    def _beside(self, border: Router) -> Iterator[Name]:
        """A border router, and the routers that it tells of the backbone."""
        for name, router in self.routers.items():
            if router is border or router.attached & (border.attached - {BACKBONE}):
                yield name

    def _is_stub_of_several(self, area: int) -> bool:
        """Whether an area gets its default from more than one border router."""
        stubs = [each for each in self.borders if area in each.attached and each.area(area).kind != "normal"]
        return area != BACKBONE and len(stubs) > 1

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
                    route = OspfRoute(Kind.INTRA, total, hops, graph.area, total, cut=vertex in tree.unsure)
                    offer(found, prefix, route, self.version == 3)
        return found

    @property
    def areas(self) -> Iterable[int]:
        """Their numbers."""
        return self._graphs

    def way(self, router: Router, other: Router, area: int) -> Way | None:
        """How a router reaches another within an area; None: not at all."""
        graph = self._graphs[area]
        number = graph.index.get((other.node, other.key))
        if number is None or area not in router.attached:
            return None
        tree = graph.tree(router)
        if tree.distance[number] >= UNREACHABLE:
            return None
        return Way(tree.distance[number], tree.hops[number], area, number in tree.unsure)

    def way_to_border(self, router: Router, border: Router, area: int) -> Way | None:
        """How a router reaches a border router whose word in an area counts. ospf6d hears it in the area that has the
        shortest way there, the lowest of several (ospf6_route_cmp), and in no other (ospf6_abr_examin_summary)."""
        way = self.way(router, border, area)
        if way is None or self.version == 2:
            return way
        ways = (self.way(router, border, each) for each in router.attached)
        return way if all(each is None or (way.cost, area) <= (each.cost, each.area) for each in ways) else None

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
            routes = self._intra_of(name)
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

    def _passed_on(self) -> dict[Name, Routes]:
        """The same of ospf6d, whose border routers listen in every area, and tell the backbone also what another area
        told them: routes pass on from area to area until nothing is new (8.4.4, seen 2026-11-25 with a backbone in two
        parts, and with the default of a stub area, which its other border routers take to the backbone)."""
        inside: dict[Name, Routes] = {name: self._intra_of(name) for name in self.routers}
        for _ in range(_PASSES):
            told = {
                (border, area): self._told(border, area, inside[border])
                for border in self._border_names()
                for area in self.routers[border].attached
            }
            heard: dict[Name, Routes] = {}
            for name, router in self.routers.items():
                heard[name] = self._intra_of(name)
                for area in router.attached:
                    by = {border: prefixes for (border, each), prefixes in told.items() if each == area}
                    _merge(heard[name], self._heard(router, area, by), self.version == 3)
            if heard == inside:
                break
            inside = heard
        return {name: routes | self._discards(self.routers[name], routes) for name, routes in inside.items()}

    def _intra_of(self, name: Name) -> Routes:
        routes: Routes = {}
        for per_area in self._intra[name].values():
            _merge(routes, per_area, self.version == 3)
        return routes

    def _discards(self, router: Router, routes: Routes) -> Routes:
        """A border router drops what an advertised range holds and no longer prefix does.

        Of one range in several areas the last area has its way (ospf_abr_manage_discard_routes; seen 2026-11-25).
        """
        active = self._active[router.node, router.key]
        found = {
            each: (area, each) in active
            for area in sorted(router.attached)
            for each, told, _ in router.area(area).ranges
            if told
        }
        return {
            prefix: OspfRoute(Kind.INTRA, 0, (), None, 0, cut=self._is_forgetful(router))
            for prefix, is_active in found.items()
            if is_active and prefix not in routes
        }

    def _is_forgetful(self, router: Router) -> bool:
        """Whether a border router now and then takes its ranges for empty: with an NSSA, ospfd counts anew what they
        hold, finds type 7 LSAs only, and takes the discard route away, until shortest paths are computed again
        (ospf_abr_nssa_task; 8.4.4, seen 2026-11-25: there when deployed, and not when deployed again)."""
        return self.version == 2 and any(router.area(area).kind == "nssa" for area in router.attached)

    def _active_ranges(self, router: Router) -> Iterator[tuple[int, Prefix]]:
        """With their areas, a border router's ranges that hold a network there and stand for it in another area."""
        for source in router.attached if router.is_border else ():
            if not any(self._takes_summaries(router, area) for area in router.attached - {source}):
                continue
            intra = self._intra[router.node, router.key][source]
            inside = [prefix for prefix in intra if self._counts(router, prefix, source)]
            for each, _, _ in router.area(source).ranges:
                if any(each.holds(prefix) for prefix in inside):
                    yield source, each

    def _is_told(self, router: Router, prefix: Prefix, source: int, area: int | None = None) -> bool:
        """Whether filters let a border router tell an area (None: any other) of another's network. None asks about
        ranges, nor ospfd's of the backbone about what it told of others (ospf_abr_process_network_rt)."""
        others = router.attached - {source} if area is None else {area}
        told = (router.area(each).filter_in for each in others)
        return _lets(router.area(source).filter_out, prefix) and any(_lets(each, prefix) for each in told)

    def _counts(self, router: Router, prefix: Prefix, source: int) -> bool:
        """Whether a network makes the range that holds it active: one that another area is told of, or any (ospf6d)."""
        return self.version == 3 or self._is_told(router, prefix, source)

    def _takes_summaries(self, router: Router, area: int) -> bool:
        settings = router.area(area)
        return area == BACKBONE or settings.kind == "normal" or not settings.no_summary

    def _border_names(self) -> list[Name]:
        return [(router.node, router.key) for router in self.borders]

    def _told(self, border: Name, area: int, backbone: Routes) -> dict[Prefix, int]:
        """What a border router says in an area: networks of its other areas, and what the backbone told it (version 3:
        what any area did)."""
        router = self.routers[border]
        settings = router.area(area)
        told: dict[Prefix, int] = {}
        if settings.kind != "normal" and area != BACKBONE:
            # into an NSSA, too, whether asked to or not (ospf_abr_announce_stub_defaults; seen with 8.4.4, 2026-11-25)
            told[_DEFAULTS[self.version]] = settings.default_cost
        for prefix, cost in self._summed_up(router, area):
            told[prefix] = min(cost, told.get(prefix, cost))
        passed = backbone if self._takes_summaries(router, area) else {}
        for prefix, route in passed.items():
            if route.kind is not Kind.INTER or not _lets(router.area(area).filter_in, prefix):
                continue
            if self.version == 3 and not _lets(router.area(route.area or BACKBONE).filter_out, prefix):
                continue  # ospf6d asks the filter of the area that it has the route from
            if route.area != area and not any(hop in route.hops for hop in self._hops_in(border, area, prefix)):
                told.setdefault(prefix, route.metric)
        return told

    def _hops_in(self, border: Name, area: int, prefix: Prefix) -> tuple[Hop, ...]:
        """Next hops of the same network in an area: who lies there need not be told (RFC 2328 12.4.3)."""
        route = self._intra[border].get(area, {}).get(prefix)
        return route.hops if route is not None else ()

    def _summed_up(self, router: Router, area: int) -> Iterator[tuple[Prefix, int]]:
        """What a border router says in an area of its others. `no-summary` keeps ranges not away (version 2:
        ospf_abr_announce_aggregates asks nothing; ospfd 8.4.4, seen 2026-11-25)."""
        takes = self._takes_summaries(router, area)
        for source in router.attached - {area} if takes or self.version == 2 else ():
            for prefix, cost, of_range in self._summaries(router, source, area):
                if takes or of_range:
                    yield prefix, cost

    def _summaries(self, router: Router, source: int, area: int) -> Iterator[tuple[Prefix, int, bool]]:
        """What a border router says of one of its areas in another: ranges stand for what they hold (12.4.3)."""
        ranges = router.area(source).ranges
        held: dict[Prefix, list[int]] = defaultdict(list)
        for prefix, route in self._intra[router.node, router.key][source].items():
            over = next((each for each, _, _ in ranges if each.holds(prefix)), None)
            if over is not None and self._counts(router, prefix, source):
                held[over].append(route.metric)
            elif over is None and self._is_told(router, prefix, source, area):
                yield prefix, route.metric, False
        active = self._active[router.node, router.key]
        for over, advertised, cost in ranges:
            if held[over] and advertised and (source, over) in active:
                told = router.area(source).substitutes.get(over, over)
                yield told, max(held[over]) if cost is None else cost, True

    def _heard(self, router: Router, area: int, told: Mapping[Name, Mapping[Prefix, int]]) -> Routes:
        """Inter-area routes of a router in one area, from what its border routers say."""
        found: Routes = {}
        for border, prefixes in told.items():
            other = self.routers[border]
            if other is router or (other.vrf != router.vrf and other.node == router.node):
                continue
            way = self.way_to_border(router, other, area)
            if way is None:
                continue
            for prefix, cost in prefixes.items():
                if self._is_own(router, prefix):
                    self._ignored[router.node, router.key].add(prefix)
                    continue
                total = way.cost + cost
                route = OspfRoute(Kind.INTER, total, way.hops, area, total, cut=way.unsure)
                offer(found, prefix, route, self.version == 3)
        return found

    def _is_own(self, router: Router, prefix: Prefix) -> bool:
        """Whether a summary lies in an active range of the router's own, and is ignored (RFC 2328 16.2 (3) says so of
        the range itself; ospfd 8.4.4 of all that it holds, seen 2026-11-25)."""
        active = self._active[router.node, router.key]
        if self.version == 3:
            return any(prefix == each for _, each in active)
        for area in sorted(router.attached) if active else ():
            holding = [each for each, _, _ in router.area(area).ranges if each.holds(prefix)]
            if holding:  # the first area that has one decides (ospf_area_range_match_any)
                return (area, max(holding, key=lambda each: each.length)) in active
        return False


def _lets(policy: Policy | None, prefix: Prefix) -> bool:
    return policy is None or policy.apply(prefix, _NOTHING, Context()) is not None


def offer(routes: Routes, prefix: Prefix, route: OspfRoute, blurred: bool = False) -> None:
    """Keep the better of two routes; equals share the load.

    `blurred`: whether they do hangs on what came first. ospf6d 8.4.4 has the ways of one originator, or of several,
    where two tell of one prefix at equal cost (seen 2026-11-25: one cable first, another when deployed again).
    """
    had = routes.get(prefix)
    if had is None or (route.kind, _rank(route)) < (had.kind, _rank(had)):
        routes[prefix] = route
    elif (route.kind, _rank(route)) == (had.kind, _rank(had)) and route.hops != had.hops:
        cut = blurred or had.cut or route.cut
        routes[prefix] = had._replace(hops=tuple(dict.fromkeys((*had.hops, *route.hops))), cut=cut)


def _rank(route: OspfRoute) -> tuple[int, int]:
    return (route.metric, route.cost)


def _merge(routes: Routes, more: Routes, blurred: bool = False) -> None:
    for prefix, route in more.items():
        offer(routes, prefix, route, blurred)
