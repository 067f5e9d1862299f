"""A packet's walk from node to node: what Linux does with it between a cable and the next one.

    enter    PREROUTING, translation of the destination, route, reverse-path filter
    deliver  INPUT
    forward  TTL and MTU, FORWARD
    leave    POSTROUTING, translation of the source, neighbour, cable
    send     a packet of the node's own: route, OUTPUT, then as `leave`

Every step gives the ways on, or their ends; several next hops, or several hosts that answer ARP, are several ways.
"""

from collections.abc import Iterator, Sequence
from itertools import takewhile

from sim.address import Address, parse_address
from sim.dataclasses import dataclass, replace
from sim.filters import Point, State, Verdict
from sim.filters.packet import Kind, Packet
from sim.flow import Disposition, Hop
from sim.snapshot import NextHop, Note, Route
from sim.trace import tracking
from sim.trace.choice import taken, taken_from
from sim.trace.ending import At, Ending, arrived, ended, stopped
from sim.trace.fib import Choice, Query, fib_of
from sim.trace.ground import LOOPBACK, End, Ground, Site
from sim.trace.source import select4, select6
from sim.trace.tracking import Connection

Way = Ending | At
DROPS = ("blackhole", "unreachable", "prohibit")


@dataclass(frozen=True, slots=True)
class Walk:
    """Walks packets over one network. `size_bytes`: an IP packet of that length that must not be fragmented."""

    ground: Ground
    size_bytes: int | None = None
    exact: bool = False  # of several next hops the one that the flow's hash means, where that is known

    def follow(self, at: At) -> Iterator[Ending]:
        """All ends of a packet that comes in at a node."""
        waiting: list[Way] = [at]
        while waiting:
            way = waiting.pop()
            if isinstance(way, Ending):
                yield way
            else:
                waiting += reversed(list(self._enter(way)))

    def send(self, at: At, via: str = "") -> Iterator[Ending]:
        """All ends of a packet that the node itself sends, by `via` where that is given."""
        for way in self._send(at, via):
            if isinstance(way, Ending):
                yield way
            else:
                yield from self.follow(way)

    # --- in

    def _enter(self, at: At) -> Iterator[Way]:
        key = (at.node, at.incoming, at.packet.source, at.packet.destination)
        if key in at.seen:
            yield _round(at)
            return
        site = self.ground.site(at.node)
        connection = tracking.found(at.connections, at.node, at.packet)
        came = tracking.known(at.packet, connection, at.incoming, "")
        at = at._replace(seen=at.seen | {key}, packet=came)
        if at.incoming == LOOPBACK:
            yield from self._deliver(site, at.carrying(_with_kinds(site, came)), connection)
            return
        verdict = site.filter.ask(Point.PREROUTING, _with_kinds(site, came))
        if not verdict.passed:
            yield stopped(verdict, at)
            return
        packet, connection = _translate_in(site, at, verdict, connection, came)
        yield from self._route(site, at.carrying(packet).doubting(verdict.unsure), connection)

    def _route(self, site: Site, at: At, connection: Connection | None) -> Iterator[Way]:
        choice = fib_of(site).choose(query(at.packet, at.incoming))
        at = _doubted(site, at, choice)
        if refused := self._bad_source(site, at, choice):
            yield refused
        elif choice.type == "local":
            yield from self._deliver(site, at, connection)
        elif not _forwards(site, at):
            scope = "all" if at.packet.version == 6 else at.incoming
            name = f"net.ipv{at.packet.version}.conf.{scope}.forwarding"
            yield ended(Disposition.NO_ROUTE, f"it does not forward: {name} is 0", at)
        elif choice.type != "unicast":
            yield no_way(at, choice)
        else:
            for hop in taken(site, choice, at.packet) if self.exact and len(choice.hops) > 1 else choice.hops:
                yield from self._forward(site, at, connection, choice.route, hop)

    def _bad_source(self, site: Site, at: At, choice: Choice) -> Ending | None:
        """fib_validate_source: IPv4 alone; a source of the node's own, or one that is not routed back that way."""
        packet = at.packet
        if packet.version != 4 or choice.type in (*DROPS, "none"):
            return None
        source = Address(packet.source)
        if site.kind(source) is not Kind.UNICAST:
            if any(hop.node == at.node for hop in at.hops):
                return _round(at)  # its own packet has come back
            return ended(Disposition.DENIED_IN, f"{source} is a martian source on {at.incoming}", at)
        mode = site.reverse_path(at.incoming)
        back = fib_of(site).choose(Query(source, Address(packet.destination), at.incoming, mark=0)) if mode else None
        if back is None or (back.type == "unicast" and (mode == 2 or _leads(site, back, at.incoming))):
            return None
        why = f"rp_filter on {at.incoming}: {source} is not routed back that way"
        return ended(Disposition.DENIED_IN, why, at)

    def _deliver(self, site: Site, at: At, connection: Connection | None) -> Iterator[Way]:
        verdict = site.filter.ask(Point.INPUT, _with_kinds(site, at.packet))
        if not verdict.passed:
            yield stopped(verdict, at)
            return
        packet, connections = _settle(site, at, verdict, connection, "")
        yield arrived(at.carrying(packet, connections).doubting(verdict.unsure))

    # --- through

    def _forward(
        self, site: Site, at: At, connection: Connection | None, route: Route | None, hop: NextHop
    ) -> Iterator[Way]:
        packet = at.packet._replace(outgoing=hop.interface or "", ttl=at.packet.ttl - 1)
        if packet.ttl < 1:
            yield ended(Disposition.LOOP, "TTL exceeded", at)
            return
        if too_big := self._too_big(site, at, hop.interface or ""):
            yield too_big
            return
        verdict = site.filter.ask(Point.FORWARD, _with_kinds(site, packet))
        if not verdict.passed:
            yield stopped(verdict, at)
            return
        forwarded = at.carrying(verdict.packet).doubting(verdict.unsure)
        yield from self._leave(site, forwarded, connection, hop)

    def _too_big(self, site: Site, at: At, interface: str) -> Ending | None:
        face = site.face(interface)
        if self.size_bytes is None or face is None or self.size_bytes <= face.mtu_bytes:
            return None
        why = f"{self.size_bytes} bytes, and the MTU of {interface} is {face.mtu_bytes}"
        return ended(Disposition.TOO_BIG, why, at)

    # --- out

    def _send(self, at: At, via: str) -> Iterator[Way]:
        site = self.ground.site(at.node)
        choice = fib_of(site).choose(query(at.packet, "", via))
        at = _doubted(site, at, choice)
        if via and choice.type in ("none", *DROPS):
            choice = Choice("unicast", None, (NextHop(None, via),))  # the kernel takes it for on-link there
        if choice.type == "local":
            yield from self._output(site, at, NextHop(None, LOOPBACK))
        elif choice.type != "unicast":
            yield no_way(at, choice)
        for hop in taken_from(site, choice, at.packet) if self.exact and len(choice.hops) > 1 else choice.hops:
            if too_big := self._too_big(site, at, hop.interface or ""):
                yield replace(too_big, why="larger than the MTU of the interface it leaves by")
            else:
                yield from self._output(site, at, hop)

    def _output(self, site: Site, at: At, hop: NextHop) -> Iterator[Way]:
        """OUTPUT; where it changes the destination, or a route chain the mark, the route is chosen anew."""
        connection = tracking.found(at.connections, at.node, at.packet)
        came = tracking.known(at.packet, connection, "", hop.interface or "")
        verdict = site.filter.ask(Point.OUTPUT, _with_kinds(site, came))
        if not verdict.passed:
            yield stopped(verdict, at)
            return
        packet, connection = _translate_in(site, at, verdict, connection, came)
        sent = at.carrying(packet).doubting(verdict.unsure)
        if packet.destination == came.destination and (packet.mark == came.mark or not _reroutes(site)):
            yield from self._leave(site, sent, connection, hop)
            return
        choice = fib_of(site).choose(query(packet, ""))
        if choice.type == "local":
            yield from self._leave(site, sent, connection, NextHop(None, LOOPBACK))
        elif choice.type != "unicast":
            yield no_way(sent, choice)
        for other in choice.hops:
            moved = sent.carrying(packet._replace(outgoing=other.interface or ""))
            yield from self._leave(site, moved, connection, other)

    def _leave(self, site: Site, at: At, connection: Connection | None, hop: NextHop) -> Iterator[Way]:
        verdict = site.filter.ask(Point.POSTROUTING, _with_kinds(site, at.packet))
        if not verdict.passed:
            yield stopped(verdict, at)
            return
        interface = hop.interface or ""
        packet, connections = _settle(site, at, verdict, connection, interface)
        passed = at.carrying(packet, connections).doubting(verdict.unsure)
        if interface == LOOPBACK:
            yield passed._replace(incoming=LOOPBACK, came_by="")
            return
        yield from self._cross(site, passed, hop)

    def _cross(self, site: Site, at: At, hop: NextHop) -> Iterator[Way]:
        """Over the cable, to whoever answers for the next hop."""
        interface = hop.interface or ""
        face = site.face(interface)
        next_hop = parse_address(hop.via) if hop.via else Address(at.packet.destination, at.packet.version)
        if face is not None and not face.up:
            darkness = "is down" if interface in site.off else "has no carrier"
            yield ended(Disposition.LOST, f"{interface}, the way to {next_hop}, {darkness}", at)
            return
        if face is not None and face.device == "dummy":
            yield ended(Disposition.LOST, f"it left by {interface} and was not seen again", at, interface)
            return
        ends = self.ground.answering(at.node, interface, next_hop)
        if not ends:
            asked = "ND" if next_hop.version == 6 else "ARP"
            why = f"{next_hop} did not answer {asked} on {interface}"
            yield ended(Disposition.NEIGHBOR_UNREACHABLE, why, at)
        if len(ends) > 1:  # whose answer comes first is chance
            owners = " and ".join(sorted({node for node, _ in ends}))
            at = at.doubting((Note(at.node, f"{next_hop} is answered for by {owners} on {interface}"),))
        for node, incoming in ends:
            yield self._at(at, interface, node, incoming)

    def _at(self, at: At, outgoing: str, node: str, incoming: str) -> Way:
        if node not in self.ground.topology.nodes:  # the lab's own side of the management network
            return ended(Disposition.LOST, f"it left by {outgoing} and was not seen again", at, outgoing)
        way = self.ground.way((at.node, outgoing), (node, incoming))
        out, into = self._cabled(way, at.node) or outgoing, self._cabled(way[::-1], node) or incoming
        for end in way[1:] if self.size_bytes is not None else ():
            face = self.ground.site(end[0]).face(end[1])
            if face is not None and self.size_bytes and self.size_bytes > face.mtu_bytes:
                why = f"{self.size_bytes} bytes, and the MTU of {end[0]}:{end[1]} is {face.mtu_bytes}"
                return ended(Disposition.TOO_BIG, why, at, out, end[0])
        hops = (*at.hops, Hop(at.node, at.came_by or None, out))
        packet = at.packet._replace(mark=0) if at.packet.mark else at.packet
        return at._replace(node=node, incoming=incoming, came_by=into, hops=hops, packet=packet)

    def _cabled(self, way: Sequence[End], node: str) -> str | None:
        """Of the interfaces that a node sends by (or takes in, the way turned round), the one with a cable."""
        mine = takewhile(lambda end: end[0] == node, way)
        return next((name for _, name in mine if self.ground.topology.peer(node, name)), None)


