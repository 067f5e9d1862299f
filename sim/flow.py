"""A Flow (5-tuple) and its Trace: the paths it takes, or may take, through the network, and where it ends.

The same types for paper and packets. Dispositions are Batfish's words.
"""

from enum import StrEnum
from typing import Literal

from sim.dataclasses import dataclass

Protocol = Literal["tcp", "udp", "icmp"]


@dataclass(frozen=True, slots=True)
class Flow:
    """A 5-tuple by meaning. `source` and `destination` are a node, `node:interface`, or (destination) an address.

    Ports are None for icmp; a source port of None means one is chosen.
    """

    source: str
    destination: str
    protocol: Protocol = "icmp"
    sport: int | None = None
    dport: int | None = None

    def __str__(self) -> str:
        ports = f" {self.protocol}" + (f"/{self.dport}" if self.dport else "")
        return f"{self.source} -> {self.destination}{ports}" + (f" from port {self.sport}" if self.sport else "")


class Disposition(StrEnum):
    """How a Flow ends."""

    DELIVERED = "delivered"  # it reached the destination's own address (and, with a listener, was answered)
    REFUSED = "refused"  # reached, and the host itself answered that nobody listens (RST, port unreachable)
    DENIED_IN = "denied_in"  # a filter dropped or rejected it on its way into `Trace.where`
    DENIED_OUT = "denied_out"  # a filter dropped or rejected it on its way out
    NO_ROUTE = "no_route"
    NULL_ROUTED = "null_routed"
    NEIGHBOR_UNREACHABLE = "neighbor_unreachable"  # ARP or ND stayed unanswered
    LOOP = "loop"  # its TTL ran out
    TOO_BIG = "too_big"  # DF set and larger than an MTU on the way
    NO_ANSWER = "no_answer"  # delivered, but the answer did not come back; `Trace.where` is where the answer died
    LOST = "lost"  # last seen at `Trace.where`, for a reason the instruments do not show


@dataclass(frozen=True, slots=True)
class Hop:
    """One node on the way: where the packet came in and where it left (None: born here, or ended here)."""

    node: str
    incoming: str | None = None
    outgoing: str | None = None


@dataclass(frozen=True, slots=True)
class Trace:
    """Where a Flow went. `paths` is a set under ECMP (on paper: all of them; with packets: those seen).

    `where` is the node that decided; `why` is its rule, route or counter in its own words.
    `answer_from` is the address that the answer came from. `unsure` says which lines on the way the model does not know
    (on paper only): with any, the disposition is a guess. `endings` are all that paths of equal cost come to.
    """

    flow: Flow
    disposition: Disposition
    paths: tuple[tuple[Hop, ...], ...] = ()
    where: str | None = None
    why: str = ""
    answer_from: str | None = None
    round_trip_s: float | None = None
    unsure: tuple[str, ...] = ()
    endings: frozenset[Disposition] = frozenset()

    @property
    def delivered(self) -> bool:
        """Whether the flow got there and, where an answer was due, back."""
        return self.disposition is Disposition.DELIVERED
