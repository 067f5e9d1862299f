"""Paper: a solved network. What `solve()` gives, what `trace()` walks through, and what a check compares with a lab."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sim.counts import Counts, count
from sim.device import Device
from sim.snapshot import Note, Snapshot
from sim.topology.model import Topology


@dataclass(frozen=True, slots=True)
class Unsettled:
    """A route that real daemons may settle in several ways (an oldest-route tie, a dispute wheel), and why."""

    node: str
    prefix: str
    why: str


@dataclass(frozen=True, slots=True)
class Paper:
    """A solved network. `snapshot` is what should be, in the very form in which a lab is observed."""

    topology: Topology
    devices: Mapping[str, Device]
    snapshot: Snapshot
    unsettled: tuple[Unsettled, ...] = ()
    counted: Counts | None = field(default=None, compare=False)

    def counts(self) -> Counts:
        """How much there is. Large fabrics know it without spelling out a route."""
        return self.counted or count(self.snapshot.nodes)

    def uncertain_entries(self) -> frozenset[tuple[str, str]]:
        """The (node, prefix) pairs that real daemons may settle in several ways."""
        return frozenset((each.node, each.prefix) for each in self.unsettled)

    def unmodelled(self, nodes: Iterable[str] | None = None) -> tuple[Note, ...]:
        """Lines that the model does not know and on which routes or packets may depend; of these nodes, or of all."""
        wanted = None if nodes is None else set(nodes)
        return tuple(note for note in self.snapshot.notes if note.policy and (wanted is None or note.node in wanted))
