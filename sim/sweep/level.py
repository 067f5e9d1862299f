"""Failures of a fabric that the level engine takes, by what they change in its solution.

Watched are the prefixes that nodes own for good: loopbacks and subnets, not those of cables. A pair is delivered if the
source has a route: the route's next hop has been told of it by its own next hop, and so on to the owner, so there is
neither a loop nor a hole. That holds as long as no other route can take the place of a lost one, which is why prefixes
that lie in one another are left to the general engine.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np

from sim.address import Prefix
from sim.dataclasses import replace
from sim.fast.bgp import FastBgp
from sim.fast.bits import members
from sim.fast.network import FastNetwork
from sim.fast.sessions import NotPlain
from sim.snapshot import RouteType
from sim.sweep.anew import solve_anew, triples
from sim.sweep.effect import Effect, Pair
from sim.sweep.failures import Element, Failure
from sim.sweep.interplay import interplay
from sim.sweep.standing import Standing, standing
from sim.sweep.withdrawals import Dead, dead_of, withdraw
from sim.topology.model import Topology


class LevelExaminer:
    """The failures of one network. NotPlain, with the reason, where the level engine is not enough."""

    engine = "level"

    def __init__(self, topology: Topology, network: FastNetwork) -> None:
        _check_statics(network)
        self.topology = topology
        self.families = [_Family(bgp, topology, network) for bgp in network.solved.values()]
        self.pairs = sum(family.pairs for family in self.families)
        self.separate = sum(family.separate for family in self.families)

    def effects(self, failures: Sequence[Failure]) -> list[Effect]:
        """What each failure does."""
        found = [Effect(failure) for failure in failures]
        offset = 0
        for family in self.families:
            for index, effect in family.effects(failures):
                found[index] = _both(found[index], effect, offset)
            offset += family.numbers
        return found

    def interacting(self, elements: Sequence[Element], size: int, known: Iterable[Failure]) -> Iterable[Failure] | None:
        """Sets that cut somebody off whom no part of them does; None where a class is not rigid."""
        if not all(family.is_rigid for family in self.families):
            return None
        smaller = [*((element,) for element in elements), *known]
        return {failure for family in self.families for failure in family.interacting(smaller, size)}

    def pair(self, number: int) -> Pair:
        """Source node, and the prefixes of the class with their owners."""
        for family in self.families:
            if number < family.numbers:
                return family.pair(number)
            number -= family.numbers
        raise IndexError(number)


def _check_statics(network: FastNetwork) -> None:
    for name, device in network.devices.items():
        speaks = any(name in bgp.plain.fabric.number for bgp in network.solved.values())
        if speaks and any(static.type is RouteType.UNICAST for static in device.statics):
            raise NotPlain("a static route that a failure may take away")


def _both(one: Effect, two: Effect, offset: int) -> Effect:
    return replace(
        one,
        lost=one.lost | {number + offset for number in two.lost},
        opened=one.opened | {number + offset for number in two.opened},
        narrowed=one.narrowed + two.narrowed,
        solved=one.solved or two.solved,
    )


class _Family:
    """One address family. A pair's number is class * nodes + source."""

    def __init__(self, bgp: FastBgp, topology: Topology, network: FastNetwork) -> None:
        self.bgp = bgp
        self.fabric = bgp.plain.fabric
        _check_nesting(bgp)
        cables = _on_cables(network)
        self.watched = [tuple(p for p in each.prefixes if p not in cables) for each in bgp.classes]
        self.base: Standing = replace(standing(bgp), weights=np.array([len(each) for each in self.watched], np.float64))
        self.numbers = len(bgp.classes) * self.fabric.size
        self._edges_of = _edges_of(bgp, topology)
        self._blind = np.array([not each for each in self.watched], np.bool_)
        sources = np.zeros(self.fabric.size, np.bool_)
        sources[
            [node for each, seen in zip(bgp.classes, self.watched, strict=True) if seen for node in each.origins]
        ] = True
        self._counts(sources)
        loose = set(range(len(bgp.classes))) - set(members(self.base.rigid[0]).tolist())
        self.is_rigid = all(self._blind[each] for each in loose)

    def _counts(self, sources: np.ndarray) -> None:
        """Which (class, node) are pairs at all: a source, and not an owner."""
        self._counted = np.zeros((len(self.bgp.classes), self.fabric.size), np.bool_)
        self._counted[~self._blind] = sources
        for number, each in enumerate(self.bgp.classes):
            self._counted[number, list(each.origins)] = False
            self._counted[number, list(each.own)] = False
        delivered = (self.base.length[:, : len(self.bgp.classes)] >= 0).T & self._counted
        self.pairs = int(delivered.sum())
        self.separate = int(self._counted.sum()) - self.pairs

    def dead(self, failures: Sequence[Failure]) -> Dead:
        """What is dead in each failure."""
        edges, nodes = [], []
        for index, failure in enumerate(failures):
            for element in failure:
                edges += [(index, edge) for edge in self._edges_of.get((element.kind, element.number), ())]
                if element.kind == "node" and element.name in self.fabric.number:
                    nodes.append((index, self.fabric.number[element.name]))
        return dead_of(len(failures), edges, nodes)

    def effects(self, failures: Sequence[Failure]) -> Iterator[tuple[int, Effect]]:
        """The effects of those failures that have one, by index."""
        dead = self.dead(failures)
        cut, anew = withdraw(self.base, dead), solve_anew(self.base, dead)
        if anew.unsure:
            raise NotPlain("a failure after which a best path is more than a matter of length")
        gone = [set(each.origins) for each in self.bgp.classes]
        nodes = self._dead_nodes(dead)
        lost: dict[int, set[int]] = {}
        opened: dict[int, set[int]] = {}
        for found, into in (((cut.failure, cut.of, cut.node), lost), (anew.lost, lost), (anew.opened, opened)):
            for number, of, node in triples(found):
                if self._counted[of, node] and not gone[of] <= nodes.get(number, frozenset()):
                    into.setdefault(number, set()).add(of * self.fabric.size + node)
        narrowed = (cut.narrowed + anew.narrowed).tolist()
        solved = set(cut.failure.tolist()) | set(anew.lost[0].tolist()) | self._anew(dead)
        for index, failure in enumerate(failures):
            if index in solved or narrowed[index]:
                effect = Effect(failure, frozenset(lost.get(index, ())), frozenset(opened.get(index, ())))
                yield index, replace(effect, narrowed=narrowed[index], solved=index in solved)

    def _anew(self, dead: Dead) -> set[int]:
        """The failures for which a class was solved anew."""
        loose = (self.base.members.take(dead.edge, axis=0) & ~self.base.rigid).any(axis=1)
        return set(dead.edge_failure[loose].tolist())

    def _dead_nodes(self, dead: Dead) -> Mapping[int, frozenset[int]]:
        found: dict[int, set[int]] = {}
        for failure, node in zip(dead.node_failure.tolist(), dead.node.tolist(), strict=True):
            found.setdefault(failure, set()).add(node)
        return {failure: frozenset(each) for failure, each in found.items()}

    def interacting(self, smaller: Sequence[Failure], size: int) -> Iterator[Failure]:
        """The sets of so many elements that cut somebody off whom no part of them does."""
        return interplay(self.base, self.dead(smaller), smaller, size)

    def pair(self, number: int) -> Pair:
        """Source node, and what the class holds."""
        of, node = divmod(number, self.fabric.size)
        owners = ", ".join(self.fabric.nodes[each] for each in self.bgp.classes[of].origins)
        more = f" and {len(self.watched[of]) - 1} more" if len(self.watched[of]) > 1 else ""
        return Pair(self.fabric.nodes[node], f"{owners} ({self.watched[of][0]}{more})")


