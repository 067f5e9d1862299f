"""Small networks for tests of the solver: Devices made by hand, a topology from their cables."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from sim.address import InterfaceAddress, parse_address, parse_interface, parse_prefix
from sim.device import Device
from sim.device.bgp import BgpFamily, BgpInstance, Neighbour, NeighbourFamily, Origination
from sim.device.interfaces import InterfaceConfig
from sim.device.static import StaticRoute
from sim.paper import Paper
from sim.snapshot import Route
from sim.solve import solve
from sim.topology.model import Endpoint, Link, LinkType, Node, Topology

FRR = frozenset({"zebra", "staticd", "bgpd", "ospfd", "ospf6d"})


def cabled(*cables: str) -> Topology:
    """A topology of cables written as `a:eth1 b:eth1`."""
    pairs = [[end.split(":") for end in cable.split()] for cable in cables]
    links = [Link(LinkType.VETH, tuple(Endpoint(node, port) for node, port in pair), mtu_bytes=1500) for pair in pairs]
    names = dict.fromkeys(node for pair in pairs for node, _ in pair)
    return Topology("lab", Path("lab.clab.yml"), {name: Node(name) for name in names}, tuple(links))


def router(name: str, ports: Mapping[str, str], **settings: Any) -> Device:
    """An FRR node with ports and their addresses (several by spaces)."""
    interfaces = {
        port: InterfaceConfig(
            port, "loopback" if port == "lo" else "physical", tuple(map(parse_interface, addresses.split()))
        )
        for port, addresses in ports.items()
    }
    return replace(Device(name, FRR, interfaces), **settings)


def static(prefix: str, via: str | None = None, **settings: Any) -> StaticRoute:
    """An FRR static route."""
    return StaticRoute(parse_prefix(prefix), None if via is None else parse_address(via), **settings)


def neighbour(peer: str, remote_as: int | None = None, family: str = "ipv4", **settings: Any) -> Neighbour:
    """A neighbour by address or port, in one family; settings of the family are given as those of the neighbour."""
    own = {key: value for key, value in settings.items() if key in Neighbour.__dataclass_fields__}
    rest = {key: value for key, value in settings.items() if key not in own}
    place = {"address": parse_address(peer)} if peer[0].isdigit() or ":" in peer else {"interface": peer}
    external = remote_as is None
    families = {family: NeighbourFamily(**rest)}
    return Neighbour(**place, remote_as=remote_as, external=external, families=families, **own)


def bgp(
    asn: int,
    router_id: str,
    neighbours: Iterable[Neighbour],
    networks: Iterable[str] = (),
    family: str = "ipv4",
    family_settings: Mapping[str, Any] | None = None,
    **settings: Any,
) -> BgpInstance:
    """A `router bgp` with one address family, eBGP without policy allowed."""
    settings.setdefault("ebgp_requires_policy", False)
    originations = tuple(Origination(parse_prefix(each)) for each in networks)
    families = {family: BgpFamily(networks=originations, **(family_settings or {}))}
    return BgpInstance(
        asn,
        router_id=parse_address(router_id),
        neighbours=tuple(neighbours),
        families=families,
        **settings,
    )


def solved(topology: Topology, *devices: Device) -> Paper:
    """The network on paper."""
    return solve(topology, {device.node: device for device in devices})


def route(paper: Paper, node: str, prefix: str) -> Route:
    """A node's route, which is to be there."""
    return paper.snapshot.nodes[node].fib[prefix]


def ways(paper: Paper, node: str, prefix: str) -> set[str]:
    """A route's next hops as `gateway interface`; none where there is no route."""
    found = paper.snapshot.nodes[node].fib.get(prefix)
    return {f"{hop.via} {hop.interface}" for hop in found.next_hops} if found else set()


def address(text: str) -> InterfaceAddress:
    """An interface's address."""
    return parse_interface(text)
