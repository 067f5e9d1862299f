"""Questions to a node's kernel over rtnetlink (RFC 3549): addresses, devices, neighbours, and a packet's way.

The way of a packet (`choices`) is the kernel's own lookup with the packet's 5-tuple and incoming interface, policy
rules and multipath hash included, and sends nothing: 10 microseconds each, many in one message.
"""

import errno
import os
import socket
import struct
from collections.abc import Iterator, Sequence

from harness import netlink
from harness.inet import packed, text
from harness.netlink import DONE, DUMP, ERROR, REQUEST
from sim.dataclasses import dataclass
from sim.errors import ProbeError

RTM_GETLINK, RTM_GETADDR, RTM_GETROUTE, RTM_GETNEIGH = 18, 22, 26, 30
BATCH = 64
ANSWER_S = 5.0
IP_VERSION = {socket.AF_INET: 4, socket.AF_INET6: 6}
PROTOCOLS = {"icmp": 1, "tcp": 6, "udp": 17}
ROUTE_TYPES = {
    1: "unicast",
    2: "local",
    3: "broadcast",
    5: "multicast",
    6: "blackhole",
    7: "unreachable",
    8: "prohibit",
}
NEIGHBOUR_STATES = {1: "INCOMPLETE", 2: "REACHABLE", 4: "STALE", 8: "DELAY", 16: "PROBE", 32: "FAILED", 64: "NOARP"}


@dataclass(frozen=True, slots=True)
class Device:
    """A network device. `carrier` is the kernel's IFF_LOWER_UP."""

    index: int
    name: str
    mtu_bytes: int
    mac: bytes
    up: bool
    carrier: bool


@dataclass(frozen=True, slots=True)
class Address:
    """An address of a node: canonical text, prefix length, its device's name."""

    address: str
    length: int
    interface: str
    scope: int  # 0 global, 253 link, 254 host


@dataclass(frozen=True, slots=True)
class Neighbour:
    """An entry of the ARP or ND table."""

    address: str
    index: int
    mac: bytes
    state: str


@dataclass(frozen=True, slots=True)
class Query:
    """A packet whose way is asked. `incoming` is a device index (0: sent by the node itself); no ports: 0."""

    destination: str
    source: str | None = None
    incoming: int = 0
    outgoing: int = 0
    protocol: str = "udp"
    sport: int = 0
    dport: int = 0


@dataclass(frozen=True, slots=True)
class Choice:
    """The kernel's answer. `error` is an errno where it has no way (then the rest is empty)."""

    type: str = ""
    gateway: str | None = None
    outgoing: int = 0
    source: str | None = None
    error: int = 0

    @property
    def words(self) -> str:
        """What the kernel says, for a person."""
        return os.strerror(self.error) if self.error else self.type


def devices(sock: socket.socket) -> dict[int, Device]:
    """Every device of the node by index."""
    found = {}
    for body in _dump(sock, RTM_GETLINK, struct.pack("BxHiII", 0, 0, 0, 0, 0)):
        _, _, index, flags, _ = struct.unpack_from("BxHiII", body)
        about = netlink.attributes(body[16:])
        mtu = int.from_bytes(about.get(4, b"\0"), "little")
        name = about[3].rstrip(b"\0").decode()
        found[index] = Device(index, name, mtu, about.get(1, b""), bool(flags & 0x1), bool(flags & 0x10000))
    return found


def addresses(sock: socket.socket, names: dict[int, Device]) -> list[Address]:
    """Every address of the node, IPv4 first, in the kernel's order."""
    found = []
    for body in _dump(sock, RTM_GETADDR, struct.pack("BBBBI", 0, 0, 0, 0, 0)):
        family, length, _, scope, index = struct.unpack_from("BBBBI", body)
        about = netlink.attributes(body[8:])
        raw = about.get(2) or about.get(1)
        if raw and index in names and family in IP_VERSION:
            found.append(Address(text(raw), length, names[index].name, scope))
    return sorted(found, key=lambda each: ":" in each.address)


