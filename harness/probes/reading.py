"""What came back to a probe, as a disposition: the sender's own view, without captures.

RFC 792, RFC 1812 5.2.7.1 and RFC 4443 3.1 say which router or host sends which ICMP error. Where the same answer can
have two causes (a RST may be a filter's, silence anything), `certain` is false and captures must tell.
"""

import errno
import os

from harness.probes.endpoints import Places
from harness.probes.exchange import Probe
from harness.probes.packets import ICMP, UDP, Kind, Seen
from sim.dataclasses import dataclass
from sim.flow import Disposition, Trace


@dataclass(frozen=True, slots=True)
class Reading:
    """A disposition, who decided, why, and whether that is all there is to know."""

    disposition: Disposition
    where: str | None = None
    why: str = ""
    certain: bool = True

    def trace(self, probe: Probe) -> Trace:
        """As the Trace of the probe's flow, without the way there."""
        answer = probe.answer
        return Trace(
            flow=probe.aim.flow,
            disposition=self.disposition,
            where=self.where,
            why=self.why,
            answer_from=answer.seen.source if answer else None,
            round_trip_s=answer.round_trip_s if answer else None,
        )


ICMP_ERRORS = {  # type and code of RFC 792 -> disposition, and what the sender of the error says
    (3, 0): (Disposition.NO_ROUTE, "network unreachable"),
    (3, 1): (Disposition.NEIGHBOR_UNREACHABLE, "host unreachable"),
    (3, 3): (Disposition.REFUSED, "port unreachable"),
    (3, 4): (Disposition.TOO_BIG, "fragmentation needed"),
    (3, 9): (Disposition.DENIED_IN, "network administratively prohibited"),
    (3, 10): (Disposition.DENIED_IN, "host administratively prohibited"),
    (3, 13): (Disposition.DENIED_IN, "communication administratively prohibited"),
    (11, 0): (Disposition.LOOP, "TTL exceeded"),
}
ICMP6_ERRORS = {  # of RFC 4443
    (1, 0): (Disposition.NO_ROUTE, "no route to destination"),
    (1, 1): (Disposition.DENIED_IN, "administratively prohibited"),
    (1, 3): (Disposition.NEIGHBOR_UNREACHABLE, "address unreachable"),
    (1, 4): (Disposition.REFUSED, "port unreachable"),
    (1, 5): (Disposition.DENIED_IN, "source address failed the policy"),
    (1, 6): (Disposition.NULL_ROUTED, "reject route to destination"),
    (2, 0): (Disposition.TOO_BIG, "packet too big"),
    (3, 0): (Disposition.LOOP, "hop limit exceeded"),
}
OWN_ERRORS = {  # the errno with which the sending node's kernel refuses
    errno.EPERM: (Disposition.DENIED_OUT, "the node's own filter refused to send it"),
    errno.EMSGSIZE: (Disposition.TOO_BIG, "larger than the MTU of the interface it leaves by"),
    errno.ENETUNREACH: (Disposition.NO_ROUTE, "the node has no route"),
    errno.EHOSTUNREACH: (Disposition.NULL_ROUTED, "the node's route is unreachable"),
    errno.EINVAL: (Disposition.NULL_ROUTED, "the node's route is a blackhole"),
    errno.EACCES: (Disposition.NULL_ROUTED, "the node's route is prohibit"),
}


def read(probe: Probe, places: Places) -> Reading:
    """What the sender knows about its probe."""
    if probe.refused:
        return _own(probe)
    if probe.answer is None:
        return Reading(Disposition.LOST, why="no answer", certain=False)
    seen = probe.answer.seen
    if seen.kind is Kind.ERROR:
        return _error(probe, seen, places)
    if seen.kind is Kind.REFUSAL:
        where = places.owner(seen.source)
        return Reading(Disposition.REFUSED, where, f"RST from {seen.source}", certain=False)
    return Reading(Disposition.DELIVERED, places.owner(seen.source))


def _own(probe: Probe) -> Reading:
    known = OWN_ERRORS.get(probe.refused)
    if known is None:
        return Reading(Disposition.LOST, probe.aim.sender, os.strerror(probe.refused), certain=False)
    disposition, why = known
    return Reading(disposition, probe.aim.sender, why, certain=False)


def _error(probe: Probe, seen: Seen, places: Places) -> Reading:
    table = ICMP_ERRORS if seen.protocol == ICMP else ICMP6_ERRORS
    disposition, words = table.get(seen.icmp, (Disposition.LOST, f"ICMP type {seen.icmp[0]} code {seen.icmp[1]}"))
    where = places.owner(seen.source)
    if disposition is Disposition.REFUSED and (probe.protocol != UDP or seen.source != probe.aim.destination):
        disposition = Disposition.DENIED_IN  # a host answers a closed TCP port by RST: this is a filter's REJECT
    return Reading(disposition, where, f"{words}, says {seen.source}", certain=False)