def _edges_of(bgp: FastBgp, topology: Topology) -> dict[tuple[str, int], list[int]]:
    """The edges that die with each link and each node, by kind and number."""
    cables = {(end.node, end.interface): number for number, link in enumerate(topology.links) for end in link.endpoints}
    nodes = {name: number for number, name in enumerate(topology.nodes)}
    found: dict[tuple[str, int], list[int]] = {}
    for edge, told in enumerate(bgp.plain.told):
        for key in (("link", cables[told.end]), ("node", nodes[told.sender]), ("node", nodes[told.receiver])):
            found.setdefault(key, []).append(edge)
    return found


def _on_cables(network: FastNetwork) -> frozenset[Prefix]:
    """The networks of ports that have a neighbour: they come and go with their cables."""
    faces = network.wiring.faces.values()
    return frozenset(each.network for face in faces if face.neighbours for each in face.addresses)


def _check_nesting(bgp: FastBgp) -> None:
    """NotPlain where a prefix lies in a shorter one that somebody has a route for."""
    every = {prefix for each in bgp.classes for prefix in each.prefixes}
    routes = every.union(
        *(local.static for local in bgp.plain.locals), *(local.connected for local in bgp.plain.locals)
    )
    lengths = sorted({prefix.length for prefix in routes})
    for prefix in every:
        bits = 128 if prefix.version == 6 else 32
        for length in lengths:
            shift = bits - length
            if length < prefix.length and Prefix(prefix.network >> shift << shift, length, prefix.version) in routes:
                raise NotPlain("a prefix within another")
