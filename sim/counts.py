"""Counts: how much a solved network holds, known without spelling any of it out."""

from collections.abc import Mapping

from sim.dataclasses import dataclass, field
from sim.snapshot import NodeState


@dataclass(frozen=True, slots=True)
class Counts:
    """Nodes, sessions asked for and up, and FIB entries by protocol.

    `routes` counts a prefix of a node once, `next_hops` once for each of its next hops (what a RIB dump has as rows).
    `classes`: how many prefix classes which engine has solved (`level`, `general`); for the general engine, prefixes.
    """

    nodes: int
    sessions_asked: int
    sessions_up: int
    routes: Mapping[str, int]
    next_hops: Mapping[str, int]
    classes: Mapping[str, int] = field(default_factory=dict)

    @property
    def entries(self) -> int:
        """RIB entries: every next hop of every prefix of every node; a route without any counts as one."""
        return sum(self.next_hops.values())


def count(nodes: Mapping[str, NodeState]) -> Counts:
    """The counts of states that are spelt out."""
    routes: dict[str, int] = {}
    next_hops: dict[str, int] = {}
    prefixes: set[str] = set()
    for state in nodes.values():
        prefixes.update(state.bgp_prefixes)
        for route in state.fib.values():
            routes[route.protocol] = routes.get(route.protocol, 0) + 1
            next_hops[route.protocol] = next_hops.get(route.protocol, 0) + max(1, len(route.next_hops))
    sessions = [session for state in nodes.values() for session in state.sessions]
    return Counts(
        nodes=len(nodes),
        sessions_asked=len(sessions),
        sessions_up=sum(session.up for session in sessions),
        routes=routes,
        next_hops=next_hops,
        classes={"general": len(prefixes)},
    )
