"""What bgpd tells its neighbours: of each prefix that has changed the paths that each of them is to hear."""

from collections import defaultdict
from collections.abc import Iterator

from sim.address import Prefix
from sim.route import Origin, PathAttributes, interned
from sim.routing import Advert
from sim.routing.chain import Chain
from sim.routing.frr.bgp import Speaker
from sim.routing.frr.decision import decide
from sim.routing.frr.groups import voice
from sim.routing.frr.live import Channel, Live
from sim.routing.frr.outgoing import Outgoing
from sim.routing.frr.paths import Entry, Path

_OWN = ("network", "redistribute", "aggregate", "imported")
DEFAULTS = {"ipv4": Prefix(0, 0, 4), "ipv6": Prefix(0, 0, 6)}
Said = tuple[int, str, Prefix, tuple[Advert, ...]]  # session, family, prefix, all paths of it


class Announcer:
    """The voice of one instance."""

    def __init__(self, speaker: Speaker) -> None:
        self._speaker = speaker
        self._outgoing = Outgoing(speaker.instance, speaker.router_id)

    def adverts(self) -> Iterator[Said]:
        """What neighbours are to hear since this was last asked."""
        speaker = self._speaker
        due, speaker.to_send = speaker.to_send, {}
        fresh, speaker.fresh = speaker.fresh, []
        for live, family in fresh:
            yield from self._advertise(live, family, list(speaker.tables[family]))
        for live in speaker.lives.values() if due else ():
            for family in live.channels:
                yield from self._advertise(live, family, [prefix for name, prefix in due if name == family])

    def _advertise(self, live: Live, family: str, prefixes: list[Prefix]) -> Iterator[Said]:
        channel, number = live.channels[family], live.peering.number
        if channel.settings.default_originate:
            prefixes = [*(prefix for prefix in prefixes if prefix.length), DEFAULTS[family]]
        for prefix in prefixes:
            adverts = self._said(live, family, channel, prefix)
            if channel.sent.get(prefix, ()) != adverts:
                channel.sent[prefix] = adverts
                yield number, family, prefix, adverts

    def _said(self, live: Live, family: str, channel: Channel, prefix: Prefix) -> tuple[Advert, ...]:
        if channel.settings.default_originate and not prefix.length:
            return self._default(live, family, channel)
        entry = self._speaker.tables[family].get(prefix)
        if entry is None or entry.choice.best is None:
            return ()
        if self._speaker.aggregators[family].suppresses(prefix, entry.paths):
            return ()
        if family in live.peering.addpath_tx:
            return self._several(live, family, prefix, entry)
        advert = self._outgoing.advert(live, family, prefix, entry.choice.best, self._voice(live, family))
        return () if advert is None else (advert,)

    def _voice(self, live: Live, family: str) -> Live:
        return voice(self._speaker.lives.values(), live, family, self._speaker.contrary)

    def _several(self, live: Live, family: str, prefix: Prefix, entry: Entry) -> tuple[Advert, ...]:
        """All paths (RFC 7911), or the best of each neighbouring AS; an id names the session that a path came by."""
        paths = self._speaker.valid(family, prefix, entry)
        if live.channels[family].settings.addpath_tx != "all":
            groups: dict[object, list[Path]] = defaultdict(list)
            for path in paths:
                groups[path.attributes.as_path[:1]].append(path)
            rules = self._speaker.rules(family)
            paths = [best for group in groups.values() if (best := decide(group, rules).best) is not None]
        adverts = []
        for path in paths:
            advert = self._outgoing.advert(live, family, prefix, path, self._voice(live, family))
            if advert is not None:
                adverts.append(advert._replace(path_id=_path_id(path)))
        return tuple(adverts)

    def _default(self, live: Live, family: str, channel: Channel) -> tuple[Advert, ...]:
        """`default-originate`; with a route-map as long as that accepts some route of the table."""
        attributes = interned(PathAttributes(origin=Origin.IGP))
        policy = channel.settings.default_originate_policy
        if policy is not None:
            chain = Chain((policy,), channel.exports.context)
            found = (
                chain.apply(prefix, entry.choice.best.attributes, entry.choice.best.next_hop)
                for prefix, entry in self._speaker.tables[family].items()
                if entry.choice.best is not None
            )
            if not any(each is not None for each in found):
                return ()
        return (self._outgoing.default(live, family, DEFAULTS[family], attributes),)


def _path_id(path: Path) -> int:
    """What tells a path from the others of its prefix: the session that it came by, and its id there; how an own one
    came to be."""
    if path.peering is None:
        return 1 + _OWN.index(path.origin)
    return (path.peering.number << 16) + path.path_id + 1
