"""What routing stands on, as it follows from the solved links: every node's ports, and its kernel's own routes."""

from collections.abc import Iterator

from sim.links import Links
from sim.links.face import Face
from sim.links.kernel import KernelRoute as Bare
from sim.routing import Ground, KernelRoute, Port
from sim.routing.values import Hop

_MAIN = "main"


def lay(links: Links) -> Ground:
    """The ports of every node of the topology."""
    return {
        name: {face.name: _port(links, name, face) for face in links.faces.get(name, {}).values()}
        for name in links.topology.nodes
    }


def _port(links: Links, node: str, face: Face) -> Port:
    return Port(
        name=face.name,
        up=face.up,
        addresses=tuple(each for each in face.addresses if not _is_own_link_local(each.version, each.value)),
        peers=face.peers,
        link_local=face.link_local,
        mtu_bytes=face.mtu_bytes,
        kind=face.device or "loopback",
        vrf=face.vrf,
        table=_MAIN if face.vrf == "default" else face.vrf,
        neighbours=links.across(node, face.name) if face.up else (),
        on=face.on,
    )


def _is_own_link_local(version: int, value: int) -> bool:
    return version == 6 and value >> 118 == 0x3FA


def bare_routes(links: Links, node: str) -> Iterator[tuple[str, KernelRoute]]:
    """A node's routes without any daemon, each with its table."""
    for route in links.kernel_routes(node):
        yield route.table, _kernel_route(route)


def _kernel_route(route: Bare) -> KernelRoute:
    return KernelRoute(
        prefix=route.prefix,
        protocol=route.protocol,
        hops=tuple(Hop(hop.via, hop.interface, hop.weight) for hop in route.hops),
        type=route.type,
        metric=route.metric,
        source=route.source,
    )
