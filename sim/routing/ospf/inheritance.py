"""Which next hops a vertex of the map inherits from those before it.

RFC 2328 16.1.1 lets a vertex have the next hops of all its equally short ways (`inherited`). ospf6d 8.4.4 takes ways
one by one, those of fewest routers first, and has a vertex inherit all next hops of the router before it on the first
way only. A later one of equal cost adds a single next hop of each router before it: the one by which that router was
reached first. Of ways with as many routers, it is memory's order which comes first (ospf6_spf_install; the candidates
are a skip list that tells equals apart by their address). Seen 2026-11-25: a router at the end of two parallel cables,
and one behind it that is as near by a cable of its own, which got one of the two when deployed, and the other when
deployed again.
"""

from collections.abc import Iterable, Sequence
from heapq import heappop, heappush
from typing import NamedTuple

from sim.address import Address
from sim.routing.values import Hop

Vertex = int
_NONE: frozenset[Hop] = frozenset()


class Edge(NamedTuple):
    """A link of the map. `port` and `address` make a next hop: our port, the address at the far end."""

    to: Vertex
    cost: int
    port: str | None
    address: Address | None


def inherited(at_root: bool, before: Iterable[Hop], edge: Edge) -> dict[Hop, None]:
    """The next hops behind an edge: the root's own edge begins one; the first router behind a network is it."""
    if at_root:
        return {Hop(edge.address, edge.port): None}
    if edge.address is None:
        return dict.fromkeys(before)
    return {(Hop(edge.address, hop.interface) if hop.via is None else hop): None for hop in before}


class _Way(NamedTuple):
    """One of a vertex' shortest ways. `routers` on it, the root apart; `alone`, the single next hop that it carries as
    a later way, one of these; `sure` and `possible`, the next hops that it brings as the first."""

    routers: int
    alone: frozenset[Hop]
    sure: frozenset[Hop]
    possible: frozenset[Hop]

    @property
    def certain(self) -> frozenset[Hop]:
        """What it brings for sure as a later way."""
        return self.alone if len(self.alone) == 1 else _NONE


def inherited_by_ospf6d(
    root: Vertex, distance: Sequence[int], edges: Sequence[Sequence[Edge]], routers: int
) -> tuple[list[tuple[Hop, ...]], frozenset[Vertex]]:
    """The next hops of every vertex, and those vertices of which it is chance which they get. Vertices below `routers`
    are routers, the others networks."""
    ways: list[list[_Way]] = [[] for _ in edges]
    found: dict[Vertex, _Way] = {}
    candidates = [(0, 0, root)]
    ways[root].append(_Way(0, _NONE, _NONE, _NONE))
    while candidates:
        far, _, vertex = heappop(candidates)
        if vertex in found:
            continue
        found[vertex] = _merged(ways[vertex])
        for edge in edges[vertex]:
            if far + edge.cost == distance[edge.to] and edge.to not in found:
                way = _behind(vertex == root, found[vertex], edge, edge.to < routers)
                ways[edge.to].append(way)
                heappush(candidates, (distance[edge.to], way.routers, edge.to))
    hops = [tuple(sorted(found[each].possible, key=_order)) if each in found else () for each in range(len(edges))]
    return hops, frozenset(vertex for vertex, way in found.items() if way.sure != way.possible)


def _behind(at_root: bool, before: _Way, edge: Edge, is_router: bool) -> _Way:
    """A way that goes on over an edge."""
    alone, sure, possible = (
        frozenset(inherited(at_root, hops, edge)) for hops in (before.alone, before.sure, before.possible)
    )
    return _Way(before.routers + is_router, alone, sure, possible)


def _merged(ways: Sequence[_Way]) -> _Way:
    """What a vertex has in the end, of its equally short ways."""
    least = min(way.routers for way in ways)
    firsts = [number for number, way in enumerate(ways) if way.routers == least]
    sure, possible = None, _NONE
    for first in firsts:
        later = [way for number, way in enumerate(ways) if number != first]
        certain = ways[first].sure.union(*(way.certain for way in later))
        sure = certain if sure is None else sure & certain
        possible |= ways[first].possible.union(*(way.alone for way in later))
    return _Way(least, _NONE.union(*(ways[first].alone for first in firsts)), sure or _NONE, possible)


def _order(hop: Hop) -> tuple[Address, str]:
    return hop.via or Address(0), hop.interface or ""
