"""Where one way of a packet ends, in the words in which the harness tells the same of real packets."""

from typing import NamedTuple

from sim.dataclasses import dataclass, field
from sim.filters import Verdict
from sim.filters.packet import Packet
from sim.flow import Disposition, Hop
from sim.snapshot import Note
from sim.trace.tracking import Connection

Hops = tuple[Hop, ...]


class At(NamedTuple):
    """A packet at a node: how it came there, and what the nodes on its way remember of it.

    `incoming` is the interface that IP sees, `came_by` the one with the cable (a bridge's port, a VLAN's carrier).
    """

    node: str
    packet: Packet
    incoming: str = ""
    came_by: str = ""
    hops: Hops = ()
    connections: tuple[Connection, ...] = ()
    seen: frozenset[tuple[str, str, int, int]] = frozenset()
    unsure: tuple[Note, ...] = ()

    def carrying(self, packet: Packet, connections: tuple[Connection, ...] | None = None) -> "At":
        """The same, with what a hook made of the packet, and what the node now remembers."""
        remembered = self.connections if connections is None else connections
        if packet is self.packet and remembered is self.connections:
            return self
        return self._replace(packet=packet, connections=remembered)

    def doubting(self, notes: tuple[Note, ...]) -> "At":
        """The same, with more that is not known."""
        return self._replace(unsure=(*self.unsure, *notes)) if notes else self


@dataclass(frozen=True, slots=True)
class Ending:
    """One way's end. `disposition` None: it arrived (`at` says as what); `local`: at the node it was meant for."""

    disposition: Disposition | None
    where: str
    why: str
    at: At
    hops: Hops
    outwards: bool = False  # a filter on its way out stopped it
    verdict: Verdict | None = field(default=None, compare=False)


def ended(disposition: Disposition, why: str, at: At, outgoing: str | None = None, where: str | None = None) -> Ending:
    """A packet that goes no further than this node (or the cable behind it, where it left by `outgoing`)."""
    hop = Hop(at.node, at.came_by or None, outgoing)
    return Ending(disposition, where or at.node, why, at, (*at.hops, hop))


def arrived(at: At) -> Ending:
    """A packet that its node takes for itself."""
    return Ending(None, at.node, "", at, (*at.hops, Hop(at.node, at.came_by or None)))


def stopped(verdict: Verdict, at: At, outgoing: str | None = None) -> Ending:
    """A packet that a filter dropped or rejected.

    DENIED_OUT: its sender's own filter, or a rule that names an outgoing interface and no incoming one.
    """
    rule = verdict.decision.rule if verdict.decision else None
    by_exit = rule is not None and _names(rule, "outgoing") and not _names(rule, "incoming")
    outwards = not at.incoming or by_exit
    disposition = Disposition.DENIED_OUT if outwards else Disposition.DENIED_IN
    hops = (*at.hops, Hop(at.node, at.came_by or None, outgoing))
    return Ending(disposition, at.node, verdict.why, at.doubting(verdict.unsure), hops, outwards, verdict)


def _names(rule: object, field_name: str) -> bool:
    return any(getattr(match, "field", "") == field_name for match in getattr(rule, "matches", ()))
