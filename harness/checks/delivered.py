"""A flow gets there, and its answer comes back."""

from harness.evidence import told, trace_evidence
from harness.parameters import Address, Flow
from harness.verdict import Verdict, failed, passed
from harness.witness import Witness


def delivered(witness: Witness, flow: Flow, answer_from: Address | None = None) -> Verdict:
    """A packet of the flow reaches its destination and is answered.

    `answer_from` is the address that the answer must come from. Where it fails, a second packet is watched on every
    node, to say where it died and why.
    """
    [probe] = witness.traces([flow])
    if not probe.delivered:
        watched = witness.trace(flow)
        if watched.delivered:
            said = f"{flow}: {probe.disposition}, though a second packet was delivered"
            return failed(said, traces=trace_evidence([probe, watched]))
        return failed(told(watched), traces=trace_evidence([watched]))
    if answer_from is not None and probe.answer_from != answer_from:
        said = f"{flow}: answered from {probe.answer_from}; expected {answer_from}"
        return failed(said, traces=trace_evidence([probe]))
    return passed(told(probe), traces=trace_evidence([probe]))
