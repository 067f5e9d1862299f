"""No destination's packets go round in circles, whatever the ECMP hash chooses."""

from collections.abc import Iterable, Mapping
from ipaddress import ip_network

from harness.addresses import Address, Neighbours, Table, owners
from harness.verdict import Verdict, failed, passed
from harness.witness import Witness
from sim.snapshot import NextHop, RouteType, Snapshot

Graph = Mapping[str, frozenset[str]]


def loop_free(witness: Witness) -> Verdict:
    """Walking the kernels' FIBs from every node towards every destination never comes back to the same node.

    Destinations are one address of each prefix in any FIB (its first and its last, so that a more specific prefix does
    not hide the rest). Main tables only: policy routing is left out.
    """
    snapshot = witness.snapshot()
    steps = _Steps(snapshot, Neighbours(witness.topology, snapshot))
    loops: dict[str, list[str]] = {}
    destinations = _destinations(snapshot)
    for address, prefix in destinations.items():
        circle = _circle({name: steps.onward(name, address) for name in snapshot.nodes})
        if circle:
            loops.setdefault(" -> ".join([*circle, circle[0]]), []).append(prefix)
    findings = [f"{circle} for {_few(prefixes)}" for circle, prefixes in loops.items()]
    if findings:
        return failed(f"loop: {'; '.join(findings[:4])}", table=[{"loop": each} for each in findings])
    return passed(f"no loop from {len(snapshot.nodes)} nodes towards {len(destinations)} destinations")


def _destinations(snapshot: Snapshot) -> dict[Address, str]:
    """Representative addresses, each with the prefix it stands for."""
    found: dict[Address, str] = {}
    for prefix in {prefix for state in snapshot.nodes.values() for prefix in state.fib}:
        network = ip_network(prefix)
        if not (network.is_link_local or network.is_multicast):
            found.setdefault(network[1] if network.num_addresses > 2 else network[0], prefix)
            found.setdefault(network[-2] if network.num_addresses > 2 else network[-1], prefix)
    return found


class _Steps:
    """Where a packet for an address goes from a node: the nodes of every ECMP member."""

    def __init__(self, snapshot: Snapshot, neighbours: Neighbours) -> None:
        self._tables = {name: Table(state.fib) for name, state in snapshot.nodes.items() if state.running}
        self._owners = owners(snapshot)
        self._neighbours = neighbours
        self._known: dict[tuple[str, NextHop], frozenset[str]] = {}

    def onward(self, name: str, address: Address) -> frozenset[str]:
        """The nodes it goes to next; none where it ends, is dropped, or leaves the drawing."""
        route = self._tables[name].lookup(address) if name in self._tables else None
        arrived = any(owner == name for owner, _ in self._owners.get(str(address), ()))
        if route is None or route.type is not RouteType.UNICAST or arrived:
            return frozenset()
        return frozenset().union(*(self._by(name, hop, address) for hop in route.next_hops))

    def _by(self, name: str, hop: NextHop, address: Address) -> frozenset[str]:
        if hop.via is None:
            return self._neighbours.nodes(name, hop, address)
        if (name, hop) not in self._known:
            self._known[name, hop] = self._neighbours.nodes(name, hop)
        return self._known[name, hop]


def _circle(graph: Graph) -> list[str]:
    """The nodes of a circle in the graph, in order; empty when there is none. Depth first, three colours."""
    done: set[str] = set()
    for start in graph:
        trail: list[str] = []
        branches: list[Iterable[str]] = [iter([start])]
        while branches:
            node = next(iter(branches[-1]), None)
            if node is None:
                branches.pop()
                if trail:
                    done.add(trail.pop())
            elif node in trail:
                return trail[trail.index(node) :]
            elif node not in done:
                trail.append(node)
                branches.append(iter(graph.get(node, frozenset())))
    return []


def _few(prefixes: list[str]) -> str:
    shown = ", ".join(sorted(set(prefixes))[:4])
    return shown + (f" and {len(set(prefixes)) - 4} more" if len(set(prefixes)) > 4 else "")
