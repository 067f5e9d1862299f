"""BIRD on one node, as one Suite."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from sim.address import BITS, Address, Prefix
from sim.dataclasses import replace
from sim.device import Device
from sim.device.bird import (
    BfdProtocol,
    BgpProtocol,
    BirdConfig,
    DirectProtocol,
    KernelProtocol,
    PipeProtocol,
    StaticProtocol,
    chosen,
)
from sim.errors import NotConverged
from sim.explanation import Why
from sim.policy import Policy
from sim.routing import Advert, Changes, End, KernelRoute, Peering, Port
from sim.routing.bfd import Watch
from sim.routing.bird.doors import Door
from sim.routing.bird.ends import address_towards, end_of, near_port, router_id_of, source_of
from sim.routing.bird.kernel import KernelSync
from sim.routing.bird.local import Statics, direct_routes
from sim.routing.bird.pipes import Pipe
from sim.routing.bird.speaker import Speaker
from sim.routing.bird.tables import Table
from sim.routing.bird.why import explain
from sim.routing.values import Course

_PASSES = 500


class BirdSuite:
    """One node's BIRD. Everything between its protocols stays inside.

    An interface without a carrier is up to BIRD as long as it is switched on: `direct` and static routes stay, unless
    they `check link`; direct BGP sessions and BFD want the carrier (`linked`). Seen on 2.0.12, 2026-11-25.
    """

    daemon = "bird"

    def __init__(self, device: Device, ports: Mapping[str, Port], contrary: bool = False) -> None:
        config = device.bird or BirdConfig()
        self.node = device.node
        own = {name: port for name, port in ports.items() if port.vrf == "default"}
        self.ports = {name: replace(port, up=port.on) for name, port in own.items()}
        self.linked = {name: port for name, port in own.items() if port.up}
        self.router_id = router_id_of(config, self.ports)
        self.tables = {
            name: Table(name, int(family[-1]), self.ports.values(), contrary) for name, family in config.tables.items()
        }
        self.speaker = Speaker(device.node, self.ports, self.tables)
        self.kernels: list[KernelSync] = []
        self.pipes: list[Pipe] = []
        self.statics: list[tuple[Statics, Door]] = []
        self._sessions: dict[str, BgpProtocol] = {}
        self._bfd: list[BfdProtocol] = []
        self._kernel: dict[str, dict[Prefix, tuple[KernelRoute, ...]]] = {}
        self._installed: dict[tuple[str, Prefix], KernelRoute] = {}
        self._to_sync: dict[tuple[int, Prefix], None] = {}
        for protocol in config.protocols:
            if not getattr(protocol, "disabled", False):
                self._start(protocol)

    def _start(self, protocol: object) -> None:
        if isinstance(protocol, BgpProtocol):
            self._sessions[protocol.name] = protocol
        elif isinstance(protocol, BfdProtocol):
            self._bfd.append(protocol)
        elif isinstance(protocol, KernelProtocol):
            imports, exports = self._doors(protocol.channel.imports, protocol.channel.exports)
            self.kernels.append(KernelSync(protocol, self.tables[protocol.channel.table], imports, exports))
        elif isinstance(protocol, PipeProtocol):
            self._pipe(protocol)
        elif isinstance(protocol, StaticProtocol):
            door, _ = self._doors(protocol.channel.imports, protocol.channel.exports)
            ports = self.linked if protocol.check_link else self.ports
            self.statics.append((Statics(protocol, ports, self.tables), door))
            self._feed_static(*self.statics[-1])
        elif isinstance(protocol, DirectProtocol):
            self._feed_direct(protocol)

    def _doors(self, imports: Policy, exports: Policy) -> tuple[Door, Door]:
        return Door(self.node, imports, self.ports, "in"), Door(self.node, exports, self.ports, "out")

    def _pipe(self, protocol: PipeProtocol) -> None:
        """Import: from the peer table into the channel's own; export: the other way."""
        own, peer = self.tables[protocol.channel.table], self.tables[protocol.peer_table]
        imports, exports = self._doors(protocol.channel.imports, protocol.channel.exports)
        self.pipes += [Pipe(protocol, peer, own, imports), Pipe(protocol, own, peer, exports)]

    def _feed_direct(self, protocol: DirectProtocol) -> None:
        doors = {channel.table: self._doors(channel.imports, channel.exports)[0] for channel in protocol.channels}
        ports = self.linked if protocol.check_link else self.ports
        for table, prefix, entry in direct_routes(protocol, ports):
            self.tables[table].put(prefix, entry.key, doors[table].passes(prefix, entry))

    def _feed_static(self, statics: Statics, door: Door) -> None:
        table = self.tables[statics.protocol.channel.table]
        for (prefix, key, entry), route in zip(statics.routes(), statics.protocol.routes, strict=True):
            if entry is not None and route.policy is not None:
                entry = Door(self.node, route.policy, self.ports, "in").passes(prefix, entry)
            table.put(prefix, key, None if entry is None else door.passes(prefix, entry))

    # sessions

    def ends(self) -> Sequence[End]:
        """Every BGP protocol that has a channel."""
        return [
            end_of(self.node, each, each.router_id or self.router_id, self._has_bfd(each))
            for each in self._sessions.values()
        ]

    def _has_bfd(self, protocol: BgpProtocol) -> bool:
        """Whether a `protocol bfd` serves a session that asks for it; without patterns it serves every interface."""
        if not protocol.bfd or protocol.neighbour is None:
            return False
        if protocol.multihop is not None:
            return bool(self._bfd)
        port = near_port(protocol.neighbour, protocol.interface, self.linked)
        return port is not None and any(not e.interfaces or chosen(e.interfaces, port.name) for e in self._bfd)

    def source(self, end: End, peer: Address | None = None) -> Address | None:
        """Our address towards the neighbour."""
        address = peer or end.peer
        if address is None or end.shutdown or end.key in self.speaker.refused:
            return None
        return source_of(self._sessions[end.key], address, self.ports, self.linked, self._lookup)

    def _lookup(self, address: Address) -> KernelRoute | None:
        """The kernel's own choice for an address, in the main table."""
        learnt = self._kernel.get("main", {})
        bits = BITS[address.version]
        for length in range(bits, -1, -1):
            shift = bits - length
            prefix = Prefix(address.value >> shift << shift, length, address.version)
            own = self._installed.get(("main", prefix))
            routes = (*learnt.get(prefix, ()), *((own,) if own is not None else ()))
            if routes:
                chosen_here: KernelRoute = min(routes, key=lambda route: route.metric)
                return chosen_here
        return None

    def open(self, peering: Peering) -> None:
        """A session is up."""
        protocol = self._sessions[peering.end.key]
        self.speaker.open(protocol, peering, protocol.router_id or self.router_id)

    def close(self, number: int) -> None:
        """A session is gone."""
        self.speaker.close(number)

    def receive(self, number: int, family: str, prefix: Prefix, adverts: tuple[Advert, ...]) -> None:
        """A neighbour's paths for a prefix."""
        self.speaker.receive(number, family, prefix, adverts)

    def learn(self, table: str, prefix: Prefix, routes: tuple[KernelRoute, ...]) -> None:
        """What others have in the kernel."""
        self._kernel.setdefault(table, {})[prefix] = routes
        for kernel in self.kernels:
            if kernel.kernel_table == table:
                kernel.learn(prefix, routes)

    # work

    def work(self) -> Changes:
        """Let the protocols talk until none has news, then tell the neighbours and the kernel."""
        for _ in range(_PASSES):
            if not self._pass():
                return Changes(self.speaker.adverts(), list(self._kernel_changes()))
        raise NotConverged(f"{self.node}: BIRD's next hops and routes go round in circles")

    def _pass(self) -> bool:
        changed = [(table, table.settle()) for table in self.tables.values()]
        for table, prefixes in changed:
            for prefix in prefixes:
                self._notify(table, prefix)
        moved = [(table, table.moved) for table in self.tables.values() if table.moved]
        for table, addresses in moved:
            table.moved = {}
            self.speaker.moved(table.name, addresses)
        if moved:
            for statics, door in self.statics:
                if statics.is_recursive:
                    self._feed_static(statics, door)
        return bool(moved) or any(prefixes for _, prefixes in changed)

    def _notify(self, table: Table, prefix: Prefix) -> None:
        for pipe in self.pipes:
            if pipe.source is table:
                pipe.notify(prefix)
        for number, kernel in enumerate(self.kernels):
            if kernel.table is table:
                self._to_sync[number, prefix] = None
        self.speaker.notify(table.name, prefix)

    def _kernel_changes(self) -> Iterator[tuple[str, Prefix, KernelRoute | None]]:
        due, self._to_sync = self._to_sync, {}
        for number, prefix in due:
            kernel = self.kernels[number]
            place, route = (kernel.kernel_table, prefix), kernel.route(prefix)
            if route == self._installed.get(place):
                continue
            self._installed.pop(place, None)
            if route is not None:
                self._installed[place] = route
            yield kernel.kernel_table, prefix, route

    def router_ids(self) -> Mapping[str, str]:
        """Its one."""
        return {"bird": str(self.router_id)}

    def bgp_prefixes(self) -> Iterable[Prefix]:
        """Prefixes that came in by BGP, and those that a neighbour is told."""
        known = {
            prefix
            for table in self.tables.values()
            for prefix, routes in table.routes.items()
            if any(entry.live is not None for entry in routes.values())
        }
        return known | self.speaker.sent_prefixes()

    def why(self, table: str, prefix: Prefix) -> Why | None:
        """Why the kernel has this route in a table."""
        found = (explain(each, prefix) for each in self.kernels if each.kernel_table == table)
        return next((each for each in found if each is not None), None)

    def watches(self) -> Iterator[Watch]:
        """The neighbours that a `protocol bfd` names itself."""
        for protocol in self._bfd:
            for peer, interface, multihop in protocol.neighbours:
                yield from self._watch(peer, interface, multihop)

    def _watch(self, peer: Address, interface: str | None, multihop: bool) -> Iterator[Watch]:
        if multihop:
            route = self._lookup(peer)
            port = self.ports.get(route.hops[0].interface or "") if route is not None and route.hops else None
        else:
            port = near_port(peer, interface, self.linked)
        local = None if port is None else address_towards(port, peer)
        if port is not None and local is not None:
            yield Watch(self.node, local, peer, None if multihop else port.name, daemon=self.daemon)

    def courses(self) -> Iterator[Course]:
        """The contrary one, where the order of events has decided anything."""
        if any(table.tied for table in self.tables.values()):
            yield Course.CONTRARY

    def is_swayed(self) -> bool:
        """Whether some session prefers routes for more than the length of their paths."""
        return any(live.sways() for live in self.speaker.lives.values())

    def received(self, number: int) -> int:
        """How many routes are accepted from a session."""
        return sum(sum(each.accepted.values()) for each in self.speaker.lives[number].channels.values())
