"""An established session as bgpd keeps it: its configuration by family, what came in, and what was sent."""

from sim.address import Address, Prefix
from sim.dataclasses import dataclass, field
from sim.device.bgp import BgpInstance, Neighbour, NeighbourFamily
from sim.policy import Context
from sim.routing import Advert, Peering, Port
from sim.routing.chain import Chain
from sim.routing.frr.paths import Sort

DIRECT_TTL = 1
_SWAYING = {"weight", "local_pref", "as_path", "origin", "med"}


@dataclass(slots=True)
class Channel:
    """One address family of a session. `raw` is what the neighbour says, `sent` what it was told last."""

    settings: NeighbourFamily
    imports: Chain
    exports: Chain
    raw: dict[Prefix, tuple[Advert, ...]] = field(default_factory=dict)
    accepted: dict[Prefix, int] = field(default_factory=dict)  # how many paths of each
    sent: dict[Prefix, tuple[Advert, ...]] = field(default_factory=dict)

    def sways(self) -> bool:
        """Whether paths may be preferred here, or by the neighbour, for more than their length, or be too many."""
        settings = self.settings
        if settings.maximum_prefix is not None:
            return True
        rewrites = settings.as_override or settings.remove_private_as is not None or settings.allowas_in
        sways = self.imports.writes & _SWAYING or self.exports.writes & {"med", "origin"}
        return bool(settings.weight or rewrites or sways)


@dataclass(slots=True)
class Live:
    """A session that is up."""

    peering: Peering
    neighbour: Neighbour
    sort: Sort
    direct: bool  # next hops must lie on a connected network
    network: Prefix | None  # the network of ours that the neighbour is on
    link_local: Address | None  # our link-local address on that port
    address_v4: Address | None  # what stands for us in IPv4 routes on an IPv6 session
    address_v6: Address | None  # what stands for us in IPv6 routes on an IPv4 session
    channels: dict[str, Channel]


def sort_of(instance: BgpInstance, remote_as: int) -> Sort:
    """Internal, external, or a member of our confederation."""
    if remote_as == instance.asn:
        return Sort.IBGP
    if instance.confederation is not None and remote_as in instance.confederation_peers:
        return Sort.CONFED
    return Sort.EBGP


def enliven(node: str, instance: BgpInstance, neighbour: Neighbour, peering: Peering, port: Port | None) -> Live:
    """The state of a session that has just come up; `port` is the one that the peer is on, if any."""
    sort = sort_of(instance, peering.remote_as)
    hops = neighbour.ebgp_multihop or DIRECT_TTL
    direct = sort is Sort.EBGP and hops == DIRECT_TTL and not neighbour.disable_connected_check
    here = port.addresses if port is not None else ()
    live = Live(
        peering=peering,
        neighbour=neighbour,
        sort=sort,
        direct=direct,
        network=next((each.network for each in here if each.network.holds(peering.peer)), None),
        link_local=port.link_local if port is not None else None,
        address_v4=next((each.address for each in here if each.version == 4), None),
        address_v6=next((each.address for each in here if each.version == 6), None),
        channels={},
    )
    for family in sorted(peering.families):
        settings = neighbour.families[family]
        contexts = [_context(node, instance, peering, direction) for direction in ("in", "out")]
        live.channels[family] = Channel(
            settings, Chain(settings.imports, contexts[0]), Chain(settings.exports, contexts[1])
        )
    return live


def _context(node: str, instance: BgpInstance, peering: Peering, direction: str) -> Context:
    return Context(
        node=node,
        protocol="bgp",
        peer=peering.peer,
        peer_as=peering.remote_as,
        local_as=instance.asn,
        local=peering.local,
        interface=peering.interface,
        direction=direction,
    )
