"""connect: from this machine to a port of a node, through the lab's host side.

A lab's management network is none of the machine's, so a connection is opened where the network is, and its bytes are
carried between it and this process's streams. Whatever takes a ProxyCommand goes that way.
"""

import os
import selectors
import socket

from lab.lab import Lab
from sim.errors import InputError, LabError, NodeFailed

_OPENS_WITHIN_S = 10.0
_CHUNK_BYTES = 1 << 16
_OPTIONS = (
    (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),  # a node that lost its power says no goodbye
    (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 10),
    (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 5),
    (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3),
)


def connect(lab: Lab, target: str) -> None:
    """Carry standard input and output to `node:port`, until the node hangs up."""
    name, colon, port = target.rpartition(":")
    if not colon or not port.isdigit() or not 0 < int(port) < 65536:
        raise InputError("expected node:port, such as gw:22", target)
    address = _address(lab, name)
    reached = lab.host.socket(socket.AF_INET, socket.SOCK_STREAM)
    with reached:
        reached.settimeout(_OPENS_WITHIN_S)
        try:
            reached.connect((address, int(port)))
        except OSError as error:
            raise LabError(f"port {port} at {address} does not answer: {error.strerror or error}", name) from None
        reached.setblocking(True)
        for level, option, value in _OPTIONS:
            reached.setsockopt(level, option, value)
        with lab.life() as life:
            _carry(reached, life)


def _address(lab: Lab, name: str) -> str:
    node = lab.topology.node(name)
    port = lab.ports.get(node.name)
    if port is None:
        raise InputError("this node is not on the management network, and can not be connected to from here", name)
    if node.name not in lab.nodes:
        raise NodeFailed("this node does not run; fabriclab start brings it up", name)
    return port.ipv4


def _carry(reached: socket.socket, life: int) -> None:
    """Both ways; the end of the input is told to the node. The end of its answer is the end, and so is the lab's."""
    with selectors.DefaultSelector() as selector:
        selector.register(reached, selectors.EVENT_READ)
        selector.register(life, selectors.EVENT_READ)
        try:
            selector.register(0, selectors.EVENT_READ)
        except PermissionError:  # a file, which is always ready
            reached.sendall(_whole(0))
            reached.shutdown(socket.SHUT_WR)
        while True:
            for key, _ in selector.select():
                content = b"" if key.fd == life else os.read(key.fd, _CHUNK_BYTES)
                if key.fd != 0 and not content:
                    return
                if key.fd != 0:
                    _write(content)
                elif content:
                    reached.sendall(content)
                else:
                    selector.unregister(0)
                    reached.shutdown(socket.SHUT_WR)


def _whole(descriptor: int) -> bytes:
    return b"".join(iter(lambda: os.read(descriptor, _CHUNK_BYTES), b""))


def _write(content: bytes) -> None:
    while content:
        content = content[os.write(1, content) :]
