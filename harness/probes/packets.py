"""The bytes of a probe, and what a packet seen somewhere says about it.

Every probe carries a token of 32 bits that survives NAT: TCP in the sequence number (an answer acknowledges it plus 1),
UDP and ICMP in the payload as `fabriclab-` and eight hex digits (a DNS query carries the same as its first label). ICMP
errors quote the packet (RFC 792, RFC 1812 4.3.2.3: as much as fits in 576 bytes), so the token is found there too.
"""

import re
import struct
from enum import Enum

from harness.inet import packed, text
from sim.dataclasses import dataclass
from sim.errors import ProbeError

MARK = re.compile(rb"fabriclab-([0-9a-f]{8})")
ICMP, TCP, UDP, ICMP6 = 1, 6, 17, 58
SYN, RST, ACK = 0x02, 0x04, 0x10
DNS_PORT = 53


class Kind(Enum):
    """What a packet is to a probe."""

    PROBE = "probe"
    ANSWER = "answer"
    REFUSAL = "refusal"  # RST
    ERROR = "error"  # ICMP error


@dataclass(frozen=True, slots=True)
class Seen:
    """A packet that concerns a probe. `token` is None where only ports tell (`ports`: source and destination)."""

    kind: Kind
    source: str
    destination: str
    protocol: int
    token: int | None = None
    ports: tuple[int, int] = (0, 0)
    icmp: tuple[int, int] = (0, 0)
    version: int = 4


def checksum(data: bytes) -> int:
    """The Internet checksum (RFC 1071)."""
    if len(data) % 2:
        data += b"\0"
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total & 0xFFFF) + (total >> 16)
    return ~(total + (total >> 16)) & 0xFFFF


def mark(token: int) -> bytes:
    """The token as it stands in a payload."""
    return b"fabriclab-%08x" % token


def dns_query(token: int) -> bytes:
    """A query (RFC 1035 4.1) for the A record of a name that carries the token, under .invalid (RFC 6761)."""
    return dns_question(f"{mark(token).decode()}.invalid", 1, token & 0xFFFF)


