"""Routes to the outside: who redistributes, how he is reached, and what areas keep away (RFC 2328 16.4, RFC 3101)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from sim.address import Address, Prefix
from sim.routing.ospf import BACKBONE, External, Kind, OspfRoute, Router
from sim.routing.ospf.domain import Domain, Name, Routes, Way, offer
from sim.routing.values import Hop

Externals = Mapping[Name, Mapping[Prefix, External]]


class Outside:
    """The world beyond a Domain."""

    def __init__(self, domain: Domain) -> None:
        self._domain = domain

    def routes(self, externals: Externals) -> dict[Name, Routes]:
        """Every router's routes, with what these redistribute."""
        translated = self._translated(externals)
        found: dict[Name, Routes] = {}
        for name, router in self._domain.routers.items():
            routes = dict(self._domain.inside[name])
            outside: Routes = {}
            for source, given, area in (
                *((source, given, None) for source, given in externals.items()),
                *((source, given, area) for area, source, given in translated),
            ):
                if source != name and given:
                    self._add_outside(outside, router, self._domain.routers[source], given, area)
            for prefix, route in outside.items():
                routes.setdefault(prefix, route)
            found[name] = {prefix: _limited(route, router.maximum_paths) for prefix, route in routes.items()}
        return found

    def _add_outside(
        self, found: Routes, router: Router, source: Router, given: Mapping[Prefix, External], only: int | None
    ) -> None:
        """Routes of one boundary router to the outside. In an NSSA its routes stay (type 7), unless translated."""
        inside = self._domain.inside[router.node, router.key]
        way = self._boundary(router, source, only)
        if way is None:
            return
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
            # whether ospfd makes a type 7 LSA of a default hangs on what came first (8.4.4; both seen 2026-11-25)
            by_chance = not prefix.length and (only is not None or router.area(way.area).kind == "nssa")
            offer(found, prefix, route._replace(cut=by_chance or way.unsure))

    def _boundary(self, router: Router, source: Router, only: int | None) -> Way | None:
        """How a router reaches one that redistributes; None where areas keep its routes away.

        A border router that is best reached through a stub area is none that redistributes, there: nothing is taken
        from it (ospf_find_asbr_route looks at paths first and at what it is on them then). Seen 2026-11-25
        with ospfd 8.4.4. ospf6d keeps what it had before it found the way through the stub area (ospf6_asbr_lsa_add
        leaves it), which hangs on what came first.
        """
        ways = list(self._to_boundary(router, source, only))
        best = self._best(router, ways)
        is_two = self._domain.version == 2
        if best and is_two and _is_nssa(router, best.area) and not _is_told_in(router, source, best.area, only):
            return None  # "Ignore, If type-5 LSA from NSSA area": others than type 7 LSAs (8.4.4, seen 2026-11-25)
        if best is not None and router.area(best.area).kind != "stub":
            return best._replace(unsure=best.unsure or self._is_by_chance(router, best, ways))
        before = [(rank, way) for rank, way in ways if router.area(way.area).kind != "stub"]
        kept = self._best(router, before) if self._domain.version == 3 else None
        return kept._replace(unsure=True) if kept is not None else None

    def _is_by_chance(self, router: Router, best: Way, ways: Sequence[tuple[int, Way]]) -> bool:
        """Whether ospf6d may not have the best way (8.4.4, all seen 2026-11-25, with another outcome when deployed
        again). It keeps a shorter one that ranks lower, if that came first; and of several border routers that tell
        of a boundary router, some cease to, when their own way to it changes (ospf6_abr_originate_summary_to_area)."""
        if self._domain.version != 3:
            return False
        told = [way for rank, way in ways if rank == 1]
        if len(told) > 1 and best.cost == min(way.cost for way in told):
            return True
        return any(way.cost < best.cost and router.area(way.area).kind != "stub" for _, way in ways)

    def _to_boundary(self, router: Router, source: Router, only: int | None) -> Iterator[tuple[int, Way]]:
        """Every way to a router that redistributes, with its rank: those of the lowest alone are looked at."""
        flooded = any(router.area(each).kind == "normal" for each in router.attached)  # type 5 LSAs come here
        flooded = flooded and (only is not None or _floods(source))
        for area in sorted(router.attached):
            kind = router.area(area).kind
            typed = _is_told_in(router, source, area, only)
            direct = self._domain.way(router, source, area)
            if kind == "stub":
                if direct is not None and flooded and source.is_border:
                    yield 0, direct
                continue
            if not (flooded or typed):
                continue
            if direct is not None:
                yield 0 if area != BACKBONE or self._domain.version == 3 else 1, direct
            elif kind == "normal" and (area == BACKBONE or not router.is_border or self._domain.version == 3):
                yield from ((1, way) for way in self._over_borders(router, source, area))

    def _best(self, router: Router, ways: Sequence[tuple[int, Way]]) -> Way | None:
        """The cheapest ways as one."""
        if not ways:
            return None
        plain = router.rfc1583 and self._domain.version == 2
        rank = None if plain else min(rank for rank, _ in ways)
        fitting = [way for each, way in ways if rank is None or each == rank]
        least = min(way.cost for way in fitting)
        areas = [way.area for way in fitting if way.cost == least]
        area = min(areas) if self._domain.version == 3 else max(areas)  # RFC 2328 16.4.1; ospf6_route_cmp
        best = [way for way in fitting if (way.cost, way.area) == (least, area)]
        hops = dict.fromkeys(hop for way in best for hop in way.hops)
        return Way(least, tuple(hops), area, any(way.unsure for way in best))

    def _over_borders(self, router: Router, source: Router, area: int) -> Iterator[Way]:
        """By the border routers' word (type 4 LSAs)."""
        for border in self._domain.borders:
            way = self._domain.way_to_border(router, border, area) if border is not router else None
            if way is None:
                continue
            beyond = self._border_cost(border, source, area)
            if beyond is not None:
                yield Way(way.cost + beyond, way.hops, area, way.unsure)

    def _border_cost(self, border: Router, source: Router, area: int) -> int | None:
        """How far a boundary router is from a border router, as that tells an area: by its best way alone, and not at
        all where that leads through a stub area or NSSA (ospf_abr_process_router_rt; 8.4.4, seen 2026-11-25)."""
        ways = [way for each in border.attached if (way := self._domain.way(border, source, each)) is not None]
        if not ways:
            costs = [way.cost for way in self._over_borders(border, source, BACKBONE)] if area != BACKBONE else []
            return min(costs, default=None)
        if self._domain.version == 3:
            best = min(ways, key=lambda way: (way.cost, way.area))
        else:
            best = min(ways, key=lambda way: (way.area == BACKBONE and not border.rfc1583, way.cost, -way.area))
        return best.cost if best.area != area and border.area(best.area).kind == "normal" else None

    def _translated(self, externals: Externals) -> list[tuple[int, Name, dict[Prefix, External]]]:
        """NSSA routes that the highest border router of an area tells everybody (RFC 3101 3)."""
        found: dict[Name, dict[Prefix, External]] = {}
        for area in self._domain.areas:
            borders = [each for each in self._domain.borders if area in each.attached and _is_nssa(each, area)]
            for source, prefixes in externals.items() if borders else ():
                router = self._domain.routers[source]
                near = [each for each in borders if self._domain.way(router, each, area) is not None]
                if near and not router.is_border:  # the highest of those in its part of the area
                    translator = max(near, key=lambda each: each.router_id.value)
                    given = found.setdefault((translator.node, translator.key), {})
                    for prefix, external in prefixes.items():
                        given.setdefault(prefix, external._replace(forward=external.forward or _own(router, area)))
        return [(BACKBONE, name, given) for name, given in found.items()]


