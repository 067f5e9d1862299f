"""The fixed point: suites work, what they say is carried to others, sessions come and go, until nothing changes.

A round lets every suite with something to do work once, then delivers everything: routes spread like a wave, shortest
ways first, and each prefix is decided about once per distance. Where rounds do not end (a dispute wheel turns for ever
if all routers speak at once), nodes work one after another, as real ones do; what has then been settled may be settled
otherwise elsewhere, and is remembered as such. What does not end at all is NotConverged with the routes' names.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from random import Random
from typing import NoReturn

from sim.address import Address, Prefix
from sim.device import Device
from sim.errors import NotConverged
from sim.links import Links
from sim.routing import Advert, Changes, End, Ending, LinkState, OrderBound, Peering, Suite, Swayed, Watching
from sim.routing.bfd import Watch
from sim.routing.ground import bare_routes, lay
from sim.routing.kernel import Kernel
from sim.routing.meeting import Failure, Pair, Registry, meet, sides
from sim.routing.ospf import Router
from sim.routing.ospf.domain import Domain
from sim.routing.ospf.outside import Externals, Outside
from sim.routing.suites import suites_of
from sim.routing.values import Course
from sim.routing.way import Way

_ROUNDS = 60
_TURNS = 400
_LOTS = 40  # turns of each suite when all are drawn by lot
_WATCHED = 10  # so many of the last rounds show what goes round
_MEETINGS, _MEETINGS_BY_LOT = 20, 80
_SHOWN = 5
_EVEN = 0.5

Place = tuple[str, str]  # a node, and the daemon of a suite on it
Moved = tuple[str, str, Prefix]  # a route that changes: node, table, prefix


class Engine:
    """One network on its way to the fixed point.

    Where a daemon prefers the older of equal paths, or two protocols tell each other what they have learnt, the network
    may come to rest in several ways. The plain run opens sessions between neighbours before OSPF has settled, as timers
    mostly have it; a contrary `course` does it the other way round, and takes the path that the plain run would take
    last: where both agree, every order of events leads there. `order` lets nodes speak, sessions open and OSPF arrive
    by lot, and `last` names a node that opens its sessions, and speaks, when all
    others are at rest.
    """

    def __init__(
        self,
        links: Links,
        devices: Mapping[str, Device],
        course: Course = Course.PLAIN,
        order: Random | None = None,
        last: str | None = None,
    ) -> None:
        self.links, self.devices, self._course, self._order, self._last = links, devices, course, order, last
        self.ground = ground = lay(links)
        self.kernels = {name: Kernel(bare_routes(links, name)) for name in ground}
        self._way = Way(ground, self.kernels, devices)
        self.suites: dict[Place, Suite] = {}
        for name, ports in ground.items():
            for suite in suites_of(devices[name], ports, course):
                self.suites[name, suite.daemon] = suite
        self._places = {name: [place for place in self.suites if place[0] == name] for name in ground}
        self.peerings: dict[int, tuple[Place, Peering]] = {}
        self._others: dict[int, int] = {}  # a session's number on one side -> on the other
        self.pairs: dict[Pair, tuple[int, int]] = {}
        self.failures: list[Failure] = []
        self._mail: dict[Place, list[tuple[int, str, Prefix, tuple[Advert, ...]]]] = {}
        self._awake: dict[Place, None] = dict.fromkeys(self.suites)
        self._numbers = 0
        self._speakers = {
            (router.node, router.key): (place, suite)
            for place, suite in self.suites.items()
            if isinstance(suite, LinkState)
            for router in suite.routers()
        }
        routers = [router for _, suite in self._speakers.values() for router in suite.routers()]
        self.domains = [
            Domain(version, each, self._way.floods) for version in (2, 3) if (each := _of_version(routers, version))
        ]
        self._externals: dict[int, Externals] = {}
        self._flushed: set[tuple[int, tuple[str, str], Prefix]] = set()
        self._late: dict[int, set[tuple[str, str]]] = {}  # who has not yet heard, of each version
        self.cut: dict[tuple[str, str], list[Prefix]] = {}  # OSPF routes that hang on what came first
        self.unsettled: dict[Moved, None] = {}
        self.rounds = 0

    def run(self) -> None:
        """Reach the fixed point. NotConverged where there is none."""
        for place in self.suites:
            self._show_kernel(place)
        registry = Registry(self.ground, [end for suite in self.suites.values() for end in suite.ends()])
        for _ in range(_MEETINGS if self._order is None else _MEETINGS_BY_LOT):
            self.settle()
            if self._course is Course.CONTRARY or (self._order is not None and self._order.random() < _EVEN):
                self._settle_ospf()
            pairs, self.failures = meet(registry, self._source, self._way)
            if not self._meet(pairs) and not self._settle_ospf():
                return
        raise NotConverged("sessions come and go: a session's own routes lead to its end; " + self._named_sessions())

    def watches(self) -> Iterator[Watch]:
        """Every BFD session that one side wants: for its BGP sessions, up or not, and for its OSPF neighbours."""
        for _, peering in self.peerings.values():
            end = peering.end
            if end.bfd:
                yield Watch(end.node, peering.local, peering.peer, peering.interface, end.vrf, end.daemon)
        for end in (failure.end for failure in self.failures if failure.end.bfd and failure.end.peer is not None):
            local = self._source(end, None)
            if local is not None and end.peer is not None:
                yield Watch(end.node, local, end.peer, None, end.vrf, end.daemon)
        for suite in self.suites.values():
            if isinstance(suite, Watching):
                yield from suite.watches()
        for each in (each for domain in self.domains for each in domain.adjacencies if each.circuit.bfd and each.up):
            local, peer = each.circuit.next_hop, each.far.next_hop
            if local is not None and peer is not None:
                yield Watch(each.router.node, local, peer, each.circuit.port, each.router.vrf, each.router.daemon)

    def hear(self, one: Watch, other: Watch) -> bool:
        """Whether filters let the BFD packets of both sides in."""
        return self._way.watched(one, other)

    def courses(self) -> set[Course]:
        """The other ways that events could have taken, with which some suite's choice might be another."""
        bound = (suite for suite in self.suites.values() if isinstance(suite, OrderBound))
        return {course for suite in bound for course in suite.courses()}

    def is_swayed(self) -> bool:
        """Whether some suite prefers paths for more than their length, so that routers may contradict each other."""
        return any(suite.is_swayed() for suite in self.suites.values() if isinstance(suite, Swayed))

    # OSPF

    def flushed(self) -> Iterator[tuple[str, Prefix]]:
        """Each router, and a prefix that another one told OSPF of on the way to rest, and tells no more."""
        for version, origin, prefix in self._flushed:
            if prefix not in self._externals[version].get(origin, {}):
                for domain in self.domains:
                    routers = domain.routers if domain.version == version else {}
                    speaking = [name for name, router in routers.items() if router.circuits and name != origin]
                    yield from ((name[0], prefix) for name in speaking)

    def _settle_ospf(self) -> bool:
        """Let routes flow between OSPF and the rest until none is new (by lot: once); whether any was. NotConverged
        where it never ends."""
        moving: Counter[Moved] = Counter()
        for number in range(_MEETINGS):
            news = [self._learn_ospf(domain, moving) for domain in self.domains]
            if not any(news):
                return number > 0
            self.settle()
            if self._order is not None:
                return True
            if number < _MEETINGS // 2:  # by then all that comes to rest has
                moving.clear()
        self.unsettled |= dict.fromkeys(moving)
        named = _named(moving)
        raise NotConverged(f"routes go round for ever between OSPF and what is redistributed into it: {named}")

    def _learn_ospf(self, domain: Domain, moving: Counter[Moved]) -> bool:
        """Tell routers what redistribution makes of their routes, by lot some of them later; whether there was news."""
        speakers = {name: self._speakers[name] for name in domain.routers}
        externals = {name: dict(suite.externals(name[1])) for name, (_, suite) in speakers.items()}
        before = self._externals.get(domain.version, {})
        late = self._late.pop(domain.version, ())
        if before == externals and not late:
            return False
        for name, given in externals.items():
            moving.update((name[0], "main", prefix) for prefix, _ in given.items() ^ before.get(name, given).items())
            self._flushed |= {(domain.version, name, prefix) for prefix in before.get(name, {}).keys() - given.keys()}
        self._externals[domain.version] = externals
        news = False
        for name, routes in Outside(domain).routes(externals).items():
            if self._order is not None and self._order.random() < _EVEN:
                self._late.setdefault(domain.version, set()).add(name)
                news = True
                continue
            place, suite = speakers[name]
            self.cut[name] = [prefix for prefix, route in routes.items() if route.cut]
            self.cut[name] += domain.doubtful.get(name, ())
            if suite.learn_ospf(name[1], routes):
                self._awake[place] = None
                news = True
        return news

    # sessions

    def _source(self, end: End, peer: Address | None) -> Address | None:
        return self.suites[end.node, end.daemon].source(end, peer)

    def _meet(self, pairs: Iterable[Pair]) -> bool:
        """Open and close sessions so that these are up; whether there was anything to do."""
        wanted = dict.fromkeys(pairs)
        gone = [pair for pair in self.pairs if pair not in wanted]
        fresh = [pair for pair in wanted if pair not in self.pairs]
        for pair in gone:
            self._close(pair)
        if self._order is not None and len(fresh) > 1:
            early = [pair for pair in fresh if self._last not in (pair.one.node, pair.two.node)]
            fresh = self._order.sample(early, (len(early) + 1) // 2) if early else fresh
        for pair in fresh:
            self._open(pair)
        return bool(gone or fresh)

    def _open(self, pair: Pair) -> None:
        one, two = self._numbers + 1, self._numbers + 2
        self._numbers += 2
        self.pairs[pair] = one, two
        self._others |= {one: two, two: one}
        for peering in sides(pair, one, two):
            place = (peering.end.node, peering.end.daemon)
            self.peerings[peering.number] = place, peering
            self.suites[place].open(peering)
            self._awake[place] = None

    def _close(self, pair: Pair) -> None:
        for number in self.pairs.pop(pair):
            place, _ = self.peerings.pop(number)
            self._others.pop(number)
            self.suites[place].close(number)
            self._awake[place] = None

    # work

    def settle(self) -> None:
        """Carry and work until nobody has news."""
        if self._order is not None:
            self._by_lot(self._order)
            return
        moving: Counter[Moved] = Counter()
        for number in range(_ROUNDS):
            if not self._awake:
                return
            changed = self._round()
            if number >= _ROUNDS - _WATCHED:
                moving.update(changed)
        self._in_turn(moving)

    def _round(self) -> list[Moved]:
        """One round; the routes that have changed in some kernel."""
        self.rounds += 1
        awake, self._awake = self._awake, {}
        worked = [(place, self._work(place)) for place in awake]
        for place, changes in worked:
            self._spread(place, changes)
        return [each for place, changes in worked for each in _moved(place, changes)]

    def _work(self, place: Place) -> Changes:
        suite = self.suites[place]
        for said in self._mail.pop(place, ()):
            if said[0] in self.peerings:
                suite.receive(*said)
        for number in suite.ended() if isinstance(suite, Ending) else ():
            self._close(next(pair for pair, numbers in self.pairs.items() if number in numbers))
        return suite.work()

    def _in_turn(self, moving: Counter[Moved]) -> None:
        """One suite after another. What still moves is unsettled: elsewhere it may come to rest otherwise."""
        for _ in range(_TURNS):
            if not self._awake:
                self.unsettled |= dict.fromkeys(moving)
                return
            for place in sorted(self._awake):
                moving.update(self._alone(place))
        self._by_lot(Random(0), moving)  # taking turns may turn a wheel for ever that any other order stops
        self.unsettled |= dict.fromkeys(moving)

    def _by_lot(self, order: Random, before: Counter[Moved] | None = None) -> None:
        """One suite after another, who is next drawn by lot; `before`, what has been moving."""
        moving: Counter[Moved] = Counter()
        turns = _LOTS * len(self.suites)
        for number in range(turns):
            if not self._awake:
                return
            awake = sorted(self._awake)
            changed = self._alone(order.choice([place for place in awake if place[0] != self._last] or awake))
            if number >= turns // 2:  # by then all that comes to rest has
                moving.update(changed)
        self._give_up(moving + (before or Counter()))

    def _alone(self, place: Place) -> list[Moved]:
        """Let one suite work, and deliver what it says; the routes that have changed."""
        del self._awake[place]
        changes = self._work(place)
        self._spread(place, changes)
        return _moved(place, changes)

    def _give_up(self, moving: Counter[Moved]) -> NoReturn:
        self.unsettled |= dict.fromkeys(moving)
        raise NotConverged(f"routes oscillate for ever: {_named(moving)}")

    def _spread(self, place: Place, changes: Changes) -> None:
        """Put a suite's routes into its kernel, and what it says into the others' mail."""
        for number, family, prefix, adverts in changes.adverts:
            other = self._others.get(number)
            if other is None:
                continue
            target = self.peerings[other][0]
            self._mail.setdefault(target, []).append((other, family, prefix, adverts))
            self._awake[target] = None
        node, daemon = place
        kernel = self.kernels[node]
        beside = [each for each in self._places[node] if each != place]
        for table, prefix, route in changes.routes:
            kernel.put(table, prefix, daemon, route)
            for other_place in beside:
                suite = self.suites[other_place]
                suite.learn(table, prefix, kernel.others(table, prefix, suite.daemon))
                self._awake[other_place] = None

    def _show_kernel(self, place: Place) -> None:
        kernel, suite = self.kernels[place[0]], self.suites[place]
        for table, routes in kernel.tables.items():
            for prefix in list(routes):
                suite.learn(table, prefix, kernel.others(table, prefix, suite.daemon))

    def _named_sessions(self) -> str:
        return ", ".join(f"{pair.one.node} - {pair.two.node}" for pair in list(self.pairs)[:_SHOWN])


def _moved(place: Place, changes: Changes) -> list[Moved]:
    """The routes that a suite has changed; where none, those of which it tells others something new."""
    routes = [(place[0], table, prefix) for table, prefix, _ in changes.routes]
    return routes or [(place[0], "main", prefix) for _, _, prefix, _ in changes.adverts]


def _named(moving: Counter[Moved]) -> str:
    """Those that move most."""
    return ", ".join(f"{node} {prefix}" for (node, _, prefix), _ in moving.most_common(_SHOWN))


def _of_version(routers: Iterable[Router], version: int) -> list[Router]:
    """Those of one version of OSPF, each once."""
    return list({(each.node, each.key): each for each in routers if each.version == version}.values())
