"""The sessions that a BIRD configuration asks for, our address on each (bgp_start, neigh_find), and the router id."""

from collections.abc import Callable, Mapping

from sim.address import Address
from sim.device.bird import BgpProtocol, BirdConfig, InterfacePattern
from sim.routing import End, KernelRoute, Port
from sim.routing.bird.doors import is_near

Lookup = Callable[[Address], KernelRoute | None]


def end_of(node: str, protocol: BgpProtocol, router_id: Address, bfd: bool) -> End:
    """One protocol's side of its session."""
    unnumbered = protocol.neighbour is not None and protocol.neighbour.version == 6 and protocol.neighbour.is_link_local
    return End(
        node=node,
        key=protocol.name,
        asn=_spoken_as(protocol),
        router_id=router_id,
        peer=None if unnumbered else protocol.neighbour,
        interface=protocol.interface if unnumbered else None,
        listen=protocol.neighbour_range,
        remote_as=protocol.local_as if protocol.internal else protocol.remote_as,
        external=protocol.external,
        ttl=255 if protocol.ttl_security else protocol.multihop or 1,
        minimum_ttl=256 - (protocol.multihop or 1) if protocol.ttl_security else 0,
        connected=protocol.multihop is None,
        passive=protocol.passive,
        shutdown=protocol.disabled,
        password=protocol.password_digest,
        families=frozenset(channel.family for channel in protocol.channels),
        addpath_tx=frozenset(channel.family for channel in protocol.channels if channel.add_paths_tx),
        addpath_rx=frozenset(channel.family for channel in protocol.channels if channel.add_paths_rx),
        extended_next_hop=any(channel.extended_next_hop for channel in protocol.channels),
        extended_messages=protocol.extended_messages,
        bfd=bfd,
        daemon="bird",
        source=protocol.local,
        place=protocol.place,
    )


def _spoken_as(protocol: BgpProtocol) -> int:
    """To the world outside of a confederation its number."""
    inside = protocol.confederation_member or protocol.remote_as == protocol.local_as
    return protocol.local_as if protocol.confederation is None or inside else protocol.confederation


def source_of(
    protocol: BgpProtocol, peer: Address, ports: Mapping[str, Port], linked: Mapping[str, Port], lookup: Lookup
) -> Address | None:
    """Our address on the session; None while BIRD would not try: a direct neighbour that is near no interface with a
    carrier, a local address that no interface has."""
    if protocol.multihop is None:
        port = near_port(peer, protocol.interface, linked)
        if port is None:
            return None
        if protocol.local is not None:
            return protocol.local if _owns(port, protocol.local) else None
        return port.link_local if peer.is_link_local and peer.version == 6 else address_towards(port, peer)
    if protocol.local is not None:
        return protocol.local if any(_owns(port, protocol.local) for port in ports.values()) else None
    route = lookup(peer)
    if route is None or not route.hops:
        return None
    leaving = ports.get(route.hops[0].interface or "")
    return route.source or (None if leaving is None else address_towards(leaving, route.hops[0].via or peer))


def near_port(peer: Address, interface: str | None, ports: Mapping[str, Port]) -> Port | None:
    """The interface that a direct neighbour is on; the one named, if any is."""
    if interface is not None:
        port = ports.get(interface)
        near = port is not None and port.up and (peer.is_link_local or is_near(port, peer))
        return port if near else None
    return next((port for port in ports.values() if is_near(port, peer)), None)


def _owns(port: Port, address: Address) -> bool:
    own = any(each.address == address for each in port.addresses) or any(
        each.address == address for each, _ in port.peers
    )
    return port.up and (own or port.link_local == address)


def address_towards(port: Port, peer: Address) -> Address | None:
    """Our address on a port that speaks to a peer: on the same network if there is one, else the first."""
    far = next((own.address for own, other in port.peers if other == peer), None)
    same = [each for each in port.addresses if each.version == peer.version]
    near = next((each.address for each in same if each.network.holds(peer)), None)
    return far or near or (same[0].address if same else None)


def router_id_of(config: BirdConfig, ports: Mapping[str, Port]) -> Address:
    """`router id`, else the lowest IPv4 address of an interface that is up and no loopback (if_choose_router_id)."""
    if config.router_id is not None:
        return config.router_id
    found = [
        each.address
        for port in ports.values()
        for each in port.addresses
        if port.up and each.version == 4 and _may_name(config.router_id_from, port, each.address)
    ]
    return min(found, default=Address(0))


def _may_name(patterns: tuple[InterfacePattern, ...], port: Port, address: Address) -> bool:
    if not patterns:
        return port.kind != "loopback"
    own = next((each for each in port.addresses if each.address == address), None)
    fitting = next((each for each in patterns if each.fits(port.name, own)), None)
    return fitting is not None and not fitting.negated
