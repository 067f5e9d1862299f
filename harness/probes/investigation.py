"""Probes that were not answered as a listener answers, sent again under observation: where they ended, and why.

First with captures on every node, which show the last node that had the packet (or its answer); that node's kernel is
asked for its way (`explain.py`). Then, where a filter may have acted, once more between two readings of that node's
counters, flows to different ports one after another, so that the rule that moved is theirs.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from harness.probes.capture import Capture
from harness.probes.counters import Counters, Rule, read_counters
from harness.probes.endpoints import Places
from harness.probes.exchange import PATIENCE_S, Exchange, Probe
from harness.probes.explain import End, Explainer
from harness.probes.instruments import Instruments
from harness.probes.journey import Cabled, Journey, Visit, journeys
from harness.probes.netlink import Query
from harness.probes.packets import UDP, Kind
from harness.probes.reading import Reading, read
from sim.flow import Disposition, Trace

ROUTING = (Disposition.NO_ROUTE, Disposition.NULL_ROUTED, Disposition.NEIGHBOR_UNREACHABLE, Disposition.TOO_BIG)
LATE_S = 1.2  # longer than the second that passes before an ARP or ND question is repeated (RFC 4861 10)
FILTERED = (Disposition.DENIED_IN, Disposition.REFUSED, Disposition.LOST, Disposition.NO_ANSWER)


@dataclass(slots=True)
class Case:
    """A probe under observation. `suspect` is the node whose filter may have acted."""

    probe: Probe
    journey: Journey
    end: End | None = None
    suspect: str | None = None
    rules: list[Rule] = field(default_factory=list)

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
class Investigation:
    """Sends probes under observation. `renew` gives a probe a fresh token and forgets its answer."""

    instruments: Instruments
    places: Places
    cabled: Cabled
    magic: int
    renew: Callable[[Sequence[Probe]], None]

    def examine(self, probes: Sequence[Probe]) -> list[Case]:
        """Where each probe went, where it ended and why."""
        cases = self._observe(probes, PATIENCE_S)
        self._convict([case for case in cases if case.suspect])
        late = [n for n, case in enumerate(cases) if _may_be_late(case)]
        for n, again in zip(late, self._observe([replace(cases[n].probe) for n in late], LATE_S), strict=True):
            cases[n] = again if again.probe.answer else cases[n]
        return cases

    def _observe(self, probes: Sequence[Probe], patience_s: float) -> list[Case]:
        if not probes:
            return []
        self.renew(probes)
        with Capture(self.instruments, sorted(self.places.running), self.magic) as capture:
            Exchange(self.instruments, self.places, probes, capture).run(patience_s)
        found = journeys(probes, capture.sightings, self.cabled)
        cases = [Case(probe, found[probe.token]) for probe in probes]
        for case in cases:
            self._locate(case)
        return cases

    # --- where

    def _locate(self, case: Case) -> None:
        answer = case.probe.answer
        if case.probe.refused:
            case.end = self._refused(case)
        elif answer is None:
            case.end = self._silence(case)
        elif answer.seen.kind in (Kind.REFUSAL, Kind.ERROR):
            case.end = self._rejection(case)
        else:
            return
        if case.end.disposition in FILTERED or case.end.disposition is Disposition.DENIED_OUT:
            case.suspect = case.end.where if case.end.where in self.places.running else None

    def _refused(self, case: Case) -> End:
        known = read(case.probe, self.places)
        sender = case.probe.aim.sender
        if known.disposition in (Disposition.NO_ROUTE, Disposition.NULL_ROUTED):
            return self._explainer.end(Visit(sender), case.probe.query())
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
            end = self._explainer.end(visit, case.probe.query(), case.probe.size_bytes or 0)
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
        end = self._explainer.end(visit, probe.query(), probe.size_bytes or 0)
        if end.local:
            return self._no_way_back(case, end.where) or end
        return end

    def _answer_died(self, case: Case, visit: Visit) -> End:
        end = self._explainer.end(visit, self._answer_query(case.probe), case.probe.size_bytes or 0)
        why = end.why if not end.local else "the answer arrived, and was not accepted"
        return End(Disposition.NO_ANSWER, end.where, f"the answer died: {why}")

    def _no_way_back(self, case: Case, node: str) -> End | None:
        """The host took it: has it a way for the answer?"""
        query = self._answer_query(case.probe)
        end = self._explainer.end(Visit(node), query)
        if end.disposition is Disposition.LOST:
            return None
        return End(Disposition.NO_ANSWER, node, f"no way back to {query.destination}: {end.why}")

    def _answer_query(self, probe: Probe) -> Query:
        there = probe.query()
        back = replace(there, destination=probe.source, source=probe.aim.destination)
        return replace(back, sport=there.dport, dport=there.sport)

    @property
    def _explainer(self) -> Explainer:
        return Explainer(self.instruments, self.places)

    # --- why: the filters

    def _convict(self, cases: Sequence[Case]) -> None:
        """Send again between two readings of the counters, one kind of flow per node at a time."""
        before: dict[tuple[str, int], Counters] = {}
        for batch in _batches(cases):
            places = {(case.suspect or "", case.kind[2]) for case in batch}
            before |= {place: self._counters(place) for place in places if place not in before}
            acting = [case for case in batch if _may_act(case, before[(case.suspect or "", case.kind[2])])]
            if acting:
                self._resend(acting)
            for place in {(case.suspect or "", case.kind[2]) for case in acting}:
                after = self._counters(place)
                moved, before[place] = after.moved(before[place]), after
                for case in acting:
                    if (case.suspect, case.kind[2]) == place:
                        case.rules = moved
        for case in cases:
            self._judge(case, before[(case.suspect or "", case.kind[2])])

    def _counters(self, place: tuple[str, int]) -> Counters:
        return read_counters(self.instruments.nodes.node(place[0]), place[1])

    def _resend(self, cases: Sequence[Case]) -> None:
        """Until each packet has been at its suspect again (at once, if that node sends it)."""
        probes = [replace(case.probe) for case in cases]
        self.renew(probes)
        wanted = {(case.suspect, probe.token) for case, probe in zip(cases, probes, strict=True) if case.journey.there}
        nodes = sorted({case.suspect or "" for case in cases})
        with Capture(self.instruments, nodes, self.magic) as capture:

            def enough() -> bool:
                return bool(wanted) and wanted <= {(each.node, each.packet.token) for each in capture.sightings}

            Exchange(self.instruments, self.places, probes, capture, enough).run(PATIENCE_S)

    def _judge(self, case: Case, counters: Counters) -> None:
        end = case.end
        assert end is not None
        if case.rules:
            words = str(case.rules[0]) if len(case.rules) == 1 else f"one of: {'; '.join(map(str, case.rules))}"
            case.end = End(self._denial(case, end), end.where, words)
        elif end.disposition is Disposition.LOST and self._took_part(case, end) and counters.silent:
            suspects = "; ".join(map(str, counters.silent))
            case.end = End(self._denial(case, end), end.where, f"most likely a rule without a counter: {suspects}")
        elif end.local:
            case.end = self._unanswered(case.probe, end)

    def _took_part(self, case: Case, end: End) -> bool:
        """Whether the node had the packet and did not pass it on: nothing is lost on a cable by a filter."""
        return not case.journey.there or not case.journey.there[-1].left or case.journey.there[-1].node != end.where

    def _denial(self, case: Case, end: End) -> Disposition:
        if end.disposition is Disposition.NO_ANSWER:
            return Disposition.NO_ANSWER
        if end.local and all(rule.chain == "OUTPUT" for rule in case.rules) and case.rules:
            return Disposition.NO_ANSWER
        outwards = all(" -o " in rule.text and " -i " not in rule.text for rule in case.rules) and case.rules
        if (end.where == case.probe.aim.sender and not end.local) or outwards:
            return Disposition.DENIED_OUT
        return Disposition.DENIED_IN

    def _unanswered(self, probe: Probe, end: End) -> End:
        """It arrived, no filter took it, and there is a way back."""
        if probe.protocol == UDP and not self._listens(end.where, probe):
            return End(Disposition.REFUSED, end.where, f"it arrived, and nobody listens on udp/{probe.dport}")
        return End(Disposition.NO_ANSWER, end.where, "it arrived, and was not answered")

    def _listens(self, node: str, probe: Probe) -> bool:
        for table in ("/proc/net/udp", "/proc/net/udp6"):
            lines = (self.instruments.nodes.node(node).read(table) or b"").decode().splitlines()[1:]
            if any(int(line.split()[1].rpartition(":")[2], 16) == probe.dport for line in lines):
                return True
        return False


def _may_be_late(case: Case) -> bool:
    """Whether more patience could bring an answer: an ARP request is repeated after 1 s, a program may be slow."""
    unanswered = case.end is not None and case.end.disposition is Disposition.NO_ANSWER and not case.rules
    return unanswered or (case.end is not None and case.end.disposition is Disposition.NEIGHBOR_UNREACHABLE)


def _may_act(case: Case, counters: Counters) -> bool:
    """Whether the node has a rule that could have done it: an answer that came needs one that rejects."""
    rules = [*counters.taken, *counters.silent]
    if case.probe.answer:
        return any("reject" in rule.text.lower() for rule in rules)
    return bool(rules)


def _batches(cases: Sequence[Case]) -> list[list[Case]]:
    """Batches in which each suspect node meets one kind of flow."""
    kinds: dict[str, list[tuple[str, int, int]]] = {}
    batches: dict[int, list[Case]] = {}
    for case in cases:
        known = kinds.setdefault(case.suspect or "", [])
        if case.kind not in known:
            known.append(case.kind)
        batches.setdefault(known.index(case.kind), []).append(case)
    return list(batches.values())
