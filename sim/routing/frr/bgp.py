"""bgpd: one instance with its tables. A prefix is decided anew when a path or the way to a next hop changes."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from functools import partial

from sim.address import Address, Prefix
from sim.device.bgp import BgpFamily, BgpInstance, Neighbour
from sim.policy import Context
from sim.routing import FAMILIES, Advert, Peering, Port
from sim.routing.chain import Chain
from sim.routing.frr.aggregation import Aggregator
from sim.routing.frr.decision import Rules, decide
from sim.routing.frr.groups import is_shared
from sim.routing.frr.incoming import Incoming
from sim.routing.frr.live import Channel, Live, enliven
from sim.routing.frr.origination import Originator
from sim.routing.frr.paths import Choice, Entry, Path, Reach, Sort
from sim.routing.frr.rib import Rib, RibRoute
from sim.routing.values import Course, Hop
from sim.snapshot import RouteType

_NOT_INSTALLED = ("network", "redistribute")
_HERE = Reach(True, 0)
Due = tuple[str, Prefix]


class Speaker:
    """One `router bgp`. `ribs` are zebra's tables of its VRF, by IP version."""

    def __init__(
        self,
        node: str,
        instance: BgpInstance,
        router_id: Address,
        ports: Mapping[str, Port],
        ribs: Mapping[int, Rib],
        rib_of: Callable[[str, int], Rib],
        course: Course = Course.PLAIN,
    ) -> None:
        self.contrary = course is Course.CONTRARY
        self.tied: set[Due] = set()
        self.node, self.instance, self.router_id = node, instance, router_id
        self._ports, self._ribs, self._rib_of = ports, ribs, rib_of
        self.tables: dict[str, dict[Prefix, Entry]] = defaultdict(dict)
        self.lives: dict[int, Live] = {}
        self.refused: set[str] = set()  # keys of neighbours that sent more prefixes than they may, or no valid path
        self.ended: list[int] = []  # their sessions, which are to be closed
        own = frozenset(each.address for port in ports.values() for each in port.addresses)
        self._incoming = Incoming(instance, router_id, own)
        self.families = {name: instance.families.get(name, BgpFamily()) for name in FAMILIES}
        self._originators = {
            name: Originator(node, instance.asn, family, instance.network_import_check)
            for name, family in self.families.items()
        }
        asn = instance.confederation or instance.asn
        self.aggregators = {
            name: Aggregator(node, asn, router_id, family.aggregates, course) for name, family in self.families.items()
        }
        self._table_chains = {
            name: Chain((family.table_policy,) if family.table_policy else (), Context(node=node))
            for name, family in self.families.items()
        }
        self._by_hop: dict[Address, set[Due]] = defaultdict(set)
        self._reach: dict[tuple[Address, bool, str | None], Reach] = {}
        self._due: dict[Due, None] = {}
        self._own_due: dict[Due, None] = dict.fromkeys(
            (name, prefix) for name, each in self._originators.items() for prefix in each.prefixes()
        )
        self._aggregates_due: dict[Due, None] = {}
        self.to_send: dict[Due, None] = {}
        self.fresh: list[tuple[Live, str]] = []  # channels that have heard nothing yet
        self.leaks: dict[Due, None] = {}  # prefixes whose choice other VRFs may import

    # sessions

    def open(self, neighbour: Neighbour, peering: Peering) -> None:
        """A session is up."""
        port = self._ports.get(peering.interface) if peering.interface is not None else None
        live = enliven(self.node, self.instance, neighbour, peering, port)
        self.lives[peering.number] = live
        self.fresh += [(live, family) for family in live.channels]

    def close(self, number: int) -> None:
        """A session is gone."""
        live = self.lives.pop(number)
        self.fresh = [(each, family) for each, family in self.fresh if each is not live]
        self._forget(number, live)

    def _forget(self, number: int, live: Live) -> None:
        """Give up what a session has brought."""
        for family, channel in live.channels.items():
            for prefix in channel.accepted:
                entry = self.tables[family][prefix]
                for key in [key for key in entry.received if key[0] == number]:
                    del entry.received[key]
                self._due[family, prefix] = None
            channel.accepted.clear()

    def receive(self, number: int, family: str, prefix: Prefix, adverts: tuple[Advert, ...]) -> None:
        """What a neighbour says of a prefix now."""
        live = self.lives[number]
        if live.peering.end.key in self.refused:
            return
        if any(each.is_malformed for each in adverts):
            self._end(number, live)
            return
        channel = live.channels[family]
        if adverts:
            channel.raw[prefix] = adverts
        else:
            channel.raw.pop(prefix, None)
        paths = {(number, path.path_id): path for path in self._incoming.paths(live, family, prefix, adverts)}
        entry = self.tables[family].get(prefix)
        if entry is None:
            if not paths:
                return
            entry = self.tables[family][prefix] = Entry()
        before = {key: path for key, path in entry.received.items() if key[0] == number}
        if before == paths:
            return
        if paths and _is_full(channel):
            self._end(number, live)
            return
        for key in before.keys() - paths.keys():
            del entry.received[key]
        entry.received.update(paths)
        if paths:
            channel.accepted[prefix] = len(paths)
        else:
            channel.accepted.pop(prefix, None)
        self._due[family, prefix] = None
        if self.contrary:
            self._own_due[family, prefix] = None

    def _end(self, number: int, live: Live) -> None:
        """More came than may, or what may not. What came before is forgotten at once: nobody is told of it.

        Over a malformed path bgpd ends the session anew whenever it comes up again, in a second or two (8.4.4, seen
        2026-11-25: a NOTIFICATION of an invalid network field).
        """
        self.refused.add(live.peering.end.key)
        self.ended.append(number)
        self._forget(number, live)

    def mixes(self) -> bool:
        """Whether a prefix that came in may also be redistributed from OSPF: what came first then decides."""
        for name, family in self.families.items():
            sources = {each.source for each in family.redistributions} & {"ospf", "ospf6"}
            candidates = self._ribs[FAMILIES[name]].candidates if sources else {}
            for prefix, entry in self.tables[name].items() if sources else ():
                if entry.received and not sources.isdisjoint(candidates.get(prefix, ())):
                    return True
        return False

    def shares(self) -> bool:
        """Whether some neighbour is told what is made in the name of another, in another AS."""
        return is_shared(self.lives.values())

    def masks(self) -> bool:
        """Whether some aggregate hangs on whether another's came first."""
        return any(
            aggregator.hangs_on_order(self.tables[name], partial(self.valid, name))
            for name, aggregator in self.aggregators.items()
        )

    def grows_sets(self) -> bool:
        """Whether some aggregate is told with AS numbers that it did not begin with."""
        return any(
            path.origin == "aggregate" and bool(path.attributes.as_path)
            for table in self.tables.values()
            for entry in table.values()
            for path in entry.local.values()
        )

    # what changes

    def rib_changed(self, version: int, prefixes: Iterable[Prefix]) -> None:
        """zebra has selected others for these prefixes."""
        family = "ipv6" if version == 6 else "ipv4"
        for prefix in prefixes:
            self._own_due[family, prefix] = None

    def moved(self, addresses: Iterable[Address]) -> None:
        """The ways to these next hops may be others now."""
        for address in addresses:
            if address in self._by_hop:
                for key in [key for key in self._reach if key[0] == address]:
                    del self._reach[key]
                self._due.update(dict.fromkeys(self._by_hop[address]))

    def imported(self, family: str, prefix: Prefix, name: str, path: Path | None) -> None:
        """Another VRF's choice, leaked into this one (`import vrf`)."""
        self._set_local(family, prefix, f"imported {name}", path)

    def process(self) -> bool:
        """Decide what is due; whether anything was."""
        worked = bool(self._own_due or self._due or self._aggregates_due)
        own, self._own_due = self._own_due, {}
        for family, prefix in own:
            self._originate(family, prefix)
        while self._due or self._aggregates_due:
            due, self._due = self._due, {}
            for family, prefix in due:
                self._decide(family, prefix)
            aggregates, self._aggregates_due = self._aggregates_due, {}
            for family, prefix in aggregates:
                self._aggregate(family, prefix)
        return worked

    def _aggregate(self, family: str, prefix: Prefix) -> None:
        aggregator, entry = self.aggregators[family], self.tables[family].get(prefix)
        path = aggregator.path(prefix, self.tables[family], partial(self.valid, family))
        if path is not None and aggregator.is_masked(path, entry):
            path = None
        self._set_local(family, prefix, "aggregate", path)

    def _originate(self, family: str, prefix: Prefix) -> None:
        paths = self._originators[family].paths(prefix, self._ribs[FAMILIES[family]])
        if self._came_later(family, prefix):
            paths.pop("redistribute", None)
        for name in ("network", "redistribute"):
            self._set_local(family, prefix, name, paths.get(name))

    def _came_later(self, family: str, prefix: Prefix) -> bool:
        """Whether, contrary to the plain run, BGP has brought a prefix before OSPF, so that zebra never selects OSPF's
        and it is not redistributed."""
        selected, entry = self._ribs[FAMILIES[family]].selected.get(prefix), self.tables[family].get(prefix)
        from_ospf = selected is not None and selected.route.protocol in ("ospf", "ospf6")
        if not self.contrary or not from_ospf or entry is None:
            return False
        return any(path.origin == "received" and path.sort is Sort.EBGP for path in self.valid(family, prefix, entry))

    def _set_local(self, family: str, prefix: Prefix, name: str, path: Path | None) -> None:
        entry = self.tables[family].get(prefix)
        if (entry.local.get(name) if entry is not None else None) == path:
            return
        if entry is None:
            entry = self.tables[family][prefix] = Entry()
        if path is None:
            del entry.local[name]
        else:
            entry.local[name] = path
        self._due[family, prefix] = None

    # the decision

    def rules(self, family: str, current: Path | None = None) -> Rules:
        """What the decision process reads."""
        return Rules(self.instance, self.families[family], self._metric, current, self.contrary)

    def _metric(self, path: Path) -> int:
        return self._reached(path).metric

    def valid(self, family: str, prefix: Prefix, entry: Entry) -> list[Path]:
        """The paths whose next hop can be reached, and is not what they lead to (bgp_find_or_add_nexthop)."""
        due = (family, prefix)
        found = []
        for path in entry.paths:
            hop = path.next_hop
            if hop is not None:
                self._by_hop[hop].add(due)
                if hop.value == prefix.network and _loops(path, prefix):
                    continue
            if self._reached(path).valid:
                found.append(path)
        return found

    def _reached(self, path: Path) -> Reach:
        hop = path.next_hop
        if hop is None or (path.sort is Sort.LOCAL and path.vrf is None):
            return _HERE
        if path.interface is not None and hop.is_link_local:
            port = self._ports.get(path.interface)
            return Reach(port is not None and port.up)
        key = (hop, path.direct, path.vrf)
        if key not in self._reach:
            rib = self._ribs.get(hop.version) if path.vrf is None else self._rib_of(path.vrf, hop.version)
            found = rib.track(hop, path.direct) if rib is not None else None
            self._reach[key] = Reach(False) if found is None else Reach(True, found[0])
        return self._reach[key]

    def _decide(self, family: str, prefix: Prefix) -> None:
        table = self.tables[family]
        entry = table.get(prefix)
        if entry is None:  # gone since it became due
            return
        choice = decide(self.valid(family, prefix, entry), self.rules(family, entry.choice.best))
        before, entry.choice = entry.choice, choice
        (self.tied.add if choice.tied else self.tied.discard)((family, prefix))
        if not entry.local and not entry.received:
            del table[prefix]
            self.tied.discard((family, prefix))
        for aggregate in self.aggregators[family].above(prefix, itself=self.contrary):
            self._aggregates_due[family, aggregate] = None
        if (before.best, before.multipath) != (choice.best, choice.multipath):
            self._install(family, prefix, choice)
            self.leaks[family, prefix] = None
            self.to_send[family, prefix] = None
        elif self._sends_all:
            self.to_send[family, prefix] = None

    @property
    def _sends_all(self) -> bool:
        return any(live.peering.addpath_tx for live in self.lives.values())

    def _install(self, family: str, prefix: Prefix, choice: Choice) -> None:
        rib = self._ribs[FAMILIES[family]]
        rib.put(prefix, "bgp", self._route(family, prefix, choice))

    def _route(self, family: str, prefix: Prefix, choice: Choice) -> RibRoute | None:
        """What zebra is told: nothing of own routes but aggregates, which go nowhere."""
        best = choice.best
        if best is None or best.origin in _NOT_INSTALLED:
            return None
        attributes = self._table_chains[family].apply(prefix, best.attributes)
        if attributes is None:
            return None
        external, internal, local = self.families[family].distance
        if best.origin == "aggregate":
            return RibRoute("bgp", local, 0, type=RouteType.BLACKHOLE)
        return RibRoute(
            protocol="bgp",
            distance=external if best.sort is Sort.EBGP else internal,
            metric=attributes.med or 0,
            hops=tuple(_hop(path) for path in choice.multipath),
            recursive=not best.direct,
            tag=attributes.tag,
            vrf=best.vrf,
        )


def _loops(path: Path, prefix: Prefix) -> bool:
    """Whether a neighbour's path leads to its own next hop. From a reflector's client it may (seen with 8.4.4,
    2026-11-25: a reflector uses its clients' routes to loopbacks, from wherever; nobody else does, not even those of
    the neighbour itself)."""
    hop = path.next_hop
    return hop is not None and hop.host == prefix and path.peering is not None and not path.client


def _hop(path: Path) -> Hop:
    """The next hop as zebra is told it: for IPv6 on a port of ours the link-local one."""
    if path.interface is not None:
        return Hop(path.link_local or path.next_hop, path.interface)
    return Hop(path.next_hop, None)


def _is_full(channel: Channel) -> bool:
    """Whether another prefix that is accepted, or another path of one that is known, ends the session. bgpd counts
    before it adds: one prefix too many is borne as long as nothing comes after it (8.4.4, seen 2026-11-25)."""
    limit = channel.settings.maximum_prefix
    return limit is not None and len(channel.accepted) > limit
