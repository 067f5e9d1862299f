"""How a command outside talks to the keeper and the agents: one value per packet, descriptors riding along.

Unix sockets of type SOCK_SEQPACKET keep packets apart, and SCM_RIGHTS (unix(7)) carries descriptors. What may grow
(files, output) travels as a memfd, so a packet stays small. Both sides run the same interpreter, so values travel as
the marshal module writes them, and the first processes use the C part of the socket module alone: nothing that the json
and socket modules load is in every node's memory.
"""

from __future__ import annotations

import marshal
import os
import sys
from _socket import AF_UNIX, CMSG_SPACE, MSG_CMSG_CLOEXEC, SCM_RIGHTS, SOCK_CLOEXEC, SOCK_SEQPACKET, SOL_SOCKET, socket
from collections.abc import Iterable

TYPE_CHECKING = False  # the typing module, and what it loads, would be in every node's memory
if TYPE_CHECKING:
    from typing import Any

PACKET_BYTES = 1 << 17
_INT_BYTES = 4
DESCRIPTORS = 64
"""How many may ride along with one message."""
_RIGHTS_SPACE = CMSG_SPACE(DESCRIPTORS * _INT_BYTES)


class Gone(ConnectionError):
    """The other side ended."""


def listen(path: str) -> socket:
    """A socket at a path, in place of one that was there. Relative paths may be short: a socket's name must be."""
    listening = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC)
    if os.path.exists(path):
        os.remove(path)
    listening.bind(path)
    listening.listen(128)
    return listening


def accept(listening: socket) -> socket:
    """The connection that waits at a listening socket."""
    descriptor, _ = listening._accept()  # type: ignore[attr-defined]  # what socket.accept is made of
    return socket(AF_UNIX, SOCK_SEQPACKET, 0, descriptor)


def send(channel: socket, message: dict[str, Any], descriptors: Iterable[int] = ()) -> None:
    """Send one message; Gone if nobody is there."""
    rights = b"".join(descriptor.to_bytes(_INT_BYTES, sys.byteorder) for descriptor in descriptors)
    ancillary = [(SOL_SOCKET, SCM_RIGHTS, rights)] if rights else []
    try:
        channel.sendmsg([marshal.dumps(message)], ancillary)
    except (BrokenPipeError, ConnectionResetError) as error:
        raise Gone(str(error)) from error


def receive(channel: socket) -> tuple[dict[str, Any], list[int]]:
    """Wait for one message and its descriptors (close-on-exec, the receiver's to close); Gone at the end."""
    try:
        raw, ancillary, _, _ = channel.recvmsg(PACKET_BYTES, _RIGHTS_SPACE, MSG_CMSG_CLOEXEC)
    except ConnectionResetError as error:
        raise Gone(str(error)) from error
    if not raw:
        raise Gone("the other side ended")
    rights = b"".join(data for _, kind, data in ancillary if kind == SCM_RIGHTS)
    starts = range(0, len(rights) - len(rights) % _INT_BYTES, _INT_BYTES)
    return marshal.loads(raw), [int.from_bytes(rights[at : at + _INT_BYTES], sys.byteorder) for at in starts]


def memory(name: str, content: bytes = b"") -> int:
    """A file in memory with that content, at its beginning."""
    descriptor = os.memfd_create(name, os.MFD_CLOEXEC)
    if content:
        with os.fdopen(os.dup(descriptor), "wb") as file:
            file.write(content)
        os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


def part(descriptor: int, offset: int, length: int) -> bytes:
    """So many bytes of a file in memory."""
    found = b""
    while len(found) < length:
        more = os.pread(descriptor, length - len(found), offset + len(found))
        if not more:
            break
        found += more
    return found


def content(descriptor: int) -> bytes:
    """All that a file holds, from its beginning; closes it."""
    with os.fdopen(descriptor, "rb") as file:
        if file.seekable():
            file.seek(0)
        return file.read()


def heard(ready: int) -> bytes:
    """All that comes out of a pipe until its other end is closed."""
    words = b""
    while more := os.read(ready, 4096):
        words += more
    os.close(ready)
    return words
