"""The nodes that a flow passes."""

from harness.evidence import told, trace_evidence
from harness.parameters import Flow, NodeName
from harness.verdict import Verdict, failed, passed
from harness.witness import Witness
from sim.flow import Trace
from sim.topology.model import Kind, Topology


def path(
    witness: Witness,
    flow: Flow,
    through: list[NodeName | list[NodeName]] | None = None,
    exactly: list[list[NodeName]] | None = None,
    avoid: list[NodeName] | None = None,
) -> Verdict:
    """A packet of the flow is delivered and goes the expected way (bridges do not count as nodes).

    `through` lists nodes in the order they are passed; a list in it is a choice (`[leaf1, [spine1, spine2], leaf2]`).
    `exactly` is the set of whole paths, source and destination included, of which the packet must take one: under ECMP
    a path is a set. `avoid` names nodes it must not pass.
    """
    trace = witness.trace(flow)
    if not trace.delivered:
        return failed(told(trace), traces=trace_evidence([trace]))
    routes = [_nodes(trace, index, witness.topology) for index in range(len(trace.paths))]
    wrong = [said for route in routes for said in _wrong(route, through, exactly, avoid or [])]
    text = f"{flow}: {'; '.join(' -> '.join(route) for route in routes)}"
    if wrong:
        return failed(f"{text}; expected {'; '.join(wrong)}", traces=trace_evidence([trace]))
    return passed(text, traces=trace_evidence([trace]))


def _nodes(trace: Trace, index: int, topology: Topology) -> list[str]:
    bridges = {name for name, node in topology.nodes.items() if node.kind is Kind.BRIDGE}
    return [hop.node for hop in trace.paths[index] if hop.node not in bridges]


def _wrong(
    route: list[str], through: list[str | list[str]] | None, exactly: list[list[str]] | None, avoid: list[str]
) -> list[str]:
    wrong = [f"not by {name}" for name in avoid if name in route]
    if through is not None and not _passes(route, [[each] if isinstance(each, str) else each for each in through]):
        wrong.append("through " + ", ".join(each if isinstance(each, str) else "/".join(each) for each in through))
    if exactly is not None and route not in exactly:
        wrong.append("one of " + ", ".join(" -> ".join(each) for each in exactly))
    return wrong


def _passes(route: list[str], choices: list[list[str]]) -> bool:
    """Whether the route passes one node of each choice, in order."""
    ahead = iter(route)
    return all(any(name in choice for name in ahead) for choice in choices)
