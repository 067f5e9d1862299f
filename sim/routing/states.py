"""The solved network in the form in which a lab is observed, node by node, each when it is asked for."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from sim.address import Prefix
from sim.device import Device
from sim.filters.text import filter_rules
from sim.links import Links
from sim.links.face import Face
from sim.routing import KernelRoute, Peering, Suite
from sim.routing.bfd import Watch, matched
from sim.routing.kernel import Kernel, Table, used
from sim.routing.listening import listeners_of
from sim.routing.meeting import Failure
from sim.routing.ospf.adjacency import DOWN, Adjacency
from sim.routing.ospf.domain import Domain
from sim.routing.rules import policy_rules
from sim.routing.values import Hop
from sim.snapshot import Interface, NextHop, NodeState, Route, Session
from sim.surroundings.management import ON_PAPER

if TYPE_CHECKING:  # the level engine shows states without it
    from sim.routing.engine import Engine


class Settled(Protocol):
    """What an engine has come to, for some nodes at least: kernels, suites by node and daemon, sessions up and down."""

    links: Links
    devices: Mapping[str, Device]
    kernels: Mapping[str, Kernel]
    suites: Mapping[tuple[str, str], Suite]
    peerings: Mapping[int, tuple[tuple[str, str], Peering]]
    failures: Sequence[Failure]
    domains: Sequence[Domain]

    def watches(self) -> Iterable[Watch]:
        """The BFD sessions that somebody wants."""
        ...

    def hear(self, one: Watch, other: Watch) -> bool:
        """Whether the BFD packets of both sides pass."""
        ...


class NodeStates(Mapping[str, NodeState]):
    """Every node's state; made at the first question about it, then kept."""

    def __init__(self, engine: "Engine | Settled") -> None:
        self._engine = engine
        self._made: dict[str, NodeState] = {}

    def __getitem__(self, name: str) -> NodeState:
        if name not in self._made:
            self._made[name] = self._state(name)
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._engine.links.topology.nodes)

    def __len__(self) -> int:
        return len(self._engine.links.topology.nodes)

    def _state(self, name: str) -> NodeState:
        engine = self._engine
        tables = {each: fib(table) for each, table in engine.kernels[name].tables.items()}
        suites = [suite for (node, _), suite in engine.suites.items() if node == name]
        prefixes = {prefix for suite in suites for prefix in suite.bgp_prefixes()}
        return NodeState(
            interfaces={
                face.name: _interface(face) for face in engine.links.faces[name].values() if ON_PAPER not in face.name
            },
            fib=tables.pop("main", {}),
            tables=tables,
            rules=tuple(policy_rules(engine.devices[name].rules)),
            sessions=self._sessions.get(name, ()),
            listeners=listeners_of(engine.devices[name]),
            filters=filter_rules(engine.devices[name].filter.tables),
            sysctls=engine.links.sysctls(name),
            router_ids={key: value for suite in suites for key, value in suite.router_ids().items()},
            bgp_prefixes=tuple(sorted(map(str, prefixes))),
        )

    @cached_property
    def _sessions(self) -> dict[str, tuple[Session, ...]]:
        """Sessions by node: those that are up, and those that are not."""
        found: dict[str, list[Session]] = {}
        for number, (place, peering) in self._engine.peerings.items():
            end = peering.end
            session = Session(
                protocol="bgp",
                peer=end.interface or str(peering.peer),
                state="Established",
                up=True,
                remote_as=peering.remote_as,
                local=str(peering.local),
                interface=end.interface,
                vrf=end.vrf,
                daemon=end.daemon,
                prefixes_received=self._engine.suites[place].received(number),
            )
            found.setdefault(end.node, []).append(session)
        for domain in self._engine.domains:
            for each in domain.adjacencies:
                found.setdefault(each.router.node, []).append(_adjacency(each))
        for watch, up in matched(self._engine.watches(), self._engine.hear).items():
            found.setdefault(watch.node, []).append(_watch(watch, up))
        for failure in self._engine.failures:
            end = failure.end
            peer = end.interface or str(end.peer)
            down = Session("bgp", peer, failure.state, False, end.remote_as, interface=end.interface, vrf=end.vrf)
            found.setdefault(end.node, []).append(down)
        return {name: tuple(sorted(each, key=lambda session: session.peer)) for name, each in found.items()}


def _watch(watch: Watch, up: bool) -> Session:
    return Session(
        protocol="bfd",
        peer=str(watch.peer),
        state="Up" if up else "Down",
        up=up,
        local=None if watch.daemon == "bird" else str(watch.local),  # `show bfd sessions` has none
        interface=watch.interface,
        vrf=watch.vrf,
        daemon=watch.daemon,
    )


def _adjacency(each: Adjacency) -> Session:
    """An OSPF neighbour as a session: version 2 knows it by its address, version 3 by its router id."""
    second = each.router.version == 2
    role = f"/{each.role}" if second and each.state != DOWN else ""
    return Session(
        protocol="ospf" if second else "ospf6",
        peer=str(each.far.next_hop if second else each.far_router.router_id),
        state=each.state + role,
        up=each.up,
        local=str(each.circuit.next_hop) if second and each.state != DOWN else None,
        interface=each.circuit.port,
        vrf=each.router.vrf,
        daemon=each.router.daemon,
    )


def fib(table: Table) -> dict[str, Route]:
    """A kernel table as a Snapshot has it; IPv6 link-local networks are left out there."""
    return {str(prefix): _route(prefix, used(owners)) for prefix, owners in table.items()}


def _route(prefix: Prefix, route: KernelRoute) -> Route:
    hops = sorted(map(_hop, route.hops), key=lambda hop: (hop.via or "", hop.interface or "", hop.weight))
    return Route(
        prefix=str(prefix),
        protocol=route.protocol,
        next_hops=tuple(hops),
        type=route.type,
        metric=route.metric,
        preference=route.preference,
        source=None if route.source is None else str(route.source),
    )


def _hop(hop: Hop) -> NextHop:
    return NextHop(None if hop.via is None else str(hop.via), hop.interface, hop.weight)


def _interface(face: Face) -> Interface:
    own = tuple(map(str, face.addresses))
    if face.link_local is not None and face.on:
        own = (*own, f"{face.link_local}/64")
    return Interface(face.name, own, face.up, face.mtu_bytes, face.mac, face.device, face.master)
