"""Which FRR runs on each node of a lab: two generations differ in what they assume where a file says nothing."""

import re

from harness.observers.vty import Vty
from lab.lab import Lab
from lab.node import RunningNode
from sim.topology.model import Topology
from sim.topology.overlay import with_frr

_VERSION = re.compile(r"^FRRouting (\d+(?:\.\d+)+)", re.MULTILINE)


class Generations:
    """Asks a lab's zebras, each until it has answered: a node keeps its FRR for as long as the lab lives."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._known: dict[str, str] = {}

    def told(self, topology: Topology) -> Topology:
        """The topology with the version of FRR that runs on each node; where none does, what the file says stays."""
        asked = [name for name in self._lab.nodes if name in topology.nodes and name not in self._known]
        found = self._lab.each(_version, asked)
        self._known |= {name: version for name, version in found.items() if version}
        return with_frr(topology, self._known)


def _version(node: RunningNode) -> str | None:
    try:
        with Vty(node, "zebra") as vty:
            return version_in(vty.ask("show version"))
    except ConnectionError:
        return None


def version_in(answer: str) -> str | None:
    """What `show version` names: `FRRouting 10.3 (leaf01) on Linux(6.1).` is 10.3."""
    found = _VERSION.search(answer)
    return found[1] if found else None
