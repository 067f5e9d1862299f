"""Probes that were not answered as a listener answers, sent again under observation: where they ended, and why.

First with captures on every node, which show the last node that had the packet (or its answer); that node's kernel is
asked for its way (`explain.py`). Then, where a filter may have acted, once more between two readings of that node's
counters, flows to different ports one after another, so that the rule that moved is theirs.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from harness.probes.capture import Capture
from harness.probes.counters import Counters, Rule, read_counters
from harness.probes.endpoints import Places
from harness.probes.exchange import PATIENCE_S, Exchange, Probe
from harness.probes.explain import End, Explainer
from harness.probes.instruments import Instruments
from harness.probes.journey import Cabled, journeys
from harness.probes.locator import Case, Locator
from harness.probes.packets import UDP
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
        locator = Locator(self.places, Explainer(self.instruments, self.places))
        for case in cases:
            locator.locate(case)
        return cases

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
                return bool(wanted) and wanted <= capture.seen

            Exchange(self.instruments, self.places, probes, capture, enough).run(PATIENCE_S)

    def _judge(self, case: Case, counters: Counters) -> None:
        end = case.end
        assert end is not None
        case.rules = _fitting(case, end)
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


def _fitting(case: Case, end: End) -> list[Rule]:
    """The rules that moved, without those that other flows' packets must have moved."""
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
    return found or case.rules


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
