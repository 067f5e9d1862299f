"""Captures on every node at once: which probe's packets were seen where, in which order.

One AF_PACKET socket per node hears all its interfaces; a classic BPF program lets only probes and what answers them
pass, and lets nothing pass between captures. All nodes share the kernel's clock, so SO_TIMESTAMPNS orders what they
see.
"""

import ctypes
import select
import socket
import struct
import time
from collections.abc import Iterable

from harness.probes.instruments import Instruments
from harness.probes.packets import Seen, read_packet
from sim.dataclasses import dataclass
from sim.errors import ProbeError

ETH_P_ALL, ETH_P_IP = 3, 0x0800
SO_ATTACH_FILTER, SO_TIMESTAMPNS, SOL_PACKET, PACKET_STATISTICS = 26, 35, 263, 6
SO_RCVBUFFORCE = 33
OTHER_HOST, OUTGOING = 3, 4
SNAP_BYTES = 256
STAMPS_S = 2.0
_UNNOTICED = struct.pack("!BBHIBBHII", 0x45, 0, 28, 0, 1, socket.IPPROTO_UDP, 0, 0x7F000001, 0x7F000001) + bytes(8)
"""A UDP datagram to port 0, whose header has no checksum: captures see it, and no packet filter and no host does."""

Instruction = tuple[int, int, int, int]
Line = tuple[str, int, int | str]
LOAD_BYTE, LOAD_HALF, LOAD_HALF_X, LOAD_HEADER, IF_EQUAL, RETURN = 0x30, 0x28, 0x48, 0xB1, 0x15, 0x06
ETHERTYPE = 0xFFFFF000  # SKF_AD_OFF + SKF_AD_PROTOCOL
NOTHING: list[Instruction] = [(RETURN, 0, 0, 0)]


@dataclass(frozen=True, slots=True)
class Sighting:
    """A packet seen at an interface. `foreign`: a frame for another host's MAC, which a bridge or nobody takes on."""

    at_ns: int
    node: str
    interface: str
    outgoing: bool
    foreign: bool
    packet: Seen


def probes_only(magic: int) -> list[Instruction]:
    """Let pass IPv4 and IPv6 UDP and ICMP, and TCP whose sequence or acknowledgment number begins with `magic`.

    Offsets count from the IP header (SOCK_DGRAM): the protocol at 9 (IPv6: 6), TCP's numbers 4 and 8 into its header.
    """
    v4: list[Line] = [("load", LOAD_BYTE, 9), ("if", 17, "accept"), ("if", 1, "accept"), ("unless", 6, "refuse")]
    v4 += [("load", LOAD_HEADER, 0), ("load", LOAD_HALF_X, 4), ("if", magic, "accept")]
    v4 += [("load", LOAD_HALF_X, 8), ("if", magic, "accept"), ("unless", magic, "refuse")]
    v6: list[Line] = [("load", LOAD_BYTE, 6), ("if", 17, "accept"), ("if", 58, "accept"), ("unless", 6, "refuse")]
    v6 += [("load", LOAD_HALF, 44), ("if", magic, "accept"), ("load", LOAD_HALF, 48), ("unless", magic, "refuse")]
    head: list[Line] = [("load", LOAD_HALF, ETHERTYPE), ("if", 0x86DD, "v6"), ("unless", 0x0800, "refuse")]
    lines = [*head, *v4, *v6]
    marks = {"v6": len(head) + len(v4), "accept": len(lines), "refuse": len(lines) + 1}
    program: list[Instruction] = []
    for at, (what, first, second) in enumerate(lines):
        if what == "load":
            program.append((int(first), 0, 0, int(second)))
        else:
            jump = marks[str(second)] - at - 1
            program.append((IF_EQUAL, jump, 0, first) if what == "if" else (IF_EQUAL, 0, jump, first))
    return [*program, (RETURN, 0, 0, SNAP_BYTES), *NOTHING]


def attach(sock: socket.socket, program: list[Instruction]) -> None:
    """Give a socket a classic BPF program (SO_ATTACH_FILTER), in the place of the one it had."""
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *each) for each in program))
    head = struct.pack("HL", len(program), ctypes.addressof(code))
    sock.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, head)


