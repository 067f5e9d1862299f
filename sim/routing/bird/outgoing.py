"""Routes going out by BGP: bgp_preexport, the export filter, then bgp_update_attrs with the next hop's own rules.

RFC 4456 for reflection, RFC 1997 for communities. MED leaves the AS only where the export filter has set it.
"""

from sim.address import Address, Prefix
from sim.route import PathAttributes
from sim.routing import Advert
from sim.routing.bird.doors import Door
from sim.routing.bird.entry import UNICAST, Entry
from sim.routing.bird.sessions import Live, LiveChannel

NO_EXPORT, NO_ADVERTISE, NO_EXPORT_SUBCONFED = 0xFFFFFF01, 0xFFFFFF02, 0xFFFFFF03


def advert(live: Live, channel: LiveChannel, door: Door, prefix: Prefix, entry: Entry) -> Advert | None:
    """A route as this neighbour is to hear it; None where it is not to."""
    if not _may_hear(live, entry):
        return None
    passed = door.passes(prefix, entry)
    if passed is None:
        return None
    hop = _next_hop(live, channel, entry, passed)
    if hop is None or hop == live.peering.peer or not hop.value:
        return None
    own = hop == channel.next_hop
    link_local = live.link_local if own and hop.version == 6 else None
    return Advert(_updated(live, entry, passed.attributes), hop, link_local, passed.key.path)


def _may_hear(live: Live, entry: Entry) -> bool:
    """bgp_preexport."""
    source = entry.live
    if source is None:
        return True
    if source.peering.number == live.peering.number:
        return False
    if _is_reflected(live, source):
        if not live.protocol.rr_client and not source.protocol.rr_client:
            return False
        if live.cluster_id and live.cluster_id in entry.attributes.cluster_list:
            return False
    return not live.protocol.interpret_communities or _community_allows(live, entry.attributes)


def _is_reflected(live: Live, source: Live) -> bool:
    return live.internal and source.internal and live.protocol.local_as == source.protocol.local_as


def _community_allows(live: Live, attributes: PathAttributes) -> bool:
    if NO_ADVERTISE in attributes.communities:
        return False
    if not live.internal and NO_EXPORT_SUBCONFED in attributes.communities:
        return False
    return live.interior or NO_EXPORT not in attributes.communities


def _applies(whom: str, source: Live | None) -> bool:
    """bgp_match_src: `next hop self` and `keep`, of all routes or of those of internal or external peers."""
    if whom in ("", "all"):
        return whom == "all"
    return source is not None and source.internal is (whom == "ibgp")


def _next_hop(live: Live, channel: LiveChannel, before: Entry, passed: Entry) -> Address | None:
    """bgp_update_next_hop_ip: the route's own, or its gateway, or us."""
    hop = passed.attributes.next_hop
    if hop is not None and _keeps(live, channel, before, hop):
        return hop
    if _uses_gateway(live, channel, passed):
        return passed.hops[0].via
    return channel.next_hop


def _fits(channel: LiveChannel, address: Address) -> bool:
    return address.version == int(channel.settings.family[-1]) or channel.settings.extended_next_hop


def _keeps(live: Live, channel: LiveChannel, before: Entry, hop: Address) -> bool:
    """bgp_use_next_hop."""
    if _applies(channel.settings.next_hop_self, before.live):
        return False
    if _applies(channel.settings.next_hop_keep, before.live) or hop != before.attributes.next_hop:
        return True  # the latter: set by the export filter
    if not _fits(channel, hop):
        return False
    if live.interior:
        return True
    return live.port is not None and live.port == (before.live.port if before.live is not None else None)


def _uses_gateway(live: Live, channel: LiveChannel, entry: Entry) -> bool:
    """bgp_use_gateway: of a route with one gateway, to internal peers and to those on the gateway's own port."""
    if _applies(channel.settings.next_hop_self, entry.live) or entry.destination != UNICAST or len(entry.hops) != 1:
        return False
    gateway = entry.hops[0].via
    if gateway is None or (gateway.is_link_local and gateway.version == 6) or not _fits(channel, gateway):
        return False
    return live.interior or (live.port is not None and live.port == entry.hops[0].interface)


def _updated(live: Live, before: Entry, attributes: PathAttributes) -> PathAttributes:
    """bgp_update_attrs, without the next hop, and what no neighbour hears of; each kind of route is computed once."""
    key = (id(attributes), before.live, before.attributes.med)
    if key not in live.told:
        live.told[key] = _rewritten(live, before, attributes)
    return live.told[key]


def _rewritten(live: Live, before: Entry, attributes: PathAttributes) -> PathAttributes:
    changes: dict[str, object] = {"next_hop": None, "others": ()}
    if not live.internal and not live.protocol.rs_client:
        changes |= _over_the_border(live, before, attributes)
    if live.interior:
        if attributes.local_pref is None:
            changes["local_pref"] = live.protocol.default_local_pref
    elif not live.protocol.allow_local_pref:
        changes["local_pref"] = None
    if before.live is not None and _is_reflected(live, before.live):
        changes |= _reflected(live, before.live, attributes)
    elif not live.internal:
        changes |= {"originator_id": None, "cluster_list": ()}
    return attributes.having(**changes)


def _over_the_border(live: Live, before: Entry, attributes: PathAttributes) -> dict[str, object]:
    if live.interior:
        return {"confed_path": (live.public_as, *attributes.confed_path)}
    med_is_set = attributes.med != before.attributes.med
    return {
        "as_path": (live.public_as, *attributes.as_path),
        "confed_path": (),
        "med": attributes.med if med_is_set else None,
    }


def _reflected(live: Live, source: Live, attributes: PathAttributes) -> dict[str, object]:
    """The originator stays who it was; the source's cluster is put first, and ours before it where it is another."""
    clusters = attributes.cluster_list
    if source.cluster_id:
        clusters = (source.cluster_id, *clusters)
    if live.cluster_id and live.cluster_id != source.cluster_id:
        clusters = (live.cluster_id, *clusters)
    return {"originator_id": attributes.originator_id or source.peering.remote_id, "cluster_list": clusters}
