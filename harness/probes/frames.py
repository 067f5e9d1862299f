"""Frames by the thousand: one template of Scapy's, patched for each flow; and what a router sends on of them.

Scapy builds a packet in 700 us, patching its bytes takes 2: so it builds one, and is imported only then.
"""

import socket
import struct
from collections.abc import Iterator, Sequence

from harness.inet import packed
from harness.probes.capture import ETH_P_ALL, ETHERTYPE, Instruction, attach, drain, enlarge
from harness.probes.instruments import Instruments
from harness.probes.packets import checksum, mark
from sim.dataclasses import dataclass

ETHERNET_BYTES = 14
PACKET_TYPE = 0xFFFFF004  # SKF_AD_OFF + SKF_AD_PKTTYPE
NETWORK = 0xFFF00000  # SKF_NET_OFF: offsets from the IP header, whatever stands before it
OUTGOING = 4
TTL = 2  # one for the router, one for its next hop: the packet ends there, far from the destination


@dataclass(frozen=True, slots=True)
class Stream:
    """One probe flow: addresses and UDP ports."""

    source: str
    destination: str
    sport: int
    dport: int


@dataclass(frozen=True, slots=True)
class Left:
    """A frame seen to leave: by which device, to which MAC, of which flow (addresses and ports)."""

    interface: str
    mac: bytes
    flow: tuple[bytes, bytes, int, int]


def key(stream: Stream) -> tuple[bytes, bytes, int, int]:
    """A flow as a captured frame tells it."""
    return (packed(stream.source), packed(stream.destination), stream.sport, stream.dport)


def frames(streams: Sequence[Stream], source_mac: bytes, router_mac: bytes, token: int) -> Iterator[bytes]:
    """The frame of each flow, to be put on a cable to the router."""
    six = ":" in streams[0].destination
    template = bytearray(_template(six, source_mac, router_mac, token))
    ip, at = ETHERNET_BYTES, ETHERNET_BYTES + (8 if six else 12)
    size = 16 if six else 4
    udp = ip + (40 if six else 20)
    length = struct.pack("!HH", socket.IPPROTO_UDP, len(template) - udp)
    for stream in streams:
        source, destination, sport, dport = key(stream)
        template[at : at + 2 * size] = source + destination
        struct.pack_into("!HHHH", template, udp, sport, dport, len(template) - udp, 0)
        if six:
            pseudo = source + destination + length + template[udp:]
            struct.pack_into("!H", template, udp + 6, checksum(bytes(pseudo)) or 0xFFFF)
        else:  # UDP over IPv4 may go without a checksum (RFC 768)
            template[ip + 10 : ip + 12] = b"\0\0"
            struct.pack_into("!H", template, ip + 10, checksum(bytes(template[ip:udp])))
        yield bytes(template)


def _template(six: bool, source_mac: bytes, router_mac: bytes, token: int) -> bytes:
    from scapy.layers.inet import IP, UDP
    from scapy.layers.inet6 import IPv6
    from scapy.layers.l2 import Ether
    from scapy.packet import Raw

    head = IPv6(hlim=TTL, src="::1", dst="::1") if six else IP(ttl=TTL, src="127.0.0.1", dst="127.0.0.1")
    ether = Ether(src=source_mac.hex(":"), dst=router_mac.hex(":"))
    return bytes(ether / head / UDP(sport=1, dport=1) / Raw(mark(token)))


def leaving_udp() -> list[Instruction]:
    """Let pass UDP packets that go out, IPv4 (protocol at 9) and IPv6 (at 6)."""
    return [
        (0x28, 0, 0, PACKET_TYPE),
        (0x15, 0, 7, OUTGOING),
        (0x28, 0, 0, ETHERTYPE),
        (0x15, 3, 0, 0x86DD),
        (0x15, 0, 4, 0x0800),
        (0x30, 0, 0, NETWORK + 9),
        (0x15, 1, 2, socket.IPPROTO_UDP),
        (0x30, 0, 0, NETWORK + 6),
        (0x15, 0, 1, socket.IPPROTO_UDP),
        (0x06, 0, 0, 128),
        (0x06, 0, 0, 0),
    ]


class Outlet:
    """Watches what leaves a router; `with` bounds the watching."""

    def __init__(self, instruments: Instruments, node: str, token: int) -> None:
        self._sock = instruments.get(node, socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL), "outlet")
        self._mark = mark(token)
        self.left: list[Left] = []

    def __enter__(self) -> "Outlet":
        attach(self._sock, leaving_udp())
        self._sock.setblocking(False)
        enlarge(self._sock)
        drain(self._sock)
        return self

    def fileno(self) -> int:
        """Readable when something has left."""
        return self._sock.fileno()

    def gather(self) -> None:
        """Take in what has left so far."""
        while True:
            try:
                data, sender = self._sock.recvfrom(128)
            except BlockingIOError:
                return
            if self._mark in data:
                self.left.append(Left(sender[0], data[:6], _flow(data)))

    def __exit__(self, *reason: object) -> None:
        self.gather()
        attach(self._sock, [(0x06, 0, 0, 0)])


def _flow(data: bytes) -> tuple[bytes, bytes, int, int]:
    ip = ETHERNET_BYTES
    if data[ip] >> 4 == 6:
        return (data[ip + 8 : ip + 24], data[ip + 24 : ip + 40], *struct.unpack_from("!HH", data, ip + 40))
    return (data[ip + 12 : ip + 16], data[ip + 16 : ip + 20], *struct.unpack_from("!HH", data, ip + 20))
