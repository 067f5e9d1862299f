"""Connection tracking on a flow's way: what each node remembers of it, and what it therefore does with the answer.

A node that translated the flow's packet translates the answer back (nf_nat); one that saw it knows the answer as
ESTABLISHED; to one that did not, a SYN-ACK, RST or echo reply is INVALID (nf_conntrack_proto_tcp's first row, and
nf_conntrack_proto_icmp), a datagram is NEW.
"""

from typing import NamedTuple

from sim.filters.actions import Nat
from sim.filters.packet import DNATTED, ICMP, ICMP6, SNATTED, TCP, Packet, State

Ends = tuple[int, int | None, int, int | None]
"""Source, source port, destination, destination port."""


class Connection(NamedTuple):
    """What one node knows of a flow: how its packet came, and how the answer will come."""

    node: str
    original: Ends
    reply: Ends
    mark: int = 0

    @property
    def tracked(self) -> int:
        """conntrack's status bits."""
        there, back = self.original, self.reply
        return (SNATTED if there[:2] != back[2:] else 0) | (DNATTED if there[2:] != back[:2] else 0)


def ends(packet: Packet) -> Ends:
    """The ends of a packet."""
    return packet.source, packet.sport, packet.destination, packet.dport


def turned(these: Ends) -> Ends:
    """The ends of what comes back."""
    return these[2], these[3], these[0], these[1]


def found(connections: tuple[Connection, ...], node: str, packet: Packet) -> Connection | None:
    """The node's connection that the packet belongs to."""
    mine = (each for each in connections if each.node == node)
    key = packet.about or ends(packet)
    return next((each for each in mine if key == (each.reply if packet.reply else each.original)), None)


def known(packet: Packet, connection: Connection | None, incoming: str, outgoing: str) -> Packet:
    """The packet between two interfaces of a node, as the node's connection tracking marks it."""
    if connection is None:
        state = _stray(packet) if packet.reply else State.NEW
    elif packet.about:
        state = State.RELATED
    else:
        state = State.ESTABLISHED if packet.reply else State.NEW
    return packet._replace(
        incoming=incoming,
        outgoing=outgoing,
        state=state,
        connection_mark=connection.mark if connection else 0,
        tracked=connection.tracked if connection else 0,
    )


def _stray(packet: Packet) -> State:
    """An answer to something this node never saw."""
    return State.INVALID if packet.protocol in (TCP, ICMP, ICMP6) else State.NEW


def towards(packet: Packet, connection: Connection | None) -> Packet:
    """Translation on the way in (PREROUTING, OUTPUT): the destination is put where the connection says."""
    if connection is None:
        return packet
    if packet.about:
        about = (*packet.about[:2], *connection.original[:2])
        return packet._replace(destination=connection.original[0], about=about)
    if packet.reply:
        return packet._replace(destination=connection.original[0], dport=connection.original[1])
    return packet._replace(destination=connection.reply[0], dport=connection.reply[1])


def onwards(packet: Packet, connection: Connection | None) -> Packet:
    """Translation on the way out (POSTROUTING, INPUT): the source is put where the connection says."""
    if connection is None:
        return packet
    if packet.about:
        same = packet.source == connection.reply[0]
        source = connection.original[2] if same else packet.source
        return packet._replace(source=source, about=(*connection.original[2:], *packet.about[2:]))
    if packet.reply:
        return packet._replace(source=connection.original[2], sport=connection.original[3])
    return packet._replace(source=connection.reply[2], sport=connection.reply[3])


def translated(packet: Packet, nat: Nat, local: int | None) -> Packet:
    """The packet as a translation makes it. `local` is the interface's own address (masquerade, redirect).

    Of a range of addresses, the first is taken; the port stays where its range allows it, else the range's first.
    """
    address = local if nat.kind in ("masquerade", "redirect") else _address(packet, nat)
    if nat.kind in ("snat", "masquerade"):
        source = packet.source if address is None else address
        return packet._replace(source=source, sport=_port(packet.sport, nat))
    destination = packet.destination if address is None else address
    return packet._replace(destination=destination, dport=_port(packet.dport, nat))


def _address(packet: Packet, nat: Nat) -> int | None:
    if nat.addresses is None:
        return None
    if nat.net is None:
        return nat.addresses[0]
    host = (1 << ((32 if packet.version == 4 else 128) - nat.net)) - 1
    had = packet.destination if nat.kind == "dnat" else packet.source
    return (nat.addresses[0] & ~host) | (had & host)


def _port(port: int | None, nat: Nat) -> int | None:
    if port is None or nat.ports is None or nat.ports[0] <= port <= nat.ports[1]:
        return port
    return nat.ports[0]