def neighbours(sock: socket.socket) -> list[Neighbour]:
    """The node's ARP and ND tables."""
    found = []
    for body in _dump(sock, RTM_GETNEIGH, struct.pack("BxxxiHBB", 0, 0, 0, 0, 0)):
        family, index, state = struct.unpack_from("BxxxiH", body)
        about = netlink.attributes(body[12:])
        if family in IP_VERSION and 1 in about:
            words = NEIGHBOUR_STATES.get(state, "PERMANENT")
            found.append(Neighbour(text(about[1]), index, about.get(2, b""), words))
    return found


def choices(sock: socket.socket, queries: Sequence[Query]) -> list[Choice]:
    """The way of each packet, in order."""
    found: list[Choice] = []
    for start in range(0, len(queries), BATCH):
        batch = queries[start : start + BATCH]
        messages = [netlink.message(RTM_GETROUTE, REQUEST, n, _question(query)) for n, query in enumerate(batch)]
        _send(sock, b"".join(messages))
        answers: dict[int, Choice] = {}
        while len(answers) < len(batch):
            for kind, number, body in netlink.messages(_receive(sock)):
                answers[number] = _refusal(body) if kind == ERROR else _choice(body)
        found += [answers[n] for n in range(len(batch))]
    return found


def _question(query: Query) -> bytes:
    six = ":" in query.destination
    bits = 128 if six else 32
    parts = [netlink.attribute(1, packed(query.destination))]
    if query.source:
        parts.append(netlink.attribute(2, packed(query.source)))
    if query.incoming:
        parts.append(netlink.attribute(3, struct.pack("I", query.incoming)))
    if query.outgoing:
        parts.append(netlink.attribute(4, struct.pack("I", query.outgoing)))
    protocol = 58 if query.protocol == "icmp" and six else PROTOCOLS[query.protocol]
    parts.append(netlink.attribute(27, struct.pack("B", protocol)))
    if query.sport and query.dport:
        parts += [
            netlink.attribute(28, struct.pack("!H", query.sport)),
            netlink.attribute(29, struct.pack("!H", query.dport)),
        ]
    family = socket.AF_INET6 if six else socket.AF_INET
    return struct.pack("BBBBBBBBI", family, bits, bits if query.source else 0, 0, 0, 0, 0, 0, 0) + b"".join(parts)


def _choice(body: bytes) -> Choice:
    about = netlink.attributes(body[12:])
    gateway = about.get(5) or about.get(18, b"")[2:]
    return Choice(
        type=ROUTE_TYPES.get(body[7], str(body[7])),
        gateway=text(gateway) if gateway else None,
        outgoing=int.from_bytes(about.get(4, b"\0"), "little"),
        source=text(about[7]) if 7 in about else None,
    )


def _refusal(body: bytes) -> Choice:
    return Choice(error=-struct.unpack_from("i", body)[0])


def _dump(sock: socket.socket, kind: int, header: bytes) -> Iterator[bytes]:
    _send(sock, netlink.message(kind, DUMP, 0, header))
    while True:
        for found, _, body in netlink.messages(_receive(sock)):
            if found == DONE:
                return
            if found == ERROR:
                raise ProbeError(f"the kernel refused a routing question: {_refusal(body).words}")
            yield body


def _send(sock: socket.socket, data: bytes) -> None:
    sock.settimeout(ANSWER_S)
    sock.send(data)


def _receive(sock: socket.socket) -> bytes:
    try:
        return sock.recv(1 << 16)
    except TimeoutError as error:
        raise ProbeError(f"the kernel gave no answer to a routing question within {ANSWER_S:.0f} s") from error
    except OSError as error:
        raise ProbeError(f"a routing question failed: {errno.errorcode.get(error.errno or 0, error)}") from error
