"""Routes that need no neighbour: those of interfaces (`direct`), and static ones."""

from collections.abc import Iterator, Mapping, Sequence

from sim.address import Address, InterfaceAddress, Prefix
from sim.device.bird import BirdRoute, DirectProtocol, StaticHop, StaticProtocol
from sim.routing import Port
from sim.routing.bird.doors import is_near
from sim.routing.bird.entry import UNICAST, Entry, Key
from sim.routing.bird.tables import Table
from sim.routing.values import Hop
from sim.snapshot import RouteType


def direct_routes(protocol: DirectProtocol, ports: Mapping[str, Port]) -> Iterator[tuple[str, Prefix, Entry]]:
    """Table, prefix and route of each network of an interface (dev_ifa_notify): not of secondary addresses, nor of
    those that mean something on one link or one host only."""
    for number, port in enumerate(ports.values(), 1):
        if not port.up:
            continue
        for address, prefix in _networks(port):
            for channel in protocol.channels:
                if int(channel.family[-1]) == prefix.version and protocol.takes(port.name, address):
                    hops = (Hop(None, port.name),)
                    key = Key(protocol.name, number)
                    yield channel.table, prefix, Entry(key, "direct", "DEVICE", channel.preference, hops=hops)


def _networks(port: Port) -> Iterator[tuple[InterfaceAddress, Prefix]]:
    seen = set()
    for address in port.addresses:
        if address.network not in seen and not _is_narrow(address.address):
            seen.add(address.network)
            yield address, address.network
    for own, far in port.peers:
        yield own, far.host


def _is_narrow(address: Address) -> bool:
    """Whether an address has no meaning beyond its link or its host."""
    loopback = address.value >> 24 == 127 if address.version == 4 else address.value == 1
    return loopback or address.is_link_local


class Statics:
    """The routes of one `protocol static`."""

    def __init__(self, protocol: StaticProtocol, ports: Mapping[str, Port], tables: Mapping[str, Table]) -> None:
        self.protocol, self._ports = protocol, ports
        self._igp = tables[protocol.igp_table or protocol.channel.table]

    def routes(self) -> Iterator[tuple[Prefix, Key, Entry | None]]:
        """Every route as it is now; None for one whose interfaces or neighbours are not there."""
        for number, route in enumerate(self.protocol.routes):
            yield route.prefix, Key(self.protocol.name, number), self._entry(number, route)

    @property
    def is_recursive(self) -> bool:
        """Whether any next hop is looked up in a table."""
        return any(route.recursive is not None for route in self.protocol.routes)

    def _entry(self, number: int, route: BirdRoute) -> Entry | None:
        plain = Entry(Key(self.protocol.name, number), "static", "STATIC", self.protocol.channel.preference)
        if route.recursive is not None:
            reach = self._igp.reach(route.recursive)
            return plain.having(destination=reach.destination, hops=reach.hops, igp_metric=reach.metric, recursive=True)
        if route.type is not RouteType.UNICAST:
            return plain.having(destination=route.type.name)
        hops = self._hops(route.hops)
        return plain.having(destination=UNICAST, hops=hops) if hops else None

    def _hops(self, hops: Sequence[StaticHop]) -> tuple[Hop, ...]:
        """Those whose interface is up and whose neighbour is near."""
        found = []
        for hop in hops:
            port = self._port(hop)
            if port is not None:
                found.append(Hop(hop.via, port.name, hop.weight))
        return tuple(found)

    def _port(self, hop: StaticHop) -> Port | None:
        if hop.interface is not None:
            port = self._ports.get(hop.interface)
            near = port is not None and port.up and (hop.via is None or hop.onlink or self._on(port, hop.via))
            return port if near else None
        via = hop.via
        return next((port for port in self._ports.values() if via is not None and is_near(port, via)), None)

    def _on(self, port: Port, via: Address) -> bool:
        return via.is_link_local or is_near(port, via)