# --- small questions


def _round(at: At) -> Ending:
    """A packet that comes to a node again as it was there before."""
    nodes = " -> ".join(hop.node for hop in (*at.hops, Hop(at.node)))
    return ended(Disposition.LOOP, f"it goes round: {nodes}", at)


def query(packet: Packet, incoming: str, outgoing: str = "") -> Query:
    """The packet as a question to a node's tables."""
    return Query(
        Address(packet.destination, packet.version),
        Address(packet.source, packet.version),
        incoming,
        outgoing,
        packet.protocol,
        packet.sport or 0,
        packet.dport or 0,
        packet.mark,
    )


def _doubted(site: Site, at: At, choice: Choice) -> At:
    """The packet, unsure where its route is."""
    if not site.unsettled or choice.type == "local":
        return at
    return at.doubting(tuple(site.doubts(Address(at.packet.destination, at.packet.version), choice.route)))


def no_way(at: At, choice: Choice) -> Ending:
    """A route that drops, or none at all."""
    to = Address(at.packet.destination, at.packet.version)
    if choice.type in DROPS:
        return ended(Disposition.NULL_ROUTED, f"its route to {to} is {choice.type}", at)
    return ended(Disposition.NO_ROUTE, f"no route to {to}: Network is unreachable", at)


def _forwards(site: Site, at: At) -> bool:
    scope = "all" if at.packet.version == 6 else at.incoming
    return site.sysctl(at.packet.version, scope, "forwarding") not in ("", "0")


