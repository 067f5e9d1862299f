"""A loop over descriptors: what to call when one can be read.

The selectors module does more, and what it loads (enumerations, abstract classes) would be in every node's memory.
"""

import select
from collections.abc import Callable

Callback = Callable[[], None]


class Loop:
    """Descriptors and what to call for each."""

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._callbacks: dict[int, Callback] = {}

    def register(self, descriptor: int, callback: Callback) -> None:
        """Have `callback` called whenever there is something to read."""
        self._epoll.register(descriptor, select.EPOLLIN)
        self._callbacks[descriptor] = callback

    def unregister(self, descriptor: int) -> None:
        """Forget a descriptor, which must still be open."""
        self._epoll.unregister(descriptor)
        del self._callbacks[descriptor]

    def turn(self, timeout_s: float | None = None) -> None:
        """Wait until something can be read (at most that long) and call for all of it."""
        for descriptor, _ in self._epoll.poll(timeout_s):
            if callback := self._callbacks.get(descriptor):
                callback()

    def close(self) -> None:
        """Close the loop's own descriptor."""
        self._epoll.close()
