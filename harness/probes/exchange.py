"""Many probes at once: sent and answered over one raw socket per node and protocol, in one thread.

A raw socket hears every segment its node accepts (after its INPUT filter), so what comes back to a probe is seen as an
application would: SYN-ACK, RST, echo reply, datagram, ICMP error. The node's own TCP resets the half-open connection at
once. The kernel chooses route and source address beforehand (`netlink.choices`, with the probe's ports, so that the
choice among next hops is the one a connection would meet), and a probe leaves by that device.
"""

import errno
import select
import socket
import struct
import time
from collections.abc import Callable, Iterable, Sequence

from harness.inet import packed
from harness.probes import netlink
from harness.probes.capture import Capture
from harness.probes.endpoints import Aim, Places
from harness.probes.instruments import Instruments
from harness.probes.netlink import Choice, Query
from harness.probes.packets import ICMP, ICMP6, TCP, UDP, Kind, Seen, read_packet, read_segment, segment
from harness.probes.rest import Rest
from sim.dataclasses import dataclass, field
from sim.errors import ProbeError

IP_PKTINFO, IP_MTU_DISCOVER, IPV6_PKTINFO, IPV6_MTU_DISCOVER, IPV6_DONTFRAG = 8, 10, 50, 23, 62
PMTUDISC_WANT, PMTUDISC_PROBE = 1, 3
PATIENCE_S = 0.3
ROUND_TRIPS = 8.0
GRACE_S = 0.5
DRAIN_EVERY = 32
HEADER_BYTES = {4: 20, 6: 40}


@dataclass(slots=True)
class Answer:
    """What came back first: the packet, and the round trip in seconds."""

    seen: Seen
    round_trip_s: float


@dataclass(slots=True)
class Probe:
    """One probe on its way. `refused` is the errno with which its own node would not send it."""

    aim: Aim
    token: int
    sport: int
    dport: int
    choice: Choice
    source: str = ""
    size_bytes: int | None = None
    ttl: int | None = None
    via: int = 0
    sent_at: float = 0.0
    refused: int = 0
    answer: Answer | None = None

    @property
    def protocol(self) -> int:
        """The IP protocol number."""
        icmp = ICMP6 if self.aim.version == 6 else ICMP
        return {"tcp": TCP, "udp": UDP, "icmp": icmp}[self.aim.flow.protocol]

    @property
    def done(self) -> bool:
        """Whether nothing more needs to be waited for."""
        return self.refused != 0 or self.answer is not None

    def query(self, incoming: int = 0, outgoing: int = 0) -> Query:
        """The probe as a question to a kernel on its way."""
        sport, dport = (0, 0) if self.aim.flow.protocol == "icmp" else (self.sport, self.dport)
        return Query(
            self.aim.destination, self.source or None, incoming, outgoing, self.aim.flow.protocol, sport, dport
        )

    def is_answer(self, seen: Seen) -> bool:
        """Whether a UDP datagram goes back (all of UDP looks alike)."""
        return seen.ports[1] == self.sport and seen.ports[0] != self.sport


