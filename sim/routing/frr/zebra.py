"""zebra: the RIBs of all VRFs, what feeds them (kernel, addresses, statics), and what it tells the kernel."""

from collections.abc import Iterator, Mapping

from sim.address import Address, Prefix, parse_address
from sim.device import Device
from sim.device.static import StaticRoute
from sim.device.zebra import ZebraConfig
from sim.policy import Context
from sim.route import PathAttributes, interned
from sim.routing import KernelRoute, Port
from sim.routing.chain import Chain
from sim.routing.frr.rib import CONNECTED, KERNEL, Rib, RibRoute, Selected
from sim.routing.values import Hop
from sim.snapshot import RouteType

KERNEL_METRIC = 20
_LINK_LOCAL_V4 = parse_address("169.254.0.1")
_WORDS = {"ospf6": "ospf"}
_BELOW = (CONNECTED, KERNEL)


class Zebra:
    """All RIBs of one node."""

    def __init__(self, device: Device, ports: Mapping[str, Port]) -> None:
        self._node, self._ports = device.node, ports
        self._config = device.zebra or ZebraConfig()
        self._ribs: dict[tuple[str, int], Rib] = {}
        self._tables = {port.vrf: port.table for port in ports.values()} | {"default": "main"}
        self._installed: dict[tuple[str, Prefix], KernelRoute] = {}
        self._touched: dict[tuple[str, int, Prefix], None] = {}
        self._policies: dict[tuple[int, str], Chain] = {}
        for port in ports.values():
            self._connect(port)
        if "staticd" in device.daemons or "zebra" in device.daemons:
            self._statics(device.statics)

    def rib(self, vrf: str, version: int) -> Rib:
        """The RIB of a VRF."""
        key = (vrf, version)
        if key not in self._ribs:
            self._ribs[key] = Rib(
                vrf,
                version,
                self._is_up,
                version in self._config.resolve_via_default,
                lambda name: self.rib(name, version),
                frozenset(each.address for port in self._ports.values() if port.vrf == vrf for each in port.addresses),
                self._config.nexthop_objects,
            )
        return self._ribs[key]

    def learn(self, table: str, prefix: Prefix, routes: tuple[KernelRoute, ...]) -> None:
        """Others' kernel routes: those of addresses zebra knows from the addresses themselves. The kernel's metric
        counts within the `kernel` protocol (kernel_route distance is 0 below 2^24)."""
        vrf = next((name for name, known in self._tables.items() if known == table), None)
        alien = [route for route in routes if self._is_seen(route)]
        if vrf is None:
            return
        best = min(alien, key=lambda route: route.metric, default=None)
        made = (
            None if best is None else RibRoute(KERNEL, best.metric >> 24, best.metric & 0xFFFFFF, best.hops, best.type)
        )
        self.rib(vrf, prefix.version).put(prefix, KERNEL, made)

    def settle(self) -> dict[tuple[str, int], list[Prefix]]:
        """Select anew; what has changed, by VRF and version."""
        changed: dict[tuple[str, int], list[Prefix]] = {}
        while busy := [(key, rib) for key, rib in list(self._ribs.items()) if rib.busy]:
            for key, rib in busy:
                if prefixes := rib.settle():
                    changed.setdefault(key, []).extend(prefixes)
                    self._touched.update(dict.fromkeys((*key, prefix) for prefix in prefixes))
        return changed

    def moved(self) -> Iterator[list[Address]]:
        """Tracked addresses whose resolution may be another now."""
        for rib in self._ribs.values():
            if rib.moved:
                addresses, rib.moved = list(rib.moved), {}
                yield addresses

    def kernel_changes(self) -> list[tuple[str, Prefix, KernelRoute | None]]:
        """What the kernel is told since this was last asked."""
        touched, self._touched = self._touched, {}
        changes = []
        for vrf, version, prefix in touched:
            table = self._tables.get(vrf, vrf)
            selected = self._ribs[vrf, version].selected.get(prefix)
            route = None if selected is None else self._installs(prefix, selected)
            if route != self._installed.get((table, prefix)):
                if route is None:
                    del self._installed[table, prefix]
                else:
                    self._installed[table, prefix] = route
                changes.append((table, prefix, route))
        return changes

    def chained(self) -> Iterator[tuple[str, str, Prefix, Prefix]]:
        """BGP's routes that resolve over another of BGP's: VRF, table, the route and that other.

        Whoever resolves over a route while the kernel is given its next version finds nothing, and bgpd, whose next hop
        has not changed, never asks again (nexthop_active wants ROUTE_ENTRY_INSTALLED; FRR 8.4.4, three times in four on
        2026-11-25: one of two ways stayed inactive for good).
        """
        for (vrf, _), rib in self._ribs.items():
            for prefix, selected in rib.selected.items():
                for over in rib.led_over(selected.route) if selected.route.protocol == "bgp" else ():
                    yield vrf, self._tables.get(vrf, vrf), prefix, over

    def _installs(self, prefix: Prefix, selected: Selected) -> KernelRoute | None:
        """A selected route as the kernel gets it; zebra gives every route metric 20."""
        route = selected.route
        if route.protocol in _BELOW:
            return None
        allowed, source = self._passes(prefix, route)
        if not allowed:
            return None
        return KernelRoute(
            prefix=prefix,
            protocol=_WORDS.get(route.protocol, route.protocol),
            hops=tuple(self._in_kernel(hop, prefix.version) for hop in selected.hops),
            type=selected.type,
            metric=KERNEL_METRIC,
            preference=route.distance,
            source=source or route.source,
        )

    def _in_kernel(self, hop: Hop, version: int) -> Hop:
        """A next hop as the kernel holds it. A gateway of the other family is itself in a nexthop object, and stands as
        169.254.0.1 in a route of its own (RFC 5549; FRR 8.4.4, both seen 2026-11-25)."""
        foreign = hop.via is not None and version == 4 and hop.via.version == 6
        if foreign and not self._config.nexthop_objects:
            return Hop(_LINK_LOCAL_V4, hop.interface, hop.weight)
        return hop

    def _passes(self, prefix: Prefix, route: RibRoute) -> tuple[bool, Address | None]:
        """`ip protocol ... route-map`: whether the route may go to the kernel, and with which source address."""
        for name in (route.protocol, "any"):
            key = (prefix.version, name)
            policy = self._config.protocol_policies.get(key)
            if policy is not None:
                if key not in self._policies:
                    self._policies[key] = Chain((policy,), Context(node=self._node, protocol=route.protocol))
                attributes = interned(PathAttributes(tag=route.tag, metric=route.metric))
                if self._policies[key].apply(prefix, attributes) is None:
                    return False, None
                return True, self._config.sources.get(key)
        return True, None

    def _is_up(self, name: str) -> bool:
        port = self._ports.get(name)
        return name == "lo" if port is None else port.up

    def _is_seen(self, route: KernelRoute) -> bool:
        """Whether zebra takes a route for one of the kernel's, and it leads somewhere now."""
        if route.protocol == "kernel" and not any(hop.via is not None for hop in route.hops):
            return False
        return not route.hops or any(self._is_up(hop.interface or "") for hop in route.hops)

    def _connect(self, port: Port) -> None:
        """Connected routes: of every address, a host's included."""
        if not port.up:
            return
        for address in port.addresses:
            if not (address.version == 4 and address.value >> 24 == 127) and address.value != 1:
                self._connected(port, address.network)
        for _, far in port.peers:
            self._connected(port, far.host)

    def _connected(self, port: Port, prefix: Prefix) -> None:
        rib = self.rib(port.vrf, prefix.version)
        had = rib.candidates.get(prefix, {}).get(CONNECTED)
        if had is None:
            rib.put(prefix, CONNECTED, RibRoute(CONNECTED, 0, 0, (Hop(None, port.name),)))

    def _statics(self, statics: tuple[StaticRoute, ...]) -> None:
        """staticd: the ways of one prefix and distance are one route."""
        sets: dict[tuple[str, Prefix, int], list[StaticRoute]] = {}
        for each in statics:
            if each.protocol == "static" and each.table == "main":
                sets.setdefault((each.vrf, each.prefix, each.distance), []).append(each)
        for (vrf, prefix, distance), group in sets.items():
            self.rib(vrf, prefix.version).put(prefix, f"static {distance}", _static(distance, group))


def _static(distance: int, group: list[StaticRoute]) -> RibRoute:
    first = group[0]
    ways = [each for each in group if each.type is RouteType.UNICAST]
    hops = tuple(Hop(each.via, each.interface, each.weight, each.onlink) for each in ways)
    kind = RouteType.UNICAST if hops else first.type
    return RibRoute("static", distance, 0, hops, kind, tag=first.tag, vrf=first.next_hop_vrf)
