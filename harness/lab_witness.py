"""LabWitness: a running lab answers, with its kernels and daemons, and with packets."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from harness.actions import Stage
from harness.bell import Bell
from harness.generations import Generations
from harness.observe import observe
from harness.papers import Papers
from harness.play import Play
from harness.probes.prober import Prober
from harness.witness import Spread
from harness.worlds import LabWorld
from lab.lab import Lab
from sim.flow import Flow, Trace
from sim.paper import Paper
from sim.snapshot import Snapshot
from sim.topology.model import Topology

FRESH_S, STALE_S = 0.5, 1.5
"""How long a Snapshot may serve while no kernel has news: FRESH_S, or on a busy machine four times as long as it took
to take it, so that most of the time is left to the network; but never longer than STALE_S."""


class LabWitness:
    """A Witness that asks a running lab: its kernels and daemons, and packets.

    One Snapshot serves the looks of a moment: it is taken anew once a kernel has news, the lab was changed, or (for
    what no kernel tells) FRESH_S have passed.
    """

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self._stage = stage = Stage(LabWorld(lab), lab.topology)
        self._papers = Papers(stage, Generations(lab).told)
        self._prober = Prober(lab.runtime, stage.drawn, lambda: self.bell.rings())
        self._bell: Bell | None = None
        self.vain: set[str] = set()
        self._last: tuple[Snapshot, int, float] | None = None  # with the rings before it, and until when it serves

    @property
    def stage(self) -> Stage:
        """The lab and its drawing, which the actions change."""
        return self._stage

    @property
    def topology(self) -> Topology:
        """The network as drawn, after the actions so far."""
        return self._stage.topology

    @property
    def bell(self) -> Bell:
        """The bell that listens to the nodes running now."""
        if self._bell is None:
            self._bell = Bell(self.lab)
        return self._bell

    def changed(self) -> None:
        """The lab was changed: what was seen no longer counts, and other nodes may be running."""
        if self._bell is not None:
            self._bell.close()
        self._bell, self._last = None, None
        self.vain.clear()
        self._prober.forget()

    def snapshot(self) -> Snapshot:
        """The network as it is now."""
        rings, began = self.bell.rings(), time.monotonic()
        if self._last is None or self._last[1] != rings or began > self._last[2]:
            snapshot = observe(self.lab)
            took = time.monotonic() - began
            self._last = snapshot, rings, began + min(STALE_S, max(FRESH_S, 4 * took))
        return self._last[0]

    def traces(self, flows: Sequence[Flow]) -> Sequence[Trace]:
        """One probe per flow, all at once."""
        return self._probing().traces(flows)

    def trace(self, flow: Flow, size_bytes: int | None = None, via: str | None = None) -> Trace:
        """One probe with captures on every node."""
        return self._probing().trace(flow, size_bytes=size_bytes, via=via)

    def spread(self, node: str, prefix: str, flows: int) -> Spread:
        """Forward flows through a node and count where they go."""
        return self._probing().spread(node, prefix, flows)

    def paper(self) -> Paper:
        """What should be: the network as the actions so far have left it, solved."""
        return self._papers.paper()

    def close(self) -> None:
        """Close the sockets."""
        self.changed()
        self._prober.close()

    def _probing(self) -> Prober:
        """The prober, told of the network as the actions so far have left it."""
        self._prober.topology = self._stage.drawn
        return self._prober


@contextmanager
def witnessing(lab: Lab) -> Iterator[LabWitness]:
    """A witness of a running lab, for one story or several; its sockets are closed at the end."""
    witness = LabWitness(lab)
    try:
        yield witness
    finally:
        witness.close()


def play_before(witness: LabWitness) -> Play:
    """A Play on the lab of a witness, its clock beginning now."""
    return Play(witness.stage, witness, lambda: witness.bell, witness.changed, witness.vain)


@contextmanager
def playing(lab: Lab) -> Iterator[Play]:
    """A Play on a running lab, whose sockets are closed at the end."""
    with witnessing(lab) as witness:
        yield play_before(witness)
