"""Witness: what a check may ask of the network, whoever answers.

`harness.lab_witness` answers from a running lab, `harness.paper_witness` from the simulator. Everything is asked afresh
at each call: a check that is retried sees the network as it is then.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

from sim.dataclasses import dataclass
from sim.flow import Flow, Trace
from sim.paper import Paper
from sim.snapshot import NextHop, Snapshot
from sim.topology.model import Topology


@dataclass(frozen=True, slots=True)
class Spread:
    """How one router spread forwarded flows over the next hops of a prefix.

    `counts`: flows seen to leave by each next hop. `predicted`: the kernel's own choice per flow, without a packet
    (`ip route get ... iif`), or None where it could not be asked; `mismatches` counts flows that went elsewhere.
    """

    node: str
    prefix: str
    counts: Mapping[NextHop, int]
    lost: int = 0
    predicted: Mapping[NextHop, int] | None = None
    mismatches: int = 0


class Witness(Protocol):
    """What a check may ask. Raises ProbeError where an instrument fails."""

    @property
    def topology(self) -> Topology:
        """The network as drawn, after the actions so far."""
        ...

    def snapshot(self) -> Snapshot:
        """The network as it is now."""
        ...

    def paper(self) -> Paper:
        """What should be: the network as the actions so far have left it, solved."""
        ...

    def traces(self, flows: Sequence[Flow]) -> Sequence[Trace]:
        """One probe per flow, all at once: disposition and who answered, without the way there."""
        ...

    def trace(self, flow: Flow, size_bytes: int | None = None, via: str | None = None) -> Trace:
        """One probe with captures on every node: the hops, and where it died and why.

        `size_bytes` sets an IP packet of that length with DF; `via` (an interface of the source) forces the first link.
        """
        ...

    def spread(self, node: str, prefix: str, flows: int) -> Spread:
        """Forward that many flows (one packet each, 5-tuple varied) through `node` towards `prefix` and count."""
        ...
