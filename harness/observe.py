"""observe: a running lab -> Snapshot. What the kernels and the daemons of its nodes say, all nodes at once.

Where a daemon that a node's files start does not answer, the Snapshot says so twice: a note, and a session with state
"daemon down" (`harness.observers.routing.DAEMON_DOWN`) and peer `*`, which is not up.

OSPF has no list of neighbours in its configuration. Its sessions are asked for by the drawing: where both ends of a
cable (or several ends on one bridge) speak OSPF and are not passive, each end is to see the others. One that does not
is a session with state Down. Where only one end speaks OSPF, nothing is asked for.
"""

from collections.abc import Collection, Iterator, Mapping

from harness.observers.bird import observe_bird
from harness.observers.filters import observe_filters
from harness.observers.frr import observe_frr
from harness.observers.kernel import Kernel, observe_kernel
from harness.observers.listeners import observe_listeners, own_sockets
from harness.observers.routing import Adjacency, Routing
from harness.segments import End, Segments
from lab.lab import Lab
from lab.node import RunningNode
from sim.dataclasses import dataclass
from sim.snapshot import FilterRule, Listener, NodeState, Note, Session, Snapshot


@dataclass(frozen=True, slots=True)
class _Observed:
    """One node's answers, before nodes are seen together."""

    kernel: Kernel
    routing: Routing
    listeners: tuple[Listener, ...]
    filters: tuple[FilterRule, ...]


def observe(lab: Lab, nodes: Collection[str] | None = None) -> Snapshot:
    """The lab (or these nodes of it) at this moment. ProbeError where an instrument fails, with node and command.

    A halted node is in the Snapshot too, with `running` false and nothing else.
    """
    own = own_sockets()
    found = lab.each(lambda node: _observe(node, own), nodes)
    asked = Segments(lab.topology)
    states = {}
    for name in lab.topology.nodes:
        if name in found:
            states[name] = _state(name, found, asked)
        elif nodes is None or name in nodes:
            states[name] = NodeState(running=False)
    notes = tuple(Note(name, text) for name, each in found.items() for text in each.routing.notes)
    return Snapshot(lab.name, "observed", states, notes)


def _observe(node: RunningNode, own: Collection[int]) -> _Observed:
    routing = observe_frr(node) | observe_bird(node)
    return _Observed(observe_kernel(node), routing, observe_listeners(node, own), observe_filters(node))


def _state(name: str, found: Mapping[str, _Observed], asked: Segments) -> NodeState:
    each = found[name]
    return NodeState(
        interfaces=each.kernel.interfaces,
        fib=each.kernel.fib,
        tables=each.kernel.tables,
        rules=each.kernel.rules,
        sessions=each.routing.sessions + tuple(ospf_sessions(name, found, asked)),
        listeners=each.listeners,
        filters=each.filters,
        router_ids=each.routing.router_ids,
        bgp_prefixes=tuple(sorted(each.routing.bgp_prefixes)),
        sysctls=each.kernel.sysctls,
    )


def ospf_sessions(name: str, found: Mapping[str, _Observed], asked: Segments) -> Iterator[Session]:
    """Every OSPF neighbour that a node sees, and each that it should see and does not."""
    for adjacency in found[name].routing.adjacencies:
        yield from adjacency.sessions
        others = [
            end for end in _across(name, adjacency.interface, found, asked) if _speaks(found, *end, adjacency.protocol)
        ]
        if len(others) > len(adjacency.sessions):
            yield from (_absent(adjacency, *end, found) for end in others if not _is_seen(adjacency, *end, found))


def _across(name: str, interface: str, found: Mapping[str, _Observed], asked: Segments) -> Iterator[End]:
    """The interfaces at the other ends of an interface's wires; a bridge device stands for its ports, on both sides."""
    faces = found[name].kernel.interfaces
    for port in [interface, *(face.name for face in faces.values() if face.master == interface)]:
        for node, far in asked.across(name, port):
            seen = found[node].kernel.interfaces.get(far) if node in found else None
            yield node, (seen.master if seen and seen.master else far)


def _speaks(found: Mapping[str, _Observed], node: str, interface: str, protocol: str) -> bool:
    adjacencies = found[node].routing.adjacencies if node in found else ()
    return any(each.interface == interface and each.protocol == protocol for each in adjacencies)


def _is_seen(adjacency: Adjacency, node: str, interface: str, found: Mapping[str, _Observed]) -> bool:
    """Whether one of the sessions is with that end: by its address, or (OSPFv3) its router id."""
    known = {*_addresses(node, interface, found), *found[node].routing.router_ids.values()}
    return any(session.peer in known for session in adjacency.sessions)


def _addresses(node: str, interface: str, found: Mapping[str, _Observed]) -> list[str]:
    face = found[node].kernel.interfaces.get(interface)
    return [each.split("/")[0] for each in face.addresses] if face else []


def _absent(adjacency: Adjacency, node: str, interface: str, found: Mapping[str, _Observed]) -> Session:
    peer = next(iter(_addresses(node, interface, found)), f"{node}:{interface}")
    return Session(
        protocol="ospf6" if adjacency.protocol == "ospf6" else "ospf",
        peer=peer,
        state="Down",
        up=False,
        interface=adjacency.interface,
        daemon=adjacency.daemon,
    )
