"""A service answers where, from where and for whom it should, over each path on its own."""

from collections.abc import Iterable, Iterator, Sequence

from harness.addresses import Neighbours, interface_of, is_virtual
from harness.evidence import told, trace_evidence
from harness.parameters import Address, NodeName, Place
from harness.verdict import Verdict, errored, failed, passed
from harness.ways import Way, ways_into, ways_out
from harness.witness import Witness
from sim.flow import Flow, Trace
from sim.snapshot import NodeState, Snapshot
from sim.topology.facts import Service

TRACED = 4
"""Undelivered probes that are watched on every node, to say why."""

PORTS = range(33001, 33017)
"""Source ports tried where a way can not be forced: 16 flows miss one of two equal ways once in 2 ** 15."""


def service(
    witness: Witness,
    node: NodeName,
    name: str | None = None,
    reachable_from: list[Place] | None = None,
    closed_to: list[Place] | None = None,
    address: Address | None = None,
    wildcard: bool = False,
    physical: bool = False,
) -> Verdict:
    """The declared services of `node` (one by `name`, or all) listen where they should and answer whom they should.

    Bound: each listens on its own address (or `address`); the wildcard address is a finding unless `wildcard` says so,
    and so is an address of a physical interface when the node has several ways in, unless `physical` says so. Reached:
    from every node of `reachable_from`, over each way on its own (the source's own links forced one by one; further on,
    source ports varied until each way into the node was taken), answered from the service's address. Closed: no node
    of `closed_to` reaches it.
    """
    declared = _declared(witness, node, name)
    if not declared:
        known = ", ".join(each.name for each in witness.topology.nodes[node].facts.services) or "none"
        return failed(f"{node} declares no service {name or ''!r}; declared: {known}")
    snapshot = witness.snapshot()
    state = snapshot.nodes[node]
    if not state.running:
        return errored(f"{node} is not running")
    ways = ways_into(node, witness.topology, snapshot)
    findings = [said for each in declared for said in _binding(node, state, each, address, ways, (wildcard, physical))]
    reached, probes = _reach(witness, snapshot, node, declared, address, reachable_from or [], ways)
    shut, tried = _closed(witness, node, declared, address, closed_to or [])
    findings += [*reached, *shut]
    evidence = {"traces": trace_evidence([*probes, *tried]), "ways": [str(way) for way in ways]}
    if findings:
        return failed(f"{node}: {'; '.join(findings[:6])}", **evidence)
    names = ", ".join(each.name for each in declared)
    return passed(f"{node}: {names} reached by {len(probes)} probes, closed to {len(tried)}", **evidence)


def _declared(witness: Witness, node: str, name: str | None) -> list[Service]:
    return [each for each in witness.topology.nodes[node].facts.services if name in (None, "all", each.name)]


def _transport(each: Service) -> str:
    return "udp" if each.protocol in ("udp", "dns") else "tcp"


def _binding(
    node: str, state: NodeState, each: Service, address: str | None, ways: Sequence[Way], said: tuple[bool, bool]
) -> Iterator[str]:
    """What is wrong with where the service listens."""
    wildcard, physical = said
    wanted = address or (str(each.address) if each.address else None)
    bound = {
        found.address for found in state.listeners if (found.protocol, found.port) == (_transport(each), each.port)
    }
    open_to_all = bound & {"0.0.0.0", "::", "*"}
    if not bound:
        yield f"{each.name}: nobody listens on {_transport(each)} port {each.port}"
    elif wanted and wanted not in bound and not open_to_all:
        yield f"{each.name}: listens on {', '.join(sorted(bound))}; expected {wanted}"
    if open_to_all and not wildcard:
        yield f"{each.name}: bound to the wildcard address, so every interface offers it"
    if not physical and len(ways) > 1:
        yield from _on_cables(state, each, bound - open_to_all, ways)


def _on_cables(state: NodeState, each: Service, bound: Iterable[str], ways: Sequence[Way]) -> Iterator[str]:
    for address in sorted(bound):
        face = interface_of(state, address)
        if face is not None and not is_virtual(face):
            count = f"though there are {len(ways)} ways in"
            yield f"{each.name}: bound to {address} of the physical interface {face.name}, {count}"


def _flow(source: str, node: str, each: Service, address: str | None, sport: int | None = None) -> Flow:
    target = address or (str(each.address) if each.address else node)
    return Flow(source, target, "udp" if _transport(each) == "udp" else "tcp", sport, each.port)


def _reach(
    witness: Witness,
    snapshot: Snapshot,
    node: str,
    declared: Sequence[Service],
    address: str | None,
    sources: Sequence[str],
    ways: Sequence[Way],
) -> tuple[list[str], list[Trace]]:
    """Findings and probes of those who should reach it: all at once, then one service over each way."""
    flows = [_flow(source, node, each, address) for source in sources for each in declared]
    probes = list(witness.traces(flows))
    for source in sources:
        for each in _one_per_address(declared):
            probes += _each_way(witness, snapshot, _flow(source, node, each, address), node, ways)
    undelivered = [probe for probe in probes if not probe.delivered]
    findings = [told(probe if probe.paths else witness.trace(probe.flow)) for probe in undelivered[:TRACED]]
    findings += [told(probe) for probe in undelivered[TRACED:]]
    findings += [
        f"{probe.flow}: answered from {probe.answer_from}"
        for probe in probes
        if probe.delivered
        and probe.answer_from not in (None, probe.flow.destination)
        and probe.flow.destination != node
    ]
    return findings, probes


def _one_per_address(declared: Sequence[Service]) -> Iterable[Service]:
    return {each.address: each for each in reversed(declared)}.values()


def _each_way(witness: Witness, snapshot: Snapshot, flow: Flow, node: str, ways: Sequence[Way]) -> list[Trace]:
    """One watched probe per link of the source's; else source ports varied until every way in was seen."""
    source = flow.source.partition(":")[0]
    links = ways_out(source, flow.destination, snapshot, Neighbours(witness.topology, snapshot))
    if len(links) > 1:
        return [witness.trace(flow, via=interface) for interface in links]
    if len(ways) < 2:
        return [witness.trace(flow)]
    probes: list[Trace] = []
    unseen = {way.interface for way in ways}
    for sport in PORTS:
        probes.append(witness.trace(Flow(flow.source, flow.destination, flow.protocol, sport, flow.dport)))
        unseen -= {path[-1].incoming for path in probes[-1].paths if path and path[-1].node == node}
        if not unseen or not probes[-1].delivered:
            break
    return probes


def _closed(
    witness: Witness, node: str, declared: Sequence[Service], address: str | None, sources: Sequence[str]
) -> tuple[list[str], list[Trace]]:
    probes = list(witness.traces([_flow(source, node, each, address) for source in sources for each in declared]))
    return [f"{probe.flow}: delivered; expected closed" for probe in probes if probe.delivered], probes
