"""The sockets of the probes: opened once in each node's network namespace, and kept.

Closing an AF_PACKET socket costs the kernel 8 to 18 ms, opening one a round trip to the node; so a lab's sockets
live as long as its Prober. A node that was restarted has a new namespace, which is told by its cookie
(SO_NETNS_COOKIE): its sockets are then opened afresh.
"""

import socket
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from lab.node import RunningNode
from sim.errors import NodeFailed, ProbeError

SO_NETNS_COOKIE = 71
NETLINK_ROUTE = 0
CLOSERS = 16

Key = tuple[str, int, int, int, str]


class Nodes(Protocol):
    """The part of a Runtime that probes use: its running nodes by name."""

    def node(self, name: str) -> RunningNode:
        """The running node; NodeFailed if it is halted or unknown."""
        ...


class Instruments:
    """One lab's sockets, by node, family, kind, protocol and purpose."""

    def __init__(self, nodes: Nodes) -> None:
        self.nodes = nodes
        self._sockets: dict[Key, socket.socket] = {}
        self._cookies: dict[str, bytes] = {}

    def running(self, names: Iterable[str]) -> list[str]:
        """Those of the nodes that run; the sockets of nodes that have a new namespace since are dropped."""
        return [name for name in names if self._current(name)]

    def _current(self, name: str) -> bool:
        try:
            asked = self.nodes.node(name).socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_ROUTE)
        except NodeFailed:
            self._drop(name)
            return False
        cookie = asked.getsockopt(socket.SOL_SOCKET, SO_NETNS_COOKIE, 8)
        if self._cookies.get(name) == cookie:
            asked.close()
            return True
        self._drop(name)
        self._cookies[name] = cookie
        self._sockets[(name, socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_ROUTE, "")] = asked
        return True

    def get(self, node: str, family: int, kind: int, protocol: int = 0, purpose: str = "") -> socket.socket:
        """The node's socket of that kind, opened at the first call. ProbeError if it can not be opened."""
        key = (node, family, kind, protocol, purpose)
        if key not in self._sockets:
            try:
                self._sockets[key] = self.nodes.node(node).socket(family, kind, protocol)
            except (OSError, NodeFailed) as error:
                raise ProbeError(f"cannot open a socket to probe with: {error}", node) from error
        return self._sockets[key]

    def netlink(self, node: str) -> socket.socket:
        """The node's routing netlink socket."""
        return self.get(node, socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_ROUTE)

    def _drop(self, name: str) -> None:
        for key in [key for key in self._sockets if key[0] == name]:
            self._sockets.pop(key).close()
        self._cookies.pop(name, None)

    def close(self) -> None:
        """Close every socket, side by side: for each of AF_PACKET the kernel waits until nobody can be using it."""
        with ThreadPoolExecutor(max_workers=CLOSERS) as pool:
            for sock in self._sockets.values():
                pool.submit(sock.close)
        self._sockets.clear()
        self._cookies.clear()
