"""`protocol kernel`: what BIRD learns from a kernel table, and what it puts there (krt_got_route, krt_rt_notify).

With `learn` the routes of other programs become routes of source RTS_INHERIT; those of the kernel itself never do. Out
goes the best route of each prefix, with `merge paths` together with its equals, but none that came from here.
Unreachable ones go too. BIRD's metric 32 is behind a script's 0: the kernel keeps both routes and uses the script's.
"""

from collections.abc import Iterable

from sim.address import Prefix
from sim.device.bird import KernelProtocol
from sim.route import PathAttributes, interned
from sim.routing import KernelRoute
from sim.routing.bird.choice import mergable
from sim.routing.bird.doors import Door
from sim.routing.bird.entry import UNICAST, Entry, Key
from sim.routing.bird.tables import Table
from sim.routing.values import Hop
from sim.snapshot import RouteType

PROTOCOLS = {"redirect": 1, "kernel": 2, "boot": 3, "static": 4, "ra": 9, "zebra": 11, "bird": 12, "dhcp": 16}
PROTOCOLS |= {"bgp": 186, "isis": 187, "ospf": 188, "rip": 189, "eigrp": 192}
MAIN = 254
_TYPES = {"UNICAST": RouteType.UNICAST, "BLACKHOLE": RouteType.BLACKHOLE}
_TYPES |= {"UNREACHABLE": RouteType.UNREACHABLE, "PROHIBIT": RouteType.PROHIBIT}
_DEFAULT_METRIC_V6 = 1024  # what Linux makes of metric 0


class KernelSync:
    """One kernel protocol with its filters."""

    def __init__(self, protocol: KernelProtocol, table: Table, imports: Door, exports: Door) -> None:
        self.protocol, self.table = protocol, table
        self._imports, self._exports = imports, exports
        self.kernel_table = "main" if protocol.kernel_table == MAIN else str(protocol.kernel_table)

    def learn(self, prefix: Prefix, routes: Iterable[KernelRoute]) -> None:
        """Others' routes to a prefix: of several the one of the lowest metric."""
        key = Key(self.protocol.name)
        alien = [route for route in routes if route.protocol not in ("kernel", "bird", "redirect")]
        if not self.protocol.learn or prefix.version != self.table.version:
            return
        best = min(alien, key=lambda route: route.metric, default=None)
        self.table.put(prefix, key, None if best is None else self._imports.passes(prefix, self._entry(key, best)))

    def _entry(self, key: Key, route: KernelRoute) -> Entry:
        others: list[tuple[str, object]] = [("krt_metric", route.metric)]
        if route.source is not None:
            others.append(("krt_prefsrc", route.source))
        others.append(("krt_source", PROTOCOLS.get(route.protocol, 0)))
        return Entry(
            key=key,
            kind="kernel",
            source="INHERIT",
            preference=self.protocol.channel.preference,
            attributes=interned(PathAttributes(others=tuple(others))),
            destination=route.type.name,
            hops=route.hops,
        )

    def route(self, prefix: Prefix) -> KernelRoute | None:
        """What the kernel is to have for a prefix."""
        entries = self.table.ordered(prefix)
        chosen = self._exported(prefix, entries[0]) if entries else None
        if chosen is None:
            return None
        if self.protocol.merge_paths and chosen.is_reachable:
            chosen = chosen.having(hops=self._merged(prefix, chosen))
        return self._installed(prefix, chosen)

    def _exported(self, prefix: Prefix, entry: Entry) -> Entry | None:
        if entry.key.protocol == self.protocol.name:
            return None
        return self._exports.passes(prefix, entry)

    def merged_with(self, prefix: Prefix) -> dict[Entry, Entry]:
        """The routes that share the best one's traffic, and what the filter makes of each."""
        best, *others = self.table.ordered(prefix)
        if not self.protocol.merge_paths or not best.is_reachable:
            return {}
        passed = {each: self._exported(prefix, each) for each in others if mergable(best, each)}
        return {each: out for each, out in passed.items() if out is not None and out.is_reachable}

    def _merged(self, prefix: Prefix, chosen: Entry) -> tuple[Hop, ...]:
        """rt_export_merged: the hops of all that equal the best and pass the filter, the first of them in order."""
        hops = dict.fromkeys(chosen.hops)
        for entry in self.merged_with(prefix).values():
            hops |= dict.fromkeys(entry.hops)
        if len(hops) == len(chosen.hops):
            return chosen.hops
        return tuple(sorted(hops, key=_order)[: self.protocol.merge_paths])

    def _installed(self, prefix: Prefix, entry: Entry) -> KernelRoute | None:
        """krt_capable, and the attributes that a kernel route has. `metric` of the protocol outweighs krt_metric."""
        if entry.destination == UNICAST and (not entry.hops or any(hop.interface is None for hop in entry.hops)):
            return None
        metric = self.protocol.metric or entry.other("krt_metric") or 0
        return KernelRoute(
            prefix=prefix,
            protocol="bird",
            hops=entry.hops if entry.destination == UNICAST else (),
            type=_TYPES[entry.destination],
            metric=metric or (_DEFAULT_METRIC_V6 if prefix.version == 6 else 0),
            source=entry.other("krt_prefsrc"),
        )


def _order(hop: Hop) -> tuple[int, int, str]:
    """nexthop_compare_node: heavy ones first, then by gateway."""
    return -hop.weight, hop.via.value if hop.via is not None else 0, hop.interface or ""
