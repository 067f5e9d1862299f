"""Who becomes adjacent with whom: what two ports must agree on (RFC 2328 10.5, 10.6), and the state they reach."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from sim.routing.ospf import Circuit, Router

FULL, EXSTART, DOWN, TWO_WAY = "Full", "ExStart", "Down", "2-Way"
_MULTI_ACCESS = ("broadcast", "non-broadcast")

Heard = Callable[[Circuit, Circuit, bool], bool]
"""Whether packet filters let a port's packets through to another: those to all routers, or (True) those to it alone."""


class Adjacency(NamedTuple):
    """One side's view of a neighbour. `role` is what the neighbour is on the segment: DR, Backup, DROther, or -."""

    router: Router
    circuit: Circuit
    far_router: Router
    far: Circuit
    state: str
    role: str = "-"
    why: str = ""
    designated: bool = True  # whether the segment has a designated router, where it needs one

    @property
    def linked(self) -> bool:
        """Whether the map of the area has a link here: DROthers are linked by their designated router."""
        return self.up and self.designated

    @property
    def full(self) -> bool:
        """Whether their databases are the same."""
        return self.state == FULL

    @property
    def up(self) -> bool:
        """Whether it is where it should be."""
        return self.state in (FULL, TWO_WAY)


def adjacencies(routers: Sequence[Router], heard: Heard = lambda *_: True) -> list[Adjacency]:
    """Every pair of ports on one segment that both speak OSPF, from both sides."""
    at: dict[tuple[str, str, int], list[tuple[Router, Circuit]]] = {}
    for router in routers:
        for circuit in router.circuits:
            if not circuit.passive and not circuit.is_loopback:
                at.setdefault((circuit.node, circuit.port, router.version), []).append((router, circuit))
    found = [
        Adjacency(router, circuit, far_router, far, *_state(router, circuit, far_router, far, heard))
        for router, circuit in (pair for pairs in at.values() for pair in pairs)
        for far_router, far in _across(router, circuit, at)
    ]
    return _with_roles(found)


def _across(
    router: Router, circuit: Circuit, at: Mapping[tuple[str, str, int], list[tuple[Router, Circuit]]]
) -> Iterator[tuple[Router, Circuit]]:
    """The ports on the segment that hear this one; of several addresses those on the same network."""
    for node, port in circuit.neighbours:
        for far_router, far in at.get((node, port, router.version), ()):
            if router.version == 3 or _hears(circuit, far) or len(at[node, port, router.version]) == 1:
                yield far_router, far


def _hears(one: Circuit, two: Circuit) -> bool:
    """Whether a port takes packets from the other's address at all (ospf_if_lookup_recv_if)."""
    if one.address is None or two.address is None:
        return True
    return one.address.network.holds(two.address.address) or two.address.network.holds(one.address.address)


def _state(router: Router, one: Circuit, far_router: Router, two: Circuit, heard: Heard) -> tuple[str, str, str]:
    """State, role (filled in later) and the reason where it is not Full."""
    wrong = _disagreement(router, one, far_router, two)
    if wrong is not None:
        return DOWN, "-", wrong
    for near, far in ((one, two), (two, one)):
        if not heard(near, far, near.type == "non-broadcast"):
            return DOWN, "-", f"a packet filter keeps {near.node}'s hellos from {far.node}"
        if not heard(near, far, near.type != "point-to-point"):
            return EXSTART, "-", f"a packet filter keeps what {near.node} sends to it alone from {far.node}"
    if one.mtu_bytes != two.mtu_bytes:
        larger, smaller = (one, two) if one.mtu_bytes > two.mtu_bytes else (two, one)
        if not smaller.mtu_ignore:
            return EXSTART, "-", f"MTU {smaller.mtu_bytes} of {smaller.node} is below {larger.mtu_bytes}"
    return FULL, "-", ""


def _disagreement(router: Router, one: Circuit, far_router: Router, two: Circuit) -> str | None:
    """What makes a Hello be dropped."""
    for name, here, there in (
        ("area", one.area, two.area),
        ("hello interval", one.hello_s, two.hello_s),
        ("dead interval", one.dead_s, two.dead_s),
        ("authentication", one.authentication, two.authentication),
        ("instance", one.instance, two.instance),
        ("kind of area", router.area(one.area).kind, far_router.area(two.area).kind),
    ):
        if here != there:
            return f"{name} differs: {here} on {one.node}, {there} on {two.node}"
    if router.router_id == far_router.router_id:
        return f"both have router id {router.router_id}"
    if not (_hears(one, two) and _hears(two, one)):
        return f"{one.address} and {two.address} are on different networks"
    masked = one.type in _MULTI_ACCESS or two.type in _MULTI_ACCESS
    if masked and one.address and two.address and one.address.length != two.address.length:
        return f"network mask differs: {one.address} on {one.node}, {two.address} on {two.node}"
    return None


def _with_roles(found: Sequence[Adjacency]) -> list[Adjacency]:
    """On segments with a designated router, who is that; those who are neither stay 2-Way with each other."""
    groups: dict[tuple[str, str], list[Adjacency]] = {}
    for each in found:
        groups.setdefault((each.circuit.node, each.circuit.port), []).append(each)
    result = []
    for each in found:
        if each.circuit.type not in _MULTI_ACCESS or not each.full:
            result.append(each)
            continue
        mine = groups[each.circuit.node, each.circuit.port]
        everyone = [(each.router, each.circuit), *((other.far_router, other.far) for other in mine if other.full)]
        first, second = _elected(everyone)
        roles = {id(first): "DR", id(second): "Backup"} if first is not None else {}
        role = roles.get(id(each.far), "DROther")
        idle = role == "DROther" and id(each.circuit) not in roles
        state = TWO_WAY if idle else FULL
        result.append(each._replace(role=role, state=state, designated=first is not None))
    return result


def _elected(everyone: Sequence[tuple[Router, Circuit]]) -> tuple[Circuit | None, Circuit | None]:
    """The designated router and its backup when all start at once: by priority, then router id (RFC 2328 9.4).

    Nobody is deposed, so a router that came late may be the lesser one in a lab: routes do not depend on it.
    """
    able = [pair for pair in everyone if pair[1].priority > 0]
    able.sort(key=lambda pair: (pair[1].priority, pair[0].router_id.value), reverse=True)
    first = able[0][1] if able else None
    return first, able[1][1] if len(able) > 1 else None