def _leads(site: Site, choice: Choice, incoming: str) -> bool:
    return any(hop.interface in (incoming, site.vrf(incoming)) for hop in choice.hops)


def _reroutes(site: Site) -> bool:
    """Whether a chain of type route is asked on OUTPUT: only such a one looks the way up again (nf_route)."""
    asked = (chain.hook for version in (4, 6) for _, _, chain in site.filter.hooked(Point.OUTPUT, version))
    return any(hook is not None and hook.kind == "route" for hook in asked)


def _with_kinds(site: Site, packet: Packet) -> Packet:
    """What both addresses are to the node, where it has a filter that could ask."""
    if not site.filter.asks_kinds:
        return packet
    kinds = (site.kind(Address(value, packet.version)) for value in (packet.source, packet.destination))
    source, destination = kinds
    return packet._replace(source_kind=source, destination_kind=destination)


# --- connection tracking at a node


def _translate_in(
    site: Site, at: At, verdict: Verdict, connection: Connection | None, came: Packet
) -> tuple[Packet, Connection | None]:
    """Behind PREROUTING or OUTPUT: the destination translated, and the connection as far as it is known."""
    packet = verdict.packet
    if packet.state == State.UNTRACKED or not site.filter.tracks:
        return packet, None
    if connection is not None:
        return tracking.towards(packet, connection), connection
    if packet.reply:
        return packet, None
    if verdict.nat is not None:
        local = _redirected(site, at, packet) if verdict.nat.kind == "redirect" else None
        packet = tracking.translated(packet, verdict.nat, local)
    original = tracking.ends(came)
    made = Connection(at.node, original, tracking.turned(tracking.ends(packet)), packet.connection_mark)
    return packet if packet.tracked == made.tracked else packet._replace(tracked=made.tracked), made


