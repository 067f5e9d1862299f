"""Routes going out: subgroup_announce_check and what follows it (RFC 4271 9.1.3, 5.1; RFC 4456; RFC 5065).

The order is bgpd's: who may hear of a path at all; reflection; the attributes that do not leave (weight, another AS's
MED); private AS numbers and as-override; policies; communities that are not to be sent; our AS number; the next hop.
"""

from sim.address import Address, Prefix
from sim.device.bgp import BgpInstance
from sim.route import PathAttributes
from sim.routing import Advert
from sim.routing.frr.incoming import cluster_id
from sim.routing.frr.live import Channel, Live
from sim.routing.frr.paths import Path, Sort

NO_EXPORT, NO_ADVERTISE, LOCAL_AS, NO_PEER = 0xFFFFFF01, 0xFFFFFF02, 0xFFFFFF03, 0xFFFFFF04
_WELL_KNOWN = frozenset((NO_EXPORT, NO_ADVERTISE, LOCAL_AS))
_LEAVES_AS = (Sort.EBGP,)


def is_private(asn: int) -> bool:
    """RFC 6996."""
    return 64512 <= asn <= 65534 or 4200000000 <= asn <= 4294967294


class Outgoing:
    """The way out of one instance."""

    def __init__(self, instance: BgpInstance, router_id: Address) -> None:
        self._instance, self._router_id = instance, router_id
        self._cluster = cluster_id(instance, router_id)
        self._prepended: dict[tuple[int, int, bool, bool], PathAttributes] = {}
        self._bare: dict[tuple[int, Sort], PathAttributes] = {}

    def advert(self, live: Live, family: str, prefix: Prefix, path: Path, voice: Live) -> Advert | None:
        """A path as this neighbour is to hear it, in another's name (sim/routing/frr/groups.py); None: not to."""
        channel = live.channels[family]
        if not self._may_hear(live, channel, path):
            return None
        attributes = self._bared(live, path)
        if path.sort is Sort.IBGP and live.sort is Sort.IBGP:
            attributes = self._reflected(path, attributes)
        attributes = self._rewritten(voice, channel, attributes)
        result = channel.exports.apply(prefix, attributes, path.next_hop)
        return None if result is None else self._sealed(live, channel, family, path, result)

    def default(self, live: Live, family: str, prefix: Prefix, attributes: PathAttributes) -> Advert:
        """The default route that is originated towards a neighbour; no outgoing policy sees it."""
        path = Path(attributes, Sort.LOCAL, "default")
        sealed = self._sealed(live, live.channels[family], family, path, self._bared(live, path))
        assert sealed is not None
        return sealed

    def _may_hear(self, live: Live, channel: Channel, path: Path) -> bool:
        """Who sent a path hears it again: bgpd 8.4.4 leaves it to his loop check (seen 2026-11-25 with as-override)."""
        instance = self._instance
        if live.sort is Sort.EBGP and instance.ebgp_requires_policy and not channel.settings.exports:
            return False  # RFC 8212
        if path.sort is Sort.IBGP and live.sort is Sort.IBGP and not self._reflects(channel, path):
            return False
        if path.attributes.originator_id == live.peering.remote_id:
            return False
        return not (path.attributes.communities & _WELL_KNOWN) or self._community_allows(live, path.attributes)

    def _reflects(self, channel: Channel, path: Path) -> bool:
        """From a client to everybody, from others to clients alone (RFC 4456 6)."""
        if path.client and channel.settings.reflector_client:
            return self._instance.client_to_client
        return path.client or channel.settings.reflector_client

    def _community_allows(self, live: Live, attributes: PathAttributes) -> bool:
        """RFC 1997."""
        if NO_ADVERTISE in attributes.communities:
            return False
        if live.sort is Sort.EBGP:
            return not attributes.communities & {NO_EXPORT, LOCAL_AS}
        return live.sort is not Sort.CONFED or LOCAL_AS not in attributes.communities

    def _bared(self, live: Live, path: Path) -> PathAttributes:
        """Without what does not leave the router, or the AS."""
        key = (id(path.attributes), live.sort) if path.origin == "received" else None
        if key is not None and key in self._bare:
            return self._bare[key]
        attributes = path.attributes
        changes: dict[str, object] = {}
        if attributes.weight:
            changes["weight"] = 0
        if live.sort is Sort.EBGP:
            if attributes.local_pref is not None:
                changes["local_pref"] = None
            if attributes.originator_id is not None or attributes.cluster_list:
                changes |= {"originator_id": None, "cluster_list": ()}
            if attributes.med is not None and path.peering is not None:
                changes["med"] = None
        elif attributes.local_pref is None:
            changes["local_pref"] = self._instance.default_local_pref
        result = attributes.having(**changes) if changes else attributes
        if key is not None:
            self._bare[key] = result
        return result

    def _reflected(self, path: Path, attributes: PathAttributes) -> PathAttributes:
        assert path.peering is not None
        return attributes.having(
            originator_id=attributes.originator_id or path.peering.remote_id,
            cluster_list=(self._cluster, *attributes.cluster_list),
        )

    def _rewritten(self, live: Live, channel: Channel, attributes: PathAttributes) -> PathAttributes:
        """remove-private-AS and as-override."""
        settings = channel.settings
        if live.sort is not Sort.EBGP or (settings.remove_private_as is None and not settings.as_override):
            return attributes
        path = attributes.as_path
        if settings.remove_private_as is not None:
            path = self._without_private(path, settings.remove_private_as, live.peering.remote_as)
        if settings.as_override:
            path = tuple(_replaced(each, live.peering.remote_as, self._instance.asn) for each in path)
        return attributes.having(as_path=path)

    def _without_private(
        self, path: tuple[int | frozenset[int], ...], how: str, peer: int
    ) -> tuple[int | frozenset[int], ...]:
        """Unless `all` is said, only a path of nothing but private numbers is touched; the peer's own number stays.

        The numbers of a set are treated like the others; of a set that `all` empties the empty segment is sent
        (aspath_remove_private_asns; 8.4.4, seen 2026-11-25).
        """
        numbers = [each if isinstance(each, frozenset) else frozenset({each}) for each in path]
        if "all" not in how and not all(is_private(each) for members in numbers for each in members):
            return path
        gone = [frozenset(each for each in members if is_private(each) and each != peer) for members in numbers]
        ours = frozenset({self._instance.asn}) if "replace" in how else frozenset()
        left = [
            members - private | (ours if private else ours & members)
            for members, private in zip(numbers, gone, strict=True)
        ]
        return tuple(
            members if isinstance(each, frozenset) else next(iter(members))
            for each, members in zip(path, left, strict=True)
            if members or (isinstance(each, frozenset) and "all" in how)
        )

    def _sealed(self, live: Live, channel: Channel, family: str, path: Path, result: PathAttributes) -> Advert | None:
        """The UPDATE: communities as configured, our AS in front, and the next hop."""
        chosen = result.next_hop if result.next_hop != path.next_hop else None
        if result.next_hop is not None or result.tag or result.metric or result.weight:
            result = result.having(next_hop=None, tag=0, metric=0, weight=0)
        result = _said(result, channel.settings.send_communities)
        if live.sort in (Sort.EBGP, Sort.CONFED):
            result = self._with_our_as(live, result)
        next_hop, link_local = self._next_hop(live, channel, family, path, chosen)
        return Advert(result, next_hop, link_local)

    def _with_our_as(self, live: Live, attributes: PathAttributes) -> PathAttributes:
        instance, neighbour = self._instance, live.neighbour
        key = (id(attributes), neighbour.local_as or 0, neighbour.local_as_replace, live.sort is Sort.CONFED)
        known = self._prepended.get(key)
        if known is not None:
            return known
        if live.sort is Sort.CONFED:
            result = attributes.having(confed_path=(instance.asn, *attributes.confed_path))
        else:
            ours: tuple[int, ...] = (instance.confederation or instance.asn,)
            if neighbour.local_as is not None:
                # ours is not added where it stands in front already, as of a private one that was replaced (8.4.4, seen
                # 2026-11-25)
                is_there = attributes.as_path[:1] == (instance.asn,) and instance.confederation is None
                ours = (neighbour.local_as,) if neighbour.local_as_replace or is_there else (neighbour.local_as, *ours)
            result = attributes.having(
                as_path=ours + attributes.as_path,
                confed_path=(),
                local_pref=None,
            )
        self._prepended[key] = result
        return result

    def _next_hop(
        self, live: Live, channel: Channel, family: str, path: Path, chosen: Address | None
    ) -> tuple[Address, Address | None]:
        """The next hop that goes out, and its link-local companion (RFC 4271 5.1.3)."""
        settings = channel.settings
        if chosen is not None:
            return chosen, None
        ours = self._own(live, family)
        if path.next_hop is None:
            return ours
        if live.sort is not Sort.EBGP:  # only what is our own goes there with a link-local address (8.4.4, 2026-11-25)
            ours = (ours[0], None)
        if settings.next_hop_unchanged or "next-hop" in settings.attribute_unchanged:
            return path.next_hop, None  # also where next-hop-self is asked for (8.4.4, seen 2026-11-25)
        reflected = path.sort is Sort.IBGP and live.sort is Sort.IBGP
        if settings.next_hop_self_force or (settings.next_hop_self and not reflected):
            return ours
        if live.sort is Sort.EBGP:
            return (path.next_hop, ours[1]) if self._is_third_party(live, path) else ours
        if path.interface is not None and path.next_hop.is_link_local:
            return ours
        return path.next_hop, None

    def _is_third_party(self, live: Live, path: Path) -> bool:
        """The neighbour can reach the next hop itself, because all three share a network (RFC 4271 5.1.3, 2).

        A route heard on the session itself comes back with our address. A redistributed one by way of the neighbour,
        and one heard on another session with it, goes out with the neighbour's own, which it refuses (bgpd 8.4.4).
        """
        if not live.direct or path.next_hop is None or path.interface is not None:
            return False
        network = live.network
        if network is None or not network.holds(path.next_hop):
            return False
        return path.peering is None or path.peering.number != live.peering.number

    def _own(self, live: Live, family: str) -> tuple[Address, Address | None]:
        local = live.peering.local
        if family == "ipv6":
            if local.version == 6:
                return local, None if local.is_link_local else live.link_local
            return live.address_v6 or Address(local.value | 0xFFFF << 32, 6), live.link_local
        if local.version == 6 and not live.peering.extended_next_hop and live.address_v4 is not None:
            return live.address_v4, None
        return local, None


def _replaced(each: int | frozenset[int], old: int, new: int) -> int | frozenset[int]:
    """A number, or a set's members, with one number for another."""
    if isinstance(each, frozenset):
        return frozenset(new if member == old else member for member in each)
    return new if each == old else each


def _said(attributes: PathAttributes, which: frozenset[str]) -> PathAttributes:
    """The attributes with only those kinds of community that the neighbour is sent."""
    if attributes.communities and "standard" not in which:
        attributes = attributes.having(communities=frozenset())
    if attributes.large_communities and "large" not in which:
        attributes = attributes.having(large_communities=frozenset())
    if attributes.extended_communities and "extended" not in which:
        attributes = attributes.having(extended_communities=frozenset())
    return attributes
