"""How a router spreads forwarded flows over the next hops of a prefix.

The packets are put on a cable to the router, in the name of a neighbour: a router prefers, for packets of its own, the
next hop whose interface owns the source address, so a probe from the router itself proves nothing. They are counted
where they leave, by interface and destination MAC; the kernel's own prediction for each flow is compared without
tolerance.
"""

import random
import select
import socket
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain, islice

from harness.probes import netlink
from harness.probes.destinations import a_destination, destinations, written
from harness.probes.endpoints import Places
from harness.probes.frames import Left, Outlet, Stream, frames, key
from harness.probes.inlet import Inlet, an_inlet, strangers
from harness.probes.instruments import Instruments
from harness.probes.netlink import Choice, Query
from harness.probes.next_hops import by_mac, hop_of, next_hops, resolve
from harness.witness import Spread
from sim.errors import ProbeError
from sim.snapshot import NextHop

BATCH = 64
MOST_DESTINATIONS = 1 << 16
QUIET_S = 0.3
LOWEST_PORT = 1024
LAYER_3 = b"0"  # net.ipv4.fib_multipath_hash_policy: addresses only


def spread(instruments: Instruments, places: Places, node: str, prefix: str, flows: int) -> Spread:
    """Forward flows through a running node and count them by next hop."""
    if node not in places.running:
        raise ProbeError("the node does not run, so nothing can be forwarded through it", node)
    hops = next_hops(instruments, node, prefix)
    resolve(instruments, places, node, hops)
    free = destinations(instruments, places, node, prefix)
    destination = a_destination(places, node, free, six=":" in prefix)
    inlet = an_inlet(instruments, places, node, hops, destination)
    streams = _streams(instruments, places, node, inlet, free, destination, flows)
    queries = [
        Query(each.destination, each.source, inlet.router.index, 0, "udp", each.sport, each.dport) for each in streams
    ]
    predicted = netlink.choices(instruments.netlink(node), queries)
    left = _forward(instruments, inlet, node, streams)
    return _count(instruments, places, node, prefix, hops, streams, predicted, left)


def _streams(
    instruments: Instruments,
    places: Places,
    node: str,
    inlet: Inlet,
    free: list[range],
    destination: str,
    flows: int,
) -> list[Stream]:
    """Flows that differ in their ports; where the node hashes addresses alone, in as many addresses as there are."""
    name = "ipv6" if ":" in destination else "ipv4"
    policy = instruments.nodes.node(node).read(f"/proc/sys/net/{name}/fib_multipath_hash_policy")
    if policy is not None and policy.strip() == LAYER_3:
        return list(_by_address(places, node, inlet, free, destination, flows))
    return [Stream(inlet.source, destination, sport, dport) for sport, dport in _ports(flows)]


def _by_address(
    places: Places, node: str, inlet: Inlet, free: list[range], destination: str, flows: int
) -> Iterator[Stream]:
    six = ":" in destination
    sources = [inlet.source, *strangers(places, node, inlet.router.name, six)]
    numbers = list(islice(chain.from_iterable(free), MOST_DESTINATIONS))
    targets = [destination] if len(numbers) < 3 else [written(number, six) for number in numbers]
    total = len(sources) * len(targets)
    whole, rest = divmod(flows, total)  # fewer pairs than flows: each pair again, with other ports
    pairs = [*range(total)] * whole + random.sample(range(total), rest)
    for pair, (sport, dport) in zip(pairs, _ports(flows), strict=True):
        yield Stream(sources[pair // len(targets)], targets[pair % len(targets)], sport, dport)


def _ports(flows: int) -> Iterator[tuple[int, int]]:
    """That many different pairs of ports."""
    span = 65536 - LOWEST_PORT
    for number in random.sample(range(span**2), flows):
        yield LOWEST_PORT + number // span, LOWEST_PORT + number % span


def _forward(instruments: Instruments, inlet: Inlet, node: str, streams: Sequence[Stream]) -> list[Left]:
    """Put every flow's packet on the cable, and wait until as many have left the router, or none did for a while."""
    token = random.getrandbits(32)
    sender = instruments.get(inlet.end.node, socket.AF_PACKET, socket.SOCK_RAW, 0, "inlet")
    packets = list(frames(streams, inlet.device.mac, inlet.router.mac, token))
    with Outlet(instruments, node, token) as outlet:
        for start in range(0, len(packets), BATCH):
            for packet in packets[start : start + BATCH]:
                sender.sendto(packet, (inlet.end.interface, 0))
            outlet.gather()
        while len(outlet.left) < len(packets) and select.select([outlet], [], [], QUIET_S)[0]:
            outlet.gather()
    return outlet.left


def _count(
    instruments: Instruments,
    places: Places,
    node: str,
    prefix: str,
    hops: Sequence[NextHop],
    streams: Sequence[Stream],
    predicted: Sequence[Choice],
    left: Sequence[Left],
) -> Spread:
    names = {index: device.name for index, device in places.devices[node].items()}
    routers = by_mac(instruments, names, node, hops)
    taken = {each.flow: hop for each in left if (hop := routers.get((each.interface, each.mac)))}
    taken |= {each.flow: hop for each in left for hop in hops if (None, each.interface) == (hop.via, hop.interface)}
    due = [hop_of(choice, names, hops) for choice in predicted]
    pairs = [(taken.get(key(stream)), wanted) for stream, wanted in zip(streams, due, strict=True)]
    seen = Counter(hop for hop, _ in pairs if hop)
    return Spread(
        node=node,
        prefix=prefix,
        counts={hop: seen[hop] for hop in hops},
        lost=sum(hop is None for hop, _ in pairs),
        predicted={hop: sum(each == hop for each in due) for hop in hops},
        mismatches=sum(hop is not None and hop != wanted for hop, wanted in pairs),
    )