def _is_told_in(router: Router, source: Router, area: int, only: int | None) -> bool:
    """Whether type 7 LSAs of a router that redistributes come to another in an area. `only`: it is told there alone."""
    sources = source.attached if only is None else {only}
    return _is_nssa(router, area) and area in sources and _is_nssa(source, area)


def _is_nssa(router: Router, area: int) -> bool:
    return router.area(area).kind == "nssa"


def _floods(source: Router) -> bool:
    """Whether a router is in an area that type 5 LSAs pass through."""
    return any(source.area(area).kind == "normal" for area in source.attached)


def _own(router: Router, area: int) -> Address | None:
    """The forwarding address of a type 7 LSA: one of the router's own in the area, a loopback's before others."""
    faces = [each for each in router.circuits if each.area == area and each.address is not None]
    faces.sort(key=lambda each: not each.is_loopback)
    return next((each.address.address for each in faces if each.address is not None), None)


def _longest(routes: Routes, address: Address) -> OspfRoute | None:
    matches = [prefix for prefix in routes if prefix.holds(address)]
    return routes[max(matches, key=lambda prefix: prefix.length)] if matches else None


def _to(hop: Hop, address: Address) -> Hop:
    return Hop(address, hop.interface, hop.weight) if hop.via is None else hop


def _limited(route: OspfRoute, limit: int) -> OspfRoute:
    if len(route.hops) <= limit:
        return route
    return route._replace(hops=_in_order(route.hops)[:limit], cut=True)


def _in_order(hops: Iterable[Hop]) -> tuple[Hop, ...]:
    return tuple(sorted(hops, key=lambda hop: (hop.via or Address(0), hop.interface or "")))
