"""Routes coming in by BGP: what is refused before any filter, and where the next hop leads (bgp_decode_attrs).

A path is refused for our own AS in it (more often than allowed), for our router id as originator, for our cluster id; a
direct gateway must lie on the neighbour's network and not be us. What has no local preference gets the session's.
"""

from collections.abc import Mapping

from sim.address import Address
from sim.route import PathAttributes
from sim.routing import Advert, Port
from sim.routing.bird.doors import is_near
from sim.routing.bird.entry import Entry, Key
from sim.routing.bird.sessions import Live, LiveChannel
from sim.routing.bird.tables import Reach, Table
from sim.routing.values import Hop


class Incoming:
    """The way in of one node. `igp` gives the table in which a channel's next hops are found."""

    def __init__(self, ports: Mapping[str, Port], tables: Mapping[str, Table]) -> None:
        self._ports, self._tables = ports, tables
        self._own = {each.address for port in ports.values() if port.up for each in port.addresses}

    def entry(self, live: Live, channel: LiveChannel, advert: Advert) -> Entry | None:
        """A path as it comes to the import filter; None where it is refused before."""
        if not self._accepts(live, advert.attributes):
            return None
        reach = self._reach(live, channel, advert)
        if reach is None:
            return None
        recursive = channel.settings.gateway == "recursive"
        return Entry(
            key=Key(live.protocol.name, advert.path_id),
            kind="bgp",
            source="BGP",
            preference=channel.settings.preference,
            attributes=self._completed(live, advert),
            destination=reach.destination,
            hops=reach.hops,
            learned_from=live.peering.peer,
            igp_metric=reach.metric,
            recursive=recursive,
            live=live,
        )

    def _accepts(self, live: Live, attributes: PathAttributes) -> bool:
        session = live.protocol
        for asn in {session.local_as, live.public_as}:
            if _count(attributes.as_path, asn) > session.allow_local_as:
                return False
        if not live.internal and session.enforce_first_as and attributes.as_path[:1] != (live.peering.remote_as,):
            return False
        if live.internal and attributes.originator_id == live.router_id:
            return False
        return not (live.protocol.rr_client and live.cluster_id in attributes.cluster_list)

    def _completed(self, live: Live, advert: Advert) -> PathAttributes:
        """With a local preference, and the next hop, which travels beside."""
        key = (id(advert.attributes), advert.next_hop)
        if key not in live.received:
            live.received[key] = self._with_preference(live, advert)
        return live.received[key]

    def _with_preference(self, live: Live, advert: Advert) -> PathAttributes:
        own = advert.attributes.local_pref
        keeps = own is not None and (live.interior or live.protocol.allow_local_pref)
        pref = own if keeps else live.protocol.default_local_pref
        return advert.attributes.having(local_pref=pref, next_hop=advert.next_hop)

    def _reach(self, live: Live, channel: LiveChannel, advert: Advert) -> Reach | None:
        """Where the next hop leads; None where a direct one is not near."""
        if channel.settings.gateway == "recursive":
            return self.igp_table(channel, advert.next_hop).reach(advert.next_hop)
        gateway = advert.next_hop
        port = self._port(live, gateway)
        if port is None or gateway in self._own:
            return None
        return Reach("UNICAST", (Hop(gateway, port.name),), channel.settings.cost)

    def igp_table(self, channel: LiveChannel, address: Address) -> Table:
        """Where a next hop is looked up: `igp table`, or the channel's own, or the master of the other family."""
        named = channel.settings.igp_table
        if named is not None and self._tables[named].version == address.version:
            return self._tables[named]
        own = self._tables[channel.settings.table]
        return own if own.version == address.version else self._tables[f"master{address.version}"]

    def _port(self, live: Live, gateway: Address) -> Port | None:
        """Where a direct gateway is near, the neighbour's port first; one of the link's scope is on that port."""
        if live.port is not None:
            port = self._ports[live.port]
            if (gateway.is_link_local and gateway.version == 6) or is_near(port, gateway):
                return port
        return next((port for port in self._ports.values() if is_near(port, gateway)), None)


def _count(path: tuple[int | frozenset[int], ...], asn: int) -> int:
    return sum(asn in hop if isinstance(hop, frozenset) else hop == asn for hop in path)
