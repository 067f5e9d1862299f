"""Converged: every router's kernel FIB holds every loopback with the right number of next hops.

The one test for all contestants. A netlink socket in each router's namespace (rtnetlink(7), RFC 3549) tells when routes
change; only routers that changed since they were last read, and are not complete yet, are read again.
"""

import select
import socket
import struct
import time
from collections.abc import Iterator, Mapping

_NEWROUTE, _GETROUTE, _DONE, _ERROR = 24, 26, 3, 2
_REQUEST, _DUMP = 0x1, 0x300
_DST, _MULTIPATH = 1, 9
_GROUP_IPV4_ROUTE = 0x40
_MAIN = 254
_HEADER = struct.Struct("=IHHII")
_ROUTE = struct.Struct("=BBBBBBBBI")
_ATTRIBUTE = struct.Struct("=HH")
_NEXT_HOP = struct.Struct("=HBBi")
_SETTLE_S = 0.02  # changes come in bursts: look again this long after the first of one


class NotConverged(Exception):
    """Some router's FIB was not complete in time."""


def watch(channel: socket.socket) -> socket.socket:
    """Make a netlink socket of a router's namespace ready: it hears of changed routes."""
    channel.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
    channel.bind((0, _GROUP_IPV4_ROUTE))
    channel.setblocking(False)
    return channel


def await_converged(
    channels: Mapping[str, socket.socket], expected: Mapping[str, Mapping[str, int]], timeout_s: float
) -> float:
    """Wait until all FIBs are complete; the moment (time.monotonic) at which the last one was seen to be."""
    deadline = time.monotonic() + timeout_s
    wanted = {name: {socket.inet_aton(prefix): n for prefix, n in routes.items()} for name, routes in expected.items()}
    loop = select.poll()
    names = {channel.fileno(): name for name, channel in channels.items()}
    for descriptor in names:
        loop.register(descriptor, select.POLLIN)
    dirty = set(names)
    while True:
        again = set()
        for descriptor in dirty:
            routes, heard = _routes(channels[names[descriptor]])
            if _is_complete(routes, wanted[names[descriptor]]):
                loop.unregister(descriptor)
                del names[descriptor]
            elif heard:
                again.add(descriptor)
        if not names:
            return time.monotonic()
        if time.monotonic() > deadline:
            raise NotConverged(f"{len(names)} routers after {timeout_s:g} s, {', '.join(list(names.values())[:5])} ...")
        if not again:
            loop.poll(1000)
        time.sleep(_SETTLE_S)
        dirty = again | {descriptor for descriptor, _ in loop.poll(0)}


def _is_complete(routes: Mapping[bytes, int], wanted: Mapping[bytes, int]) -> bool:
    return all(routes.get(prefix) == number for prefix, number in wanted.items())


def _routes(channel: socket.socket) -> tuple[dict[bytes, int], bool]:
    """The /32 routes of the main table: destination -> number of next hops; whether any changed while they were read.

    What was heard before is passed over.
    """
    _drain(channel)
    body = _ROUTE.pack(socket.AF_INET, 0, 0, 0, 0, 0, 0, 0, 0)
    channel.send(_HEADER.pack(_HEADER.size + len(body), _GETROUTE, _REQUEST | _DUMP, 1, 0) + body)
    found: dict[bytes, int] = {}
    heard = False
    for raw in _answers(channel):
        if raw is None:
            heard = True
            continue
        _, length, _, _, table, _, _, kind, _ = _ROUTE.unpack_from(raw)
        if length == 32 and table == _MAIN and kind == 1:
            attributes = dict(_attributes(raw, _ROUTE.size))
            found[attributes[_DST]] = _count(attributes[_MULTIPATH]) if _MULTIPATH in attributes else 1
    return found, heard


def _drain(channel: socket.socket) -> None:
    while True:
        try:
            channel.recv(1 << 16)
        except BlockingIOError:
            return
        except OSError as error:
            if error.errno != 105:  # ENOBUFS: more was heard than kept, and all of it is read now
                raise


def _answers(channel: socket.socket) -> Iterator[bytes | None]:
    """The bodies of the answers to request 1, to its end; None for what comes between without having been asked."""
    while True:
        select.select([channel], [], [])
        raw = channel.recv(1 << 17)
        offset = 0
        while offset < len(raw):
            length, kind, _, sequence, _ = _HEADER.unpack_from(raw, offset)
            if sequence == 1 and kind in (_DONE, _ERROR):
                return
            yield raw[offset + _HEADER.size : offset + length] if sequence == 1 and kind == _NEWROUTE else None
            offset += length + (-length % 4)


def _attributes(raw: bytes, offset: int) -> Iterator[tuple[int, bytes]]:
    while offset < len(raw):
        length, kind = _ATTRIBUTE.unpack_from(raw, offset)
        yield kind, raw[offset + 4 : offset + length]
        offset += length + (-length % 4)


def _count(multipath: bytes) -> int:
    number, offset = 0, 0
    while offset < len(multipath):
        offset += _NEXT_HOP.unpack_from(multipath, offset)[0]
        number += 1
    return number
