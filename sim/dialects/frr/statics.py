"""`ip route` and `ipv6 route`, at the top and inside `vrf NAME`."""

from sim.address import Address, Prefix, parse_address, parse_prefix
from sim.dataclasses import replace
from sim.device.static import StaticRoute
from sim.dialects.frr.grammar import Commands, Words
from sim.dialects.frr.reading import CONFIG, Reading, noted, number, options, silent
from sim.snapshot import RouteType

VRF = Commands("vrf", CONFIG, ["exit-vrf"])
_NOWHERE = {
    "Null0": RouteType.BLACKHOLE,
    "null0": RouteType.BLACKHOLE,
    "blackhole": RouteType.BLACKHOLE,
    "reject": RouteType.UNREACHABLE,
}
_OPTIONS = {"tag": 1, "vrf": 1, "nexthop-vrf": 1, "table": 1, "label": 1, "color": 1, "onlink": 0, "segments": 1}
_UNKNOWN = ("label", "color", "segments")


@CONFIG.on("vrf *")
def vrf(reading: Reading, words: Words, negated: bool) -> None:
    """`vrf NAME`: its statics follow."""
    if not negated:
        reading.vrf, reading.table = words[1], VRF


@CONFIG.on("ip route ...", "ipv6 route ...")
def at_the_top(reading: Reading, words: Words, negated: bool) -> None:
    """A static route of the default VRF, or of the one it names."""
    _static(reading, words, negated, "default")


@VRF.on("ip route ...", "ipv6 route ...")
def in_a_vrf(reading: Reading, words: Words, negated: bool) -> None:
    """A static route of the stanza's VRF."""
    _static(reading, words, negated, reading.vrf)


def _static(reading: Reading, words: Words, negated: bool, vrf: str) -> None:
    route = _route(reading, words, vrf)
    key = (route.vrf, route.table, route.prefix, route.source, route.via, route.interface, route.type)
    if negated:
        reading.statics.pop(key, None)
        return
    dark = route.type is not RouteType.UNICAST
    if any(
        _path(each) == _path(route) and (each.type is not RouteType.UNICAST) != dark
        for each in reading.statics.values()
    ):
        raise reading.refuse(
            f"{route.prefix} cannot have blackhole and other next hops at one distance (staticd 8.4.4)"
        )
    reading.statics[key] = route
    reading.static_tags[_path(route)] = route.tag


def _path(route: StaticRoute) -> tuple[object, ...]:
    """What staticd keeps as one path: its next hops share a tag, the last that was said (FRR 8.4.4)."""
    return route.vrf, route.table, route.prefix, route.distance


def static_routes(reading: Reading) -> tuple[StaticRoute, ...]:
    """Every static route that was read."""
    tags = reading.static_tags
    return tuple(
        route if route.tag == (tag := tags[_path(route)]) else replace(route, tag=tag)
        for route in reading.statics.values()
    )


def _route(reading: Reading, words: Words, vrf: str) -> StaticRoute:
    """`ip route PREFIX [from SOURCE] WHERE-TO [DISTANCE] [keywords]`."""
    prefix, at = _prefix(reading, words)
    route = StaticRoute(prefix, vrf=vrf, place=reading.place)
    if at + 1 < len(words) and words[at] == "from":
        reading.note("a source-specific route ('from') is not modelled")
        at += 2
    if at >= len(words):
        raise reading.refuse(
            f"{' '.join(words)!r} says no next hop: an address, an interface, Null0, blackhole or reject"
        )
    route, at = _where_to(reading, route, words, at)
    rest = words[at:]
    distance = next((word for at, word in enumerate(rest) if _is_distance(rest, at)), None)
    if distance is not None:
        rest.remove(distance)
        route = replace(route, distance=number(reading, distance, 1, 255))
    return _with_options(reading, route, rest) if rest else route


def _is_distance(rest: Words, at: int) -> bool:
    """Whether a number stands alone, rather than after a keyword that takes it."""
    return rest[at].isdecimal() and (at == 0 or _OPTIONS.get(rest[at - 1], 0) == 0)


def _prefix(reading: Reading, words: Words) -> tuple[Prefix, int]:
    """`A.B.C.D/M`, `A.B.C.D MASK`, `X:X::X:X/M`; and where the line goes on."""
    if len(words) < 3:
        raise reading.refuse(f"{' '.join(words)!r} lacks a prefix and a next hop")
    text, at = words[2], 3
    if "/" not in text and words[0] == "ip" and len(words) > 3:
        text, at = f"{text}/{words[3]}", 4
    prefix = parse_prefix(text)
    if "/" not in text or prefix.version != (6 if words[0] == "ipv6" else 4):
        raise reading.refuse(f"{text!r} is not a prefix, as {words[0]} route wants it")
    return prefix, at


def _where_to(reading: Reading, route: StaticRoute, words: Words, at: int) -> tuple[StaticRoute, int]:
    word = words[at]
    if word in _NOWHERE:
        return replace(route, type=_NOWHERE[word]), at + 1
    via = _address(word, route.prefix.version)
    if via is None:
        return replace(route, interface=word), at + 1
    route = replace(route, via=via)
    following = words[at + 1] if at + 1 < len(words) else "onlink"
    if following in _OPTIONS or (following.isdecimal() and 0 < int(following) < 256):
        return route, at + 1
    return replace(route, interface=following), at + 2


def _address(word: str, version: int) -> Address | None:
    """The next hop, or None where the word is an interface's name."""
    try:
        found = parse_address(word)
    except ValueError:
        return None
    return found if found.version == version else None


def _with_options(reading: Reading, route: StaticRoute, words: Words) -> StaticRoute:
    found = options(reading, words, _OPTIONS)
    for each in _UNKNOWN:
        if each in found:
            reading.note(f"{each!r} of a static route is not modelled")
    return replace(
        route,
        tag=number(reading, found["tag"][0], 1, 4294967295) if "tag" in found else 0,
        vrf=found["vrf"][0] if "vrf" in found else route.vrf,
        next_hop_vrf=found["nexthop-vrf"][0] if "nexthop-vrf" in found else None,
        table=found["table"][0] if "table" in found else "main",
        onlink="onlink" in found,
    )


VRF.add("vni * ...\nnetns *", noted)
VRF.add("ip|ipv6 nht|router-id|protocol|pim|igmp|mld|msdp|ssmpingd|table ...\nrouter-id *", silent)
