"""Connected routes: what the kernel adds to a table for each address of an interface that is switched on.

IPv4: one route per network, preferring the first address there as source, none for a /32; of 127.0.0.0/8 and of other
addresses of lo none but in the local table. IPv6: metric 256, a route for a /128 too (also on lo), no source. An
address with a far end of its own (`peer`) gives a route to that instead. As Linux 6.18 does (2026-11-25).
"""

from collections.abc import Iterator

from sim.address import BITS, Address, InterfaceAddress, Prefix
from sim.dataclasses import dataclass
from sim.links.face import Face

_IPV6_METRIC = 256


@dataclass(frozen=True, slots=True)
class Connected:
    """A connected route. `linkdown`: its interface has no carrier; the kernel keeps the route, a daemon does not."""

    prefix: Prefix
    interface: str
    source: Address | None
    metric: int = 0
    vrf: str = "default"
    linkdown: bool = False


def connected_routes(face: Face) -> Iterator[Connected]:
    """The connected routes that an interface gives; none where it is switched off. Link-local prefixes are left out."""
    if not face.on:
        return
    seen: set[Prefix] = set()
    far = dict(face.peers)
    for address in face.addresses:
        for prefix in _reached(face, address, far.get(address)):
            if prefix not in seen:
                seen.add(prefix)
                four = address.version == 4
                yield Connected(
                    prefix,
                    face.name,
                    address.address if four else None,
                    0 if four else _IPV6_METRIC,
                    face.vrf,
                    not face.carrier,
                )


def _reached(face: Face, address: InterfaceAddress, peer: Address | None) -> Iterator[Prefix]:
    own = address.network
    if peer is not None:
        if address.version == 6:
            yield address.address.host
        yield InterfaceAddress(peer.value, address.length, peer.version).network
    elif address.version == 4:
        if address.length < BITS[4] and face.device and own.network >> 24:
            yield own
    elif not address.address.is_link_local and address.value != 1:
        yield own
