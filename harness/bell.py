"""Bell: rings when a kernel of the lab says that something about its links, addresses, routes or rules has changed.

So that a check which must hold within a deadline is asked again when there is news, not by the clock. What no kernel
tells (a BGP session, a listener, a filter) is covered by an upper bound on the silence.
"""

import contextlib
import selectors
import socket
import time
from types import TracebackType
from typing import Self

from lab.lab import Lab
from lab.node import RunningNode
from sim.errors import LabError

_GROUPS = (1, 5, 7, 8, 9, 11, 19)
"""rtnetlink's LINK, IPV4_IFADDR, IPV4_ROUTE, IPV4_RULE, IPV6_IFADDR, IPV6_ROUTE, IPV6_RULE (linux/rtnetlink.h)."""

QUIET_S = 0.02
"""News come in flocks: the bell waits until a lab has been silent this long."""


def listen(node: RunningNode, *more: int) -> socket.socket:
    """A socket on which the node's kernel tells its news, those of `more` groups too; it does not block."""
    listening = node.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
    listening.setblocking(False)
    listening.bind((0, sum(1 << (group - 1) for group in (*_GROUPS, *more))))
    return listening


class Bell:
    """Listens to every running node of a lab. Make a new one after nodes were stopped or started."""

    def __init__(self, lab: Lab) -> None:
        self._rings = 0
        self._selector = selectors.DefaultSelector()
        for node in lab.nodes.values():
            with contextlib.suppress(LabError):  # a node that goes away now rings no more
                self._selector.register(listen(node), selectors.EVENT_READ)

    def rings(self) -> int:
        """How often it has rung so far: two equal counts mean that no kernel had news in between."""
        for key, _ in self._selector.select(0):
            self._drain(key.fileobj)
        return self._rings

    def wait(self, longest_s: float) -> None:
        """Return after the next news, once they pause, or when `longest_s` has passed."""
        end = time.monotonic() + longest_s
        rung = self._selector.select(max(0.0, longest_s))
        while rung and time.monotonic() < end:
            for key, _ in rung:
                self._drain(key.fileobj)
            rung = self._selector.select(min(QUIET_S, max(0.0, end - time.monotonic())))

    def _drain(self, listening: object) -> None:
        self._rings += 1
        if not isinstance(listening, socket.socket):
            raise AssertionError("only sockets are registered")
        try:
            while listening.recv(65536):
                pass
        except BlockingIOError:
            return
        except OSError:  # ENOBUFS: more news than the socket holds, which is news as well
            return

    def close(self) -> None:
        """Stop listening."""
        for key in list(self._selector.get_map().values()):
            if isinstance(key.fileobj, socket.socket):
                key.fileobj.close()
        self._selector.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
