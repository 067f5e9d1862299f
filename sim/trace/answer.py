"""What a host makes of a packet that has arrived: an answer, a refusal, or nothing."""

from enum import Enum

from sim.address import Address
from sim.dataclasses import dataclass
from sim.filters.packet import ACK, ECHO_REPLY, ICMP, ICMP6, RST, SYN, TCP, UDP, Packet
from sim.trace.ground import Site

NAMES = {TCP: "tcp", UDP: "udp"}


class Reaction(Enum):
    """What the host does."""

    ANSWER = "answer"
    REFUSAL = "refusal"  # RST, or port unreachable
    SILENCE = "silence"


@dataclass(frozen=True, slots=True)
class Answered:
    """The reaction, and the packet that goes back (None: none does)."""

    reaction: Reaction
    packet: Packet | None = None


def react(site: Site, packet: Packet) -> Answered:
    """The host's own doing: ICMP echo by its kernel, ports by their listeners."""
    if packet.protocol in (ICMP, ICMP6):
        ignored = "net.ipv4.icmp_echo_ignore_all" if packet.version == 4 else "net.ipv6.icmp.echo_ignore_all"
        if site.state.sysctls.get(ignored) == "1":
            return Answered(Reaction.SILENCE)
        kind, code = ECHO_REPLY[packet.protocol]
        return Answered(Reaction.ANSWER, _back(packet)._replace(icmp_type=kind, icmp_code=code))
    listens = _listens(site, packet)
    if packet.protocol == TCP:
        flags = SYN | ACK if listens else RST | ACK
        reaction = Reaction.ANSWER if listens else Reaction.REFUSAL
        return Answered(reaction, _back(packet)._replace(tcp_flags=flags))
    if listens:
        return Answered(Reaction.ANSWER, _back(packet))
    return Answered(Reaction.REFUSAL, unreachable(packet))


def _listens(site: Site, packet: Packet) -> bool:
    """Whether a socket takes it: bound to the address, or to the wildcard of its family."""
    wildcard = "0.0.0.0" if packet.version == 4 else "::"
    bound = site.listening.get((NAMES.get(packet.protocol, ""), packet.dport or 0), ())
    return wildcard in bound or (bool(bound) and str(Address(packet.destination, packet.version)) in bound)


def unreachable(packet: Packet) -> Packet:
    """Port unreachable about a packet (RFC 792; RFC 4443 3.1)."""
    protocol, kind, code = (ICMP, 3, 3) if packet.version == 4 else (ICMP6, 1, 4)
    back = _back(packet)
    about = (back.source, back.sport, back.destination, back.dport)
    return back._replace(
        protocol=protocol, sport=None, dport=None, icmp_type=kind, icmp_code=code, about=about, length=0
    )


def _back(packet: Packet) -> Packet:
    return packet._replace(
        source=packet.destination,
        destination=packet.source,
        sport=packet.dport,
        dport=packet.sport,
        incoming="",
        outgoing="",
        mark=0,
        ttl=64,
        reply=1,
    )