def dns_question(name: str, kind: int, number: int) -> bytes:
    """A query for one name and record type, recursion desired."""
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.rstrip(".").split(".") if label)
    return struct.pack("!HHHHHH", number, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack("!HH", kind, 1)


def segment(protocol: int, source: str, destination: str, ports: tuple[int, int], token: int, length: int = 0) -> bytes:
    """What follows the IP header: TCP SYN, UDP datagram or ICMP echo, filled up to `length` bytes.

    A length of 0 is the shortest there is. ICMP echo has `ports[0]` as its identifier. ProbeError if the length can not
    hold the token.
    """
    if protocol == TCP:
        return _tcp_syn(source, destination, ports, token, length)
    payload = dns_query(token) if protocol == UDP and ports[1] == DNS_PORT else mark(token)
    room = length - 8 - len(payload)
    if length and room < 0:
        raise ProbeError(
            f"a probe of {length} bytes after the IP header cannot be told from others; at least 26 needed"
        )
    payload += b"\0" * max(0, room)
    if protocol == UDP:
        return _checked(source, destination, UDP, struct.pack("!HHHH", *ports, 8 + len(payload), 0) + payload, 6)
    kind = 8 if protocol == ICMP else 128
    echo = struct.pack("!BBHHH", kind, 0, 0, ports[0], token & 0xFFFF) + payload
    if protocol == ICMP6:
        return _checked(source, destination, ICMP6, echo, 2)
    return echo[:2] + struct.pack("!H", checksum(echo)) + echo[4:]


def _tcp_syn(source: str, destination: str, ports: tuple[int, int], token: int, length: int) -> bytes:
    """A SYN (RFC 9293 3.1) with a maximum segment size of 1,460 bytes; what fills it up is data it may carry."""
    header = struct.pack("!HHIIBBHHH", *ports, token, 0, 6 << 4, SYN, 64240, 0, 0) + struct.pack("!BBH", 2, 4, 1460)
    return _checked(source, destination, TCP, header + b"\0" * max(0, length - len(header)), 16)


def _checked(source: str, destination: str, protocol: int, data: bytes, at: int) -> bytes:
    """The data with the checksum over it and its pseudo header (RFC 9293 3.1, RFC 8200 8.1) at offset `at`."""
    pseudo = packed(source) + packed(destination) + struct.pack("!HH", protocol, len(data))
    return data[:at] + struct.pack("!H", checksum(pseudo + data) or 0xFFFF) + data[at + 2 :]


def read_packet(data: bytes) -> Seen | None:
    """A packet from its IP header on; None if it concerns no probe."""
    if len(data) >= 20 and data[0] >> 4 == 4:
        start = (data[0] & 0xF) * 4
        if struct.unpack_from("!H", data, 6)[0] & 0x1FFF:
            return None  # a later fragment has no ports
        return read_segment(data[9], text(data[12:16]), text(data[16:20]), data[start:])
    if len(data) >= 40 and data[0] >> 4 == 6:
        return read_segment(data[6], text(data[8:24]), text(data[24:40]), data[40:])
    return None


def read_segment(protocol: int, source: str, destination: str, data: bytes) -> Seen | None:
    """What follows an IP header; None if it concerns no probe."""
    version = 6 if ":" in source else 4
    if protocol == TCP and len(data) >= 20:
        return _read_tcp(source, destination, data, version)
    if protocol == UDP and len(data) >= 8:
        return Seen(
            Kind.PROBE, source, destination, UDP, _marked(data), struct.unpack_from("!HH", data), version=version
        )
    if protocol in (ICMP, ICMP6) and len(data) >= 8:
        return _read_icmp(protocol, source, destination, data, version)
    return None


def _read_tcp(source: str, destination: str, data: bytes, version: int) -> Seen:
    sport, dport, number, acknowledged, _, flags = struct.unpack_from("!HHIIBB", data)
    ports = (sport, dport)
    if flags & (SYN | ACK | RST) == SYN:
        return Seen(Kind.PROBE, source, destination, TCP, number, ports, version=version)
    kind = Kind.REFUSAL if flags & RST else Kind.ANSWER
    return Seen(kind, source, destination, TCP, (acknowledged - 1) & 0xFFFFFFFF, ports, version=version)


def _read_icmp(protocol: int, source: str, destination: str, data: bytes, version: int) -> Seen | None:
    kind, code = data[0], data[1]
    if kind in (8, 128):
        return Seen(Kind.PROBE, source, destination, protocol, _marked(data), icmp=(kind, code), version=version)
    if kind in (0, 129):
        return Seen(Kind.ANSWER, source, destination, protocol, _marked(data), icmp=(kind, code), version=version)
    if kind in (3, 5, 11, 12) if protocol == ICMP else kind in (1, 2, 3, 4):
        quoted = read_packet(data[8:]) or _read_stub(data[8:])
        if quoted and kind != 5:
            return Seen(Kind.ERROR, source, destination, protocol, quoted.token, quoted.ports, (kind, code), version)
    return None


def _read_stub(data: bytes) -> Seen | None:
    """A quotation of the IP header and 8 bytes only, as old routers send: ports, and TCP's sequence number."""
    start = (data[0] & 0xF) * 4 if data and data[0] >> 4 == 4 else 40
    if len(data) < start + 8:
        return None
    protocol = data[9] if start != 40 else data[6]
    token = struct.unpack_from("!I", data, start + 4)[0] if protocol == TCP else None
    return Seen(Kind.PROBE, "", "", protocol, token, struct.unpack_from("!HH", data, start))


def _marked(data: bytes) -> int | None:
    found = MARK.search(data)
    return int(found[1], 16) if found else None
