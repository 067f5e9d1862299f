"""A BIRD table: all routes of all protocols, the best of each prefix, and the next hops that are found in it."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from sim.address import BITS, Address, Prefix
from sim.routing import Port
from sim.routing.bird.choice import best
from sim.routing.bird.entry import UNICAST, UNKNOWN_METRIC, UNREACHABLE, Entry, Key
from sim.routing.values import Hop


class Reach(NamedTuple):
    """Where a next hop leads (a hostentry)."""

    destination: str
    hops: tuple[Hop, ...] = ()
    metric: int = UNKNOWN_METRIC


NOWHERE = Reach(UNREACHABLE, (), 0)


class Table:
    """One table. `ports` are the node's own: an address of theirs is no next hop.

    Two things hang on the order of events in BIRD: of routes that nothing tells apart the older one stays, and a next
    hop that was found keeps its way while a recursive route comes up beside it. `contrary` takes them the other way
    round; `tied` is whether either has mattered.
    """

    def __init__(self, name: str, version: int, ports: Iterable[Port], contrary: bool = False) -> None:
        self.name, self.version, self._contrary = name, version, contrary
        self.tied = False
        self.routes: dict[Prefix, dict[Key, Entry]] = {}
        self.best: dict[Prefix, Entry] = {}
        self._dirty: dict[Prefix, None] = {}
        self._own = {each.address for port in ports if port.up for each in port.addresses}
        self._found: dict[Address, Reach] = {}
        self.moved: dict[Address, None] = {}

    def put(self, prefix: Prefix, key: Key, entry: Entry | None) -> None:
        """Set a route, or with None take it away."""
        routes = self.routes.get(prefix)
        if (routes.get(key) if routes else None) == entry:
            return
        if entry is not None:
            self.routes.setdefault(prefix, {})[key] = entry
        elif routes is not None:
            del routes[key]
            if not routes:
                del self.routes[prefix]
        self._dirty[prefix] = None

    def settle(self) -> list[Prefix]:
        """Choose anew where anything has changed; these prefixes."""
        dirty, self._dirty = self._dirty, {}
        for prefix in dirty:
            before = self.best.pop(prefix, None)
            if prefix in self.routes:
                self.best[prefix] = self._choose(tuple(self.routes[prefix].values()))
            if self.best.get(prefix) != before or self._contrary:
                self._tell(prefix)
            elif any(self._asked(prefix)) and self._is_spoiled(prefix):
                self.tied = True
        return list(dirty)

    def _choose(self, entries: tuple[Entry, ...]) -> Entry:
        older = best(entries)
        if len(entries) == 1:
            return older
        newer = best(entries[::-1])
        self.tied = self.tied or older is not newer
        return newer if self._contrary else older

    def _is_spoiled(self, prefix: Prefix) -> bool:
        """Whether a recursive route with no less preference than the best keeps next hops from being found here."""
        least = self.best[prefix].preference if prefix in self.best else 0
        routes = self.routes.get(prefix, {}).values()
        return any(each.recursive and each.preference >= least for each in routes)

    def _asked(self, prefix: Prefix) -> Iterator[Address]:
        """The addresses in a prefix whose ways were asked for."""
        shift = BITS[prefix.version] - prefix.length
        return (address for address in self._found if address.value >> shift << shift == prefix.network)

    def ordered(self, prefix: Prefix) -> list[Entry]:
        """A prefix's routes, the best first."""
        if prefix not in self.routes:
            return []
        first = self.best[prefix]
        return [first, *(each for each in self.routes[prefix].values() if each is not first)]

    def reach(self, address: Address) -> Reach:
        """rt_update_hostentry: where a next hop leads, by the best route of its longest match."""
        if address not in self._found:
            self._found[address] = self._look(address)
        return self._found[address]

    def _look(self, address: Address) -> Reach:
        bits = BITS[address.version]
        for length in range(bits, -1, -1):
            shift = bits - length
            prefix = Prefix(address.value >> shift << shift, length, address.version)
            if prefix in self.best:
                return self._over(address, prefix, self.best[prefix])
        return NOWHERE

    def _over(self, address: Address, prefix: Prefix, entry: Entry) -> Reach:
        """What a route makes of a next hop. Not where a recursive route is beside it with no less preference, be it
        the best one or not (BIRD 2.0.12, seen on 2026-11-25), nor to ourselves."""
        if self._is_spoiled(prefix):
            return NOWHERE
        if entry.destination != UNICAST:
            return Reach(entry.destination, (), igp_metric(entry))
        if any(hop.via is None for hop in entry.hops) and address in self._own:
            return NOWHERE
        hops = tuple(Hop(hop.via or address, hop.interface, hop.weight) for hop in entry.hops)
        return Reach(UNICAST, hops, igp_metric(entry))

    def _tell(self, prefix: Prefix) -> None:
        """Ask again what was asked about addresses in a prefix whose best route has changed. A recursive one that has
        come up beside it since does not make BIRD ask again (rt_notify_hostcache): what it knew before stays true."""
        for address in list(self._asked(prefix)):
            before = self._found.pop(address)
            if self.reach(address) != before:
                self.moved[address] = None


def igp_metric(entry: Entry) -> int:
    """rt_get_igp_metric: that of the route's own attribute, 0 of an interface's network, else unknown."""
    own = entry.other("igp_metric")
    if isinstance(own, int):
        return own
    return 0 if entry.source == "DEVICE" else UNKNOWN_METRIC
