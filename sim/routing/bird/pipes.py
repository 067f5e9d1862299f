"""`protocol pipe`: all routes of one table copied into another, through a filter each way; none goes back."""

from sim.address import Prefix
from sim.device.bird import PipeProtocol
from sim.routing.bird.doors import Door
from sim.routing.bird.entry import Key
from sim.routing.bird.tables import Table


class Pipe:
    """One direction of a pipe."""

    def __init__(self, protocol: PipeProtocol, source: Table, target: Table, door: Door) -> None:
        self.protocol, self.source, self.target = protocol, source, target
        self._door = door
        self._copied: dict[Prefix, set[Key]] = {}

    def notify(self, prefix: Prefix) -> None:
        """A prefix of the source has changed."""
        before, now = self._copied.pop(prefix, set()), set()
        for entry in self.source.ordered(prefix):
            if entry.key.pipe == self.protocol.name:
                continue
            passed = self._door.passes(prefix, entry)
            if passed is not None:
                key = entry.key._replace(pipe=self.protocol.name)
                self.target.put(prefix, key, passed.having(key=key))
                now.add(key)
        for key in before - now:
            self.target.put(prefix, key, None)
        if now:
            self._copied[prefix] = now
