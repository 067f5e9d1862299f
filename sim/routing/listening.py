"""Who listens on a node: its declared services, and its routing daemons on their own ports.

As seen with FRR 8.4.4 and BIRD 2.0.12 (2026-11-25): each FRR daemon has its vty on 127.0.0.1, bgpd port 179 of both
versions, bfdd the ports of RFC 5881, 5883 and of its echo. BIRD listens on 179 for the IP versions of its neighbours.
The ephemeral ports that BFD sends from are left out: nobody asks them.
"""

from collections.abc import Iterator, Mapping

from sim.device import Device
from sim.device.bird import BfdProtocol, BgpProtocol, BirdConfig
from sim.snapshot import Listener

_VTY: Mapping[str, int] = {
    "zebra": 2601,
    "ripd": 2602,
    "ospfd": 2604,
    "bgpd": 2605,
    "ospf6d": 2606,
    "isisd": 2608,
    "pimd": 2611,
    "staticd": 2616,
    "bfdd": 2617,
}
_WILDCARDS: Mapping[int, str] = {4: "0.0.0.0", 6: "::"}
_BFD = ((4, 3784), (4, 4784), (6, 3784), (6, 3785), (6, 4784))
_BIRD_BFD = ((4, 3784), (4, 4784), (6, 3784), (6, 4784))


def listeners_of(device: Device) -> tuple[Listener, ...]:
    """Every listener of a node, in the order of a Snapshot."""
    return tuple(sorted({*device.listeners, *_frr(device), *_bird(device.bird)}))


def _frr(device: Device) -> Iterator[Listener]:
    for daemon in device.daemons & _VTY.keys():
        yield Listener("tcp", "127.0.0.1", _VTY[daemon], daemon)
    if "bgpd" in device.daemons:
        yield from (Listener("tcp", wildcard, 179, "bgpd") for wildcard in _WILDCARDS.values())
    if "bfdd" in device.daemons:
        yield from (Listener("udp", _WILDCARDS[version], port, "bfdd") for version, port in _BFD)


def _bird(bird: BirdConfig | None) -> Iterator[Listener]:
    protocols = [each for each in bird.protocols if not getattr(each, "disabled", False)] if bird else []
    for protocol in protocols:
        if isinstance(protocol, BgpProtocol):
            peer = protocol.neighbour or protocol.neighbour_range
            yield Listener("tcp", _WILDCARDS[peer.version if peer else 6], 179, "bird")
        elif isinstance(protocol, BfdProtocol):
            yield from (Listener("udp", _WILDCARDS[version], port, "bird") for version, port in _BIRD_BFD)