@dataclass(slots=True)
class Exchange:
    """Probes in flight, found again by token, or by node and source port.

    With `until_rest` (and a capture) it ends early, and says so by `rested`, when no unanswered probe moves any more.
    """

    instruments: Instruments
    places: Places
    probes: Sequence[Probe]
    capture: Capture | None = None
    enough: Callable[[], bool] | None = None
    until_rest: bool = False
    rested: bool = False
    by_token: dict[int, Probe] = field(default_factory=dict)
    by_port: dict[tuple[str, int, int], Probe] = field(default_factory=dict)
    listening: dict[int, tuple[str, int, socket.socket]] = field(default_factory=dict)

    def run(self, patience_s: float = PATIENCE_S) -> None:
        """Send all, and wait until all are answered, or `enough` says so, or the deadline has passed.

        The deadline counts from the last packet sent: `patience_s`, or eight times the longest round trip seen, but
        no more than half a second above.
        """
        poller = select.epoll()
        try:
            self._listen(poller)
            for number, probe in enumerate(self.probes):
                self._send(probe)
                if number % DRAIN_EVERY == DRAIN_EVERY - 1:
                    self._gather(poller, 0.0)
            self._wait(poller, time.monotonic(), patience_s)
        finally:
            poller.close()

    def _wait(self, poller: select.epoll, sent_at: float, patience_s: float) -> None:
        waiting = [probe for probe in self.probes if not probe.done]
        rest = Rest(self.capture, self.by_token.keys()) if self.capture and self.until_rest else None
        while waiting:
            longest = max((probe.answer.round_trip_s for probe in self.probes if probe.answer), default=0.0)
            left = sent_at + max(patience_s, min(ROUND_TRIPS * longest, patience_s + GRACE_S)) - time.monotonic()
            self._gather(poller, max(0.0, min(left, rest.left_s()) if rest else left))
            waiting = [probe for probe in waiting if not probe.done]
            if left <= 0 or (self.enough and self.enough()):
                return
            if waiting and rest and rest.reached(probe.token for probe in waiting):
                self.rested = True
                return

    def hear(self) -> None:
        """Take in the answers that have come since, without waiting."""
        for sender, protocol, sock in self.listening.values():
            for seen in _receive(sock, protocol):
                self._take(sender, seen)

    def _listen(self, poller: select.epoll) -> None:
        if self.capture:
            poller.register(self.capture.fileno(), select.EPOLLIN)
        for probe in self.probes:
            self.by_token[probe.token] = probe
            self.by_port[(probe.aim.sender, probe.protocol, probe.sport)] = probe
        for sender, version, protocol in {(p.aim.sender, p.aim.version, p.protocol) for p in self.probes}:
            for number in {protocol, ICMP6 if version == 6 else ICMP}:
                sock = self._socket(sender, version, number)
                if sock.fileno() not in self.listening:
                    _drain(sock)
                    self.listening[sock.fileno()] = (sender, number, sock)
                    poller.register(sock.fileno(), select.EPOLLIN)

    def _socket(self, node: str, version: int, protocol: int) -> socket.socket:
        family = socket.AF_INET6 if version == 6 else socket.AF_INET
        sock = self.instruments.get(node, family, socket.SOCK_RAW, protocol)
        sock.setblocking(False)
        return sock

    def _send(self, probe: Probe) -> None:
        """Send one probe. What its own kernel answers at once (EPERM: its filter; EMSGSIZE: the MTU) is kept."""
        probe.sent_at = time.monotonic()
        if probe.choice.error:
            probe.refused = probe.choice.error
            return
        version = probe.aim.version
        sock = self._socket(probe.aim.sender, version, probe.protocol)
        length = max(0, probe.size_bytes - HEADER_BYTES[version]) if probe.size_bytes else 0
        ports = (probe.sport, probe.dport)
        data = segment(probe.protocol, probe.source, probe.aim.destination, ports, probe.token, length)
        _dont_fragment(sock, version, probe.size_bytes is not None)
        try:
            sock.sendmsg([data], _ancillary(probe, self._lo(probe)), 0, (probe.aim.destination, 0))
        except OSError as error:
            if error.errno in (errno.EBADF, errno.EINTR, errno.ENOTSOCK, None):
                raise ProbeError(f"cannot send: {error}", probe.aim.sender) from error
            probe.refused = error.errno

    def _lo(self, probe: Probe) -> bool:
        device = self.places.devices[probe.aim.sender].get(probe.choice.outgoing)
        return probe.choice.type == "local" or device is None or device.name == "lo"

    def _gather(self, poller: select.epoll, timeout_s: float) -> None:
        for number, _ in poller.poll(timeout_s):
            if self.capture and number == self.capture.fileno():
                self.capture.gather()
                continue
            sender, protocol, sock = self.listening[number]
            for seen in _receive(sock, protocol):
                self._take(sender, seen)

    def _take(self, sender: str, seen: Seen) -> None:
        probe = self.by_token.get(seen.token) if seen.token is not None else None
        if probe is None and seen.protocol == UDP:
            probe = self.by_port.get((sender, UDP, seen.ports[1]))
        if probe is None and seen.kind is Kind.ERROR:
            probe = next((p for n in (TCP, UDP) if (p := self.by_port.get((sender, n, seen.ports[0])))), None)
        if probe is None or probe.aim.sender != sender or probe.answer:
            return
        if seen.kind is Kind.PROBE and not (seen.protocol == UDP and probe.is_answer(seen)):
            return
        probe.answer = Answer(seen, time.monotonic() - probe.sent_at)


def routed(instruments: Instruments, probes: Iterable[Probe]) -> None:
    """Give each probe its sender's kernel's choice of route and source address."""
    by_sender: dict[str, list[Probe]] = {}
    for probe in probes:
        by_sender.setdefault(probe.aim.sender, []).append(probe)
    for sender, group in by_sender.items():
        queries = [probe.query(outgoing=probe.via) for probe in group]
        for probe, choice in zip(group, netlink.choices(instruments.netlink(sender), queries), strict=True):
            probe.choice = choice
            probe.source = probe.source or choice.source or ""


def _ancillary(probe: Probe, own: bool) -> list[tuple[int, int, bytes]]:
    """The way a probe leaves: device and source address (RFC 3542 6.1), and its TTL."""
    index = 0 if own else probe.choice.outgoing
    source = packed(probe.source)
    if probe.aim.version == 6:
        found: list[tuple[int, int, bytes]] = [(socket.IPPROTO_IPV6, IPV6_PKTINFO, source + struct.pack("i", index))]
        return found + ([(socket.IPPROTO_IPV6, 52, struct.pack("i", probe.ttl))] if probe.ttl else [])
    found = [(int(socket.IPPROTO_IP), IP_PKTINFO, struct.pack("i", index) + source + b"\0" * 4)]
    return found + ([(socket.IPPROTO_IP, socket.IP_TTL, struct.pack("i", probe.ttl))] if probe.ttl else [])


def _dont_fragment(sock: socket.socket, version: int, wanted: bool) -> None:
    """Set DF and leave the kernel's memory of path MTUs aside (RFC 4821), or behave as any sender does."""
    mode = PMTUDISC_PROBE if wanted else PMTUDISC_WANT
    if version == 6:
        sock.setsockopt(socket.IPPROTO_IPV6, IPV6_MTU_DISCOVER, mode)
        sock.setsockopt(socket.IPPROTO_IPV6, IPV6_DONTFRAG, int(wanted))
    else:
        sock.setsockopt(socket.IPPROTO_IP, IP_MTU_DISCOVER, mode)


def _receive(sock: socket.socket, protocol: int) -> list[Seen]:
    """Everything that waits on a raw socket: IPv4 comes with its header, IPv6 without (RFC 3542 3)."""
    found: list[Seen] = []
    while True:
        try:
            data, sender = sock.recvfrom(2048)
        except BlockingIOError:
            return found
        except OSError:
            continue  # an ICMP error that the socket reports as its own; it comes as a packet too
        six = sock.family == socket.AF_INET6
        seen = read_segment(protocol, sender[0].split("%")[0], "::", data) if six else read_packet(data)
        if seen:
            found.append(seen)


def _drain(sock: socket.socket) -> None:
    _receive(sock, 0)
