"""A Flow there and back, over every path that it may take -> one Trace, told in the harness' words."""

from collections.abc import Iterator, Sequence

from sim.address import Address
from sim.dataclasses import dataclass, replace
from sim.filters.packet import ICMP, ICMP6, TCP, UDP, Packet, first_packet
from sim.flow import Disposition, Flow, Trace
from sim.snapshot import NextHop, Note
from sim.trace.aim import Aim, aim
from sim.trace.answer import Reaction, react
from sim.trace.choice import taken_first
from sim.trace.ending import At, Ending, Hops
from sim.trace.fib import Query, fib_of
from sim.trace.ground import Ground
from sim.trace.source import source_for
from sim.trace.tracking import Connection
from sim.trace.walk import Walk, no_way

PROBE_PORT = 61000  # the harness' probes send from 61000 up where the flow does not say
_HEADERS = {TCP: 24, UDP: 8 + 18, ICMP: 8 + 18, ICMP6: 8 + 18}


@dataclass(frozen=True, slots=True)
class _Result:
    """One path there, and what became of the answer."""

    hops: Hops
    disposition: Disposition
    where: str
    why: str = ""
    answer_from: str | None = None
    unsure: tuple[Note, ...] = ()


def trace_on(ground: Ground, flow: Flow, size_bytes: int | None = None, via: str | None = None) -> Trace:
    """What becomes of the flow's packet. `size_bytes` is an IP packet's length with DF; `via` forces the first link.

    SimError where the flow can not be sent at all.
    """
    return _told(flow, _results(Walk(ground, size_bytes), flow, via or ""))


def path_on(ground: Ground, flow: Flow) -> Hops | None:
    """The one path that the flow's packet takes; None where a choice on its way is not known.

    Exact, or nothing: the source port must be the flow's own, since it is hashed. SimError as `trace_on`.
    """
    paths = {result.hops for result in _results(Walk(ground, exact=True), flow, "")}
    return paths.pop() if len(paths) == 1 else None


def _results(walk: Walk, flow: Flow, via: str) -> list[_Result]:
    aimed = aim(walk.ground, flow)
    found: list[_Result] = []
    known: Returns = {}
    for source, by in _sources(walk, aimed, via):
        start = At(aimed.sender, _packet(aimed, source, walk.size_bytes))
        found += [each for end in walk.send(start, by) for each in _complete(walk, aimed, end, known)]
    return found


def _packet(aimed: Aim, source: Address, size_bytes: int | None) -> Packet:
    """The first packet."""
    version = aimed.destination.version
    protocol = {"tcp": TCP, "udp": UDP, "icmp": ICMP if version == 4 else ICMP6}[aimed.flow.protocol]
    ports = protocol in (TCP, UDP)
    sport = (aimed.flow.sport or PROBE_PORT) if ports else None
    dport = (aimed.flow.dport or 0) if ports else None
    length = size_bytes or (20 if version == 4 else 40) + _HEADERS[protocol]
    return first_packet(source, aimed.destination, protocol, sport, dport, length)


def _sources(walk: Walk, aimed: Aim, via: str) -> list[tuple[Address, str]]:
    """The source addresses that the sender's kernel may choose, each with the interface that it then leaves by.

    The choice among next hops comes first, and the source follows it: several next hops may be several sources.
    """
    if aimed.source:
        return [(aimed.source, via)]
    site = walk.ground.site(aimed.sender)
    probe = _packet(aimed, aimed.destination, None)
    asked = Query(aimed.destination, None, "", via, probe.protocol, probe.sport or 0, probe.dport or 0)
    choice = fib_of(site).choose(asked)
    if choice.type == "local":
        return [(aimed.destination, via)]
    known = taken_first(site, choice, probe) if walk.exact and len(choice.hops) > 1 else choice.hops
    hops = known or ((NextHop(None, via),) if via else ())
    nowhere = Address(0, aimed.destination.version)
    if len(choice.hops) == 1:
        return [(source_for(site, aimed.destination, choice.route, hops[0]) or nowhere, via)]
    found = {(source_for(site, aimed.destination, choice.route, hop) or nowhere, hop.interface or "") for hop in hops}
    if len({source for source, _ in found}) == 1:
        return [(next(iter(found))[0], via or (hops[0].interface or "" if len(choice.hops) > len(hops) else ""))]
    return sorted(found) or [(nowhere, via)]


# --- what became of each path


Returns = dict[tuple[str, Packet, tuple[Connection, ...]], tuple[Ending, ...]]


def _complete(walk: Walk, aimed: Aim, end: Ending, known: Returns) -> Iterator[_Result]:
    if end.disposition is not None:
        yield _Result(end.hops, end.disposition, end.where, end.why, unsure=end.at.unsure)
        return
    reacted = react(walk.ground.site(end.where), end.at.packet)
    if reacted.packet is None:
        yield _unanswered(walk, end, reacted.reaction)
        return
    for returned in _returns(walk, end, reacted.packet, known):
        if reacted.packet.about and (returned.disposition is not None or returned.where != aimed.sender):
            yield _unanswered(walk, end, reacted.reaction)
        else:
            yield _back(aimed, end, returned, reacted.reaction)


