"""How a command outside talks to the keeper and the agents: one value per packet, descriptors riding along.

Unix sockets of type SOCK_SEQPACKET keep packets apart, and SCM_RIGHTS (unix(7)) carries descriptors. What may grow
(files, output) travels as a memfd, so a packet stays small. Both sides run the same interpreter, so values travel as
the marshal module writes them: nothing that the json module loads is in every node's memory.
"""

from __future__ import annotations

import array
import marshal
import os
import socket
from collections.abc import Iterable

TYPE_CHECKING = False  # the typing module, and what it loads, would be in every node's memory
if TYPE_CHECKING:
    from typing import Any

PACKET_BYTES = 1 << 17
_MOST_DESCRIPTORS = 16


class Gone(ConnectionError):
    """The other side ended."""


def send(channel: socket.socket, message: dict[str, Any], descriptors: Iterable[int] = ()) -> None:
    """Send one message; Gone if nobody is there."""
    rights = array.array("i", descriptors)
    ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)] if rights else []
    try:
        channel.sendmsg([marshal.dumps(message)], ancillary)
    except (BrokenPipeError, ConnectionResetError) as error:
        raise Gone(str(error)) from error


def receive(channel: socket.socket) -> tuple[dict[str, Any], list[int]]:
    """Wait for one message and its descriptors (close-on-exec, the receiver's to close); Gone at the end."""
    try:
        raw, descriptors, _, _ = socket.recv_fds(channel, PACKET_BYTES, _MOST_DESCRIPTORS)
    except ConnectionResetError as error:
        raise Gone(str(error)) from error
    if not raw:
        raise Gone("the other side ended")
    for descriptor in descriptors:
        os.set_inheritable(descriptor, False)
    return marshal.loads(raw), descriptors


def memory(name: str, content: bytes = b"") -> int:
    """A file in memory with that content, at its beginning."""
    descriptor = os.memfd_create(name, os.MFD_CLOEXEC)
    if content:
        with os.fdopen(os.dup(descriptor), "wb") as file:
            file.write(content)
        os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


def content(descriptor: int) -> bytes:
    """All that a file holds, from its beginning; closes it."""
    with os.fdopen(descriptor, "rb") as file:
        if file.seekable():
            file.seek(0)
        return file.read()
