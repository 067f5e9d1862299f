"""`ip route`: what a command adds to or takes from the routes that scripts give the kernel."""

from collections.abc import Callable

from sim.address import Address, Prefix
from sim.dataclasses import dataclass, field, replace
from sim.device import Device
from sim.device.static import StaticRoute
from sim.iproute.words import NotModelled, Words, abbreviated, prefix_of, table_name
from sim.snapshot import RouteType

_TYPES = ("unicast", "blackhole", "unreachable", "prohibit")
_STRANGE_TYPES = ("local", "broadcast", "anycast", "multicast", "throw", "nat")
_IPV6_METRIC = 1024
_SILENT = frozenset({
    "mtu", "advmss", "rtt", "rttvar", "reordering", "window", "cwnd", "initcwnd", "initrwnd", "ssthresh", "realms",
    "features", "quickack", "congctl", "hoplimit", "rto_min", "pref", "scope", "expires", "fastopen_no_cookie",
})  # fmt: skip
"""Attributes with a value that choose no way."""


@dataclass(slots=True)
class _Asked:
    """A route as a command says it."""

    prefix: Prefix
    type: RouteType = RouteType.UNICAST
    metric: int | None = None
    table: str = "main"
    vrf: str = "default"
    protocol: str = "boot"
    source: Address | None = None
    hops: list[StaticRoute] = field(default_factory=list)


def route(device: Device, words: Words, version: int | None) -> Device:
    """The device after an `ip route` command."""
    verb = abbreviated(words.next(), "add", "append", "change", "chg", "delete", "del", "replace", "prepend", "show")
    if verb in ("show", "get", "list", "ls"):
        return device
    if verb not in ("add", "append", "change", "chg", "delete", "del", "replace", "prepend"):
        raise NotModelled
    asked = _read(words, version)
    if verb in ("del", "delete"):
        return _without(device, asked)
    if verb in ("replace", "change", "chg"):
        same = _same(asked)
        device = replace(device, statics=tuple(each for each in device.statics if not same(each)))
    return replace(device, statics=(*device.statics, *asked.hops))


def _read(words: Words, version: int | None) -> _Asked:
    kind = words.next() if words.peek() in _TYPES else "unicast"
    if words.peek() in _STRANGE_TYPES:
        raise NotModelled
    words.take("to")
    word = words.next()
    version = version or (6 if ":" in word or words.name_ipv6() else 4)
    words_of_prefix = Words([word], words.place)
    asked = _Asked(words_of_prefix.read(lambda text: prefix_of(text, version or 4)), RouteType(kind))
    hop = _hop(words, asked)
    asked.hops = asked.hops or [hop]
    metric = asked.metric or (_IPV6_METRIC if asked.prefix.version == 6 else 0)
    asked.hops = [
        replace(
            each,
            type=asked.type,
            metric=metric,
            table=asked.table,
            vrf=asked.vrf,
            protocol=asked.protocol,
            source=asked.source,
            place=words.place,
        )
        for each in asked.hops
    ]
    return asked


def _hop(words: Words, asked: _Asked) -> StaticRoute:
    """What follows the prefix: the route's attributes, and its only next hop, or several."""
    hop = StaticRoute(asked.prefix, distance=0)
    while words:
        if words.take("nexthop"):
            asked.hops.append(_member(words, asked.prefix))
        elif words.take("metric", "priority", "preference"):
            asked.metric = words.number()
        elif words.take("table"):
            asked.table = table_name(words.next())
        elif words.take("vrf"):
            asked.vrf = words.next()
        elif words.take("proto", "protocol"):
            asked.protocol = words.next()
        elif words.take("src"):
            asked.source = words.address()
        elif (more := _attribute(words, hop)) is not None:
            hop = more
        elif words.take(*_SILENT):
            words.take("lock")
            words.next()
        elif words.peek() in ("tos", "dsfield", "nhid", "encap", "as", "ttl-propagate"):
            raise NotModelled
        elif words.take("to"):
            continue
        else:
            raise words.wrong(f"{words.peek()!r} is not known there")
    return hop


def _attribute(words: Words, hop: StaticRoute) -> StaticRoute | None:
    """A word that belongs to one next hop; None for another."""
    if words.take("via"):
        return replace(hop, via=words.address())
    if words.take("dev", "oif"):
        return replace(hop, interface=words.next())
    if words.take("onlink"):
        return replace(hop, onlink=True)
    return None


def _member(words: Words, prefix: Prefix) -> StaticRoute:
    hop = StaticRoute(prefix, distance=0)
    while words and words.peek() != "nexthop":
        if words.take("weight"):
            hop = replace(hop, weight=words.number())
        elif (more := _attribute(words, hop)) is not None:
            hop = more
        else:
            break
    return hop


def _same(asked: _Asked) -> Callable[[StaticRoute], bool]:
    """Whether the kernel takes a route for the one asked for: by prefix, table and metric."""
    metric = asked.hops[0].metric

    def same(each: StaticRoute) -> bool:
        return (each.prefix, each.table, each.vrf, each.metric) == (asked.prefix, asked.table, asked.vrf, metric)

    return same


def _without(device: Device, asked: _Asked) -> Device:
    """The device without the first route that fits what is said; NotModelled where nobody gave it."""

    def fits(each: StaticRoute) -> bool:
        said = asked.hops[0]
        return (
            (each.prefix, each.table) == (asked.prefix, asked.table)
            and said.via in (None, each.via)
            and said.interface in (None, each.interface)
            and asked.metric in (None, each.metric)
            and each.protocol != "static"
        )

    found = next((each for each in device.statics if fits(each)), None)
    if found is None:
        raise NotModelled
    kept = tuple(each for each in device.statics if each.metric != found.metric or not fits(each))
    return replace(device, statics=kept)
