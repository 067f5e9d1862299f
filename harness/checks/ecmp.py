"""A node spreads flows over several next hops: the width in its kernel's FIB first, then what packets do."""

from collections.abc import Sequence
from ipaddress import ip_network
from typing import Annotated, Any

from pydantic import Field

from harness.addresses import Neighbours, Table
from harness.parameters import NodeName, Prefix
from harness.statistics import (
    Interval,
    balanced_within,
    chi_square,
    effective_width,
    flows_needed,
    miss_probability,
    simultaneous_intervals,
)
from harness.verdict import Verdict, errored, failed, passed
from harness.witness import Spread, Witness
from sim.snapshot import NextHop, Snapshot

Flows = Annotated[int, Field(ge=32, le=1_000_000)]
Tolerance = Annotated[float, Field(gt=0, lt=1)]

ALPHA = 1e-6
"""How seldom a fair spread may be called unfair by chance (each look; a bad look is repeated once)."""

WIDTH_SHARE = 0.95
"""The effective width, exp(entropy), that a fair spread reaches at least, as a share of what its weights give."""


def ecmp(
    witness: Witness,
    node: NodeName,
    prefix: Prefix,
    width: Annotated[int, Field(ge=1)],
    flows: Flows = 10_000,
    tolerance: Tolerance | None = None,
) -> Verdict:
    """The kernel of `node` holds `width` next hops for the prefix, and forwarded flows spread over all of them fairly.

    Width is looked up in the FIB first (longest match). Then `flows` flows of one packet each are forwarded through the
    node: every member must be seen, the counts must fit the weights (chi-square), the effective width must be near the
    full one, and each flow must go where the kernel says it will. With `tolerance` (0.1 for ten per cent) every share
    must be shown to lie that near its due. The same judge must reject a spread that uses one member, and one that uses
    half of them; else the answer is ERROR.
    """
    snapshot = witness.snapshot()
    hops = _fib_hops(snapshot, node, prefix)
    neighbours = Neighbours(witness.topology, snapshot)
    told = ", ".join(neighbours.call(node, hop) for hop in hops) or "no route"
    if len(hops) != width:
        return failed(f"{node} {prefix}: {len(hops)} next hops in the kernel ({told}); expected {width}")
    if width < 2:
        return passed(f"{node} {prefix}: one next hop in the kernel ({told})")
    weights = [hop.weight for hop in hops]
    blind = _blind(weights, flows, tolerance)
    if blind:
        text = f"{node} {prefix}: {flows} flows prove nothing: the judge accepts {blind}; take {flows_needed(width)}"
        return errored(text)
    spread = witness.spread(node, prefix, flows)
    wrong = _wrong(spread, hops, tolerance)
    if wrong:  # by chance once in a while: look again with fresh flows before saying so
        spread = witness.spread(node, prefix, flows)
        wrong = _wrong(spread, hops, tolerance)
    evidence = _evidence(spread, hops, [neighbours.call(node, hop) for hop in hops])
    shares = " / ".join(str(spread.counts.get(hop, 0)) for hop in hops)
    if spread.lost > flows // 100:
        return errored(f"{node} {prefix}: {spread.lost} of {flows} flows were not seen to leave", spread=evidence)
    if wrong:
        return failed(f"{node} {prefix}: {width} next hops in the kernel, but {wrong} ({shares})", spread=evidence)
    return passed(f"{node} {prefix}: {flows} flows over {width} next hops: {shares}", spread=evidence)


def _fib_hops(snapshot: Snapshot, node: str, prefix: str) -> list[NextHop]:
    state = snapshot.nodes[node]
    route = state.fib.get(prefix)
    if route is None:
        route = Table(state.fib).lookup(ip_network(prefix).network_address)
    return sorted(route.next_hops, key=str) if route else []


def _wrong(spread: Spread, hops: Sequence[NextHop], tolerance: float | None) -> str:
    strangers = sum(count for hop, count in spread.counts.items() if hop not in hops)
    if strangers:
        return f"{strangers} flows left by next hops that are not among them"
    if spread.mismatches:
        return f"{spread.mismatches} flows went elsewhere than the kernel says they do"
    return judge([spread.counts.get(hop, 0) for hop in hops], [hop.weight for hop in hops], tolerance)


def judge(counts: Sequence[int], weights: Sequence[float], tolerance: float | None = None) -> str:
    """What is unfair about these counts of flows; nothing when they are fair."""
    total = sum(counts)
    if total == 0:
        return "no flow was seen to leave"
    idle = sum(1 for count in counts if count == 0)
    if idle:
        chance = miss_probability(weights, total)
        return f"{idle} of {len(counts)} next hops carry no flow (chance: {chance:.1g})"
    full = effective_width([round(weight * 1_000_000) for weight in weights])
    reached = effective_width(counts)
    if reached < WIDTH_SHARE * full:
        return f"the effective width is {reached:.2f}; expected {full:.2f}"
    fit = chi_square(counts, weights)
    if fit.p_value < ALPHA:
        return f"the shares do not fit the weights: one is {fit.effect:.0%} off (P = {fit.p_value:.1g})"
    if tolerance is not None and not balanced_within(counts, weights, tolerance):
        return f"no proof that every share is within {tolerance:.0%} of its due (one is {fit.effect:.0%} off)"
    return ""


def _blind(weights: Sequence[float], flows: int, tolerance: float | None) -> str:
    """The failing controls: which spread that must be rejected this judge would accept; nothing when it sees both."""
    single = [flows] + [0] * (len(weights) - 1)
    half = max(1, len(weights) // 2)
    halved = [flows // half if index < half else 1 for index in range(len(weights))]
    seen = {"one member carrying all": single, "half of the members carrying all": halved}
    return " and ".join(name for name, counts in seen.items() if not judge(counts, weights, tolerance))


def _evidence(spread: Spread, hops: Sequence[NextHop], names: Sequence[str]) -> dict[str, Any]:
    counts = [spread.counts.get(hop, 0) for hop in hops]
    weights = [hop.weight for hop in hops]
    total = sum(counts)
    intervals = simultaneous_intervals(counts) if total else [Interval(0.0, 1.0)] * len(counts)
    fit = chi_square(counts, weights) if total else None
    return {
        "node": spread.node,
        "prefix": spread.prefix,
        "flows": total + spread.lost,
        "lost": spread.lost,
        "mismatches": spread.mismatches if spread.predicted is not None else None,
        "members": [
            {
                "next_hop": name,
                "count": count,
                "due": weight / sum(weights),
                "share": count / total if total else 0.0,
                "interval": [interval.low, interval.high],
            }
            for name, count, weight, interval in zip(names, counts, weights, intervals, strict=True)
        ],
        "effective_width": effective_width(counts),
        "p_value": fit.p_value if fit else None,
        "control": "the same judge rejects one member carrying all, and half of them carrying all",
    }
