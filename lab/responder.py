"""The lab's small services: one process that answers HTTP, TCP, UDP and DNS for all services of a node.

The standard library only, and nothing of this project: a node's agent forks and calls `serve`. One selector, one
thread. A service without an address listens on both wildcards; an address that the node does not own within a few
seconds ends the process with status 1 and a line on standard error, as a real daemon would. A datagram is answered from
the address it asked.
"""

from __future__ import annotations

import errno
import os
import resource
import selectors
import signal
import socket
import struct
import sys
import time
from collections import namedtuple
from collections.abc import Callable, Iterator, Mapping, Sequence

TYPE_CHECKING = False  # the typing module, and what it loads, would be in every node's memory
if TYPE_CHECKING:
    from typing import Any, NoReturn

PROGRAM = "fabriclab-responder"  # the name under which a node is asked to start it
IP_PKTINFO = 8  # linux/in.h; Python 3.11 does not name it
RTMGRP_IPV4_IFADDR, RTMGRP_IPV6_IFADDR = 0x10, 0x100
BACKLOG = 1024
CHUNK_BYTES = 65536
LONGEST_REQUEST_BYTES = 65536
ADDRESS_WAIT_S = 5.0  # zebra gives addresses after it has been told; duplicate detection (RFC 4862 5.4) takes 1 to 2 s
DNS_TTL_S = 60
DNS_TYPES = {1: socket.AF_INET, 28: socket.AF_INET6}  # A and AAAA
READ, WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE


Service = namedtuple("Service", ("name", "address", "port", "protocol"))
"""What a service is called, where it listens (address None: everywhere), and what it answers: http, tcp, udp or dns."""


def serve(services: Sequence[Mapping[str, Any]], ready: Callable[[], None]) -> NoReturn:
    """Answer for `services` until SIGTERM; `ready` is called once, when every socket listens."""
    _own_the_process()
    selector = selectors.DefaultSelector()
    for declared in services:
        service = Service(declared["name"], declared.get("address"), int(declared["port"]), declared["protocol"])
        for listening in _listen(service):
            handler = Datagrams if listening.type == socket.SOCK_DGRAM else Acceptor
            selector.register(listening, READ, handler(selector, listening, service))
    ready()
    while True:
        for key, events in selector.select():
            key.data.on(events)


def _own_the_process() -> None:
    """Shed what a fork inherits: the parent's signal handling, and a low limit of open files."""
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _listen(service: Service) -> Iterator[socket.socket]:
    """The service's sockets: one, or one for each family when it has no address of its own."""
    kind = socket.SOCK_DGRAM if service.protocol in ("udp", "dns") else socket.SOCK_STREAM
    addresses = [service.address] if service.address else ["0.0.0.0", "::"]
    for address in addresses:
        try:
            yield _bound(kind, address, service.port)
        except OSError as error:
            if error.errno == errno.EAFNOSUPPORT and not service.address:
                continue  # a kernel without IPv6 has no wildcard of it
            _fail(f"{service.name}: cannot listen on {address} port {service.port}: {error.strerror}")


def _bound(kind: int, address: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listening = socket.socket(family, kind | socket.SOCK_NONBLOCK)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1 if kind == socket.SOCK_STREAM else 0)
    if family == socket.AF_INET6:
        listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    _bind(listening, address, port)
    if kind == socket.SOCK_STREAM:
        listening.listen(BACKLOG)
    elif family == socket.AF_INET6:
        listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
    else:
        listening.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
    return listening


def _bind(listening: socket.socket, address: str, port: int) -> None:
    """Bind, as soon as the node owns the address and duplicate address detection is through with it."""
    deadline = time.monotonic() + ADDRESS_WAIT_S
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as changes:
        changes.bind((0, RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR))
        while True:
            try:
                return listening.bind((address, port))
            except OSError as error:
                left = deadline - time.monotonic()
                if error.errno != errno.EADDRNOTAVAIL or left <= 0:
                    raise
            changes.settimeout(left)
            try:
                changes.recv(CHUNK_BYTES)
            except OSError:
                continue  # the time is up, or there was more news than fits


