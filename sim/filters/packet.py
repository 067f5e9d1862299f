"""A packet as a filter sees it: its headers, its interfaces, and what connection tracking thinks of it."""

from enum import IntEnum
from typing import NamedTuple

from sim.address import Address

ICMP, TCP, UDP, ICMP6 = 1, 6, 17, 58
FIN, SYN, RST, PSH, ACK, URG = 1, 2, 4, 8, 16, 32
ECHO = {ICMP: (8, 0), ICMP6: (128, 0)}
ECHO_REPLY = {ICMP: (0, 0), ICMP6: (129, 0)}


class State(IntEnum):
    """What connection tracking calls a packet (conntrack(8)): a packet that was not tracked yet counts as INVALID."""

    INVALID = 0
    ESTABLISHED = 1
    RELATED = 2
    NEW = 3
    UNTRACKED = 4


class Kind(IntEnum):
    """What an address is to the node (RTN_* of rtnetlink): xt_addrtype and nft's `fib daddr type` ask this."""

    UNSPEC = 0
    UNICAST = 1
    LOCAL = 2
    BROADCAST = 3
    ANYCAST = 4
    MULTICAST = 5
    BLACKHOLE = 6
    UNREACHABLE = 7
    PROHIBIT = 8


class Packet(NamedTuple):
    """One packet at one node; a tuple, because it is changed at every step of its way.

    Ports are None where the protocol has none, ICMP's type and code where it is not ICMP.

    An interface is "" where there is none (`outgoing` on INPUT). `source_kind` and `destination_kind` are the node's
    own view (Kind), None where nobody asked its FIB. `tracked` are conntrack's status bits SNAT (1) and DNAT (2).
    `length` is the IP packet's, in bytes.
    """

    source: int
    destination: int
    version: int = 4
    protocol: int = TCP
    sport: int | None = None
    dport: int | None = None
    incoming: str = ""
    outgoing: str = ""
    state: int = State.NEW
    icmp_type: int | None = None
    icmp_code: int | None = None
    tcp_flags: int | None = None
    mark: int = 0
    connection_mark: int = 0
    length: int = 60
    ttl: int = 64
    dscp: int = 0
    source_kind: int | None = None
    destination_kind: int | None = None
    bridge_in: str = ""
    bridge_out: str = ""
    tracked: int = 0
    reply: int = 0  # 1: on the way back
    about: tuple[int, int | None, int, int | None] | None = None  # an ICMP error: the ends of what it answers, turned

    def __str__(self) -> str:
        ports = f" {self.sport} > {self.dport}" if self.dport is not None else ""
        return f"{Address(self.source, self.version)} -> {Address(self.destination, self.version)}{ports}"


SNATTED, DNATTED = 1, 2


def first_packet(
    source: Address,
    destination: Address,
    protocol: int,
    sport: int | None = None,
    dport: int | None = None,
    length: int = 60,
) -> Packet:
    """The packet that opens a conversation: a SYN, a datagram, or an echo request."""
    value, to, version = source.value, destination.value, source.version
    if protocol in ECHO:
        kind, code = ECHO[protocol]
        return Packet(value, to, version, protocol, icmp_type=kind, icmp_code=code, length=length)
    flags = SYN if protocol == TCP else None
    return Packet(value, to, version, protocol, sport, dport, tcp_flags=flags, length=length)
