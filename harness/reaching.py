"""Who reaches what, on paper: each declared service (and each node's own address) with those who get there, and how."""

from collections.abc import Mapping, Sequence
from typing import Any

from harness.evidence import told
from harness.sampling import every_flow
from sim.dataclasses import dataclass
from sim.errors import SimError
from sim.flow import Flow, Trace
from sim.paper import Paper
from sim.trace import trace

Target = tuple[str, str, int | None]  # destination, protocol, port


@dataclass(frozen=True, slots=True)
class Reach:
    """One target: the nodes that get there and back, each with the paths that its packets may take; and why others do
    not."""

    target: str
    reached_by: Mapping[str, Sequence[Sequence[str]]]
    closed_to: Mapping[str, str]

    def to_json(self) -> Mapping[str, Any]:
        """For the JSON document."""
        paths = {name: [list(path) for path in found] for name, found in self.reached_by.items()}
        return {"target": self.target, "reached_by": paths, "closed_to": dict(self.closed_to)}


@dataclass(frozen=True, slots=True)
class Reached:
    """Every target."""

    targets: tuple[Reach, ...]

    def to_json(self) -> Mapping[str, Any]:
        """The JSON document."""
        return {"targets": [each.to_json() for each in self.targets]}


def reached(paper: Paper, services_only: bool = False) -> Reached:
    """Walk every node's flow to every service, and (unless `services_only`) to every other node's own address."""
    found: dict[Target, list[tuple[str, Trace | SimError]]] = {}
    for flow in every_flow(paper.topology):
        if flow.protocol != "icmp" or not services_only:
            key = (flow.destination, flow.protocol, flow.dport)
            found.setdefault(key, []).append((flow.source, _walked(paper, flow)))
    return Reached(tuple(_reach(target, ends) for target, ends in found.items()))


def _walked(paper: Paper, flow: Flow) -> Trace | SimError:
    try:
        return trace(paper, flow)
    except SimError as error:
        return error


def _reach(target: Target, ends: Sequence[tuple[str, Trace | SimError]]) -> Reach:
    destination, protocol, port = target
    by: dict[str, Sequence[Sequence[str]]] = {}
    closed: dict[str, str] = {}
    for source, end in ends:
        if isinstance(end, SimError):
            closed[source] = str(end)
        elif end.delivered:
            by[source] = sorted({tuple(hop.node for hop in path) for path in end.paths})
        else:
            closed[source] = told(end).removeprefix(f"{end.flow}: ")
    return Reach(f"{destination} {protocol}" + (f"/{port}" if port else ""), by, closed)