def _fail(line: str) -> NoReturn:
    """End this process only: the parent's clean-up code stands above us on the stack and is not ours to run."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()
    os._exit(1)


class Acceptor:
    """A listening TCP socket."""

    def __init__(self, selector: selectors.BaseSelector, listening: socket.socket, service: Service) -> None:
        self.selector, self.listening, self.service = selector, listening, service

    def on(self, _events: int) -> None:
        """Take in who calls."""
        try:
            peer, _ = self.listening.accept()
        except (BlockingIOError, ConnectionError):
            return  # the caller has hung up already
        peer.setblocking(False)
        conversation = Conversation(self.selector, peer, self.service)
        self.selector.register(peer, READ, conversation)
        if self.service.protocol == "tcp":
            conversation.say(f"{self.service.name} {socket.gethostname()}\r\n".encode())


class Conversation:
    """One TCP connection: an echo after a banner, or one HTTP request. It reads no more while its peer does not."""

    def __init__(self, selector: selectors.BaseSelector, peer: socket.socket, service: Service) -> None:
        self.selector, self.peer, self.service = selector, peer, service
        self.heard, self.unsaid, self.ending = b"", b"", False

    def on(self, events: int) -> None:
        """Go on: read what came, say what is left to say."""
        try:
            if events & READ:
                self._hear(self.peer.recv(CHUNK_BYTES))
            else:
                self.say(b"")
        except BlockingIOError:
            return
        except OSError:
            self._close()  # reset, or unreachable in the meantime

    def say(self, words: bytes) -> None:
        """Send, now or when the peer has room."""
        self.unsaid += words
        try:
            self.unsaid = self.unsaid[self.peer.send(self.unsaid) :] if self.unsaid else b""
        except BlockingIOError:
            pass  # no room: the selector tells when
        except OSError:
            self.unsaid, self.ending = b"", True  # it has hung up
        if self.ending and not self.unsaid:
            self._close()
        else:
            self.selector.modify(self.peer, WRITE if self.unsaid else READ, self)

    def _hear(self, words: bytes) -> None:
        if not words:
            self.ending = True
            self.say(b"")
        elif self.service.protocol == "tcp":
            self.say(words)
        else:
            self._hear_http(words)

    def _hear_http(self, words: bytes) -> None:
        self.heard += words
        if b"\r\n\r\n" in self.heard or len(self.heard) > LONGEST_REQUEST_BYTES:
            self.ending = True
            self.say(http_answer(self.service.name, socket.gethostname(), head=self.heard.startswith(b"HEAD ")))

    def _close(self) -> None:
        self.selector.unregister(self.peer)
        self.peer.close()


class Datagrams:
    """A UDP socket: an echo that says its name, or a name server."""

    def __init__(self, _selector: selectors.BaseSelector, listening: socket.socket, service: Service) -> None:
        self.listening, self.service = listening, service

    def on(self, _events: int) -> None:
        """Answer one datagram, from the address it was sent to."""
        try:
            words, ancillary, _flags, peer = self.listening.recvmsg(CHUNK_BYTES, socket.CMSG_SPACE(20))
            own, reply_from = _asked_at(ancillary)
            answer = self._answer(words, own)
            if answer:
                self.listening.sendmsg([answer], reply_from, 0, peer)
        except OSError:
            return  # an ICMP error about an earlier answer, or no way back: UDP promises nothing

    def _answer(self, words: bytes, own: bytes) -> bytes | None:
        if self.service.protocol == "dns":
            return dns_answer(words, own)
        return f"{self.service.name} {socket.gethostname()}\n".encode() + words


def _asked_at(ancillary: Sequence[tuple[int, int, bytes]]) -> tuple[bytes, list[tuple[int, int, bytes]]]:
    """The packed address a datagram was sent to, and the ancillary data that makes the answer leave from it."""
    for level, kind, data in ancillary:
        if (level, kind) == (socket.IPPROTO_IP, IP_PKTINFO):
            own = data[4:8]  # ipi_spec_dst: for a broadcast, the address of ours that it reached
            return own, [(level, kind, struct.pack("=I4s4s", 0, own, bytes(4)))]
        if (level, kind) == (socket.IPPROTO_IPV6, socket.IPV6_PKTINFO):
            own, index = data[:16], struct.unpack("=I", data[16:20])[0]
            link_local = own[0] == 0xFE and own[1] & 0xC0 == 0x80
            return own, [(level, kind, struct.pack("=16sI", own, index if link_local else 0))]
    return b"", []


def http_answer(name: str, node: str, *, head: bool = False) -> bytes:
    """A whole HTTP/1.1 answer: 200, with a body that names the service and the node."""
    body = f"{name} on {node}\n".encode()
    fields = ["HTTP/1.1 200 OK", "Server: fabriclab", "Content-Type: text/plain", f"Content-Length: {len(body)}"]
    return "\r\n".join([*fields, "Connection: close", "", ""]).encode() + (b"" if head else body)


def dns_answer(query: bytes, own: bytes) -> bytes | None:
    """The answer to a DNS query (RFC 1035 4.1): `own` for A or AAAA, no record for other types, None for no query."""
    if len(query) < 17 or query[2] & 0x80:
        return None
    end = _end_of_name(query, 12)
    if end is None or end + 4 > len(query):
        return None
    asked, _ = struct.unpack("!HH", query[end : end + 4])
    size = {socket.AF_INET: 4, socket.AF_INET6: 16}.get(DNS_TYPES.get(asked, socket.AF_UNSPEC))
    record = struct.pack("!HHHIH", 0xC00C, asked, 1, DNS_TTL_S, len(own)) + own if size == len(own) else b""
    flags = 0x8400 | (query[2] & 0x01) << 8  # an authoritative answer; the wish for recursion comes back as it was
    return query[:2] + struct.pack("!HHHHH", flags, 1, bool(record), 0, 0) + query[12 : end + 4] + record


def _end_of_name(query: bytes, start: int) -> int | None:
    """Where the name at `start` ends, or None if it does not (a question's name is never compressed)."""
    while start < len(query) and (length := query[start]):
        if length > 63:
            return None
        start += length + 1
    return start + 1 if start < len(query) else None
