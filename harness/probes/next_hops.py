"""The next hops of a router's route, and which of them a frame or a prediction means."""

import json
import select
import socket
import time
from collections.abc import Mapping, Sequence

from harness.probes import netlink
from harness.probes.endpoints import Places
from harness.probes.instruments import NETLINK_ROUTE, Instruments
from harness.probes.netlink import Choice
from sim.errors import ProbeError
from sim.snapshot import NextHop

RESOLVE_S = 2.2  # an ARP or ND question is repeated twice in that time
RTMGRP_NEIGH = 4


def next_hops(instruments: Instruments, node: str, prefix: str) -> list[NextHop]:
    """The next hops of a prefix in the node's main table; ProbeError if there is no such route."""
    family = "-6" if ":" in prefix else "-4"
    done = instruments.nodes.node(node).run(["ip", family, "-j", "route", "show", "exact", prefix])
    routes = json.loads(done.text or "[]")
    found = [_next_hop(each) for route in routes[:1] for each in route.get("nexthops", [route]) if "dev" in each]
    if not found:
        raise ProbeError(f"no route to {prefix} with next hops; `route` tells what the node has", node)
    return found


def _next_hop(words: Mapping[str, object]) -> NextHop:
    via = words.get("gateway")
    other = words.get("via")
    if via is None and isinstance(other, Mapping):
        via = other.get("host")
    return NextHop(str(via) if via else None, str(words["dev"]), int(str(words.get("weight", 1))))


def resolve(instruments: Instruments, places: Places, node: str, hops: Sequence[NextHop]) -> None:
    """Have the kernel find the MACs of the next hops: while it looks, it would drop what waits for them."""
    events = instruments.get(node, socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_ROUTE, "neighbours")
    events.setblocking(False)
    events.bind((events.getsockname()[0], RTMGRP_NEIGH))
    deadline = time.monotonic() + RESOLVE_S
    asked = False
    while missing := _unresolved(instruments, places, node, hops):
        if not asked:
            for hop in missing:
                _knock(instruments, node, hop, places.index(node, hop.interface or ""))
            asked = True
        left = deadline - time.monotonic()
        if left <= 0:
            return  # its share will be lost, which is the truth about this router
        select.select([events], [], [], left)
        _discard(events)


def _unresolved(instruments: Instruments, places: Places, node: str, hops: Sequence[NextHop]) -> list[NextHop]:
    known = {
        (each.address, places.devices[node][each.index].name)
        for each in netlink.neighbours(instruments.netlink(node))
        if each.mac and each.index in places.devices[node]
    }
    return [hop for hop in hops if hop.via and (hop.via, hop.interface) not in known]


def _knock(instruments: Instruments, node: str, hop: NextHop, index: int) -> None:
    """Send the next hop a datagram (to the discard port, RFC 863), so that the kernel asks for its MAC."""
    six = ":" in str(hop.via)
    sock = instruments.get(node, socket.AF_INET6 if six else socket.AF_INET, socket.SOCK_DGRAM, 0, "knock")
    address = (str(hop.via), 9, 0, index) if six else (str(hop.via), 9)
    try:
        sock.sendto(b"", address)
    except OSError:
        return  # no route to it: it stays unresolved, and its share is lost


def _discard(events: socket.socket) -> None:
    while True:
        try:
            events.recv(1 << 16)
        except OSError:
            return


def by_mac(
    instruments: Instruments, names: Mapping[int, str], node: str, hops: Sequence[NextHop]
) -> dict[tuple[str, bytes], NextHop]:
    """Next hops by interface and MAC. Two addresses of one router on one cable share a MAC: the first counts."""
    macs = {(each.address, names.get(each.index)): each.mac for each in netlink.neighbours(instruments.netlink(node))}
    found: dict[tuple[str, bytes], NextHop] = {}
    for hop in hops:
        if hop.via and hop.interface and (mac := macs.get((hop.via, hop.interface))):
            found.setdefault((hop.interface, mac), hop)
    return found


def hop_of(choice: Choice, names: Mapping[int, str], hops: Sequence[NextHop]) -> NextHop | None:
    """The next hop that the kernel chose, None if it chose another route."""
    way = (choice.gateway, names.get(choice.outgoing))
    return next((hop for hop in hops if (hop.via, hop.interface) == way), None)
