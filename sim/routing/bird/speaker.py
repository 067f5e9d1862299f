"""BGP of one node: every session that is up, what it brings into the tables, and what it says of them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from sim.address import Address, Prefix
from sim.device.bird import BgpProtocol
from sim.routing import Advert, Peering, Port
from sim.routing.bird.doors import Door
from sim.routing.bird.entry import Entry, Key
from sim.routing.bird.incoming import Incoming
from sim.routing.bird.outgoing import advert
from sim.routing.bird.sessions import Live, LiveChannel, enliven
from sim.routing.bird.tables import Table

Due = tuple[int, str, Prefix]  # session, family, prefix


class Speaker:
    """All BGP protocols of one node."""

    def __init__(self, node: str, ports: Mapping[str, Port], tables: Mapping[str, Table]) -> None:
        self._node, self._ports, self._tables = node, ports, tables
        self._incoming = Incoming(ports, tables)
        self.lives: dict[int, Live] = {}
        self.refused: set[str] = set()  # protocols that a limit has switched off
        self._doors: dict[tuple[int, str, str], Door] = {}
        self._by_hop: dict[tuple[str, Address], set[Due]] = defaultdict(set)
        self._to_send: dict[Due, None] = {}
        self._path_ids: dict[Key, int] = {}

    def open(self, protocol: BgpProtocol, peering: Peering, router_id: Address) -> None:
        """A session is up: it hears of everything in its tables."""
        port = self._ports.get(peering.interface) if peering.interface is not None else None
        live = enliven(protocol, peering, router_id, port)
        self.lives[peering.number] = live
        for family, channel in live.channels.items():
            for direction, policy in (("in", channel.settings.imports), ("out", channel.settings.exports)):
                self._doors[peering.number, family, direction] = Door(self._node, policy, self._ports, direction)
            for prefix in self._tables[channel.settings.table].routes:
                self._to_send[peering.number, family, prefix] = None

    def close(self, number: int) -> None:
        """A session is gone with all that it has brought."""
        live = self.lives.pop(number)
        for channel in live.channels.values():
            table = self._tables[channel.settings.table]
            for prefix in channel.accepted:
                for key in [key for key, entry in table.routes.get(prefix, {}).items() if entry.live is live]:
                    if not key.pipe:
                        table.put(prefix, key, None)

    def receive(self, number: int, family: str, prefix: Prefix, adverts: tuple[Advert, ...]) -> None:
        """All paths that a neighbour has for a prefix now. Malformed ones are withdrawn (2.0.12, seen 2026-11-25)."""
        channel = self.lives[number].channels[family]
        adverts = tuple(each for each in adverts if not each.is_malformed)
        if adverts:
            channel.raw[prefix] = adverts
        else:
            channel.raw.pop(prefix, None)
        self._import(number, family, prefix)

    def _import(self, number: int, family: str, prefix: Prefix) -> None:
        live = self.lives[number]
        channel = live.channels[family]
        table = self._tables[channel.settings.table]
        found = self._entries(live, channel, (number, family, prefix))
        for key in [key for key, entry in table.routes.get(prefix, {}).items() if entry.live is live]:
            if key not in found and not key.pipe:
                table.put(prefix, key, None)
        for key, entry in found.items():
            table.put(prefix, key, entry)
        self._count(live, channel, prefix, len(found))

    def _entries(self, live: Live, channel: LiveChannel, due: Due) -> dict[Key, Entry]:
        """What passes of a prefix's paths, by key; a next hop that is looked up is asked about again when it moves."""
        number, family, prefix = due
        found = {}
        for each in channel.raw.get(prefix, ()):
            if channel.settings.gateway == "recursive":
                table = self._incoming.igp_table(channel, each.next_hop)
                self._by_hop[table.name, each.next_hop].add(due)
            entry = self._incoming.entry(live, channel, each)
            passed = None if entry is None else self._doors[number, family, "in"].passes(prefix, entry)
            if passed is not None:
                found[passed.key] = passed
        return found

    def _count(self, live: Live, channel: LiveChannel, prefix: Prefix, paths: int) -> None:
        channel.accepted.pop(prefix, None)
        if paths:
            channel.accepted[prefix] = paths
        counts = ((channel.settings.import_limit, channel.accepted), (channel.settings.receive_limit, channel.raw))
        for limit, routes in counts:
            if limit is not None and len(routes) > limit.routes and limit.action in ("restart", "disable"):
                self.refused.add(live.protocol.name)

    def moved(self, table: str, addresses: Iterable[Address]) -> None:
        """Next hops that now lead elsewhere, or nowhere."""
        for address in addresses:
            for number, family, prefix in self._by_hop.pop((table, address), set()):
                if number in self.lives:
                    self._import(number, family, prefix)

    def notify(self, table: str, prefix: Prefix) -> None:
        """A prefix of a table has changed."""
        for number, live in self.lives.items():
            for family, channel in live.channels.items():
                if channel.settings.table == table:
                    self._to_send[number, family, prefix] = None

    def adverts(self) -> list[tuple[int, str, Prefix, tuple[Advert, ...]]]:
        """What neighbours are to hear since this was last asked."""
        due, self._to_send = self._to_send, {}
        changes = []
        for number, family, prefix in due:
            live = self.lives.get(number)
            if live is None:
                continue
            channel = live.channels[family]
            said = self._said(live, channel, family, prefix)
            if said != channel.sent.get(prefix, ()):
                channel.sent[prefix] = said
                if not said:
                    del channel.sent[prefix]
                changes.append((number, family, prefix, said))
        return changes

    def _said(self, live: Live, channel: LiveChannel, family: str, prefix: Prefix) -> tuple[Advert, ...]:
        """The best route, or with add-path all of them."""
        door = self._doors[live.peering.number, family, "out"]
        entries = self._tables[channel.settings.table].ordered(prefix)
        if family not in live.peering.addpath_tx:
            found = advert(live, channel, door, prefix, entries[0]) if entries else None
            return () if found is None else (found._replace(path_id=0),)
        said = ((entry.key, advert(live, channel, door, prefix, entry)) for entry in entries)
        return tuple(each._replace(path_id=self._path_id(key)) for key, each in said if each is not None)

    def _path_id(self, key: Key) -> int:
        return self._path_ids.setdefault(key, len(self._path_ids) + 1)

    def sent_prefixes(self) -> set[Prefix]:
        """Every prefix that some neighbour hears of."""
        return {prefix for live in self.lives.values() for each in live.channels.values() for prefix in each.sent}
