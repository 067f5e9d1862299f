"""Workloads: what a compute has for its guests, and what a guest has, as Calico's Felix makes them.

The compute has a route to each guest's tap and answers the guest's ARP for its gateway, 169.254.1.1, which nobody owns;
a guest has its address as a /32 and its only way out by that gateway. For IPv6 the gateway is fe80::1, on the tap.
"""

from collections.abc import Iterator, Sequence

from sim.address import Address, Prefix, parse_address, parse_interface
from sim.device import Device
from sim.device.interfaces import InterfaceConfig
from sim.device.static import StaticRoute
from sim.surroundings.management import default_route
from sim.sysctls import slashed
from sim.topology.facts import Workload
from sim.topology.model import Node

GATEWAY = parse_address("169.254.1.1")
GATEWAY6 = parse_interface("fe80::1/64")
_IPV6_METRIC = 1024


def for_guests(node: Node, decided: set[str]) -> Device:
    """What a compute has for its workloads; kernel parameters that its own files decide stay theirs."""
    guests = node.facts.workloads
    sysctls = {f"net.ipv4.conf.{slashed(each.tap)}.proxy_arp": "1" for each in guests}
    if any(each.address6 for each in guests):
        sysctls["net.ipv6.conf.all.forwarding"] = "1"
    return Device(
        node.name,
        interfaces={each.tap: InterfaceConfig(each.tap, addresses=(GATEWAY6,)) for each in guests if each.address6},
        statics=tuple(_ways(guests)),
        sysctls={key: value for key, value in sysctls.items() if key not in decided},
    )


def of_guest(node: Node, fact: Workload) -> Device:
    """What a workload has besides its address: the way out."""
    ways = [_on_link(GATEWAY.host, "eth0"), default_route(GATEWAY)]
    if fact.address6:
        ways.append(default_route(GATEWAY6.address))
    return Device(node.name, statics=tuple(ways))


def _ways(guests: Sequence[Workload]) -> Iterator[StaticRoute]:
    for each in guests:
        yield _on_link(Address(int(each.address)).host, each.tap)
        if each.address6:
            yield _on_link(Address(int(each.address6), 6).host, each.tap)


def _on_link(prefix: Prefix, interface: str) -> StaticRoute:
    metric = _IPV6_METRIC if prefix.version == 6 else 0
    return StaticRoute(prefix, interface=interface, protocol="boot", distance=0, metric=metric)
