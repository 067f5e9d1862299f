"""What a program on a node gets when it asks a service: an HTTP page, a DNS answer. Real sockets, real connections."""

import http.client
import socket
import struct

from harness.inet import text
from harness.probes.endpoints import Aim
from harness.probes.instruments import Instruments
from harness.probes.packets import dns_question
from sim.dataclasses import dataclass

ANSWER_S = 3.0
IP_RECVERR, IPV6_RECVERR = 11, 25
RECORDS = {"A": 1, "AAAA": 28}


@dataclass(frozen=True, slots=True)
class Page:
    """What an HTTP GET brought. `status` is None where nothing came; `why` says then what the socket said."""

    status: int | None
    body: bytes = b""
    answered_from: str | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Resolution:
    """What a DNS query brought: the response code (RFC 1035 4.1.1; None: nothing came) and the addresses."""

    code: int | None
    addresses: tuple[str, ...] = ()
    answered_from: str | None = None
    why: str = ""


def http_get(instruments: Instruments, aim: Aim, path: str, host: str | None) -> Page:
    """GET a path over a new connection. `host` is the Host field, else the address."""
    with _socket(instruments, aim, socket.SOCK_STREAM) as sock:
        try:
            sock.connect((aim.destination, aim.flow.dport or 80))
            name = host or (f"[{aim.destination}]" if aim.version == 6 else aim.destination)
            sock.sendall(f"GET {path} HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n".encode())
            answer = http.client.HTTPResponse(sock, method="GET")
            answer.begin()
            return Page(answer.status, answer.read(1 << 20), sock.getpeername()[0])
        except (OSError, http.client.HTTPException) as error:
            return Page(None, why=str(error) or type(error).__name__)


def dns_query(instruments: Instruments, aim: Aim, name: str, record: str) -> Resolution:
    """Ask for a name's A or AAAA records over UDP. An answer from another address counts, and is told."""
    number = 0x4642
    with _socket(instruments, aim, socket.SOCK_DGRAM) as sock:
        level, option = (socket.IPPROTO_IPV6, IPV6_RECVERR) if aim.version == 6 else (socket.IPPROTO_IP, IP_RECVERR)
        sock.setsockopt(level, option, 1)  # so that a port unreachable is told, as to a connected socket
        try:
            sock.sendto(dns_question(name, RECORDS[record], number), (aim.destination, aim.flow.dport or 53))
            data, peer = sock.recvfrom(4096)
        except OSError as error:
            return Resolution(None, why=str(error) or type(error).__name__)
    if len(data) < 12 or struct.unpack_from("!H", data)[0] != number:
        return Resolution(None, answered_from=peer[0], why="what came back is no answer to the query")
    return Resolution(data[3] & 0xF, _addresses(data), peer[0])


def _socket(instruments: Instruments, aim: Aim, kind: int) -> socket.socket:
    family = socket.AF_INET6 if aim.version == 6 else socket.AF_INET
    sock = instruments.nodes.node(aim.sender).socket(family, kind)
    sock.settimeout(ANSWER_S)
    if aim.source or aim.flow.sport:
        sock.bind((aim.source or "", aim.flow.sport or 0))
    return sock


def _addresses(data: bytes) -> tuple[str, ...]:
    """The addresses of the answer section."""
    _, _, questions, answers = struct.unpack_from("!HHHH", data)
    at = 12
    for _ in range(questions):
        at = _past_name(data, at) + 4
    found = []
    for _ in range(answers):
        at = _past_name(data, at)
        if at + 10 > len(data):
            break
        kind, _, _, length = struct.unpack_from("!HHIH", data, at)
        if kind in RECORDS.values() and length in (4, 16) and at + 10 + length <= len(data):
            found.append(text(data[at + 10 : at + 10 + length]))
        at += 10 + length
    return tuple(found)


def _past_name(data: bytes, at: int) -> int:
    """The offset after a name, which may end in a pointer (RFC 1035 4.1.4)."""
    while at < len(data) and data[at]:
        if data[at] >= 0xC0:
            return at + 2
        at += data[at] + 1
    return at + 1
