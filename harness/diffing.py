"""`fabriclab diff`: where a lab parts from its files; and what a change of files changes, before anyone pushes it.

Two networks on paper are compared entry by entry (interfaces, routes, sessions), and by the fate of every flow that
either of them has a name for, so that a change of a filter shows as what it opens and what it closes.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from harness.agreement import Difference, differences
from harness.evidence import told
from harness.generations import Generations
from harness.observe import observe
from harness.sampling import every_flow
from harness.secrets import masked
from lab.lab import Lab
from sim.dataclasses import dataclass
from sim.devices import read_devices
from sim.flow import Disposition, Flow, Trace
from sim.paper import Paper
from sim.solve import solve
from sim.topology.model import Topology
from sim.trace import trace

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Fate:
    """A flow that ends otherwise. `opened`: it is delivered now and was not before; `closed`: the other way round."""

    flow: Flow
    before: Trace
    now: Trace

    @property
    def kind(self) -> str:
        """opened, closed or changed."""
        if self.before.delivered == self.now.delivered:
            return "changed"
        return "opened" if self.now.delivered else "closed"

    def to_json(self) -> Mapping[str, Any]:
        """For the JSON document."""
        return {
            "flow": str(self.flow),
            "kind": self.kind,
            "before": told(self.before).removeprefix(f"{self.flow}: "),
            "now": told(self.now).removeprefix(f"{self.flow}: "),
        }


@dataclass(frozen=True, slots=True)
class Parting:
    """What parts two networks, called `sides`. `flows` is how many were walked."""

    sides: tuple[str, str]
    entries: tuple[Difference, ...]
    fates: tuple[Fate, ...] = ()
    flows: int = 0
    notes: tuple[str, ...] = ()

    @property
    def exit_status(self) -> int:
        """1 where they differ, as diff(1) has it."""
        return 1 if self.entries or self.fates else 0

    def to_json(self) -> Mapping[str, Any]:
        """The JSON document."""
        one, other = self.sides
        return {
            "differences": [
                {"node": each.node, "what": each.what, "key": each.key, one: each.one, other: each.other}
                for each in self.entries
            ],
            "flows": [each.to_json() for each in self.fates],
            "flows_walked": self.flows,
            "notes": list(self.notes),
        }


def lab_against_paper(lab: Lab, progress: Progress = lambda _: None) -> Parting:
    """Where a running lab parts from what its files should make of it now."""
    progress("the lab")
    observed = observe(lab)
    progress("paper")
    paper = solve(lab.topology, read_devices(Generations(lab).told(lab.topology)))
    found = differences(paper.snapshot, observed, besides=paper.uncertain_entries())
    return Parting(("paper", "lab"), tuple(found), notes=_notes(paper))


def paper_against_paper(old: Topology, new: Topology, most: int, progress: Progress = lambda _: None) -> Parting:
    """What parts two networks on paper; `most` flows are walked at the most. ConfigError where a file is wrong."""
    progress("the old network")
    before = solve(old, read_devices(old))
    progress("the new network")
    now = solve(new, read_devices(new))
    flows = _flows(old, new, most)
    progress(f"{len(flows)} flows")
    entries = tuple(differences(before.snapshot, now.snapshot))
    return Parting(("before", "now"), entries, tuple(_fates(before, now, flows)), len(flows), _notes(now))


def _notes(paper: Paper) -> tuple[str, ...]:
    return tuple(masked(f"{note.place}: {note.text}") for note in paper.snapshot.notes)


def _flows(old: Topology, new: Topology, most: int) -> list[Flow]:
    """Flows that both networks can be asked, those to services first."""
    nodes = old.nodes.keys() & new.nodes.keys()
    both = dict.fromkeys((*every_flow(old), *every_flow(new)))
    named = [flow for flow in both if flow.source in nodes and (flow.destination in nodes or "." in flow.destination)]
    return sorted(named, key=lambda flow: flow.protocol == "icmp")[:most]


def _fates(before: Paper, now: Paper, flows: Iterable[Flow]) -> Iterator[Fate]:
    for flow in flows:
        fate = Fate(flow, trace(before, flow), trace(now, flow))
        if _ending(fate.before) != _ending(fate.now):
            yield fate


def _ending(trace: Trace) -> tuple[Disposition, str | None]:
    return trace.disposition, None if trace.delivered else trace.where
