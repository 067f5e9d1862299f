"""Traceroute of one flow: its packet with TTL 1, 2, 3 ..., all of one 5-tuple, so that ECMP sends them one way."""

from collections.abc import Callable, Sequence

from harness.probes.endpoints import Places
from harness.probes.exchange import Exchange, Probe
from harness.probes.instruments import Instruments
from harness.probes.packets import Kind
from sim.dataclasses import dataclass, replace

LADDER_S = 1.0
ATTEMPTS = 2  # a router sends one such error a second to the same peer, and the first packet may wait for ARP


@dataclass(frozen=True, slots=True)
class Rung:
    """Who answered the packet of that TTL: address and node, or nobody (None). `last`: the destination itself."""

    ttl: int
    address: str | None = None
    node: str | None = None
    last: bool = False


def climb(
    instruments: Instruments, places: Places, probe: Probe, renew: Callable[[Sequence[Probe]], None], highest: int
) -> tuple[Rung, ...]:
    """The rungs in order, up to the first that the destination (or a refusal in its name) answered."""
    probes = [replace(probe, ttl=ttl) for ttl in range(1, highest + 1)]
    for _ in range(ATTEMPTS):
        missing = [each for each in probes if not each.answer]
        renew(missing)
        Exchange(instruments, places, missing).run(LADDER_S)
    rungs: list[Rung] = []
    for each in probes:
        seen = each.answer.seen if each.answer else None
        last = seen is not None and not (seen.kind is Kind.ERROR and seen.icmp == (_exceeded(each), 0))
        address = seen.source if seen else None
        rungs.append(Rung(each.ttl or 0, address, places.owner(address), last))
        if last:
            break
    return tuple(rungs)


def _exceeded(probe: Probe) -> int:
    """The ICMP type that says a packet ran out of time (RFC 792: 11; RFC 4443: 3)."""
    return 3 if probe.aim.version == 6 else 11
