"""A flow is kept out: its packet really left, and something on the way really stopped it."""

from typing import Literal

from harness.evidence import told, trace_evidence
from harness.parameters import Flow, NodeName
from harness.verdict import Verdict, errored, failed, passed
from harness.witness import Witness
from sim.flow import Disposition, Trace

How = Literal["denied_in", "denied_out", "no_route", "null_routed", "lost"]

_KEPT_OUT = {
    Disposition.DENIED_IN,
    Disposition.DENIED_OUT,
    Disposition.NO_ROUTE,
    Disposition.NULL_ROUTED,
    Disposition.LOST,
}
_WHY_NOT = {
    Disposition.DELIVERED: "it got through",
    Disposition.REFUSED: "it reached the host, which only has no listener",
    Disposition.NO_ANSWER: "it got there; only the answer died",
    Disposition.NEIGHBOR_UNREACHABLE: "nobody is there to be kept from",
    Disposition.LOOP: "it went round in a loop until its TTL ran out",
    Disposition.TOO_BIG: "it was too big, which says nothing of smaller ones",
}


def denied(witness: Witness, flow: Flow, by: NodeName | None = None, how: How | None = None) -> Verdict:
    """A packet of the flow leaves its source and is stopped on the way: by a filter, a null route, or a missing route.

    Not the opposite of `delivered`: a destination that is dead, refuses, or can not answer was not protected, and this
    fails. `by` is the node that must have stopped it; `how` the disposition (denied_in, denied_out, no_route,
    null_routed, lost). A source that has no route of its own counts only where `how` or `by` says so.
    """
    trace = witness.trace(flow)
    evidence = trace_evidence([trace])
    if _never_left(trace):
        return errored(f"{told(trace)}; the probe never left {_source(trace)}, so nothing was learnt", traces=evidence)
    if trace.disposition not in _KEPT_OUT:
        return failed(f"{told(trace)}; expected it to be denied, but {_WHY_NOT[trace.disposition]}", traces=evidence)
    if trace.disposition is Disposition.NO_ROUTE and trace.where == _source(trace) and not (how or by):
        return failed(f"{told(trace)}; it never left, so nothing kept it out", traces=evidence)
    if how is not None and trace.disposition != how:
        return failed(f"{told(trace)}; expected {how}", traces=evidence)
    if by is not None and trace.where != by:
        return failed(f"{told(trace)}; expected {by} to stop it", traces=evidence)
    return passed(told(trace), traces=evidence)


def _source(trace: Trace) -> str:
    return trace.flow.source.partition(":")[0]


def _never_left(trace: Trace) -> bool:
    """Lost with no node having seen it: an instrument that sent nothing looks the same."""
    return trace.disposition is Disposition.LOST and not any(len(path) > 0 for path in trace.paths)
