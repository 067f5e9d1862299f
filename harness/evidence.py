"""Traces as people read them, and as evidence in a Verdict."""

from collections.abc import Iterable
from typing import Any

from sim.flow import Disposition, Hop, Trace


def told(trace: Trace) -> str:
    """A trace in one line: the flow, how it ended, where and why."""
    where = f" at {trace.where}" if trace.where and trace.disposition is not Disposition.DELIVERED else ""
    why = f": {trace.why}" if trace.why and trace.disposition is not Disposition.DELIVERED else ""
    return f"{trace.flow}: {trace.disposition}{where}{why}"


def trace_evidence(traces: Iterable[Trace]) -> list[dict[str, Any]]:
    """Traces ready for JSON, each with its hops."""
    return [
        {
            "flow": str(trace.flow),
            "disposition": str(trace.disposition),
            "where": trace.where,
            "why": trace.why,
            "answer_from": trace.answer_from,
            "round_trip_s": trace.round_trip_s,
            "paths": [[_hop(hop) for hop in path] for path in trace.paths],
        }
        for trace in traces
    ]


def _hop(hop: Hop) -> dict[str, str | None]:
    return {"node": hop.node, "incoming": hop.incoming, "outgoing": hop.outgoing}
