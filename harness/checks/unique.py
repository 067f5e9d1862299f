"""What must not occur twice: router ids and addresses."""

from collections import defaultdict

from harness.addresses import is_local, owners
from harness.parameters import Address
from harness.verdict import Verdict, failed, passed
from harness.witness import Witness
from sim.snapshot import Snapshot


def unique(witness: Witness, anycast: list[Address] | None = None) -> Verdict:
    """No two nodes have the same router id, and no address is on two nodes, except those listed as `anycast`.

    Addresses of loopback and link-local scope do not count.
    """
    snapshot = witness.snapshot()
    ids = {router_id: nodes for router_id, nodes in _router_ids(snapshot).items() if len(nodes) > 1}
    ends = {address: places for address, places in owners(snapshot).items() if not is_local(address)}
    nodes = {address: sorted({node for node, _ in places}) for address, places in ends.items()}
    twice = {address: names for address, names in nodes.items() if len(names) > 1 and address not in (anycast or [])}
    findings = [f"router id {router_id} on {', '.join(sorted(names))}" for router_id, names in sorted(ids.items())]
    findings += [f"address {address} on {', '.join(names)}" for address, names in sorted(twice.items())]
    if findings:
        return failed("; ".join(findings), table=[{"finding": each} for each in findings])
    return passed(f"{len(_router_ids(snapshot))} router ids and {len(nodes)} addresses, each on one node")


def _router_ids(snapshot: Snapshot) -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for name, state in snapshot.nodes.items():
        for router_id in state.router_ids.values() if state.running else ():
            if router_id != "0.0.0.0":
                found[router_id].add(name)
    return found
