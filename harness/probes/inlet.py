"""Where probe packets are put on a cable to a router, and in whose name."""

from collections.abc import Iterator, Sequence
from ipaddress import ip_network

from harness.probes import netlink
from harness.probes.endpoints import Places
from harness.probes.instruments import Instruments
from harness.probes.netlink import Device, Query
from sim.dataclasses import dataclass
from sim.errors import ProbeError
from sim.snapshot import NextHop
from sim.topology.model import Endpoint


@dataclass(frozen=True, slots=True)
class Inlet:
    """Where packets are put on a cable to the router: the neighbour's end and device, the router's device, a source."""

    end: Endpoint
    device: Device
    router: Device
    source: str


def an_inlet(instruments: Instruments, places: Places, node: str, hops: Sequence[NextHop], destination: str) -> Inlet:
    """A neighbour from which a packet would take one of the next hops; rather not over one of them.

    A neighbour with an address of its own comes before a bridge: behind a bridge may be a network that the router
    forwards nothing from.
    """
    outgoing = {hop.interface for hop in hops}
    candidates = list(_candidates(places, node, destination))
    candidates.sort(key=lambda inlet: (inlet.router.name in outgoing, not _is_own(places, inlet)))
    queries = [Query(destination, each.source, each.router.index, 0, "udp", 40000, 40001) for each in candidates]
    choices = netlink.choices(instruments.netlink(node), queries)
    for inlet, choice in zip(candidates, choices, strict=True):
        device = places.devices[node].get(choice.outgoing)
        if choice.type == "unicast" and device and device.name in outgoing:
            return inlet
    said = f" ({choices[0].words})" if choices else ""
    raise ProbeError(
        f"no neighbour from which a packet to {destination} would be forwarded by that route{said}; does it forward?",
        node,
    )


def _is_own(places: Places, inlet: Inlet) -> bool:
    return any(each.address == inlet.source for each in places.addresses[inlet.end.node])


def _candidates(places: Places, node: str, destination: str) -> Iterator[Inlet]:
    six = ":" in destination
    for link in places.topology.links_of(node):
        near = next((end for end in link.endpoints if end.node == node), None)
        far = link.other(node)
        if near is None or far is None or far.node not in places.running:
            continue
        device, router = places.device(far.node, far.interface), places.device(node, near.interface)
        if device is None or router is None or not (router.up and router.carrier):
            continue
        own = [each for each in places.addresses[far.node] if each.scope == 0 and (":" in each.address) == six]
        own.sort(key=lambda each: each.interface != far.interface)
        sources = [each.address for each in own] + strangers(places, node, near.interface, six)
        yield from (Inlet(far, device, router, source) for source in sources)


def strangers(places: Places, node: str, interface: str, six: bool) -> list[str]:
    """Addresses on the router's own subnet of that cable that are nobody's: for neighbours that are bridges."""
    taken = {each.address for known in places.addresses.values() for each in known}
    found: list[str] = []
    for each in places.addresses[node]:
        if each.interface == interface and each.scope == 0 and (":" in each.address) == six:
            network = ip_network(f"{each.address}/{each.length}", strict=False)
            hosts = (str(network[n]) for n in range(1, min(network.num_addresses - 1, 4096)))
            found += [host for host in hosts if host not in taken]
    return found
