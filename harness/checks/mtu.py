"""The largest packet that passes, to the byte."""

from typing import Annotated

from pydantic import Field

from harness.evidence import told, trace_evidence
from harness.parameters import Place, Target
from harness.verdict import Verdict, failed, passed
from harness.witness import Witness
from sim.flow import Disposition, Flow
from sim.topology.model import Kind, Topology

Bytes = Annotated[int, Field(ge=68, le=65535)]


def mtu(witness: Witness, from_: Place, to: Target, bytes: Bytes) -> Verdict:
    """An IP packet of exactly `bytes` with DF set is delivered, and one byte more is not: it is told to be too big.

    A larger packet that vanishes without a word is a black hole for path MTU discovery, and fails.
    """
    flow = Flow(from_, to, "icmp")
    fits = witness.trace(flow, size_bytes=bytes)
    over = witness.trace(flow, size_bytes=bytes + 1)
    evidence = trace_evidence([fits, over])
    if not fits.delivered:
        return failed(f"{bytes} bytes: {told(fits)}; expected it to be delivered", traces=evidence)
    if over.delivered:
        return failed(f"{from_} -> {to}: {bytes + 1} bytes pass too; expected {bytes} at most", traces=evidence)
    if over.disposition is not Disposition.TOO_BIG:
        return failed(f"{bytes + 1} bytes: {told(over)}; expected to be told that it is too big", traces=evidence)
    if over.where in _mute(witness.topology):
        said = f"{bytes + 1} bytes: {told(over)}; a bridge tells nobody: a black hole for path MTU discovery"
        return failed(said, traces=evidence)
    return passed(f"{from_} -> {to}: {bytes} bytes pass, {bytes + 1} are too big at {over.where}", traces=evidence)


def _mute(topology: Topology) -> set[str]:
    """Nodes that drop what is too big and send no ICMP about it: they have no address to send it from."""
    return {name for name, node in topology.nodes.items() if node.kind is Kind.BRIDGE}
