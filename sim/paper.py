"""Paper: a solved network. What `solve()` gives, what `trace()` walks through, and what a check compares with a lab."""

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Protocol

from sim.address import Prefix, parse_prefix
from sim.counts import Counts, count
from sim.dataclasses import dataclass, field
from sim.device import Device, Finding
from sim.explanation import Why
from sim.links import Links
from sim.snapshot import Note, Snapshot
from sim.topology.model import Topology


@dataclass(frozen=True, slots=True)
class Unsettled:
    """A route that real daemons may settle in several ways (an oldest-route tie, a dispute wheel), and why.

    Of a session that may be up or down, `prefix` is how the session is named: `bgp 10.0.0.1`.
    """

    node: str
    prefix: str
    why: str
    is_session: bool = False


class Solution(Protocol):
    """How a network was solved: what an engine can tell besides the Snapshot, each computed when asked for."""

    def unsettled(self) -> tuple[Unsettled, ...]:
        """Routes that real daemons may settle in several ways."""
        ...

    def why(self, node: str, prefix: Prefix, table: str) -> Why | None:
        """Why a node's route to a prefix is what it is; None where it has none."""
        ...

    def findings(self) -> tuple[Finding, ...]:
        """What the network's configurations say against each other, such as sessions whose two ends disagree."""
        ...


@dataclass(frozen=True)
class Paper:
    """A solved network. `snapshot` is what should be, in the very form in which a lab is observed."""

    topology: Topology
    devices: Mapping[str, Device]
    snapshot: Snapshot
    solution: Solution | None = field(default=None, compare=False)
    counted: Counts | None = field(default=None, compare=False)
    links: Links | None = field(default=None, compare=False)

    @cached_property
    def unsettled(self) -> tuple[Unsettled, ...]:
        """Routes that real daemons may settle in several ways. The first question may solve the network once more."""
        return self.solution.unsettled() if self.solution is not None else ()

    def why(self, node: str, prefix: str, table: str = "main") -> Why | None:
        """Why a node's route to a prefix is what it is: the step that decided, and the losers. None: no such route."""
        return self.solution.why(node, parse_prefix(prefix), table) if self.solution is not None else None

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """What configurations say wrongly: by themselves (names), and against each other (addresses, sessions)."""
        own = tuple(finding for device in self.devices.values() for finding in device.findings)
        addresses = tuple(self.links.neighbours.findings()) if self.links is not None else ()
        return own + addresses + (self.solution.findings() if self.solution is not None else ())

    def counts(self) -> Counts:
        """How much there is. Large fabrics know it without spelling out a route."""
        return self.counted or count(self.snapshot.nodes)

    def uncertain_entries(self) -> frozenset[tuple[str, str]]:
        """The (node, prefix) pairs that real daemons may settle in several ways, and (node, session)."""
        return frozenset((each.node, each.prefix) for each in self.unsettled)

    def unmodelled(self, nodes: Iterable[str] | None = None) -> tuple[Note, ...]:
        """Lines that the model does not know and on which routes or packets may depend; of these nodes, or of all."""
        wanted = None if nodes is None else set(nodes)
        return tuple(note for note in self.snapshot.notes if note.policy and (wanted is None or note.node in wanted))
