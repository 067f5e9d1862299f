"""Which sessions come up: two Ends meet where each looks for the other, packets pass, and their OPENs agree.

The engine asks again after every settling, because a session may need routes that another has brought.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple, Protocol

from sim.address import Address
from sim.routing import End, Ground, Peering, Port

Source = Callable[[End, Address | None], Address | None]


class Passage(Protocol):
    """Whether packets of two ends pass (`sim.routing.way.Way`)."""

    def arrives(self, end: End, source: Address, destination: Address, other: End) -> bool:
        """Whether our packets reach the other end while their TTL lasts."""
        ...

    def admits(self, end: End, source: Address, destination: Address, other: End) -> bool:
        """Whether filters let the two set up a connection."""
        ...


class Pair(NamedTuple):
    """Two ends that are up together, and the addresses that they use."""

    one: End
    two: End
    one_address: Address
    two_address: Address
    one_port: str | None
    two_port: str | None


class Failure(NamedTuple):
    """Why an End has no session: `state` in FRR's words, and what a reader should know."""

    end: End
    state: str
    why: str
    disagree: bool = False  # the two ends say different things


class Registry:
    """Who owns which address, and which End could be meant by another."""

    def __init__(self, ground: Ground, ends: Iterable[End]) -> None:
        self.ground = ground
        self.ends = list(ends)
        self._owners: dict[tuple[Address, bool], list[tuple[str, str]]] = defaultdict(list)
        self._by_node: dict[str, list[End]] = defaultdict(list)
        self._by_port: dict[tuple[str, str], list[End]] = defaultdict(list)
        self._by_peer: dict[tuple[str, Address], list[End]] = defaultdict(list)
        self._listening: dict[str, list[End]] = defaultdict(list)
        for node, ports in ground.items():
            for port in ports.values():
                for each in port.addresses:
                    self._owners[each.address, True].append((node, port.name))
        for end in self.ends:
            if end.interface is not None:
                self._by_port[end.node, end.interface].append(end)
            elif end.peer is not None:
                self._by_peer[end.node, end.peer].append(end)
            elif end.listen is not None:
                self._listening[end.node].append(end)

    def targets(self, end: End) -> Iterator[tuple[str, str, Address]]:
        """Where an End's neighbour may be: node, port, and the address there."""
        if end.interface is not None:
            port = self.ground[end.node].get(end.interface)
            if port is None or not port.up:
                return
            for node, name in port.neighbours:
                far = self.ground.get(node, {}).get(name)
                if far is not None and far.up and (address := _unnumbered(port, far)) is not None:
                    yield node, name, address
        elif end.peer is not None:
            for node, name in self._owners.get((end.peer, True), ()):
                port = self.ground[node][name]
                if node != end.node and port.up:
                    yield node, name, end.peer

    def meant(self, node: str, port: str, source: Address) -> Iterator[End]:
        """The Ends of a node that take a connection from an address, in the order in which bgpd looks."""
        yield from self._by_peer.get((node, source), ())
        yield from self._by_port.get((node, port), ())
        yield from (end for end in self._listening.get(node, ()) if end.listen is not None and end.listen.holds(source))


def _unnumbered(port: Port, far: Port) -> Address | None:
    """The far end's address on an unnumbered session: its half of an IPv4 /30 or /31, else its link-local one."""
    for each in port.addresses:
        if each.version == 4 and each.length in (30, 31):
            return next((other.address for other in far.addresses if each.network.holds(other.address)), None)
    return far.link_local


def meet(registry: Registry, source: Source, passage: Passage) -> tuple[list[Pair], list[Failure]]:
    """Every session that comes up, and for each End without one the reason."""
    pairs: dict[frozenset[tuple[str, str]], Pair] = {}
    reasons: dict[tuple[str, str], Failure] = {}
    up: set[tuple[str, str]] = set()
    for end in registry.ends:
        if end.shutdown or end.listen is not None:
            continue
        for node, port, address in registry.targets(end):
            found = _try(registry, source, passage, end, node, port, address)
            if isinstance(found, Failure):
                reasons[end.node, end.key] = found
                continue
            pairs.setdefault(frozenset((_name(found.one), _name(found.two))), found)
            up |= {_name(found.one), _name(found.two)}
            break
    failures = [
        reasons.get(_name(end), Failure(end, "Active", "nobody has the neighbour's address"))
        for end in registry.ends
        if _name(end) not in up and end.listen is None and not end.shutdown
    ]
    return list(pairs.values()), failures


