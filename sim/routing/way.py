"""The way of a session's packets: by each node's kernel, one hop after another, as long as their TTL lasts.

Packet filters stand on it: a session whose first packets nobody lets in never comes up, whatever both ends ask for.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from sim.address import Address, parse_address
from sim.device import Device
from sim.filters import Packet, Point, State
from sim.filters.packet import ACK, SYN, TCP, UDP, Kind, first_packet
from sim.routing import End, Ground
from sim.routing.bfd import Watch
from sim.routing.kernel import Kernel
from sim.routing.ospf import Circuit

BGP_PORT, BFD_PORT, BFD_MULTIHOP_PORT = 179, 3784, 4784  # RFC 4271 8, RFC 5881 4, RFC 5883 5
OSPF = 89  # RFC 2328 A.1
ALL_ROUTERS = {4: parse_address("224.0.0.5"), 6: parse_address("ff02::5")}  # RFC 2328 A.1, RFC 5340 A.1
_EPHEMERAL_PORT = 49152
_FARTHEST = 255


class Leg(NamedTuple):
    """One node on the way: by which ports a packet comes in and leaves; "" where it begins or ends."""

    node: str
    incoming: str
    outgoing: str


class Way:
    """Packets between two Ends, over the kernels as they are now."""

    def __init__(self, ground: Ground, kernels: Mapping[str, Kernel], devices: Mapping[str, Device]) -> None:
        self._ground, self._kernels = ground, kernels
        self._filters = {name: device.filter for name, device in devices.items() if device.filter.tables}

    def arrives(self, end: End, source: Address, destination: Address, other: End) -> bool:
        """Whether our packets reach the other end before their TTL is over (a router that forwards takes one), and
        with as much of it left as the other end wants (RFC 5082)."""
        if destination.is_link_local:
            return end.ttl >= other.minimum_ttl
        legs = self._legs(end.node, end.vrf, destination, other.node)
        return legs is not None and len(legs) - 1 <= end.ttl and end.ttl - len(legs) + 2 >= other.minimum_ttl

    def admits(self, end: End, source: Address, destination: Address, other: End) -> bool:
        """Whether filters let the two set up a TCP connection, whichever of them asks."""
        if not self._filters:
            return True
        there = self._legs(end.node, end.vrf, destination, other.node, end.interface)
        back = self._legs(other.node, other.vrf, source, end.node, other.interface)
        if there is None or back is None:
            return True  # no business of filters
        asking = [] if end.passive else [(there, back, source, destination)]
        asking += [] if other.passive else [(back, there, destination, source)]
        return any(self._connects(*each) for each in asking)

    def watched(self, one: Watch, other: Watch) -> bool:
        """Whether filters let the BFD packets of both sides in: each side's are a conversation of their own."""
        return not self._filters or (self._is_heard(one, other.node) and self._is_heard(other, one.node))

    def floods(self, one: Circuit, other: Circuit, alone: bool) -> bool:
        """Whether filters let OSPF packets of a port through to another on its segment: those to all routers, of which
        each is new to connection tracking, or those to it `alone`, which soon belong to what it has sent itself."""
        if not self._filters or one.next_hop is None or other.next_hop is None:
            return True
        destination = other.next_hop if alone else ALL_ROUTERS[one.next_hop.version]
        kind, state = (Kind.UNICAST, State.ESTABLISHED) if alone else (Kind.MULTICAST, State.NEW)
        packet = first_packet(one.next_hop, destination, OSPF)._replace(ttl=1, state=state, destination_kind=kind)
        return self._passes([Leg(one.node, "", one.port), Leg(other.node, other.port, "")], packet)

    def _is_heard(self, watch: Watch, far: str) -> bool:
        legs = self._legs(watch.node, watch.vrf, watch.peer, far, watch.interface)
        port = BFD_PORT if watch.interface is not None else BFD_MULTIHOP_PORT
        packet = first_packet(watch.local, watch.peer, UDP, _EPHEMERAL_PORT, port)._replace(ttl=_FARTHEST)
        return legs is None or self._passes(legs, packet)

    def _connects(self, there: list[Leg], back: list[Leg], source: Address, destination: Address) -> bool:
        asked = first_packet(source, destination, TCP, _EPHEMERAL_PORT, BGP_PORT)
        answered = first_packet(destination, source, TCP, BGP_PORT, _EPHEMERAL_PORT)
        reply = answered._replace(state=State.ESTABLISHED, tcp_flags=SYN | ACK, reply=1)
        return self._passes(there, asked) and self._passes(back, reply)

    def _passes(self, legs: list[Leg], packet: Packet) -> bool:
        return all(
            self._filters[leg.node].ask(point, packet._replace(incoming=incoming, outgoing=outgoing)).passed
            for leg in legs
            if leg.node in self._filters
            for point, incoming, outgoing in _points(leg)
        )

    def _legs(
        self, node: str, vrf: str, destination: Address, far: str, interface: str | None = None
    ) -> list[Leg] | None:
        """The way from a node to another; None where it leads elsewhere. `interface`: the first port is given."""
        legs: list[Leg] = []
        incoming = ""
        while len(legs) <= _FARTHEST:
            if node == far:
                return [*legs, Leg(node, incoming, "")]
            step = self._step(node, vrf if not legs else "default", destination, None if legs else interface)
            if step is None:
                return None
            outgoing, across, entered = step
            legs.append(Leg(node, incoming, outgoing))
            node, incoming = across, entered
        return None

    def _step(self, node: str, vrf: str, destination: Address, interface: str | None) -> tuple[str, str, str] | None:
        """From a node to the next: the port it leaves by, who takes it, and by which port."""
        gateway = destination
        if interface is None:
            route = self._kernels[node].lookup("main" if vrf == "default" else vrf, destination)
            if route is None or not route.hops:
                return None
            interface, gateway = route.hops[0].interface, route.hops[0].via or destination
        found = self._across(node, interface, gateway)
        return None if found is None else (interface or "", *found)

    def _across(self, node: str, interface: str | None, gateway: Address) -> tuple[str, str] | None:
        """The node and port that answer for a gateway on a port's segment; on a cable its other end."""
        port = self._ground[node].get(interface or "")
        if port is None or not port.up:
            return None
        for far, name in port.neighbours:
            face = self._ground.get(far, {}).get(name)
            if face is not None and any(each.address == gateway for each in face.addresses):
                return far, name
        return port.neighbours[0] if len(port.neighbours) == 1 and gateway.is_link_local else None


def _points(leg: Leg) -> Iterator[tuple[Point, str, str]]:
    """The hooks that a packet meets on a node, each with the interfaces that rules see there."""
    if leg.incoming:
        yield Point.PREROUTING, leg.incoming, ""
    if leg.incoming and leg.outgoing:
        yield Point.FORWARD, leg.incoming, leg.outgoing
    elif leg.incoming:
        yield Point.INPUT, leg.incoming, ""
    else:
        yield Point.OUTPUT, "", leg.outgoing
    if leg.outgoing:
        yield Point.POSTROUTING, "", leg.outgoing
