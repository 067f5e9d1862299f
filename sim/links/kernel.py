"""The routes that a node's kernel has without any routing daemon: connected ones, and those that scripts added.

A script's route stands as long as its interface is switched on. Its next hop must be on link when it is added: through
a connected network or a route without gateway; that also finds the interface where the command names none.
"""

from collections.abc import Iterable, Iterator, Mapping

from sim.address import Address, Prefix
from sim.dataclasses import dataclass, replace
from sim.device.static import StaticRoute
from sim.links.connected import Connected, connected_routes
from sim.links.face import Face
from sim.snapshot import RouteType

MAIN = "main"


@dataclass(frozen=True, slots=True)
class Hop:
    """One way of a route. `linkdown`: its interface is on and has no carrier; the kernel keeps it."""

    via: Address | None
    interface: str | None
    weight: int = 1
    linkdown: bool = False


@dataclass(frozen=True, slots=True)
class KernelRoute:
    """A route of the kernel's tables. `table` is `main`, a VRF's name, or another table's name or number."""

    prefix: Prefix
    protocol: str
    hops: tuple[Hop, ...] = ()
    type: RouteType = RouteType.UNICAST
    metric: int = 0
    source: Address | None = None
    table: str = MAIN


def kernel_routes(faces: Mapping[str, Face], statics: Iterable[StaticRoute]) -> Iterator[KernelRoute]:
    """A node's routes: of its interfaces, then those of `statics` that no daemon holds (protocol not `static`)."""
    connected = [route for face in faces.values() for route in connected_routes(face)]
    for route in connected:
        hop = Hop(None, route.interface, linkdown=route.linkdown)
        table = MAIN if route.vrf == "default" else route.vrf
        yield KernelRoute(route.prefix, "kernel", (hop,), metric=route.metric, source=route.source, table=table)
    scripted = [route for route in statics if route.protocol != "static"]
    yield from _merged(_scripted(faces, connected, scripted))


def _scripted(
    faces: Mapping[str, Face], connected: Iterable[Connected], statics: Iterable[StaticRoute]
) -> Iterator[KernelRoute]:
    """One route for each way that the kernel would take."""
    on_link = [(route.prefix, route.interface) for route in connected]
    on_link += [(each.prefix, each.interface) for each in statics if each.via is None and each.interface]
    for each in statics:
        interface = each.interface or _on_link(on_link, each.via)
        table = each.table if each.table != MAIN else MAIN if each.vrf == "default" else each.vrf
        route = KernelRoute(each.prefix, each.protocol, (), each.type, each.metric, each.source, table)
        face = faces.get(interface or "")
        if each.type is not RouteType.UNICAST:
            yield route
        elif face is not None and face.on and _stands(face, each, on_link):
            hop = Hop(each.via, interface, each.weight, linkdown=not face.carrier)
            own = MAIN if face.vrf == "default" else face.vrf
            yield replace(route, hops=(hop,), table=table if table != MAIN or each.table != MAIN else own)


def _stands(face: Face, each: StaticRoute, on_link: Iterable[tuple[Prefix, str | None]]) -> bool:
    if each.via is None or each.onlink or each.via.is_link_local:
        return True
    return any(interface == face.name and prefix.holds(each.via) for prefix, interface in on_link)


def _on_link(on_link: Iterable[tuple[Prefix, str | None]], via: Address | None) -> str | None:
    """The interface of the longest prefix on link that holds a next hop."""
    fitting = [(prefix.length, interface) for prefix, interface in on_link if via is not None and prefix.holds(via)]
    return max(fitting, key=lambda each: each[0])[1] if fitting else None


def _merged(routes: Iterable[KernelRoute]) -> Iterator[KernelRoute]:
    """Ways to the same prefix with the same metric, in the same table, as one route."""
    found: dict[tuple[Prefix, str, int], KernelRoute] = {}
    for route in routes:
        key = (route.prefix, route.table, route.metric)
        found[key] = replace(found[key], hops=(*found[key].hops, *route.hops)) if key in found else route
    yield from found.values()
