"""A node's kernel tables: who has put which route where, and which of them the kernel uses.

The kernel's own routes (of addresses) have protocol `kernel`; routes of scripts `boot`. Daemons add theirs. Of several
routes to one prefix the lowest metric wins, and among equals the one that came first (Linux, fib_table_insert).
"""

from collections.abc import Iterable, Mapping

from sim.address import BITS, Address, Prefix
from sim.routing import KernelRoute

Table = dict[Prefix, dict[str, KernelRoute]]


class Kernel:
    """The tables of one node, by name, each prefix -> owner -> route."""

    def __init__(self, routes: Iterable[tuple[str, KernelRoute]]) -> None:
        self.tables: dict[str, Table] = {"main": {}}
        for table, route in routes:
            self.put(table, route.prefix, f"{route.protocol} {route.metric} {route.hops[:1]}", route)

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


def used(owners: Mapping[str, KernelRoute]) -> KernelRoute:
    """The one of a prefix's routes that the kernel uses."""
    return min(owners.values(), key=lambda route: route.metric)
