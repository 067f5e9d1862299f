"""Routes coming in: what bgp_update does with a path before it may stand in the table (RFC 4271 9.1.1)."""

from collections.abc import Iterable

from sim.address import Address, Prefix
from sim.device.bgp import BgpInstance
from sim.route import PathAttributes
from sim.routing import Advert
from sim.routing.frr.live import Channel, Live
from sim.routing.frr.paths import Path, Sort


class Incoming:
    """The way in of one instance. `own` are the addresses of the node: a next hop that is ours is refused."""

    def __init__(self, instance: BgpInstance, router_id: Address, own: frozenset[Address]) -> None:
        self._instance, self._router_id, self._own = instance, router_id, own
        self._cluster = cluster_id(instance, router_id)

    def paths(self, live: Live, family: str, prefix: Prefix, adverts: Iterable[Advert]) -> Iterable[Path]:
        """Those of a neighbour's paths that are accepted."""
        channel = live.channels[family]
        for advert in adverts:
            path = self._path(live, channel, prefix, advert)
            if path is not None:
                yield path

    def _path(self, live: Live, channel: Channel, prefix: Prefix, advert: Advert) -> Path | None:
        if self._is_out_of_turn(live, advert.attributes):
            return None
        attributes = _through_local_as(live, advert.attributes)
        if self._loops(live, channel, attributes) or advert.next_hop in self._own:
            return None
        if live.sort is Sort.EBGP and self._instance.ebgp_requires_policy and not channel.settings.imports:
            return None  # RFC 8212
        if channel.settings.weight:
            attributes = attributes.having(weight=channel.settings.weight)
        result = channel.imports.apply(prefix, attributes, advert.next_hop)
        return None if result is None else _made(live, channel, advert, result)

    def _is_out_of_turn(self, live: Live, attributes: PathAttributes) -> bool:
        """Whether the path does not begin with the neighbour, where it must."""
        enforced = live.neighbour.enforce_first_as and live.sort is Sort.EBGP
        return enforced and attributes.as_path[:1] != (live.peering.remote_as,)

    def _loops(self, live: Live, channel: Channel, attributes: PathAttributes) -> bool:
        """Our own AS in the path, more often than `allowas-in` allows; our own id among originator and clusters."""
        asn, allowed = self._instance.asn, channel.settings.allowas_in
        path = attributes.as_path
        if asn in path or attributes.confed_path or any(isinstance(each, frozenset) for each in path):
            own = _occurrences(asn, attributes)
            if channel.settings.allowas_in_origin and path and path[-1] == asn:
                own = 0
            if own > allowed:
                return True
        local = live.neighbour.local_as
        if local is not None and live.sort is not Sort.IBGP:
            by_us = 0 if live.neighbour.local_as_no_prepend else 1
            if _occurrences(local, attributes) > (allowed or by_us):
                return True
        confederation = self._instance.confederation
        if confederation is not None and _occurrences(confederation, attributes) > allowed:
            return True
        return attributes.originator_id == self._router_id or self._cluster in attributes.cluster_list


def _through_local_as(live: Live, attributes: PathAttributes) -> PathAttributes:
    """What comes in by a session with `local-as` has passed through that AS, unless `no-prepend` is said (RFC 7705)."""
    local = live.neighbour.local_as
    if local is None or live.neighbour.local_as_no_prepend or live.sort is Sort.IBGP:
        return attributes
    return attributes.having(as_path=(local, *attributes.as_path))


def cluster_id(instance: BgpInstance, router_id: Address) -> int:
    """The id of our cluster: the router id unless one is configured (RFC 4456 7)."""
    return router_id.value if instance.cluster_id is None else instance.cluster_id


def _occurrences(asn: int, attributes: PathAttributes) -> int:
    in_sets = sum(asn in each for each in attributes.as_path if isinstance(each, frozenset))
    return attributes.as_path.count(asn) + attributes.confed_path.count(asn) + in_sets


def _made(live: Live, channel: Channel, advert: Advert, result: PathAttributes) -> Path:
    """The path as it stands in the table: a next hop that policy has set takes the place of the neighbour's."""
    next_hop, link_local = advert.next_hop, advert.link_local
    if result.next_hop is not None:
        if result.next_hop != next_hop:
            # `set ipv6 next-hop global` leaves the neighbour's link-local address, which is used (8.4.4, 2026-11-25)
            next_hop, link_local = result.next_hop, link_local if result.next_hop.version == 6 else None
        result = result.having(next_hop=None)
    on_port = next_hop.version == 6 and next_hop.is_link_local
    return Path(
        attributes=result,
        sort=live.sort,
        next_hop=next_hop,
        interface=live.peering.interface if on_port or link_local is not None else None,
        link_local=link_local,
        direct=live.direct,
        peering=live.peering,
        path_id=advert.path_id,
        client=channel.settings.reflector_client,
    )
