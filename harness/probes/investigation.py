"""Probes that were not answered as a listener answers, sent again under observation: where they ended, and why.

First with captures on every node, which show the last node that had the packet (or its answer); that node's kernel is
asked for its way (`explain.py`). Then, where a filter may have acted, once more between two readings of that node's
counters; where several rules moved, flows to different ports one after another, so that the rule that moved is theirs.

The first look ends when no packet moves any more. What it proves stands: an answer, a route that drops, a rule whose
counter moved while the packet was seen to come in, not to leave, and was not answered. All else is looked at again with
patience, so that nothing slow is called denied.
"""

from collections.abc import Callable, Mapping, Sequence

from harness.probes.capture import Capture
from harness.probes.counters import Counters, Rule, read_counters
from harness.probes.endpoints import Places
from harness.probes.exchange import PATIENCE_S, Exchange, Probe
from harness.probes.explain import End, Explainer
from harness.probes.instruments import Instruments
from harness.probes.journey import Cabled, Journey, journeys
from harness.probes.locator import Case, Locator, Place
from harness.probes.packets import UDP
from sim.dataclasses import dataclass, replace
from sim.flow import Disposition

LATE_S = 1.2  # longer than the second that passes before an ARP or ND question is repeated (RFC 4861 10)


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
        cases = self._observe(probes, PATIENCE_S, until_rest=True)
        self._convict([case for case in cases if case.suspect])
        unsure = [n for n, case in enumerate(cases) if not case.is_proved]
        if unsure:
            again = self._observe([replace(cases[n].probe) for n in unsure], PATIENCE_S)
            self._convict([case for case in again if case.suspect])
            for n, case in zip(unsure, again, strict=True):
                cases[n] = case
        late = [n for n, case in enumerate(cases) if _may_be_late(case)]
        for n, case in zip(late, self._observe([replace(cases[n].probe) for n in late], LATE_S), strict=True):
            cases[n] = case if case.probe.answer else cases[n]
        return cases

    def _observe(self, probes: Sequence[Probe], patience_s: float, until_rest: bool = False) -> list[Case]:
        if not probes:
            return []
        self.renew(probes)
        with Capture(self.instruments, sorted(self.places.running), self.magic) as capture:
            exchange = Exchange(self.instruments, self.places, probes, capture, until_rest=until_rest)
            exchange.run(patience_s)
        found = journeys(probes, capture.sightings, self.cabled)
        cases = [Case(probe, found[probe.token], patient=not exchange.rested) for probe in probes]
        locator = Locator(self.places, Explainer(self.instruments, self.places))
        for case in cases:
            locator.locate(case)
        return cases

    # --- why: the filters

    def _convict(self, cases: Sequence[Case]) -> None:
        """Send again between two readings of the counters: all at once, then what that leaves open kind by kind."""
        before: dict[Place, Counters] = {}
        open_cases = self._between_readings(cases, before)
        for batch in _batches(open_cases):
            self._between_readings(batch, before)
        for case in cases:
            self._judge(case, before[case.place])

    def _between_readings(self, cases: Sequence[Case], before: dict[Place, Counters]) -> list[Case]:
        """Give the cases the rules that moved. Returned are those whose rules can not be told from others."""
        for place in {case.place for case in cases} - before.keys():
            before[place] = self._counters(place)
        acting = [case for case in cases if _may_act(case, before[case.place])]
        if not acting:
            return []
        moved: dict[Place, dict[Rule, int]] = {}

        def read() -> None:
            for place in {case.place for case in acting}:
                after = self._counters(place)
                moved[place], before[place] = after.since(before[place]), after

        passed = self._resend(acting, read)
        for case in acting:
            case.rules = [] if id(case) in passed else list(moved[case.place])
        met = {place: [case for case in acting if case.place == place] for place in moved}
        return [case for place, there in met.items() if _is_ambiguous(there, moved[place]) for case in there]

    def _counters(self, place: Place) -> Counters:
        return read_counters(self.instruments.nodes.node(place[0]), place[1])

    def _resend(self, cases: Sequence[Case], read: Callable[[], None]) -> set[int]:
        """Until each packet has been at its suspect again (at once, if that node sends it); then `read`.

        The cases (their ids) whose packet was not stopped this time: it left the suspect, or was answered.
        """
        probes = [replace(case.probe) for case in cases]
        self.renew(probes)
        wanted = {(case.suspect, probe.token) for case, probe in zip(cases, probes, strict=True) if case.journey.there}
        nodes = sorted({case.suspect or "" for case in cases})
        with Capture(self.instruments, nodes, self.magic) as capture:

            def enough() -> bool:
                return bool(wanted) and wanted <= capture.seen

            exchange = Exchange(self.instruments, self.places, probes, capture, enough)
            exchange.run(PATIENCE_S)
            read()
            exchange.hear()
        found = journeys(probes, capture.sightings, self.cabled)
        return {
            id(case)
            for case, probe in zip(cases, probes, strict=True)
            if case.probe.answer is None and (probe.answer or _went_on(case, found[probe.token]))
        }

    def _judge(self, case: Case, counters: Counters) -> None:
        end = case.end
        assert end is not None
        case.rules = _fitting(case, end)
        if case.rules:
            words = str(case.rules[0]) if len(case.rules) == 1 else f"one of: {'; '.join(map(str, case.rules))}"
            case.end = replace(end, disposition=self._denial(case, end), why=words)
        elif end.disposition is Disposition.LOST and self._took_part(case, end) and counters.silent:
            suspects = "; ".join(map(str, counters.silent))
            words = f"most likely a rule without a counter: {suspects}"
            case.end = replace(end, disposition=self._denial(case, end), why=words)
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


def _fitting(case: Case, end: End) -> list[Rule]:
    """The rules that moved, without those that other flows' packets must have moved.

    After patience, rules that fit none of the packet's addresses stand too: it may have been translated.
    """
    probe = case.probe
    there, back = (probe.source, probe.aim.destination), (probe.aim.destination, probe.source)
    forwarded = ("PREROUTING", "FORWARD", "POSTROUTING")
    hosts = ("PREROUTING", "INPUT", "OUTPUT", "POSTROUTING")
    at_an_end = end.local or end.where == probe.aim.sender or end.disposition is Disposition.REFUSED
    chains = hosts if at_an_end else (*forwarded, *hosts) if probe.answer else forwarded
    if end.disposition is Disposition.NO_ANSWER:
        chains = (*forwarded, *hosts)
    ways = [there] if chains == forwarded else [there, back]
    found = [rule for rule in case.rules if any(rule.fits(*way, chains) for way in ways)]
    if there in ways and end.disposition is not Disposition.NO_ANSWER and not probe.answer:
        about = [rule for rule in found if rule.is_about(probe.aim.flow.protocol, probe.dport)]
        found = about or (found if case.patient else [])
    return found or (case.rules if case.patient else [])


def _went_on(case: Case, second: Journey) -> bool:
    """Whether the second packet left the suspect, where the first one ended inside."""
    ended_inside = bool(case.journey.there) and not case.journey.there[-1].left and not case.journey.back
    return ended_inside and any(visit.left for visit in second.there if visit.node == case.suspect)


def _is_ambiguous(there: Sequence[Case], moved: Mapping[Rule, int]) -> bool:
    """Whether flows of several kinds were at one node, and which rule took which packet is not certain."""
    if not moved or len({case.kind for case in there}) == 1:
        return False
    return sum(moved.values()) < len(there) or any(len(_fitting(case, case.end)) > 1 for case in there if case.end)


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
