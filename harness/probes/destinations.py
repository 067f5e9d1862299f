"""Addresses to which a router sends by one route and no other: of its prefix, and of no longer one that it knows."""

import json
from collections.abc import Iterable, Iterator
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from harness.probes.endpoints import Places
from harness.probes.instruments import Instruments
from sim.errors import ProbeError

Network = IPv4Network | IPv6Network

NOT_FORWARDED: tuple[Network, ...] = tuple(
    ip_network(each)
    for each in ("0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3", "::/3", "fe80::/10", "ff00::/8")
)
"""What no router forwards to, or what is no destination (RFC 6890); 224.0.0.0/3 is multicast and what is reserved."""


def destinations(instruments: Instruments, places: Places, node: str, prefix: str) -> list[range]:
    """The addresses of a node's prefix that no longer prefix holds, as numbers. ProbeError if there is none."""
    network = ip_network(prefix, strict=False)
    own = [ip_network(each.address) for each in places.addresses[node]]
    taken = [*longer(instruments, node, network), *own, *NOT_FORWARDED]
    found = list(gaps(network, (each for each in taken if each != network and _holds(network, each))))
    if not found:
        raise ProbeError(f"every address of {prefix} has a longer prefix, so nothing is sent by this route", node)
    return found


def longer(instruments: Instruments, node: str, network: Network) -> list[Network]:
    """The prefixes of a node's main table that lie in a network (itself among them)."""
    shown = instruments.nodes.node(node).run(["ip", f"-{network.version}", "-j", "route", "show", "root", str(network)])
    words = [str(each["dst"]) for each in json.loads(shown.text or "[]")]
    return [network if each == "default" else ip_network(each) for each in words]


def gaps(network: Network, taken: Iterable[Network]) -> Iterator[range]:
    """What is left of a network's hosts, lowest first."""
    first, last = int(network.network_address), int(network.broadcast_address)
    if last - first > 1:
        first, last = first + 1, last - (network.version == 4)
    for each in sorted(taken, key=lambda each: int(each.network_address)):
        if int(each.network_address) > first:
            yield range(first, int(each.network_address))
        first = max(first, int(each.broadcast_address) + 1)
    if first <= last:
        yield range(first, last + 1)


def a_destination(places: Places, node: str, free: list[range], six: bool) -> str:
    """One of these addresses: one that another node has, else the lowest."""
    for name, known in places.addresses.items():
        for each in known:
            number = int(ip_address(each.address))
            if name != node and (":" in each.address) == six and any(number in numbers for numbers in free):
                return each.address
    return written(free[0][0], six)


def written(number: int, six: bool) -> str:
    """An address as text."""
    network: type[Network] = IPv6Network if six else IPv4Network
    return str(network(number).network_address)


def _holds(network: Network, other: Network) -> bool:
    inside = int(network.network_address) <= int(other.network_address) <= int(network.broadcast_address)
    return network.version == other.version and network.prefixlen <= other.prefixlen and inside
