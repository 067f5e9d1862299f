"""Paper as a Ground: the solved network as packets meet it, and `trace` on it."""

from collections.abc import Collection, Mapping, Sequence
from functools import cached_property

from sim.address import Address, Prefix, parse_address, parse_prefix
from sim.dataclasses import replace
from sim.device import Device
from sim.flow import Flow, Hop, Trace
from sim.links import Links, solve_links
from sim.paper import Paper
from sim.routing.listening import listeners_of
from sim.routing.rules import policy_rules
from sim.snapshot import Interface, NextHop, NodeState, Route
from sim.topology.model import Topology
from sim.trace.fib import Query, fib_of
from sim.trace.ground import End, Site
from sim.trace.tracing import path_on, trace_on

STAND_IN = parse_address("169.254.0.1")
"""What FRR's zebra names as IPv4 next hop on an unnumbered link, with a neighbour entry of its own (RFC 5549)."""


class PaperGround:
    """A solved network. Nodes are looked at when a packet first comes to them."""

    def __init__(self, paper: Paper, links: Links | None = None, doubting: bool = False) -> None:
        self.paper, self.doubting = paper, doubting
        self.links = links or paper.links or solve_links(paper.topology, paper.devices)
        self._sites: dict[str, Site] = {}
        self._ways: dict[tuple[End, End], tuple[End, ...]] = {}

    @property
    def topology(self) -> Topology:
        """The network as drawn."""
        return self.paper.topology

    def site(self, node: str) -> Site:
        """One node."""
        if node not in self._sites:
            off = frozenset(name for name, face in self.links.faces.get(node, {}).items() if not face.on)
            device = self.links.devices[node]
            state = self.paper.snapshot.nodes.get(node) or self._beside(node)
            unsettled = self._unsettled.get(node, {})
            self._sites[node] = Site(node, _as_configured(state, device), device.filter, off, unsettled)
        return self._sites[node]

    @cached_property
    def _unsettled(self) -> Mapping[str, Mapping[Prefix, str]]:
        """By node; asked for only where a trace is to doubt, since the answer may solve the network again."""
        found: dict[str, dict[Prefix, str]] = {}
        for each in (each for each in self.paper.unsettled if not each.is_session) if self.doubting else ():
            found.setdefault(each.node, {})[parse_prefix(each.prefix)] = each.why
        return found

    def answering(self, node: str, interface: str, address: Address) -> Sequence[End]:
        """Who has the address on that segment, or vouches for it."""
        if address == STAND_IN:
            return self.links.across(node, interface)
        return self.links.answering(node, interface, address, self._reaches)

    def way(self, start: End, target: End) -> Sequence[End]:
        """The interfaces between two ends of a segment: bridges' ports, VLANs, bonds."""
        if self.links.far.get(start) == target:
            return start, target
        if (start, target) not in self._ways:
            self._ways[start, target] = self.links.wires().way(start, target) or (start, target)
        return self._ways[start, target]

    def _beside(self, node: str) -> NodeState:
        """A place that no snapshot tells of: the lab's host side, with its connected routes alone."""
        routes = (
            Route(str(each.prefix), "kernel", (NextHop(None, each.interface),), source=each.source and str(each.source))
            for each in self.links.connected(node)
        )
        faces = self.links.faces[node].values()
        return NodeState(
            interfaces={
                face.name: Interface(face.name, tuple(map(str, face.addresses)), face.up, face.mtu_bytes)
                for face in faces
            },
            fib={route.prefix: route for route in routes},
        )

    def _reaches(self, node: str, address: Address) -> Collection[str]:
        """The interfaces by which a node's routes lead to an address."""
        choice = fib_of(self.site(node)).choose(Query(address))
        return {hop.interface or "" for hop in choice.hops}


def _as_configured(state: NodeState, device: Device) -> NodeState:
    """The state with what the device says of listeners, parameters and policy rules, where it does not tell itself."""
    listeners = state.listeners or listeners_of(device)
    sysctls = {**device.sysctls, **state.sysctls}
    return replace(state, listeners=listeners, sysctls=sysctls, rules=state.rules or tuple(policy_rules(device.rules)))


_LATEST: list[PaperGround] = []


def ground_of(paper: Paper, doubting: bool = False) -> PaperGround:
    """The paper as a Ground; that of the paper asked last is kept, since many flows are traced on one."""
    if not _LATEST or _LATEST[0].paper is not paper or _LATEST[0].doubting is not doubting:
        _LATEST[:] = [PaperGround(paper, doubting=doubting)]
    return _LATEST[0]


def trace(
    paper: Paper, flow: Flow, size_bytes: int | None = None, via: str | None = None, doubting: bool = False
) -> Trace:
    """What becomes of the flow's packet and of the answer to it.

    `size_bytes` is the length of the IP packet, sent with DF; `via`, an interface of the sender, forces the first
    link; `doubting` makes a trace unsure that takes an unsettled route (`Paper.unsettled`, which may solve the network
    again). SimError where the flow can not be sent.
    """
    return trace_on(ground_of(paper, doubting), flow, size_bytes, via)


def path(paper: Paper, flow: Flow) -> tuple[Hop, ...] | None:
    """The one path that the flow takes; None where a choice among next hops on its way is not known."""
    return path_on(ground_of(paper), flow)
