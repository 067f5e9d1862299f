"""A node's kernel tables: who has put which route where, and which of them the kernel uses.

The kernel's own routes (of addresses) have protocol `kernel`; routes of scripts `boot`. Daemons add theirs. Of several
routes to one prefix the lowest metric wins, and among equals the one that came first (Linux, fib_table_insert).
"""

from collections.abc import Iterable, Iterator, Mapping

from sim.address import BITS, Address, Prefix
from sim.device.static import StaticRoute
from sim.routing import KernelRoute, Port
from sim.routing.values import Hop
from sim.snapshot import RouteType

KERNEL, SCRIPT = "kernel", "script"
Table = dict[Prefix, dict[str, KernelRoute]]
_METRIC_V6 = 256  # of a network that an address brings; routes of scripts get 1024


class Kernel:
    """The tables of one node, by name, each prefix -> owner -> route."""

    def __init__(self, ports: Mapping[str, Port], statics: Iterable[StaticRoute]) -> None:
        self.tables: dict[str, Table] = {"main": {}}
        self.ports = ports
        for port in ports.values():
            for route in connected(port):
                self.put(port.table, route.prefix, KERNEL, route)
        self.skipped: list[StaticRoute] = []
        for (table, _, _), group in _sets(statics).items():
            self._add_script(table, group)

    def put(self, table: str, prefix: Prefix, owner: str, route: KernelRoute | None) -> None:
        """Set (or with None remove) an owner's route."""
        routes = self.tables.setdefault(table, {})
        if route is not None:
            routes.setdefault(prefix, {})[owner] = route
        elif prefix in routes:
            routes[prefix].pop(owner, None)
            if not routes[prefix]:
                del routes[prefix]

    def others(self, table: str, prefix: Prefix, owner: str) -> tuple[KernelRoute, ...]:
        """What everybody but this owner has there."""
        owners = self.tables.get(table, {}).get(prefix, {})
        return tuple(route for name, route in owners.items() if name != owner)

    def lookup(self, table: str, address: Address) -> KernelRoute | None:
        """The route that a packet to this address takes: longest match, then metric."""
        routes = self.tables.get(table, {})
        bits = BITS[address.version]
        for length in range(bits, -1, -1):
            shift = bits - length
            owners = routes.get(Prefix(address.value >> shift << shift, length, address.version))
            if owners:
                return used(owners)
        return None

    def _add_script(self, table: str, group: list[StaticRoute]) -> None:
        """`ip route add`: the kernel refuses a gateway that is on no network of the node, unless `onlink`."""
        hops = tuple(hop for each in group if (hop := self._hop(table, each)) is not None)
        first = group[0]
        if first.type is RouteType.UNICAST and not hops:
            self.skipped += group
            return
        metric = first.metric or (1024 if first.prefix.version == 6 else 0)
        route = KernelRoute(first.prefix, first.protocol, hops, first.type, metric, source=first.source)
        self.put(table, first.prefix, f"{SCRIPT} {metric}", route)

    def _hop(self, table: str, each: StaticRoute) -> Hop | None:
        if each.type is not RouteType.UNICAST:
            return None
        if each.interface is not None:
            port = self.ports.get(each.interface)
            return Hop(each.via, each.interface, each.weight) if port is not None and port.up else None
        found = self.lookup(table, each.via) if each.via is not None else None
        direct = found is not None and found.hops and found.hops[0].via is None
        return Hop(each.via, found.hops[0].interface, each.weight) if found is not None and direct else None


def used(owners: Mapping[str, KernelRoute]) -> KernelRoute:
    """The one of a prefix's routes that the kernel uses."""
    return min(owners.values(), key=lambda route: route.metric)


def connected(port: Port) -> Iterator[KernelRoute]:
    """The routes that come with a port's addresses; the local table is not told here. A host's IPv4 address has none
    (fib_add_ifaddr), its IPv6 one has."""
    if not port.up:
        return
    for address in port.addresses:
        if address.address.version == 6:
            yield KernelRoute(address.network, "kernel", (Hop(None, port.name),), metric=_METRIC_V6)
        elif address.length < 32 and port.name != "lo":
            yield KernelRoute(address.network, "kernel", (Hop(None, port.name),), source=address.address)
    for own, far in port.peers:
        yield KernelRoute(far.host, "kernel", (Hop(None, port.name),), source=own.address)


def _sets(statics: Iterable[StaticRoute]) -> dict[tuple[str, Prefix, int], list[StaticRoute]]:
    """Routes of scripts, those of one prefix and metric together."""
    found: dict[tuple[str, Prefix, int], list[StaticRoute]] = {}
    for each in statics:
        if each.protocol != "static":
            found.setdefault((each.table, each.prefix, each.metric), []).append(each)
    return found
