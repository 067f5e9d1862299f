"""Where an observed probe ended, before any filter is asked: from what came back, and what the captures saw."""

from harness.probes.counters import Rule
from harness.probes.endpoints import Places
from harness.probes.exchange import Probe
from harness.probes.explain import End, Explainer
from harness.probes.journey import Journey, Visit
from harness.probes.netlink import Query
from harness.probes.packets import UDP, Kind
from harness.probes.reading import Reading, read
from sim.dataclasses import dataclass, field, replace
from sim.flow import Disposition, Trace

ROUTING = (Disposition.NO_ROUTE, Disposition.NULL_ROUTED, Disposition.NEIGHBOR_UNREACHABLE, Disposition.TOO_BIG)
UNROUTED = (Disposition.NO_ROUTE, Disposition.NULL_ROUTED)  # what the node's own kernel says of its routes
FILTERED = (
    Disposition.DENIED_IN,
    Disposition.DENIED_OUT,
    Disposition.REFUSED,
    Disposition.LOST,
    Disposition.NO_ANSWER,
)

Place = tuple[str, int]


@dataclass(slots=True)
class Case:
    """A probe under observation. `suspect` is the node whose filter may have acted.

    `patient`: an answer was waited for as long as one may take.
    """

    probe: Probe
    journey: Journey
    end: End | None = None
    suspect: str | None = None
    rules: list[Rule] = field(default_factory=list)
    patient: bool = True

    @property
    def is_proved(self) -> bool:
        """Whether more patience could change nothing: it was answered or not even sent, or is known to be dropped.

        A kernel answers TCP and ICMP as soon as it has the packet; who waits for a datagram may take its time.
        """
        if self.end and self.end.local and self.probe.protocol == UDP:
            return self.patient or self.probe.answer is not None
        known = self.probe.answer is not None or self.probe.refused != 0
        dropped = bool(self.rules) or (self.end is not None and self.end.disposition in UNROUTED)
        return self.patient or known or (dropped and not self.journey.back)

    @property
    def place(self) -> Place:
        """The suspect, and the IP version of the filter there."""
        return (self.suspect or "", self.probe.aim.version)

    @property
    def kind(self) -> tuple[str, int, int]:
        """Flows of one kind meet the same rules, as a rule."""
        return (self.probe.aim.flow.protocol, self.probe.dport, self.probe.aim.version)

    def trace(self, places: Places) -> Trace:
        """All that is known, as a Trace."""
        found = read(self.probe, places)
        if self.end:
            found = Reading(self.end.disposition, self.end.where, self.end.why)
        hops = self.journey.hops
        return replace(found.trace(self.probe), paths=(hops,) if hops else ())


@dataclass(frozen=True, slots=True)
class Locator:
    """Finds where probes ended."""

    places: Places
    explainer: Explainer

    def locate(self, case: Case) -> None:
        """Give the case its end, and the suspect for a second look."""
        answer = case.probe.answer
        if case.probe.refused:
            case.end = self._refused(case)
        elif answer is None:
            case.end = self._silence(case)
        elif answer.seen.kind in (Kind.REFUSAL, Kind.ERROR):
            case.end = self._rejection(case)
        else:
            return
        if case.end.disposition in FILTERED:
            case.suspect = case.end.where if case.end.where in self.places.running else None

    def _refused(self, case: Case) -> End:
        known = read(case.probe, self.places)
        sender = case.probe.aim.sender
        if known.disposition in (Disposition.NO_ROUTE, Disposition.NULL_ROUTED):
            return self.explainer.end(Visit(sender), case.probe.query())
        return End(known.disposition, sender, known.why)

    def _rejection(self, case: Case) -> End:
        """An RST or an ICMP error came: who made it, and whether as the host, as a router, or as a filter."""
        known = read(case.probe, self.places)
        leg = (
            case.journey.error if case.probe.answer and case.probe.answer.seen.kind is Kind.ERROR else case.journey.back
        )
        origin = leg[0].node if leg else known.where or case.probe.aim.sender
        if known.disposition in (*ROUTING, Disposition.DENIED_IN):
            return self._router_says(case, origin, known)
        if known.disposition is Disposition.REFUSED and not self.places.owns(origin, case.probe.aim.destination):
            return End(Disposition.DENIED_IN, origin, f"{known.why}, but made by {origin}")
        return End(known.disposition, origin, known.why)

    def _router_says(self, case: Case, origin: str, known: Reading) -> End:
        """Its own kernel knows better than the few codes of ICMP which route that was."""
        visit = next((each for each in reversed(case.journey.there) if each.node == origin), None)
        if visit and origin in self.places.running:
            end = self.explainer.end(visit, case.probe.query(), case.probe.size_bytes or 0)
            if end.disposition in ROUTING:
                return end
        return End(known.disposition, origin, known.why)

    def _silence(self, case: Case) -> End:
        journey, probe = case.journey, case.probe
        if journey.back:
            return self._answer_died(case, journey.back[-1])
        if journey.loops:
            nodes = " -> ".join(hop.node for hop in journey.hops)
            return End(Disposition.LOOP, journey.hops[-1].node, f"it goes round: {nodes}")
        visit = journey.there[-1] if journey.there else Visit(probe.aim.sender)
        end = self.explainer.end(visit, probe.query(), probe.size_bytes or 0)
        if end.local:
            return self._no_way_back(case, end.where) or end
        return end

    def _answer_died(self, case: Case, visit: Visit) -> End:
        end = self.explainer.end(visit, self._answer_query(case.probe), case.probe.size_bytes or 0)
        why = end.why if not end.local else "the answer arrived, and was not accepted"
        return End(Disposition.NO_ANSWER, end.where, f"the answer died: {why}")

    def _no_way_back(self, case: Case, node: str) -> End | None:
        """The host took it: has it a way for the answer?"""
        query = self._answer_query(case.probe)
        end = self.explainer.end(Visit(node), query)
        if end.disposition is Disposition.LOST:
            return None
        return End(Disposition.NO_ANSWER, node, f"no way back to {query.destination}: {end.why}")

    def _answer_query(self, probe: Probe) -> Query:
        there = probe.query()
        back = replace(there, destination=probe.source, source=probe.aim.destination)
        return replace(back, sport=there.dport, dport=there.sport)
