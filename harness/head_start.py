"""The head start of the most cabled routers, which boot while their lab is still being made and cabled.

bgpd waits the longer before it announces, the more neighbours it has (FRR's coalesce-time: one second, and 50 ms for
each, from its first session on), so a fabric is up when its last spine's wait is over.
"""

import os
from collections.abc import Callable, Mapping
from itertools import islice

from harness.appliers import Scripts, may_begin
from harness.lacking import this_machine_has
from harness.push import PushResult, push
from lab.ahead import Ahead
from lab.node import RunningNode
from lab.roles import plain, role_of
from sim.topology.model import Topology


class HeadStart:
    """Who boots ahead (`names`), and what was done there: `pushed`; `later` is to be done when all have booted."""

    def __init__(self, topology: Topology, files: Mapping[str, Mapping[str, bytes]]) -> None:
        self._nodes, self._files = topology.nodes, files
        self.names = self._first(neighbours(topology))
        self.pushed: dict[str, PushResult] = {}
        self.later: dict[str, list[Callable[[], None]]] = {}

    def ahead(self, scripts: Scripts) -> Ahead:
        """Their boot, for the lab in the making."""

        def work(node: RunningNode) -> None:
            declared, files, later = self._nodes[node.name], self._files[node.name], self.later[node.name]
            self.pushed[node.name] = push(node, declared, files, boot=True, scripts=scripts, later=later)

        self.later = {name: [] for name in self.names}
        return Ahead(self.names, work)

    def _first(self, neighbours: Mapping[str, list[str]]) -> list[str]:
        """The first few that may boot before they are cabled: as many as keep this machine's processors busy.

        A neighbour comes along: a router's first session, from which bgpd counts, needs another router.
        """
        first = list(islice(filter(self._may_begin, most_cabled(neighbours)), 2 * (os.cpu_count() or 1)))
        met = islice(filter(self._may_begin, neighbours[first[0]] if first else ()), 1)
        return list(dict.fromkeys([*first, *met]))

    def _may_begin(self, name: str) -> bool:
        files = self._files[name]
        return role_of(self._nodes[name]) is plain and may_begin(files) and this_machine_has(files)


def most_cabled(neighbours: Mapping[str, list[str]]) -> list[str]:
    """Nodes, those with most neighbours first."""
    return sorted(neighbours, key=lambda name: -len(neighbours[name]))


def neighbours(topology: Topology) -> dict[str, list[str]]:
    """Who is at the other end of each node's cables; the node itself, where a cable has no other end in the drawing."""
    found: dict[str, list[str]] = {name: [] for name in topology.nodes}
    for link in topology.links:
        near, far = link.endpoints[0].node, link.endpoints[-1].node
        found[near].append(far)
        if len(link.endpoints) > 1:
            found[far].append(near)
    return found
