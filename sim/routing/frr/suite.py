"""FRR on one node: zebra, staticd, bgpd, as one Suite."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from sim.address import Address, Prefix
from sim.device import Device
from sim.device.bgp import BgpInstance, Neighbour
from sim.explanation import Why
from sim.routing import Advert, Changes, End, KernelRoute, Peering, Port
from sim.routing.frr.announcing import Announcer
from sim.routing.frr.bgp import Speaker
from sim.routing.frr.ends import ends_of, source_of
from sim.routing.frr.leaking import leak
from sim.routing.frr.ospf import OspfDaemon
from sim.routing.frr.router_id import router_id_of
from sim.routing.frr.why import explain
from sim.routing.frr.zebra import Zebra
from sim.routing.ospf import External, OspfRoute, Router
from sim.routing.values import Course

_PASSES = 500
_RACE = "its next hop leads over a BGP route of several paths: zebra leaves it out where it asks while that changes"


class FrrSuite:
    """One node's FRR. Everything its daemons tell each other stays inside."""

    daemon = "frr"

    def __init__(self, device: Device, ports: Mapping[str, Port], course: Course = Course.PLAIN) -> None:
        self.device, self.ports, self._course = device, ports, course
        self.zebra = Zebra(device, ports)
        self.speakers: dict[str, Speaker] = {}
        self._neighbours: dict[str, tuple[Speaker, Neighbour]] = {}
        self._of: dict[int, Speaker] = {}
        self._announcers: list[Announcer] = []
        self._ends: list[End] = []
        if "bgpd" in device.daemons:
            for instance in device.bgp:
                self._add(instance)
        self._ospf: dict[str, OspfDaemon] = {}
        for each in device.ospf:
            if ("ospfd" if each.version == 2 else "ospf6d") in device.daemons:
                rib = self.zebra.rib(each.vrf, 4 if each.version == 2 else 6)
                daemon = OspfDaemon(device, each, ports, rib)
                self._ospf[daemon.router.key] = daemon

    def _add(self, instance: BgpInstance) -> None:
        vrf, node = instance.vrf, self.device.node
        ports = {name: port for name, port in self.ports.items() if port.vrf == vrf}
        ribs = {version: self.zebra.rib(vrf, version) for version in (4, 6)}
        router_id = instance.router_id or router_id_of(self.device, ports)
        speaker = Speaker(node, instance, router_id, ports, ribs, self.zebra.rib, self._course)
        self.speakers[vrf] = speaker
        self._announcers.append(Announcer(speaker))
        for end, neighbour in ends_of(node, instance, router_id, "bfdd" in self.device.daemons):
            self._ends.append(end)
            self._neighbours[end.key] = speaker, neighbour

    def ends(self) -> Sequence[End]:
        """Every neighbour of every instance."""
        return self._ends

    def source(self, end: End, peer: Address | None = None) -> Address | None:
        """Our address towards the neighbour; None while bgpd keeps the session Idle."""
        speaker, neighbour = self._neighbours[end.key]
        if end.shutdown or end.key in speaker.refused or speaker.instance.shutdown:
            return None
        address = peer or end.peer
        return None if address is None else source_of(end, neighbour, address, self.ports, self.zebra)

    def open(self, peering: Peering) -> None:
        """A session is up."""
        speaker, neighbour = self._neighbours[peering.end.key]
        self._of[peering.number] = speaker
        speaker.open(neighbour, peering)

    def close(self, number: int) -> None:
        """A session is gone."""
        self._of.pop(number).close(number)

    def ended(self) -> Sequence[int]:
        """Sessions on which more prefixes came than may."""
        numbers = [number for speaker in self.speakers.values() for number in speaker.ended]
        for speaker in self.speakers.values():
            speaker.ended.clear()
        return numbers

    def receive(self, number: int, family: str, prefix: Prefix, adverts: tuple[Advert, ...]) -> None:
        """A neighbour's paths for a prefix."""
        self._of[number].receive(number, family, prefix, adverts)

    def learn(self, table: str, prefix: Prefix, routes: tuple[KernelRoute, ...]) -> None:
        """What others have in the kernel."""
        self.zebra.learn(table, prefix, routes)

    def work(self) -> Changes:
        """Let the daemons talk until none has news, then tell the neighbours."""
        for _ in range(_PASSES):
            changed = self.zebra.settle()
            for (vrf, version), prefixes in changed.items():
                if (speaker := self.speakers.get(vrf)) is not None:
                    speaker.rib_changed(version, prefixes)
            self._tell_moved()
            busy = [speaker.process() for speaker in self.speakers.values()]
            leaked = leak(self.speakers)
            if not any(busy) and not changed and not leaked:
                break
        adverts = [said for announcer in self._announcers for said in announcer.adverts()]
        return Changes(adverts, self.zebra.kernel_changes())

    def _tell_moved(self) -> None:
        for moved in self.zebra.moved():
            for speaker in self.speakers.values():
                speaker.moved(moved)

    def router_ids(self) -> Mapping[str, str]:
        """Of bgpd's instances, and those of OSPF."""
        found = {_instance("bgpd", vrf): str(speaker.router_id) for vrf, speaker in self.speakers.items()}
        for daemon in self._ospf.values():
            found[_instance(f"{daemon.protocol}d", daemon.router.vrf)] = str(daemon.router.router_id)
        return found

    def routers(self) -> Sequence[Router]:
        """ospfd's and ospf6d's instances."""
        return [daemon.router for daemon in self._ospf.values()]

    def externals(self, key: str) -> Mapping[Prefix, External]:
        """What an instance redistributes."""
        return self._ospf[key].externals()

    def learn_ospf(self, key: str, routes: Mapping[Prefix, OspfRoute]) -> bool:
        """An instance's routes go to zebra."""
        return self._ospf[key].learn(routes)

    def why(self, table: str, prefix: Prefix) -> Why | None:
        """Why the route of a table is what it is."""
        vrf = "default" if table == "main" else table
        return explain(self.zebra.rib(vrf, prefix.version), self.speakers.get(vrf), prefix)

    def courses(self) -> Iterator[Course]:
        """Where some choice hangs on which of several paths came first, on others' aggregates, or on AS sets."""
        for speaker in self.speakers.values():
            if speaker.tied or speaker.mixes() or speaker.masks() or speaker.shares():
                yield Course.CONTRARY
            if speaker.masks():
                yield Course.OWN_FIRST
            if speaker.grows_sets():
                yield Course.EARLY

    def is_swayed(self) -> bool:
        """Whether an import policy, a weight, a rewritten AS path, another's aggregate or another protocol has a say in
        some choice."""
        for speaker in self.speakers.values():
            if speaker.masks() or speaker.refused or (speaker.lives and self._feeds(speaker)):
                return True
        lives = (live for speaker in self.speakers.values() for live in speaker.lives.values())
        return any(channel.sways() for live in lives for channel in live.channels.values())

    def _feeds(self, speaker: Speaker) -> bool:
        """Whether BGP takes routes from OSPF, or OSPF from BGP: which of them has a prefix first keeps it."""
        sources = {each.source for family in speaker.families.values() for each in family.redistributions}
        return any(daemon.protocol in sources or daemon.hangs_on("bgp") for daemon in self._ospf.values())

    def races(self) -> Iterator[tuple[str, Prefix, str]]:
        """BGP's routes whose next hops lead over BGP routes that there are several paths of."""
        for vrf, table, prefix, over in self.zebra.chained():
            speaker = self.speakers.get(vrf)
            entry = speaker.tables["ipv6" if over.version == 6 else "ipv4"].get(over) if speaker is not None else None
            if entry is not None and len(entry.paths) > 1:
                yield table, prefix, _RACE

    def bgp_prefixes(self) -> Iterable[Prefix]:
        """Every prefix in any BGP table."""
        return {prefix for table in self._tables() for prefix in table}

    def _tables(self) -> Iterator[Mapping[Prefix, object]]:
        for speaker in self.speakers.values():
            yield from speaker.tables.values()

    def received(self, number: int) -> int:
        """How many paths are accepted from a session (bgpd's acceptedPrefixCounter)."""
        live = self._of[number].lives[number]
        return sum(sum(channel.accepted.values()) for channel in live.channels.values())


def _instance(daemon: str, vrf: str) -> str:
    return daemon if vrf == "default" else f"{daemon}:{vrf}"
