"""PaperWitness: the simulator answers, in place of a lab. No root, no daemons, milliseconds.

Paper is always converged: it has no bell, and an expectation is looked at once, whatever its `within` and `for`.
"""

from collections.abc import Sequence

from harness.actions import Stage
from harness.papers import Papers
from harness.play import Play
from harness.witness import Spread
from harness.worlds import PaperWorld
from sim.errors import SimError
from sim.flow import Flow, Trace
from sim.paper import Paper
from sim.snapshot import Snapshot
from sim.topology.model import Topology
from sim.trace import trace as walk


class PaperWitness:
    """A Witness that solves the network as the actions so far have left it."""

    def __init__(self, topology: Topology) -> None:
        self.stage = Stage(PaperWorld(), topology)
        self._papers = Papers(self.stage)

    @property
    def topology(self) -> Topology:
        """The network as drawn, after the actions so far."""
        return self.stage.topology

    def paper(self) -> Paper:
        """The solved network."""
        return self._papers.paper()

    def snapshot(self) -> Snapshot:
        """What should be."""
        return self.paper().snapshot

    def traces(self, flows: Sequence[Flow]) -> Sequence[Trace]:
        """Each flow walked through the solved network."""
        paper = self.paper()
        return [walk(paper, flow) for flow in flows]

    def trace(self, flow: Flow, size_bytes: int | None = None, via: str | None = None) -> Trace:
        """One flow walked through the solved network."""
        return walk(self.paper(), flow, size_bytes=size_bytes, via=via)

    def spread(self, node: str, prefix: str, flows: int) -> Spread:
        """SimError: how flows spread is a question for a kernel."""
        raise SimError(f"how {flows} flows to {prefix} spread is measured with packets; ask a lab", node)


def play_on_paper(topology: Topology) -> Play:
    """A Play on a topology, without a lab."""
    witness = PaperWitness(topology)
    return Play(witness.stage, witness, bell=None)
