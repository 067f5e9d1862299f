"""Netlink's wire format (RFC 3549): messages and attributes, made and read. Pure: bytes in, bytes out.

What the messages mean is told where they are read: `harness.observers.netlink` (what a node's kernel holds) and
`harness.probes.netlink` (where a packet would go). The enclosure has its own, which every first process must hold.
"""

import struct
from collections.abc import Iterator, Mapping

Attributes = Mapping[int, bytes]

ERROR, DONE = 2, 3
"""Kinds of message that end an answer: a refusal (or acknowledgement), and the end of a dump."""

REQUEST, DUMP = 0x1, 0x301
"""Flags of a message: a question, and a question about everything."""

_HEADER = struct.Struct("=IHHII")
_ATTRIBUTE = struct.Struct("=HH")


def message(kind: int, flags: int, sequence: int, body: bytes) -> bytes:
    """A message, padded to four bytes."""
    return _HEADER.pack(16 + len(body), kind, flags, sequence, 0) + body + b"\0" * (-len(body) % 4)


def messages(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """The messages in one datagram: kind, sequence, body. ValueError where the lengths do not add up."""
    at, end = 0, len(data)
    while at < end:
        if end - at < 16:
            raise ValueError(f"{end - at} bytes are no netlink message")
        length, kind, _, sequence, _ = _HEADER.unpack_from(data, at)
        if not 16 <= length <= end - at:
            raise ValueError(f"a netlink message of {length} bytes in {end - at}")
        yield kind, sequence, data[at + 16 : at + length]
        at += aligned(length)


def attribute(kind: int, value: bytes) -> bytes:
    """An attribute, padded to four bytes."""
    return _ATTRIBUTE.pack(4 + len(value), kind) + value + b"\0" * (-len(value) % 4)


def attributes(data: bytes) -> Attributes:
    """Attributes by number (flags masked off). ValueError where the lengths do not add up."""
    found = {}
    at, end = 0, len(data)
    while end - at >= 4:
        length, kind = _ATTRIBUTE.unpack_from(data, at)
        if not 4 <= length <= end - at:
            raise ValueError(f"a netlink attribute of {length} bytes in {end - at}")
        found[kind & 0x3FFF] = data[at + 4 : at + length]
        at += aligned(length)
    return found


def aligned(length: int) -> int:
    """A length rounded up to four bytes."""
    return (length + 3) & ~3