def _redirected(site: Site, at: At, packet: Packet) -> int | None:
    """REDIRECT: the incoming interface's first address; for the node's own packets, the loopback's."""
    if not at.incoming:
        return 0x7F000001 if packet.version == 4 else 1
    return next(
        (each.value for name, each in site.addresses if name == at.incoming and each.version == packet.version), None
    )


def _settle(
    site: Site, at: At, verdict: Verdict, connection: Connection | None, outgoing: str
) -> tuple[Packet, tuple[Connection, ...]]:
    """Behind POSTROUTING or INPUT: the source translated, and the connection remembered."""
    packet = verdict.packet
    if connection is None:
        return packet, at.connections
    if connection in at.connections:
        return tracking.onwards(packet, connection), at.connections
    if verdict.nat is not None:
        local = _masqueraded(site, packet, outgoing) if verdict.nat.kind == "masquerade" else None
        packet = tracking.translated(packet, verdict.nat, local)
    made = connection._replace(reply=tracking.turned(tracking.ends(packet)), mark=packet.connection_mark)
    return packet, (*at.connections, made)


def _masqueraded(site: Site, packet: Packet, outgoing: str) -> int | None:
    """MASQUERADE: the address that the node itself would send from (nf_nat_masquerade)."""
    to = Address(packet.destination, packet.version)
    choice = fib_of(site).choose(Query(to, outgoing=outgoing))
    hop = next((hop for hop in choice.hops if hop.interface == outgoing), None)
    if packet.version == 6:
        chosen = select6(site, to, outgoing)
    else:
        gateway = parse_address(hop.via) if hop and hop.via else to
        chosen = select4(site, gateway, outgoing)
    return chosen.value if chosen else None
