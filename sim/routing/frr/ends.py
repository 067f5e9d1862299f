"""The sessions that a `router bgp` asks for, and our address on each (peer_sort, bgp_update_source, bgp_start)."""

from collections.abc import Iterator, Mapping

from sim.address import Address
from sim.device.bgp import BgpInstance, Neighbour
from sim.routing import End, Port
from sim.routing.frr.zebra import Zebra


def ends_of(node: str, instance: BgpInstance, router_id: Address, bfd: bool) -> Iterator[tuple[End, Neighbour]]:
    """One End for each neighbour. `bfd`: whether the node runs bfdd."""
    for neighbour in instance.neighbours:
        yield _end(node, instance, router_id, neighbour, bfd), neighbour


def _end(node: str, instance: BgpInstance, router_id: Address, neighbour: Neighbour, bfd: bool) -> End:
    name = neighbour.interface or str(neighbour.address or neighbour.listen)
    internal = neighbour.internal or neighbour.remote_as == instance.asn
    asn, second = _own_as(instance, neighbour, internal)
    ttl = 255 if internal or neighbour.ttl_security else neighbour.ebgp_multihop or 1
    return End(
        node=node,
        key=f"{instance.vrf}/{name}",
        asn=asn,
        alternative_asn=second,
        router_id=router_id,
        peer=neighbour.address,
        interface=neighbour.interface,
        listen=neighbour.listen,
        remote_as=instance.asn if neighbour.internal else neighbour.remote_as,
        external=neighbour.external,
        vrf=instance.vrf,
        ttl=ttl,
        minimum_ttl=256 - neighbour.ttl_security if neighbour.ttl_security else 0,
        connected=ttl == 1 and not neighbour.disable_connected_check,
        passive=neighbour.passive,
        shutdown=neighbour.shutdown or instance.shutdown,
        password=neighbour.password_digest or ("set" if neighbour.password else None),
        families=frozenset(neighbour.families),
        addpath_tx=frozenset(name for name, each in neighbour.families.items() if each.addpath_tx),
        addpath_rx=frozenset(name for name, each in neighbour.families.items() if each.addpath_rx),
        extended_next_hop=neighbour.capability_extended_next_hop or neighbour.interface is not None,
        extended_messages=True,
        bfd=neighbour.bfd and bfd,
        source=neighbour.source,
        place=neighbour.place,
    )


def _own_as(instance: BgpInstance, neighbour: Neighbour, internal: bool) -> tuple[int, int | None]:
    """What we say is our AS: `local-as`; to the world outside of a confederation its number."""
    if neighbour.local_as is not None and not internal:
        return neighbour.local_as, None
    inside = internal or neighbour.remote_as in instance.confederation_peers
    if instance.confederation is not None and not inside:
        return instance.confederation, None
    return instance.asn, None


def source_of(end: End, neighbour: Neighbour, peer: Address, ports: Mapping[str, Port], zebra: Zebra) -> Address | None:
    """Our address on the session; None where next-hop tracking finds no way to the peer, and bgpd stays Idle."""
    if end.interface is not None:
        return _on_port(ports.get(end.interface), peer)
    found = zebra.rib(end.vrf, peer.version).track(peer, end.connected)
    if found is None:
        return None
    if neighbour.source is not None:
        return neighbour.source if _owns(ports, neighbour.source) else None
    if neighbour.source_interface is not None:
        return _nearest(ports.get(neighbour.source_interface), peer)
    leaving = next((hop for hop in found[1] if hop.interface is not None), None)
    return None if leaving is None else _on_port(ports.get(leaving.interface or ""), peer)


def _owns(ports: Mapping[str, Port], address: Address) -> bool:
    return any(each.address == address for port in ports.values() if port.up for each in port.addresses)


def _nearest(port: Port | None, peer: Address) -> Address | None:
    """The address of a port that shares most leading bits with the peer's (bgp_update_address)."""
    own = [each.address for each in port.addresses if each.version == peer.version] if port and port.up else []
    return min(own, key=lambda each: (each.value ^ peer.value).bit_length(), default=None)


def _on_port(port: Port | None, peer: Address) -> Address | None:
    """The address of a port that speaks to a peer: on the same network if there is one, else the first."""
    if port is None or not port.up:
        return None
    if peer.is_link_local and peer.version == 6:
        return port.link_local
    far = next((own.address for own, other in port.peers if other == peer), None)
    same = [each for each in port.addresses if each.version == peer.version]
    near = next((each.address for each in same if each.network.holds(peer)), None)
    return far or near or (same[0].address if same else None)
