"""Failures of any network: solved anew by the general engine, and walked again where something on the way has changed.

A pair is a Flow: from each node that owns a loopback address or a service, and from each workload, to each declared
service, and to the loopback address of whoever declares none. Who has a loopback address speaks from it: that of a
cable need not be known to others, and no answer would come back. A flow passes nodes; where none of them has another
state than before, it takes the same way, and is not walked again.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from sim.dataclasses import dataclass
from sim.device import Device
from sim.flow import Disposition, Flow, Trace
from sim.paper import Paper
from sim.snapshot import NodeState
from sim.solve import solve
from sim.sweep.effect import Effect, Pair
from sim.sweep.failures import Element, Failure
from sim.topology.facts import Service
from sim.topology.model import Kind, Node, Topology
from sim.trace import trace

_HOLES = (Disposition.NO_ROUTE, Disposition.NULL_ROUTED, Disposition.NEIGHBOR_UNREACHABLE)


@dataclass(frozen=True, slots=True)
class _Way:
    """One pair's flow on the whole network, and the nodes that it passes."""

    flow: Flow
    target: str
    node: str  # the target's
    before: Disposition
    passed: frozenset[str]


class WholeExaminer:
    """The failures of one network. `engine` tells of the general one."""

    engine = "general"

    def __init__(self, topology: Topology, devices: Mapping[str, Device], paper: Paper | None = None) -> None:
        self.topology, self.devices = topology, devices
        paper = paper or solve(topology, devices)
        self._states = dict(paper.snapshot.nodes)
        self.ways = [_way(paper, *each) for each in _flows(topology, self._states)]
        self.pairs = sum(way.before is Disposition.DELIVERED for way in self.ways)
        self.separate = len(self.ways) - self.pairs

    def effects(self, failures: Sequence[Failure]) -> list[Effect]:
        """What each failure does."""
        return [self._effect(failure) for failure in failures]

    def interacting(self, elements: Sequence[Element], size: int, known: Iterable[Failure]) -> Iterable[Failure] | None:
        """Any set may do more than its parts."""
        return None

    def pair(self, number: int) -> Pair:
        """The flow's two ends."""
        return Pair(_node(self.ways[number].flow), self.ways[number].target)

    def _effect(self, failure: Failure) -> Effect:
        topology = failed(self.topology, failure)
        paper = solve(topology, {name: each for name, each in self.devices.items() if name in topology.nodes})
        states = dict(paper.snapshot.nodes)
        changed = {name for name, state in self._states.items() if _differs(state, states.get(name))}
        kinds: dict[str, set[int]] = {"lost": set(), "opened": set(), "looping": set(), "holed": set()}
        for number, way in enumerate(self.ways):
            if _node(way.flow) in topology.nodes and way.node in topology.nodes and way.passed & changed:
                for kind in _harm(way.before, trace(paper, way.flow).disposition):
                    kinds[kind].add(number)
        return Effect(
            failure,
            **{kind: frozenset(numbers) for kind, numbers in kinds.items()},
            narrowed=sum(_narrowed(self._states[name], states[name]) for name in changed if name in states),
            solved=True,
        )


def _way(paper: Paper, flow: Flow, target: str, node: str) -> _Way:
    found = trace(paper, flow)
    return _Way(flow, target, node, found.disposition, _nodes(found) | {_node(flow), node})


def _node(flow: Flow) -> str:
    """The node that a flow comes from."""
    return flow.source.partition(":")[0]


def failed(topology: Topology, failure: Failure) -> Topology:
    """The drawing after a failure."""
    gone = [topology.links[each.number] for each in failure if each.kind == "link"]
    for link in gone:
        topology = topology.without(link)
    for each in failure:
        if each.kind == "node":
            topology = topology.without_node(each.name)
    return topology


def _flows(topology: Topology, states: Mapping[str, NodeState]) -> Iterator[tuple[Flow, str, str]]:
    """Every flow with its target in words, and the target's node."""
    targets = [each for name, node in topology.nodes.items() for each in _targets(name, node, states[name])]
    owners = {name for name, node in topology.nodes.items() if node.kind is Kind.WORKLOAD}
    owners |= {node for _, _, node in targets}
    for source in topology.nodes:
        if source in owners:
            place = f"{source}:lo" if any(_loopbacks(states[source])) else source
            yield from (
                (Flow(place, flow.destination, flow.protocol, dport=flow.dport), text, node)
                for flow, text, node in targets
                if node != source
            )


def _targets(name: str, node: Node, state: NodeState) -> Iterator[tuple[Flow, str, str]]:
    """What one node offers: its services, or else its loopback addresses."""
    services = (*node.facts.services, *(w for each in node.facts.workloads if each.name == name for w in each.services))
    for service in services:
        yield _to_service(name, service), f"{name} {service.name}", name
    if not services:
        for address in _loopbacks(state):
            yield Flow("", address), f"{name} ({address})", name


def _to_service(name: str, service: Service) -> Flow:
    protocol = "udp" if service.protocol in ("udp", "dns") else "tcp"
    return Flow("", str(service.address or name), protocol, dport=service.port)  # type: ignore[arg-type]


def _loopbacks(state: NodeState) -> Iterator[str]:
    """The addresses of lo that others can mean, one for each version."""
    found: dict[bool, str] = {}
    for each in state.interfaces["lo"].addresses if "lo" in state.interfaces else ():
        address = each.split("/")[0]
        if not address.startswith(("127.", "fe80:")) and address != "::1":
            found.setdefault(":" in address, address)
    yield from found.values()


def _nodes(found: Trace) -> frozenset[str]:
    return frozenset(hop.node for path in found.paths for hop in path) | {found.where or ""}


def _differs(one: NodeState, two: NodeState | None) -> bool:
    """Whether a packet may fare otherwise at the node."""
    return two is None or (one.fib, one.tables, one.rules, one.interfaces) != (
        two.fib,
        two.tables,
        two.rules,
        two.interfaces,
    )


def _harm(before: Disposition, now: Disposition) -> Iterator[str]:
    if before is now:
        return
    if before is Disposition.DELIVERED:
        yield "lost"
        if now is Disposition.LOOP:
            yield "looping"
        if now in _HOLES:
            yield "holed"
    elif now is Disposition.DELIVERED:
        yield "opened"


def _narrowed(one: NodeState, two: NodeState) -> int:
    """How many routes have fewer next hops than before, and some still."""
    return sum(
        0 < len(two.fib[prefix].next_hops) < len(route.next_hops)
        for prefix, route in one.fib.items()
        if prefix in two.fib
    )
