"""The ways into a node and out of it, as the kernels' FIBs show them."""

from collections.abc import Sequence
from ipaddress import ip_address

from harness.addresses import Neighbours, Table, is_local, owners
from sim.dataclasses import dataclass
from sim.snapshot import Snapshot
from sim.topology.model import Topology


@dataclass(frozen=True, slots=True, order=True)
class Way:
    """One interface of a node by which other nodes' routes reach it, or its own routes leave."""

    node: str
    interface: str

    def __str__(self) -> str:
        return f"{self.node}:{self.interface}"


def ways_into(node: str, topology: Topology, snapshot: Snapshot) -> tuple[Way, ...]:
    """The interfaces of `node` by which traffic comes: where other nodes' next hops arrive, and its own ECMP leaves."""
    neighbours = Neighbours(topology, snapshot)
    found: set[Way] = set()
    for name, state in snapshot.nodes.items():
        for hop in {hop for route in state.fib.values() for hop in route.next_hops if hop.via}:
            if name == node:
                continue
            found |= {Way(node, interface) for owner, interface in neighbours.ends(name, hop) if owner == node}
    for route in snapshot.nodes[node].fib.values():
        if len(route.next_hops) > 1:
            found |= {Way(node, hop.interface) for hop in route.next_hops if hop.interface}
    return tuple(sorted(found))


def ways_out(node: str, destination: str, snapshot: Snapshot, neighbours: Neighbours) -> Sequence[str]:
    """The interfaces of `node` that its route to a destination (node or address) may use."""
    state = snapshot.nodes.get(node)
    addresses = _addresses(destination, snapshot)
    if state is None or not addresses:
        return ()
    route = Table(state.fib).lookup(ip_address(addresses[0]))
    return sorted({hop.interface for hop in route.next_hops if hop.interface}) if route else ()


def _addresses(destination: str, snapshot: Snapshot) -> list[str]:
    if destination not in snapshot.nodes:
        return [destination]
    owned = owners(snapshot)
    return [a for a, places in owned.items() if not is_local(a) and any(node == destination for node, _ in places)]
