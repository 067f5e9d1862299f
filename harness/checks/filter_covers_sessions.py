"""The packet filter of each end of a routing session lets the other end's packets in."""

from collections.abc import Iterator, Sequence
from ipaddress import ip_address, ip_interface

from harness.addresses import Neighbours, Table, is_local, owners
from harness.inet import is_address
from harness.packet_filter import Packet, rule_on
from harness.parameters import NodeName
from harness.verdict import Verdict, failed, passed, skipped
from harness.witness import Witness
from sim.dataclasses import dataclass
from sim.snapshot import NextHop, NodeState, Session, Snapshot

_OSPF = {4: "224.0.0.5", 6: "ff02::5"}


@dataclass(frozen=True, slots=True)
class _Case:
    """One packet that a session of `near` sends to `far`."""

    near: str
    far: str
    session: Session
    packet: Packet


def filter_covers_sessions(witness: Witness, node: NodeName | None = None) -> Verdict:
    """For each configured BGP, OSPF and BFD session, the far end's packet filter accepts the near end's first packet.

    Read from the rules that the kernel holds (iptables), so that a source prefix, an interface or a port that does not
    cover a configured peer is found before the session is down, and named. `node` narrows it to one far end. SKIP
    where a filter can not be read.
    """
    snapshot = witness.snapshot()
    neighbours = Neighbours(witness.topology, snapshot)
    cases = [case for case in _cases(snapshot, neighbours) if node in (None, case.far)]
    findings, unsure, table = [], [], []
    for case in cases:
        ruling = rule_on(case.packet, snapshot.nodes[case.far].filters)
        said = f"{case.far} keeps out {case.session.protocol} of {case.near} ({_told(case.packet)}): {ruling.rule}"
        if not ruling.accepted:
            findings.append(said + (f"; unless {ruling.unsure[0]}" if ruling.unsure else ""))
        unsure += [f"{case.far}: {text}" for text in ruling.unsure]
        unsure += [f"{case.far}: nftables"] if _unread(snapshot.nodes[case.far]) else []
        table.append({"from": case.near, "to": case.far, "packet": _told(case.packet), "rule": ruling.rule})
    if findings:
        return failed("; ".join(findings[:4]) + _more(findings), table=table)
    if unsure:
        return skipped(f"a packet filter is not understood: {unsure[0]}", table=table)
    if not cases:
        return skipped("no session between two nodes is known, so there is nothing to cover")
    return passed(f"{len(cases)} directions of sessions pass the far end's filter", table=table)


def _more(findings: Sequence[str]) -> str:
    return f"; and {len(findings) - 4} more" if len(findings) > 4 else ""


def _told(packet: Packet) -> str:
    port = f"/{packet.dport}" if packet.dport else ""
    return f"{packet.source} -> {packet.destination} {packet.protocol}{port} in {packet.interface}"


def _unread(state: NodeState) -> bool:
    return any(rule.family == "nft" for rule in state.filters)


def _cases(snapshot: Snapshot, neighbours: Neighbours) -> Iterator[_Case]:
    owned = owners(snapshot)
    for near, state in snapshot.nodes.items():
        for session in state.sessions:
            for far, interface, address in _far_ends(near, session, owned, neighbours):
                packet = _packet(state, session, snapshot.nodes[far], interface, address)
                if packet is not None:
                    yield _Case(near, far, session, packet)


def _far_ends(
    near: str, session: Session, owned: dict[str, tuple[tuple[str, str], ...]], neighbours: Neighbours
) -> list[tuple[str, str, str]]:
    """The far (node, interface, address) of a session: the owner of the peer's address, or what the cable leads to."""
    peer = session.peer.partition("%")[0]
    if is_address(peer) and not is_local(peer):
        return [(node, face, peer) for node, face in owned.get(peer, ()) if node != near]
    cable = session.interface or ("" if is_address(peer) else peer)
    ends = neighbours.ends(near, NextHop(None, cable)) if cable else ()
    local = {end: address for address, places in owned.items() for end in places if address.startswith("fe80:")}
    return [(node, face, local[node, face]) for node, face in ends if (node, face) in local]


def _packet(state: NodeState, session: Session, far: NodeState, interface: str, address: str) -> Packet | None:
    """The first packet of the session as it comes in at the far end; None where its source is not known."""
    version = ip_address(address).version
    source = session.local if session.local and is_address(session.local) else _source(state, session, address)
    if source is None or ip_address(source).version != version:
        return None
    arrives = interface
    if not is_local(source):  # the far end's own way back is where a routed packet is expected to come in
        back = Table(far.fib).lookup(ip_address(source))
        arrives = next((hop.interface for hop in back.next_hops if hop.interface), interface) if back else interface
    if session.protocol == "bgp":
        return Packet(source, address, "tcp", arrives, dport=179)
    if session.protocol == "bfd":
        return Packet(source, address, "udp", arrives, dport=3784)
    return Packet(source, _OSPF[version], "ospf", arrives)


def _source(state: NodeState, session: Session, address: str) -> str | None:
    """The address that the near end would send from: of the subnet it shares with the far end, else by its route."""
    wanted = ip_address(address)
    faces = state.interfaces.values()
    own = [ip_interface(each) for face in faces if session.interface in (None, face.name) for each in face.addresses]
    shared = [each for each in own if wanted in each.network]
    if shared:
        return str(shared[0].ip)
    route = Table(state.fib).lookup(wanted)
    if route is None or not route.next_hops:
        return None
    if route.source:
        return route.source
    face = state.interfaces.get(route.next_hops[0].interface or "")
    same = [ip_interface(each).ip for each in face.addresses] if face else []
    return next((str(each) for each in same if each.version == wanted.version), None)
