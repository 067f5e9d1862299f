"""The map of one area as its routers have it: routers and networks, links with costs, stub networks (RFC 2328 16.1)."""

from collections.abc import Sequence
from heapq import heappop, heappush
from typing import NamedTuple

from sim.address import Prefix
from sim.routing.ospf import UNREACHABLE, Router
from sim.routing.ospf.adjacency import Adjacency
from sim.routing.ospf.inheritance import Edge, Vertex, inherited, inherited_by_ospf6d
from sim.routing.values import Hop

_MULTI_ACCESS = ("broadcast", "non-broadcast")
_MAX_METRIC = 65535


class Tree(NamedTuple):
    """One router's shortest paths: the distance of each vertex, the next hops to it, and the vertices of which it is
    chance which of several equal next hops they get."""

    distance: list[int]
    hops: list[tuple[Hop, ...]]
    unsure: frozenset[Vertex] = frozenset()


class Graph:
    """One area. Vertices are numbered: routers first, then networks. `stubs`: vertex -> its prefixes with costs."""

    def __init__(self, area: int, routers: Sequence[Router], neighbours: Sequence[Adjacency]) -> None:
        self.area = area
        self.routers = [router for router in routers if area in router.attached]
        self.index = {(router.node, router.key): number for number, router in enumerate(self.routers)}
        self.edges: list[list[Edge]] = [[] for _ in self.routers]
        self.stubs: list[list[tuple[Prefix, int]]] = [[] for _ in self.routers]
        mine = [each for each in neighbours if each.circuit.area == area and each.far.area == area and each.linked]
        alive = [each for each in mine if _alike(each)]
        self._transit = self._add_networks([each for each in alive if each.circuit.type in _MULTI_ACCESS])
        self._add_links([each for each in alive if each.circuit.type not in _MULTI_ACCESS])
        self._add_stubs()
        self._trees: dict[Vertex, Tree] = {}

    def _add_links(self, adjacent: Sequence[Adjacency]) -> None:
        for each in adjacent:
            here, there = self._vertex(each.router), self._vertex(each.far_router)
            self.edges[here].append(Edge(there, _cost(each), each.circuit.port, each.far.next_hop))

    def _add_networks(self, adjacent: Sequence[Adjacency]) -> set[tuple[str, str]]:
        """A vertex for each segment on which routers meet; the ports that are part of one."""
        numbers: dict[tuple[str, str], Vertex] = {}
        for each in adjacent:
            ends = [(each.circuit.node, each.circuit.port), (each.far.node, each.far.port)]
            number = next((numbers[end] for end in ends if end in numbers), None)
            if number is None:
                number = len(self.edges)
                self.edges.append([])
                self.stubs.append([])
            known = self.stubs[number]
            known += [(prefix, 0) for prefix in each.circuit.networks if (prefix, 0) not in known]
            for end in ends:
                numbers[end] = number
        joined: set[tuple[str, str]] = set()
        for each in adjacent:
            end = (each.circuit.node, each.circuit.port)
            if end not in joined:
                joined.add(end)
                router = self._vertex(each.router)
                self.edges[router].append(Edge(numbers[end], _cost(each), each.circuit.port, None))
                self.edges[numbers[end]].append(Edge(router, 0, None, each.circuit.next_hop))
        return joined

    def _add_stubs(self) -> None:
        """Networks at a router alone: of its stub ports, and of each point-to-point link."""
        for router in self.routers:
            vertex = self._vertex(router)
            for circuit in router.circuits:
                if circuit.area == self.area and (circuit.node, circuit.port) not in self._transit:
                    self.stubs[vertex] += [(prefix, circuit.cost) for prefix in circuit.networks]

    def _vertex(self, router: Router) -> Vertex:
        return self.index[router.node, router.key]

    def tree(self, root: Router) -> Tree:
        """A router's shortest paths, kept."""
        vertex = self._vertex(root)
        if vertex not in self._trees:
            self._trees[vertex] = self._shortest(vertex)
        return self._trees[vertex]

    def _shortest(self, root: Vertex) -> Tree:
        """Dijkstra, keeping the next hops of all ways that are equally short; version 3, those that ospf6d keeps."""
        distance = [UNREACHABLE] * len(self.edges)
        hops: list[dict[Hop, None]] = [{} for _ in self.edges]
        distance[root] = 0
        heap: list[tuple[int, Vertex]] = [(0, root)]
        done = [False] * len(self.edges)
        while heap:
            far, vertex = heappop(heap)
            if done[vertex]:
                continue
            done[vertex] = True
            for edge in self.edges[vertex]:
                reached = far + edge.cost
                if reached > distance[edge.to] or done[edge.to]:
                    continue
                if reached < distance[edge.to]:
                    distance[edge.to] = reached
                    hops[edge.to] = {}
                    heappush(heap, (reached, edge.to))
                hops[edge.to].update(inherited(vertex == root, hops[vertex], edge))
        if self.routers[root].version == 3:
            return Tree(distance, *inherited_by_ospf6d(root, distance, self.edges, len(self.routers)))
        return Tree(distance, [tuple(each) for each in hops])


def _alike(each: Adjacency) -> bool:
    """Two ends that differ in their network type describe different links, and none is used."""
    return (each.circuit.type in _MULTI_ACCESS) == (each.far.type in _MULTI_ACCESS)


def _cost(each: Adjacency) -> int:
    return _MAX_METRIC if each.router.maximum_metric else each.circuit.cost
