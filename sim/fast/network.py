"""A whole network that the level engine takes: solved for both address families, each node's state made when asked for.

What is solved is which neighbours each node has for each class. How that looks on one node (its RIB, its kernel, its
sessions) is the business of the node's own suite (`sim.routing`): it is set up alone, told by its neighbours what they
would tell it, and asked. So the form of an answer does not depend on the engine that found it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property

from sim.address import Address
from sim.counts import Counts
from sim.device import Device
from sim.device.bgp import IPV4, IPV6
from sim.fast.adverts import Adverts
from sim.fast.bgp import FastBgp, read_plain, solve_plain
from sim.fast.sessions import NotPlain, Told, wiring_of
from sim.links import Links
from sim.routing import End, KernelRoute, Peering, Suite
from sim.routing.bfd import Watch
from sim.routing.frr.router_id import router_id_of
from sim.routing.ground import bare_routes, lay
from sim.routing.kernel import Kernel, used
from sim.routing.meeting import Failure, Registry, meet
from sim.routing.ospf.domain import Domain
from sim.routing.suites import suites_of
from sim.snapshot import NodeState


class FastNetwork(Mapping[str, NodeState]):
    """The states of all nodes, by name. NotPlain, with the reason, for a network that is not for this engine."""

    def __init__(self, links: Links, devices: Mapping[str, Device]) -> None:
        self.links, self.devices = links, devices
        self.ground = ground = lay(links)
        if any(device.bird is not None or device.ospf for device in devices.values()):
            raise NotPlain("BIRD or OSPF")
        speakers = {name: device for name, device in devices.items() if _speaks(device)}
        self.wiring = wiring_of(ground)
        self.solved: dict[str, FastBgp] = {}
        for family in (IPV4, IPV6):
            if any(family in neighbour.families for d in speakers.values() for neighbour in d.bgp[0].neighbours):
                self.solved[family] = solve_plain(read_plain(speakers, self.wiring, family))
        if others := [prefix for bgp in self.solved.values() for prefix in bgp.others]:
            raise NotPlain(f"{len(others)} prefixes whose best path is more than a matter of length, {others[0]} first")
        self._made: dict[str, NodeState] = {}
        self._watching: dict[str, set[str]] = {}

    def __getitem__(self, name: str) -> NodeState:
        if name not in self._made:
            from sim.routing.states import NodeStates  # counting needs none of it

            self._made[name] = NodeStates(self.alone(name))[name]
        return self._made[name]

    def alone(self, name: str) -> "_Alone":
        """One node with what its neighbours tell it, as an engine at rest that has no other."""
        return _Alone(self, name)

    def __iter__(self) -> Iterator[str]:
        return iter(self.ground)

    def __len__(self) -> int:
        return len(self.ground)

    @cached_property
    def adverts(self) -> Mapping[str, Adverts]:
        """What is told over each session, by family."""
        return {family: Adverts(bgp, self.devices, self.wiring) for family, bgp in self.solved.items()}

    def router_id(self, node: str) -> Address:
        """A speaker's."""
        device = self.devices[node]
        ports = {name: port for name, port in self.ground[node].items() if port.vrf == "default"}
        return device.bgp[0].router_id or router_id_of(device, ports)

    def has_bfd(self, node: str, key: str) -> bool:
        """Whether a node's neighbour, by the key of its End, is watched with BFD."""
        if node not in self._watching:
            suites = suites_of(self.devices[node], self.ground[node])
            self._watching[node] = {end.key for suite in suites for end in suite.ends() if end.bfd}
        return key in self._watching[node]

    @cached_property
    def down(self) -> Mapping[str, list[Failure]]:
        """Sessions that are asked for and not there, by node, each with its reason."""
        found: dict[str, list[Failure]] = {}
        if self._asked == len(self._up):
            return found
        suites = {(n, suite.daemon): suite for n in self.ground for suite in suites_of(self.devices[n], self.ground[n])}
        for (node, _), suite in suites.items():
            _show(suite, Kernel(bare_routes(self.links, node)))
            suite.work()
        ends = [end for suite in suites.values() for end in suite.ends()]
        sources = meet(
            Registry(self.ground, ends),
            lambda end, peer: suites[end.node, end.daemon].source(end, peer),
            _Open(),
        )
        for failure in sources[1]:
            found.setdefault(failure.end.node, []).append(failure)
        return found

    @cached_property
    def _up(self) -> frozenset[tuple[str, str]]:
        """Each side of each session that is up: node and how it calls its neighbour."""
        return frozenset(
            (told.receiver, str(told.receiving.interface or told.receiving.address))
            for bgp in self.solved.values()
            for told in bgp.plain.told
        )

    @property
    def _asked(self) -> int:
        return sum(not each.shutdown for d in self.devices.values() if _speaks(d) for each in d.bgp[0].neighbours)

    def counts(self) -> Counts:
        """How much there is, without making any node's state."""
        routes, next_hops = {"bgp": 0}, {"bgp": 0}
        for bgp in self.solved.values():
            routes["bgp"] += int(bgp.prefix_counts().sum())
            next_hops["bgp"] += int(bgp.next_hop_counts().sum())
        for protocol, hops in self._local():
            routes[protocol] = routes.get(protocol, 0) + 1
            next_hops[protocol] = next_hops.get(protocol, 0) + hops
        return Counts(
            nodes=len(self.ground),
            sessions_asked=self._asked,
            sessions_up=len(self._up),
            routes=routes,
            next_hops=next_hops,
            classes={"level": sum(len(bgp.classes) for bgp in self.solved.values())},
        )

    def _local(self) -> Iterator[tuple[str, int]]:
        """The protocol of each route that a node has by itself, with its number of next hops."""
        for node in self.ground:
            if self.devices[node].statics:
                made = _Own(self, node)
                yield from ((route.protocol, max(1, len(route.hops))) for route in made.routes())
            else:
                found = {route.prefix for route in self.links.connected(node) if route.vrf == "default"}
                yield from (("kernel", 1) for _ in found)


