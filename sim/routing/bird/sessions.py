"""An established BGP session as BIRD keeps it."""

from sim.address import Address, Prefix
from sim.dataclasses import dataclass, field
from sim.device.bird import BgpChannel, BgpProtocol
from sim.route import PathAttributes
from sim.routing import Advert, Peering, Port

_LOCAL_PREF = _PREFERENCE = 100
_SWAYING = ("local_pref", "as_path", "med", "origin", "others")


@dataclass(slots=True)
class LiveChannel:
    """One address family of a session. `raw` is what the neighbour says, `sent` what it was told last."""

    settings: BgpChannel
    next_hop: Address | None  # ours, in what we announce
    raw: dict[Prefix, tuple[Advert, ...]] = field(default_factory=dict)
    accepted: dict[Prefix, int] = field(default_factory=dict)  # paths in the table
    sent: dict[Prefix, tuple[Advert, ...]] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Live:
    """A session that is up. `cluster_id` is 0 unless the neighbour is a client of ours; `port` that of a direct one."""

    peering: Peering
    protocol: BgpProtocol
    router_id: Address
    internal: bool
    interior: bool  # internal, or of our confederation
    cluster_id: int
    public_as: int
    port: str | None
    link_local: Address | None
    channels: dict[str, LiveChannel]
    received: dict[tuple[int, Address], PathAttributes] = field(default_factory=dict)  # as kept, by what came
    told: "dict[tuple[int, Live | None, int | None], PathAttributes]" = field(default_factory=dict)  # what was sent

    def sways(self) -> bool:
        """Whether this session's routes may be preferred for more than the length of their paths."""
        settings = [channel.settings for channel in self.channels.values()]
        written = {name for each in settings for name in each.imports.writes}
        written |= {name for each in settings for name in each.exports.writes & {"as_path", "med", "origin"}}
        usual = self.protocol.default_local_pref == _LOCAL_PREF and self.protocol.path_metric
        return not usual or not written.isdisjoint(_SWAYING) or any(e.preference != _PREFERENCE for e in settings)


def enliven(protocol: BgpProtocol, peering: Peering, router_id: Address, port: Port | None) -> Live:
    """The state of a session that has just come up; `port` is the one that the peer is on, if any."""
    internal = peering.remote_as == protocol.local_as
    direct = protocol.multihop is None
    return Live(
        peering=peering,
        protocol=protocol,
        router_id=router_id,
        internal=internal,
        interior=internal or protocol.confederation_member,
        cluster_id=(protocol.rr_cluster_id or router_id.value) if protocol.rr_client else 0,
        public_as=protocol.local_as if protocol.confederation is None else protocol.confederation,
        port=port.name if port is not None and direct else None,
        link_local=port.link_local if port is not None and direct else None,
        channels={
            each.family: LiveChannel(each, _next_hop(each, peering, port))
            for each in protocol.channels
            if each.family in peering.families
        },
    )


def _next_hop(channel: BgpChannel, peering: Peering, port: Port | None) -> Address | None:
    """Our address in announcements: configured, or the session's, or one of the right family on the same port."""
    version = int(channel.family[-1])
    if channel.next_hop_address is not None:
        return channel.next_hop_address
    if peering.local.version == version or channel.extended_next_hop:
        return peering.local
    own = (each.address for each in (port.addresses if port is not None else ()) if each.version == version)
    return next(own, None)
