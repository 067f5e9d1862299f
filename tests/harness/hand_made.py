"""Small networks made by hand, and a witness that answers from them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from harness.witness import Spread
from sim.flow import Disposition, Flow, Hop, Trace
from sim.snapshot import Interface, NextHop, NodeState, Route, Snapshot
from sim.topology.model import Endpoint, Kind, Link, LinkType, Node, Topology


def topology(*cables: str, nodes: Mapping[str, Node] | None = None) -> Topology:
    """A topology from cables such as `leaf1:eth1 spine1:eth1`."""
    links = tuple(Link(LinkType.VETH, tuple(Endpoint(*end.split(":")) for end in cable.split())) for cable in cables)
    names = dict.fromkeys(end.node for link in links for end in link.endpoints)
    drawn = {name: Node(name, Kind.FRR) for name in names} | dict(nodes or {})
    return Topology("hand-made", Path("hand-made.clab.yml"), drawn, links)


def interfaces(**addresses: str) -> dict[str, Interface]:
    """Interfaces by name; underscores for nothing, spaces between addresses."""
    return {
        name: Interface(name, tuple(text.split()), device="loopback" if name == "lo" else "veth")
        for name, text in addresses.items()
    }


def via(prefix: str, *hops: str, **facts: object) -> Route:
    """A route by next hops such as `10.0.0.1%eth1` or `%eth1` (on link)."""
    found = tuple(NextHop(hop.partition("%")[0] or None, hop.partition("%")[2] or None) for hop in hops)
    return Route(prefix, str(facts.pop("protocol", "bgp")), found, **facts)  # type: ignore[arg-type]


def fib(*routes: Route) -> dict[str, Route]:
    return {route.prefix: route for route in routes}


def snapshot(**nodes: NodeState) -> Snapshot:
    return Snapshot("hand-made", "observed", nodes)


def answer(flow: Flow, disposition: Disposition = Disposition.DELIVERED, *path: str, **facts: object) -> Trace:
    """A trace through nodes."""
    paths = (tuple(Hop(name) for name in path),) if path else ()
    return Trace(flow, disposition, paths, **facts)  # type: ignore[arg-type]


@dataclass
class Told:
    """A witness that says what it was told."""

    topology: Topology
    network: Snapshot
    reply: Callable[[Flow], Trace] = answer
    spreads: list[Spread] = field(default_factory=list)
    sized: Callable[[Flow, int], Trace] | None = None
    asked: list[Flow] = field(default_factory=list)

    def snapshot(self) -> Snapshot:
        return self.network

    def traces(self, flows: Sequence[Flow]) -> Sequence[Trace]:
        self.asked += flows
        return [self.reply(flow) for flow in flows]

    def trace(self, flow: Flow, size_bytes: int | None = None, via: str | None = None) -> Trace:
        self.asked.append(flow)
        if size_bytes is not None and self.sized is not None:
            return self.sized(flow, size_bytes)
        return self.reply(flow if via is None else replace(flow, source=f"{flow.source}:{via}"))

    def spread(self, node: str, prefix: str, flows: int) -> Spread:
        return self.spreads.pop(0)
