"""What the captures saw of one probe, put in order: its way there, its answer's way back.

A visit is one passage through a node. Bridges pass frames on for other hosts: such visits are kept, to tell where a
packet was last seen, but they are no hops of an IP path. Where one packet shows on several devices of a node (a VLAN
and its carrier, a bridge and its port), the one that a cable of the topology ends on names the hop.
"""

from collections.abc import Iterable, Sequence

from harness.probes.capture import Sighting
from harness.probes.exchange import Probe
from harness.probes.packets import UDP, Kind
from sim.dataclasses import dataclass, field
from sim.flow import Hop

Cabled = frozenset[tuple[str, str]]


@dataclass(slots=True)
class Visit:
    """One passage through a node. `device_in` is the last device on the way in: the one the IP layer saw."""

    node: str
    incoming: str | None = None
    outgoing: str | None = None
    device_in: str | None = None
    bridged: bool = False

    @property
    def left(self) -> bool:
        """Whether the packet was seen to leave the node."""
        return self.outgoing is not None


@dataclass(slots=True)
class Journey:
    """The visits of a probe, of its answer, and of an ICMP error about it."""

    there: list[Visit] = field(default_factory=list)
    back: list[Visit] = field(default_factory=list)
    error: list[Visit] = field(default_factory=list)

    @property
    def hops(self) -> tuple[Hop, ...]:
        """The way there as hops, up to the first node that it comes to a second time."""
        found: list[Hop] = []
        for visit in (each for each in self.there if not each.bridged):
            found.append(Hop(visit.node, visit.incoming, visit.outgoing))
            if [hop.node for hop in found].count(visit.node) > 1:
                break
        return tuple(found)

    @property
    def loops(self) -> bool:
        """Whether the packet came to a node twice."""
        nodes = [visit.node for visit in self.there if not visit.bridged]
        return len(set(nodes)) < len(nodes)


def journeys(probes: Sequence[Probe], sightings: Iterable[Sighting], cabled: Cabled) -> dict[int, Journey]:
    """The journey of every probe, by its token. `sightings` are in the order of time."""
    found = {probe.token: Journey() for probe in probes}
    by_token = {probe.token: probe for probe in probes}
    by_port = {probe.sport: probe for probe in probes if probe.protocol == UDP}
    for sighting in sightings:
        probe = _whose(sighting, by_token, by_port)
        if probe:
            journey = found[probe.token]
            _extend(_leg(journey, probe, sighting), sighting, cabled)
    for journey in found.values():
        for leg in (journey.there, journey.back, journey.error):
            leg[:] = _without_flooding(leg)
    return found


def _whose(sighting: Sighting, by_token: dict[int, Probe], by_port: dict[int, Probe]) -> Probe | None:
    packet = sighting.packet
    if packet.token is not None:
        return by_token.get(packet.token)
    return by_port.get(packet.ports[1]) or by_port.get(packet.ports[0]) if packet.protocol == UDP else None


def _leg(journey: Journey, probe: Probe, sighting: Sighting) -> list[Visit]:
    packet = sighting.packet
    if packet.kind is Kind.ERROR:
        return journey.error
    if packet.kind is Kind.PROBE and not (packet.protocol == UDP and probe.is_answer(packet)):
        return journey.there
    return journey.back


def _extend(leg: list[Visit], sighting: Sighting, cabled: Cabled) -> None:
    """Add a sighting to the last visit, or begin one."""
    node, interface = sighting.node, sighting.interface
    visit = next((each for each in reversed(leg) if each.node == node), None)
    if interface == "lo":
        if visit is None:
            leg.append(Visit(node, device_in="lo"))
        return
    if sighting.outgoing:
        if visit is None:
            leg.append(visit := Visit(node))
        if visit.outgoing is None or (node, interface) in cabled:
            visit.outgoing = interface
        return
    if visit is None or visit.left:
        leg.append(visit := Visit(node, bridged=True))
    if visit.incoming is None or (node, interface) in cabled:
        visit.incoming = interface
    visit.device_in = interface
    visit.bridged = visit.bridged and sighting.foreign


def _without_flooding(leg: list[Visit]) -> list[Visit]:
    """Without the visits of frames that a bridge flooded to hosts they were not for."""
    return [visit for visit in leg if not visit.bridged or visit.left]
