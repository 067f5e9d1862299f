"""Every routing session that the configurations ask for is up."""

from typing import Literal

from harness.parameters import NodeName
from harness.verdict import Verdict, failed, passed
from harness.witness import Witness
from sim.snapshot import Session

Protocol = Literal["bgp", "ospf", "ospf6", "bfd"]


def sessions(
    witness: Witness, node: NodeName | None = None, protocol: Protocol | None = None, exactly: int | None = None
) -> Verdict:
    """Every BGP, OSPF and BFD session that the configurations ask for is up, and there is at least one.

    `node` and `protocol` narrow the question. `exactly` is how many there must be (each end counts its own).
    """
    found = [
        (name, session)
        for name, state in witness.snapshot().nodes.items()
        for session in state.sessions
        if node in (None, name) and protocol in (None, session.protocol)
    ]
    down = [(name, session) for name, session in found if not session.up]
    table = [_row(name, session) for name, session in found]
    if not found:
        return failed("no session is asked for; expected at least one", table=table)
    if down:
        told = "; ".join(_told(name, session) for name, session in down[:6])
        more = f"; and {len(down) - 6} more" if len(down) > 6 else ""
        return failed(f"{len(down)} of {len(found)} sessions are down: {told}{more}", table=table)
    if exactly is not None and len(found) != exactly:
        return failed(f"{len(found)} sessions are up; expected exactly {exactly}", table=table)
    return passed(f"all {len(found)} sessions are up", table=table)


def _told(name: str, session: Session) -> str:
    return f"{name} {session.protocol} {session.peer} {session.state}"


def _row(name: str, session: Session) -> dict[str, object]:
    return {
        "node": name,
        "protocol": session.protocol,
        "peer": session.peer,
        "state": session.state,
        "up": session.up,
        "prefixes received": session.prefixes_received,
    }
