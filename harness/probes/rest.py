"""When probes under a capture have come to rest: each was seen somewhere, and none moved any more.

A router's kernel passes a packet on, or drops it, in the same breath in which a capture sees it come in; so a packet
that has not moved for a while ended where it was seen last, or waits for something (a neighbour's address, a slow
program). Rest alone is therefore no answer: it only says that it is time to look for what stopped them.
"""

import time
from collections.abc import Collection, Iterable

from harness.probes.capture import Capture

REST_S = 0.03


class Rest:
    """Watches the probes of these tokens in a capture."""

    def __init__(self, capture: Capture, tokens: Collection[int]) -> None:
        self._capture, self._tokens = capture, tokens
        self._since = time.monotonic()
        self._looked = 0
        self._seen: set[int] = set()

    def left_s(self) -> float:
        """How long nothing may move from now on for this to be rest."""
        return max(0.0, self._since + REST_S - time.monotonic())

    def reached(self, waiting: Iterable[int]) -> bool:
        """Whether nothing has moved for long enough, and each of the tokens waited for was seen."""
        now = time.monotonic()
        fresh = self._capture.sightings[self._looked :]
        self._looked += len(fresh)
        moved = {each.packet.token for each in fresh if each.packet.token in self._tokens}
        self._seen |= {token for token in moved if token is not None}
        quiet = not moved and now >= self._since + REST_S
        if moved or quiet:
            self._since = now
        return quiet and self._seen.issuperset(waiting)