class Capture:
    """A capture on some nodes; `with` bounds the time in which packets are let in."""

    def __init__(self, instruments: Instruments, nodes: Iterable[str], magic: int) -> None:
        self._program = probes_only(magic)
        self._instruments = instruments
        self._sockets = {}
        for node in nodes:
            sock = instruments.get(node, socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_ALL))
            self._sockets[sock.fileno()] = (node, sock)
        self.sightings: list[Sighting] = []
        self.seen: set[tuple[str, int | None]] = set()

    def __enter__(self) -> "Capture":
        self._poller = select.epoll()
        for number, (node, sock) in self._sockets.items():
            _open(node, sock, self._program)
            self._poller.register(number, select.EPOLLIN)
        self._await_stamps()
        return self

    def _await_stamps(self) -> None:
        """Until the kernel stamps packets as they pass: it begins a little after the first socket asks for it.

        A packet without a stamp gets the time at which it is read, and so would seem to come after all others.
        """
        node, sock = next(iter(self._sockets.values()), (None, None))
        if node is None or sock is None:
            raise ProbeError("no node runs, so nothing can be captured")
        sender = self._instruments.get(node, socket.AF_PACKET, socket.SOCK_DGRAM, 0, "stamps")
        deadline = time.monotonic() + STAMPS_S
        while time.monotonic() < deadline:
            sender.sendto(_UNNOTICED, ("lo", ETH_P_IP))
            sent_at = time.time_ns()
            select.select([sock], [], [], STAMPS_S)
            if _stamp(sock.recvmsg(SNAP_BYTES, 64)[1]) <= sent_at:
                drain(sock)
                return
        raise ProbeError("the kernel does not stamp packets with their time", node)

    def fileno(self) -> int:
        """A descriptor that is readable when something has been seen."""
        return self._poller.fileno()

    def gather(self, timeout_s: float = 0.0) -> int:
        """Take in what has been seen; how many packets that was."""
        before = len(self.sightings)
        for number, _ in self._poller.poll(timeout_s):
            self._take(*self._sockets[number])
        return len(self.sightings) - before

    def _take(self, node: str, sock: socket.socket) -> None:
        while True:
            try:
                data, ancillary, _, sender = sock.recvmsg(SNAP_BYTES, 64)
            except BlockingIOError:
                return
            packet = read_packet(data)
            if packet:
                interface, _, direction = sender[:3]
                at = _stamp(ancillary)
                self.seen.add((node, packet.token))
                self.sightings.append(
                    Sighting(at, node, interface, direction == OUTGOING, direction == OTHER_HOST, packet)
                )

    def __exit__(self, *reason: object) -> None:
        self.gather()
        self._poller.close()
        for _, sock in self._sockets.values():
            attach(sock, NOTHING)
        self.sightings.sort(key=lambda each: each.at_ns)
        lost = [node for node, sock in self._sockets.values() if _dropped(sock)]
        if lost and reason[0] is None:
            raise ProbeError(f"a capture lost packets on {', '.join(lost)}: the socket's buffer is too small")


def _open(node: str, sock: socket.socket, program: list[Instruction]) -> None:
    """Let packets in from now on."""
    try:
        attach(sock, program)
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        enlarge(sock)
        drain(sock)
        _dropped(sock)
    except OSError as error:
        raise ProbeError(f"cannot capture packets: {error}", node) from error


def enlarge(sock: socket.socket) -> None:
    """Give a socket a buffer of 16 MB where this process may, and else the largest that the machine allows all."""
    try:
        sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 1 << 24)
    except PermissionError:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 24)


def drain(sock: socket.socket) -> None:
    """Take out what a non-blocking socket heard before its filter was in place."""
    while True:
        try:
            sock.recv(1)
        except BlockingIOError:
            return


def _dropped(sock: socket.socket) -> int:
    """The packets dropped since last asked, because the buffer was full."""
    return int(struct.unpack("II", sock.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8))[1])


def _stamp(ancillary: list[tuple[int, int, bytes]]) -> int:
    for level, kind, data in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, SO_TIMESTAMPNS):
            seconds, nanoseconds = struct.unpack("qq", data[:16])
            return int(seconds * 1_000_000_000 + nanoseconds)
    raise ProbeError("a captured packet has no time stamp")