def _name(end: End) -> tuple[str, str]:
    return end.node, end.key


def _try(
    registry: Registry, source: Source, passage: Passage, end: End, node: str, port: str, address: Address
) -> Pair | Failure:
    """Let an End connect to its neighbour's address."""
    ours = source(end, address if end.interface is not None else None)
    if ours is None:
        return Failure(end, "Idle", "no route to the neighbour")
    failure = Failure(end, "Active", f"{node} has no neighbour {ours}", disagree=True)
    for other in registry.meant(node, port, ours):
        if other.vrf != registry.ground[node][port].vrf:
            continue
        if other.shutdown:
            failure = Failure(end, "Active", f"{node} has shut the session down", disagree=True)
            continue
        if end.passive and other.passive:
            failure = Failure(end, "Active", f"{end.node} and {node} both wait for the other", disagree=True)
            continue
        answers = source(other, ours if other.peer is None else None)
        if answers is None:
            failure = Failure(end, "Active", f"{node} has no route back")
            continue
        wrong = disagreement(end, other)
        if wrong is not None:
            return Failure(end, "Active" if "password" in wrong else "Idle", wrong, disagree=True)
        if not passage.arrives(end, ours, address, other) or not passage.arrives(other, address, ours, end):
            failure = Failure(end, "Active", "packets between the two do not arrive")
            continue
        if not passage.admits(end, ours, address, other):
            failure = Failure(end, "Active", f"a packet filter stands between {end.node} and {node}")
            continue
        here = end.interface or _port_on(registry.ground[end.node], address)
        there = other.interface or _port_on(registry.ground[node], ours)
        return Pair(end, other, ours, address, here, there)
    return failure


def _port_on(ports: Mapping[str, Port], address: Address) -> str | None:
    """The port whose network an address lies in."""
    return next(
        (port.name for port in ports.values() if port.up for each in port.addresses if each.network.holds(address)),
        None,
    )


def disagreement(one: End, two: End) -> str | None:
    """What the OPENs of two ends, or their passwords, make of a session that both ask for (RFC 4271 6.2)."""
    for here, there in ((one, two), (two, one)):
        if not _accepts_as(here, there.asn):
            wanted = here.remote_as or ("another AS than its own" if here.external else "any AS")
            return f"{here.node} expects AS {wanted}, {there.node} is AS {there.asn}"
    if one.password != two.password:
        return "the two ends have different passwords"
    if one.router_id == two.router_id and one.asn == two.asn:
        return f"both ends have router id {one.router_id}"
    if not one.families & two.families:
        return "the two ends have no address family in common"
    return None


def _accepts_as(end: End, asn: int) -> bool:
    if end.remote_as is not None:
        return asn == end.remote_as
    return asn != end.asn or not end.external


def sides(pair: Pair, one: int, two: int) -> Iterator[Peering]:
    """What each side of a session that is up sees of it; their numbers are given."""
    yield _side(one, pair.one, pair.two, pair.one_address, pair.two_address, pair.one_port)
    yield _side(two, pair.two, pair.one, pair.two_address, pair.one_address, pair.two_port)


def _side(number: int, end: End, far: End, local: Address, peer: Address, port: str | None) -> Peering:
    return Peering(
        number=number,
        end=end,
        local=local,
        peer=peer,
        interface=port,
        remote_as=far.asn,
        remote_id=far.router_id,
        families=end.families & far.families,
        addpath_tx=end.addpath_tx & far.addpath_rx,
        extended_next_hop=end.extended_next_hop and far.extended_next_hop,
        extended_messages=end.extended_messages and far.extended_messages,
        other=(far.node, far.key),
    )