def _speaks(device: Device) -> bool:
    return bool(device.bgp) and {"zebra", "bgpd"} <= device.daemons


class _Own:
    """A node before anybody has told it anything."""

    def __init__(self, network: FastNetwork, name: str) -> None:
        self.kernel = Kernel(bare_routes(network.links, name))
        suites = suites_of(network.devices[name], network.ground[name])
        self.suites = {(name, suite.daemon): suite for suite in suites}
        for suite in self.suites.values():
            _show(suite, self.kernel)

    def work(self) -> None:
        """Let the suites work, and put their routes into the kernel."""
        for (_, daemon), suite in self.suites.items():
            for table, prefix, route in suite.work().routes:
                self.kernel.put(table, prefix, daemon, route)

    def routes(self) -> Iterable[KernelRoute]:
        """What the kernel uses of its main table."""
        self.work()
        return [used(owners) for owners in self.kernel.tables["main"].values()]


class _Alone:
    """One node with its neighbours' words, as `NodeStates` wants an engine."""

    def __init__(self, network: FastNetwork, name: str) -> None:
        own = _Own(network, name)
        self._network = network
        self.links, self.devices = network.links, network.devices
        self.kernels: Mapping[str, Kernel] = {name: own.kernel}
        self.suites: Mapping[tuple[str, str], Suite] = own.suites
        self.peerings: Mapping[int, tuple[tuple[str, str], Peering]] = {}
        self.domains: Sequence[Domain] = ()
        self.failures: Sequence[Failure] = network.down.get(name, [])
        for place, suite in own.suites.items():
            ends = {end.key: end for end in suite.ends()}
            sessions = list(enumerate(_sessions(network, name)))
            self.peerings = {number: (place, _peering(network, number, ends, told)) for number, told in sessions}
            for number, told in sessions:
                self._hear(network, suite, number, told)
        own.work()

    def watches(self) -> Iterable[Watch]:
        """BFD with the neighbours, as both sides configure it."""
        for (node, _), peering in self.peerings.values():
            if peering.end.bfd:
                yield Watch(node, peering.local, peering.peer, peering.interface)
            if self._network.has_bfd(*peering.other):
                yield Watch(peering.other[0], peering.peer, peering.local)

    def hear(self, one: Watch, other: Watch) -> bool:
        """They do: a network with packet filters is left to the general engine."""
        return True

    def _hear(self, network: FastNetwork, suite: Suite, number: int, told: Mapping[str, int]) -> None:
        suite.open(self.peerings[number][1])
        for family, edge in told.items():
            for prefix, advert in network.adverts[family].over(edge):
                suite.receive(number, family, prefix, (advert,))


def _sessions(network: FastNetwork, name: str) -> Iterable[Mapping[str, int]]:
    """The sessions of a node: by family, the edge over which it hears."""
    found: dict[str, dict[str, int]] = {}
    for family, bgp in network.solved.items():
        number = bgp.plain.fabric.number.get(name)
        for edge in bgp.plain.fabric.heard(number) if number is not None else ():
            told = bgp.plain.told[edge].receiving
            found.setdefault(str(told.interface or told.address), {})[family] = edge
    return found.values()


def _peering(network: FastNetwork, number: int, ends: Mapping[str, End], edges: Mapping[str, int]) -> Peering:
    family, edge = next(iter(edges.items()))
    told: Told = network.solved[family].plain.told[edge]
    asker = network.devices[told.sender].bgp[0]
    mine = f"default/{told.receiving.interface or told.receiving.address}"
    theirs = f"default/{told.sending.interface or told.sending.address}"
    assert told.via is not None and told.local is not None
    return Peering(
        number=number,
        end=ends[mine],
        local=told.local,
        peer=told.via,
        interface=told.end[1],
        remote_as=asker.asn,
        remote_id=network.router_id(told.sender),
        families=frozenset(edges),
        addpath_tx=frozenset(),
        extended_next_hop=told.receiving.interface is not None,
        extended_messages=True,
        other=(told.sender, theirs),
    )


def _show(suite: Suite, kernel: Kernel) -> None:
    for table, routes in kernel.tables.items():
        for prefix in list(routes):
            suite.learn(table, prefix, kernel.others(table, prefix, suite.daemon))


class _Open:
    """Neighbours on one cable, with no packet filter between them: everything passes."""

    def arrives(self, end: End, source: Address, destination: Address, other: End) -> bool:
        """It does."""
        return True

    admits = arrives
