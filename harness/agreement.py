"""Where two Snapshots of one network part: node by node, its interfaces, its routes in every table, its sessions.

Not compared, because neither side means anything by it: IPv6 link-local addresses (a next hop of that kind is known by
its interface), the order of next hops, equal weights, counters, a session that is down on one side and unknown on the
other, and default routes that a kernel takes from router advertisements, which no file asks for. An interface without a
cable is the same as one that is down.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from ipaddress import ip_interface

from sim.dataclasses import dataclass
from sim.snapshot import Interface, NodeState, Route, RouteType, Session, Snapshot


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that two Snapshots say differently. `one` and `other` are phrases; `none` where a side has nothing."""

    node: str
    what: str  # interface, route, session, node
    key: str
    one: str
    other: str

    def told(self, one: str = "paper", other: str = "lab") -> str:
        """One line."""
        return f"{self.node} {self.what} {self.key}: {one}: {self.one}; {other}: {self.other}"


def differences(
    one: Snapshot, other: Snapshot, nodes: Iterable[str] | None = None, besides: Iterable[tuple[str, str]] = ()
) -> list[Difference]:
    """Where they part, on these nodes (None: all), but for the (node, prefix) and (node, session) entries of
    `besides`."""
    names = sorted(one.nodes.keys() | other.nodes.keys()) if nodes is None else list(nodes)
    left_out = set(besides)
    found = [each for name in names for each in _node(name, one.nodes.get(name), other.nodes.get(name))]
    return [each for each in found if (each.node, _entry(each)) not in left_out]


def _entry(difference: Difference) -> str:
    """A route's prefix, whatever its table; a session as it is named."""
    return difference.key if difference.what == "session" else difference.key.split(" ")[0]


def _node(name: str, one: NodeState | None, other: NodeState | None) -> Iterator[Difference]:
    runs = [state is not None and state.running for state in (one, other)]
    if one is None or other is None or not all(runs):
        if runs[0] != runs[1]:
            yield Difference(name, "node", "state", *("running" if each else "not running" for each in runs))
        return
    yield from _unequal(name, "interface", _faces(one), _faces(other), "down")
    tables = {"main": (one.fib, other.fib)}
    for table in sorted(one.tables.keys() | other.tables.keys()):
        tables[table] = (one.tables.get(table, {}), other.tables.get(table, {}))
    for table, (ours, theirs) in tables.items():
        suffix = "" if table == "main" else f" in table {table}"
        yield from _unequal(name, "route", _routes(ours, suffix), _routes(theirs, suffix), "none")
    yield from _unequal(name, "session", _sessions(one.sessions), _sessions(other.sessions), "down")


def _unequal(
    node: str, what: str, ours: Mapping[str, str], theirs: Mapping[str, str], absent: str
) -> Iterator[Difference]:
    """What two mappings say differently, where a missing key says `absent`."""
    for key in sorted(ours.keys() | theirs.keys()):
        one, other = ours.get(key, absent), theirs.get(key, absent)
        if one != other:
            yield Difference(node, what, key, one, other)


def _faces(state: NodeState) -> dict[str, str]:
    return {face.name: _face(face) for face in state.interfaces.values()}


def _face(face: Interface) -> str:
    if not face.up:
        return "down"
    addresses = sorted(each for each in face.addresses if not _link_local(each))
    return f"up, mtu {face.mtu_bytes}" + (f", {' '.join(addresses)}" if addresses else "")


def _routes(table: Mapping[str, Route], suffix: str) -> dict[str, str]:
    return {f"{prefix}{suffix}": _route(route) for prefix, route in table.items() if route.protocol != "ra"}


def _route(route: Route) -> str:
    if route.type is not RouteType.UNICAST:
        return f"{route.protocol} {route.type}, metric {route.metric}"
    weights = {hop.weight for hop in route.next_hops}
    hops = sorted(
        f"{'link-local' if hop.via and _link_local(hop.via) else hop.via or 'on link'} dev {hop.interface}"
        + (f" weight {hop.weight}" if len(weights) > 1 else "")
        for hop in route.next_hops
    )
    source = f", src {route.source}" if route.source else ""
    return f"{route.protocol} {{{', '.join(hops)}}}, metric {route.metric}{source}"


def _sessions(sessions: Iterable[Session]) -> dict[str, str]:
    """Sessions by what names them; several with one peer count as one, up if any is."""
    found: dict[str, str] = {}
    for each in sessions:
        key = f"{each.protocol} {each.interface if _link_local(each.peer) else each.peer}"
        key += "" if each.vrf == "default" else f" vrf {each.vrf}"
        if found.get(key) != "up":
            found[key] = "up" if each.up else "down"
    return found


@lru_cache(1 << 16)
def _link_local(text: str) -> bool:
    """Whether this is an IPv6 link-local address; a name (an unnumbered session's interface) is none."""
    return text.lower().startswith(("fe8", "fe9", "fea", "feb")) and ":" in text and ip_interface(text).is_link_local
