"""capture: the packets at an interface of a node, as tcpdump's lines or as a pcap file.

The socket is opened on the node and read here, so a capture needs no rights and no program on the node. This machine's
tcpdump compiles the filter and words the packets.
"""

import ctypes
import select
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from harness.terminal import node_of
from lab.lab import Lab
from sim.errors import HostError, InputError

ETH_P_ALL = 0x0003
SO_ATTACH_FILTER = 26
SO_TIMESTAMPNS = 35
SNAP_BYTES = 262_144
PCAP_HEADER = struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, SNAP_BYTES, 1)  # nanoseconds, Ethernet


def capture(lab: Lab, endpoint: str, expression: str, write: Path | None, count: int | None) -> None:
    """Show packets at `node:interface` (or write them to a file; `-` is standard output) until `count` or Ctrl-C.

    InputError for an endpoint or filter that is wrong, HostError without tcpdump.
    """
    node, colon, interface = endpoint.partition(":")
    if not (node and colon and interface):
        raise InputError("expected node:interface, such as gw:swp1", endpoint)
    packets = node_of(lab, node).socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    with packets, _sink(write) as sink:
        _attach(packets, _compiled(expression))
        packets.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        try:
            packets.bind((interface, ETH_P_ALL))
        except OSError as error:
            raise InputError(f"no interface {interface!r} on this node ({error.strerror})", node) from None
        _copy(packets, sink, count)


def _copy(packets: socket.socket, sink: IO[bytes], count: int | None) -> None:
    sink.write(PCAP_HEADER)
    sink.flush()
    seen = 0
    while count is None or seen < count:
        select.select([packets], [], [])
        frame, ancillary, _, _ = packets.recvmsg(SNAP_BYTES, 64)
        seconds, nanoseconds = struct.unpack("qq", ancillary[0][2][:16])
        sink.write(struct.pack("<IIII", seconds, nanoseconds, len(frame), len(frame)) + frame)
        sink.flush()
        seen += 1


def _compiled(expression: str) -> list[tuple[int, int, int, int]]:
    """The filter as classic BPF instructions, by tcpdump."""
    done = _tcpdump("-y", "EN10MB", "-ddd", expression) if expression else None
    if done is None:
        return []
    if done.returncode:
        raise InputError(done.stderr.decode(errors="replace").strip().removeprefix("tcpdump: "), expression)
    rows = done.stdout.decode().split("\n")[1:-1]
    return [tuple(map(int, row.split())) for row in rows]  # type: ignore[misc]


def _tcpdump(*arguments: str) -> "subprocess.CompletedProcess[bytes]":
    try:
        return subprocess.run(["tcpdump", *arguments], capture_output=True, check=False)
    except FileNotFoundError:
        raise HostError("tcpdump is not installed; run: apt-get install tcpdump") from None


def _attach(packets: socket.socket, program: list[tuple[int, int, int, int]]) -> None:
    if not program:
        return
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *each) for each in program))
    packets.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("HL", len(program), ctypes.addressof(code)))


@contextmanager
def _sink(write: Path | None) -> Iterator[IO[bytes]]:
    """Where the pcap goes: standard output, a file, or a tcpdump that words it."""
    if write == Path("-"):
        yield sys.stdout.buffer
    elif write is not None:
        with write.open("wb") as file:
            yield file
    else:
        with _words() as pipe:
            yield pipe


@contextmanager
def _words() -> Iterator[IO[bytes]]:
    try:
        reader = subprocess.Popen(["tcpdump", "-n", "-l", "-r", "-"], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)
    except FileNotFoundError:
        raise HostError("tcpdump is not installed; run: apt-get install tcpdump") from None
    assert reader.stdin is not None
    try:
        yield reader.stdin
    finally:
        reader.stdin.close()
        reader.wait()
