"""What the lab shows is what the simulator says."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from harness.agreement import differences
from harness.evidence import told
from harness.parameters import NodeName
from harness.sampling import sampled_flows
from harness.verdict import Verdict, failed, passed, skipped
from harness.witness import Witness
from sim.flow import Disposition, Flow, Trace
from sim.paper import Paper
from sim.trace import trace

Flows = Annotated[int, Field(ge=0, le=100_000)]


def agrees(witness: Witness, node: NodeName | None = None, flows: Flows = 60) -> Verdict:
    """Interfaces, routes of every table, sessions and reachability are as the simulator derives them from the files.

    Routes are compared entry by entry with their exact next hops, IPv4 and IPv6; sessions by being up; and `flows`
    flows (a sample of node to node and node to service) by whether they are delivered, refused, or neither. `node`
    narrows the comparison to one node. Where the files say something that the model does not know, the answer is SKIP;
    so it is on paper, where there is no lab. What real daemons may settle in several ways is not judged, and counted.
    """
    paper = witness.paper()
    if witness.snapshot() is paper.snapshot:
        return skipped("on paper there is no lab to agree with")
    nodes = None if node is None else [node]
    unsettled = paper.uncertain_entries()  # which takes its time: before the lab is looked at
    found = [each.told() for each in differences(paper.snapshot, witness.snapshot(), nodes, unsettled)]
    asked = [each for each in sampled_flows(witness.topology, flows) if node in (None, each.source)]
    ours: list[Trace] = []
    if not found:  # packets take the routes: where these differ, they have nothing to add
        ours = [trace(paper, each, doubting=True) for each in asked]
        found += _parted(asked, ours, witness.traces(asked))
    unknown = [str(note.place) + ": " + note.text for note in paper.unmodelled(nodes)]
    if found and unknown:
        return skipped(f"the model does not know {unknown[0]}", table=found, notes=unknown)
    if found:
        more = f"; and {len(found) - 3} more" if len(found) > 3 else ""
        return failed(f"{len(found)} differences: {'; '.join(found[:3])}{more}", table=found)
    return passed(f"{_counted(paper, nodes)}, and {len(asked)} flows are as they should be{_left_out(paper, ours)}")


def _left_out(paper: Paper, traces: Sequence[Trace]) -> str:
    """What was not compared, because real daemons or hosts may settle it in several ways."""
    routes, flows = len(paper.uncertain_entries()), sum(bool(each.unsure) for each in traces)
    return f"; not judged: {routes} unsettled routes, {flows} flows that hang on chance" if routes or flows else ""


def _parted(flows: Sequence[Flow], ours: Sequence[Trace], theirs: Sequence[Trace]) -> list[str]:
    """Flows that ended as on no way that paper knows. Which of equal ways a packet takes is left to the kernel."""
    return [
        f"{flow}: paper: {told(one).removeprefix(f'{flow}: ')}; packets: {told(other).removeprefix(f'{flow}: ')}"
        for flow, one, other in zip(flows, ours, theirs, strict=True)
        if _ending(other.disposition) not in set(map(_ending, one.endings)) and not one.unsure
    ]


def _ending(disposition: Disposition) -> str:
    """How a flow ended, as far as one packet tells without being watched."""
    known = (Disposition.DELIVERED, Disposition.REFUSED)
    return str(disposition) if disposition in known else "not delivered"


def _counted(paper: Paper, nodes: Sequence[str] | None) -> str:
    states = [state for name, state in paper.snapshot.nodes.items() if nodes is None or name in nodes]
    routes = sum(len(state.fib) + sum(map(len, state.tables.values())) for state in states)
    return f"{routes} routes and {sum(len(state.sessions) for state in states)} sessions of {len(states)} nodes"