def _returns(walk: Walk, end: Ending, packet: Packet, known: Returns) -> Sequence[Ending]:
    """How the answer ends, each way once. Where nodes on the way remember the same, paths there share the answer."""
    key = (end.where, packet, end.at.connections)
    if key not in known:
        small = replace(walk, size_bytes=None) if packet.about and walk.size_bytes else walk
        endings: dict[object, Ending] = {}
        for back in small.send(At(end.where, packet, connections=end.at.connections)):
            told = (back.disposition, back.where, back.why, back.at.packet, back.at.unsure)
            endings.setdefault(told, back)
        known[key] = tuple(endings.values())
    return known[key]


def _unanswered(walk: Walk, end: Ending, reaction: Reaction) -> _Result:
    """No packet of the flow's own goes back: a port unreachable (and whether there is a way for it), or silence."""
    if reaction is Reaction.SILENCE:
        why = "it arrived, and was not answered"
        return _Result(end.hops, Disposition.NO_ANSWER, end.where, why, unsure=end.at.unsure)
    packet = end.at.packet
    if no_return := _no_way_back(walk, end):
        return no_return
    why = f"it arrived, and nobody listens on udp/{packet.dport}"
    return _Result(end.hops, Disposition.REFUSED, end.where, why, unsure=end.at.unsure)


def _no_way_back(walk: Walk, end: Ending) -> _Result | None:
    packet = end.at.packet
    to = Address(packet.source, packet.version)
    choice = fib_of(walk.ground.site(end.where)).choose(Query(to, Address(packet.destination, packet.version)))
    if choice.type in ("local", "unicast"):
        return None
    why = no_way(At(end.where, packet._replace(destination=packet.source)), choice).why
    unsure = end.at.doubting(tuple(walk.ground.site(end.where).doubts(to, choice.route))).unsure
    return _Result(end.hops, Disposition.NO_ANSWER, end.where, f"no way back to {to}: {why}", unsure=unsure)


def _back(aimed: Aim, there: Ending, back: Ending, reaction: Reaction) -> _Result:
    """The answer's end, as the end of the whole."""
    packet = back.at.packet
    told = str(Address(packet.source, packet.version))
    unsure = (*there.at.unsure, *back.at.unsure)
    if back.disposition is not None:
        return _Result(there.hops, Disposition.NO_ANSWER, back.where, _died(there, back), unsure=unsure)
    if back.where != aimed.sender:
        why = f"the answer went to {back.where}"
        return _Result(there.hops, Disposition.NO_ANSWER, back.where, why, told, unsure)
    if packet.about:
        return _Result(there.hops, Disposition.REFUSED, there.where, f"port unreachable, says {told}", told, unsure)
    if packet.source != aimed.destination.value or packet.sport not in (None, aimed.flow.dport or 0):
        why = f"the answer comes from {told}, which nobody asked"
        return _Result(there.hops, Disposition.NO_ANSWER, back.where, why, told, unsure)
    if reaction is Reaction.REFUSAL:
        return _Result(there.hops, Disposition.REFUSED, there.where, f"RST from {told}", told, unsure)
    return _Result(there.hops, Disposition.DELIVERED, there.where, "", told, unsure)


def _died(there: Ending, back: Ending) -> str:
    if back.verdict is not None:
        return back.why
    if (
        back.where == there.where
        and len(back.hops) == 1
        and back.disposition
        in (
            Disposition.NO_ROUTE,
            Disposition.NULL_ROUTED,
        )
    ):
        packet = back.at.packet
        return f"no way back to {Address(packet.destination, packet.version)}: {back.why}"
    return f"the answer died: {back.why}"


# --- all paths together


def _told(flow: Flow, results: Sequence[_Result]) -> Trace:
    """DELIVERED only if over every path; else the first path that fails tells where and why."""
    paths = tuple(dict.fromkeys(result.hops for result in results))
    good = [result for result in results if result.disposition is Disposition.DELIVERED]
    bad = [result for result in results if result.disposition is not Disposition.DELIVERED]
    first = (bad or good)[0]
    unsure = dict.fromkeys(f"{note.place}: {note.text}" for result in results for note in result.unsure)
    return Trace(
        flow=flow,
        disposition=first.disposition,
        paths=paths,
        where=first.where,
        why=first.why + (_of_paths(bad, results) if len(results) > len(bad) else ""),
        answer_from=first.answer_from,
        unsure=tuple(unsure),
        endings=frozenset(result.disposition for result in results),
    )


def _of_paths(bad: Sequence[_Result], results: Sequence[_Result]) -> str:
    """Which of several paths fail."""
    if not bad:
        return ""
    nodes = " -> ".join(hop.node for hop in bad[0].hops)
    return f" (on {len(bad)} of {len(results)} paths: {nodes})"
