"""The way of a session's packets: by each node's kernel, one hop after another, as long as their TTL lasts."""

from collections.abc import Mapping

from sim.address import Address
from sim.routing import End, Ground
from sim.routing.kernel import Kernel


class Way:
    """Packets between two Ends, over the kernels as they are now."""

    def __init__(self, ground: Ground, kernels: Mapping[str, Kernel]) -> None:
        self._ground, self._kernels = ground, kernels

    def arrives(self, end: End, source: Address, destination: Address, other: End) -> bool:
        """Whether our packets reach the other end before their TTL is over (a router that forwards takes one), and
        with as much of it left as the other end wants (RFC 5082)."""
        if destination.is_link_local:
            return end.ttl >= other.minimum_ttl
        node = end.node
        for left in range(end.ttl, -1, -1):
            if node == other.node:
                return left + 1 >= other.minimum_ttl
            if not left:
                return False
            kernel = self._kernels[node]
            vrf = end.vrf if node == end.node else "default"
            route = kernel.lookup("main" if vrf == "default" else vrf, destination)
            if route is None or not route.hops:
                return False
            hop = route.hops[0]
            found = self._across(node, hop.interface, hop.via or destination)
            if found is None:
                return False
            node = found
        return False

    def _across(self, node: str, interface: str | None, gateway: Address) -> str | None:
        """The node that answers for a gateway on a port's segment; on a cable its other end."""
        port = self._ground[node].get(interface or "")
        if port is None or not port.up:
            return None
        for far, name in port.neighbours:
            face = self._ground.get(far, {}).get(name)
            if face is not None and any(each.address == gateway for each in face.addresses):
                return far
        return port.neighbours[0][0] if len(port.neighbours) == 1 and gateway.is_link_local else None
