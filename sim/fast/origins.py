"""Who originates which prefixes into BGP: `network` statements, and redistribution of what a node has by itself.

What belongs here: origins that do not depend on any other route of BGP or OSPF. A redistributed protocol is NotPlain.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from sim.address import Prefix
from sim.device import Device
from sim.device.bgp import IPV6, BgpFamily, BgpInstance, Redistribution
from sim.device.static import StaticRoute
from sim.fast.doors import kept_back
from sim.fast.sessions import NotPlain, Wiring
from sim.policy import Context
from sim.route import Origin, PathAttributes, interned
from sim.snapshot import RouteType


class Local(NamedTuple):
    """What a node routes by itself, by prefix: on link, and by its static routes."""

    connected: frozenset[Prefix]
    static: frozenset[Prefix]


def locals_of(devices: Mapping[str, Device], wiring: Wiring, family: str) -> dict[str, Local]:
    """Every node's own routes of one family."""
    version = 6 if family == IPV6 else 4
    connected: dict[str, set[Prefix]] = {name: set() for name in devices}
    for (node, _), face in wiring.faces.items():
        if face.up and face.vrf == "default" and node in connected:
            connected[node].update(each.network for each in face.addresses if each.version == version)
    return {
        name: Local(frozenset(connected[name]), frozenset(_statics(device, connected[name], version)))
        for name, device in devices.items()
    }


def _statics(device: Device, connected: set[Prefix], version: int) -> Iterator[Prefix]:
    """The active static prefixes of the main table. NotPlain where that hangs on more than the node's own links."""
    for static in device.statics:
        if static.prefix.version != version or static.vrf != "default" or static.table != "main":
            continue
        if static.protocol != "static":
            raise NotPlain("a route that a script adds")
        if static.distance > _BEFORE_BGP:
            raise NotPlain("a static route that BGP may replace")
        if _active(static, connected):
            yield static.prefix


_BEFORE_BGP = 19


def _active(static: StaticRoute, connected: set[Prefix]) -> bool:
    if static.type is not RouteType.UNICAST:
        return True
    if static.via is None or not any(prefix.holds(static.via) for prefix in connected):
        raise NotPlain("a static route whose next hop is not on a link")
    return True


def origins(node: str, instance: BgpInstance, family: str, local: Local) -> Iterator[tuple[Prefix, PathAttributes]]:
    """What one speaker originates, with the attributes that it gives. A `network` comes before redistribution."""
    config = instance.families.get(family, BgpFamily())
    found: dict[Prefix, PathAttributes] = {}
    for source in config.redistributions:
        for prefix in _source(source, local):
            _offer(found, prefix, source, node, instance)
    for network in config.networks:
        here = network.prefix in local.connected or network.prefix in local.static
        if here or not instance.network_import_check:
            start = interned(PathAttributes(origin=Origin.IGP, med=0))
            context = Context(node, "bgp", local_as=instance.asn)
            made = network.policy.apply(network.prefix, start, context) if network.policy else start
            if made is not None:
                found[network.prefix] = made
    yield from found.items()


def _source(source: Redistribution, local: Local) -> frozenset[Prefix]:
    if source.source not in ("connected", "static"):
        raise NotPlain(f"redistribution of {source.source}")
    return local.connected if source.source == "connected" else local.static - local.connected


def _offer(
    found: dict[Prefix, PathAttributes], prefix: Prefix, source: Redistribution, node: str, instance: BgpInstance
) -> None:
    start = interned(PathAttributes(origin=Origin.INCOMPLETE, med=source.metric or 0))
    context = Context(node, source.source, local_as=instance.asn)
    made = source.policy.apply(prefix, start, context) if source.policy else start
    if made is not None and prefix not in found:
        found[prefix] = made


def start_alike(attributes: Iterable[PathAttributes]) -> bool:
    """Whether the origins of one prefix start alike, and without anything that one path could be preferred for."""
    return len({each.origin for each in attributes}) == 1 and not any(
        each.as_path or each.med or each.local_pref is not None or each.next_hop is not None or kept_back(each)
        for each in attributes
    )
