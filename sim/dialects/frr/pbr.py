"""PBR maps -> policy rules and the tables that they lead to, as pbrd 8.4.4 installs them.

Seen there: the rule of `seq N` has priority 299 + N, one for each interface with `pbr-policy`; each nexthop-group and
each `set nexthop` gets a table of its own, counted from 10000 in the order of their lines; its default route has
protocol pbr and metric 20. Ports are matched by nothing: zebra 8.4 leaves them out of the rule that the kernel gets.
"""

from sim.address import Prefix, parse_address, parse_prefix
from sim.device.static import Rule, StaticRoute
from sim.dialects.frr.drafts import Hop, PbrEntry, Target
from sim.dialects.frr.grammar import Commands, Words
from sim.dialects.frr.interfaces import INTERFACE
from sim.dialects.frr.reading import CONFIG, Reading, noted, number

FIRST_PRIORITY = 299
KERNEL_METRIC = 20
PBR_MAP = Commands("pbr-map", CONFIG)
GROUP = Commands("nexthop-group", CONFIG)
_PROTOCOLS = {"tcp", "udp"}


@CONFIG.on("nexthop-group *")
def nexthop_group(reading: Reading, words: Words, negated: bool) -> None:
    """`nexthop-group NAME`: its hops follow."""
    pbr = reading.pbr
    if negated:
        pbr.groups.pop(words[1], None)
        return
    if words[1] not in pbr.groups:
        pbr.groups[words[1]] = Target(table=pbr.table())
    pbr.group, reading.table = pbr.groups[words[1]], GROUP


@GROUP.on("nexthop * ...")
def group_hop(reading: Reading, words: Words, negated: bool) -> None:
    """`nexthop A|IF [IF] [nexthop-vrf NAME]`."""
    hop = _hop(words[1:])
    if negated:
        reading.pbr.group.hops = [each for each in reading.pbr.group.hops if each != hop]
    else:
        reading.pbr.group.hops.append(hop)


def _hop(words: Words) -> Hop:
    vrf = None
    if words[-2:-1] == ["nexthop-vrf"]:
        words, vrf = words[:-2], words[-1]
    try:
        return Hop(parse_address(words[0]), words[1] if len(words) > 1 else None, vrf)
    except ValueError:
        return Hop(None, words[0], vrf)


@CONFIG.on("pbr-map * seq *")
def pbr_map(reading: Reading, words: Words, negated: bool) -> None:
    """`pbr-map NAME seq N`: an entry begins."""
    sequence = number(reading, words[3], 1, 700)
    entries = reading.pbr.maps.setdefault(words[1], {})
    if negated:
        entries.pop(sequence, None)
        return
    reading.pbr.entry = entries.setdefault(sequence, PbrEntry(reading.place))
    reading.table = PBR_MAP


@CONFIG.on("pbr-map *")
def whole_map(reading: Reading, words: Words, negated: bool) -> None:
    """`no pbr-map NAME`."""
    if not negated:
        raise reading.refuse(f"'pbr-map {words[1]}' lacks seq and its number")
    reading.pbr.maps.pop(words[1], None)


@PBR_MAP.on("match src-ip *", "match dst-ip *", "match mark *", "match ip-protocol *", "match ip-protocol")
def match(reading: Reading, words: Words, negated: bool) -> None:
    """A condition that the kernel's rule has."""
    matches = reading.pbr.entry.matches
    matches.pop(words[1], None)
    if negated:
        return
    if words[1] in ("src-ip", "dst-ip"):
        matches[words[1]] = parse_prefix(words[2])
    elif words[1] == "mark":
        matches["mark"] = number(reading, words[2], 1, 4294967295)
    elif len(words) > 2:
        if words[2] not in _PROTOCOLS:
            raise reading.refuse(f"{words[2]!r} is not a protocol that pbr-map matches; known: tcp, udp")
        matches["protocol"] = words[2]


@PBR_MAP.on("set nexthop * ...")
def set_nexthop(reading: Reading, words: Words, negated: bool) -> None:
    """`set nexthop A|IF [IF] [nexthop-vrf NAME]`."""
    entry = reading.pbr.entry
    entry.target = None if negated else Target([_hop(words[2:])], reading.pbr.table())


@PBR_MAP.on("set nexthop-group *")
def set_group(reading: Reading, words: Words, negated: bool) -> None:
    """`set nexthop-group NAME`."""
    reading.pbr.entry.target = None if negated else words[2]


@PBR_MAP.on("set vrf *")
def set_vrf(reading: Reading, words: Words, negated: bool) -> None:
    """`set vrf NAME|unchanged`: that VRF's table."""
    reading.pbr.entry.vrf = None if negated else words[2]


PBR_MAP.add(
    """
    match dscp *
    match ecn *
    match src-port *
    match dst-port *
    match pcp *
    match vlan *
    set pcp *
    set queue-id *
    set vlan *
    set src-ip *
    set dst-ip *
    set src-port *
    set dst-port *
    set dscp *
    set ecn *
    strip vlan
    """,
    noted,
)
CONFIG.add("pbr table range * *\npbr nexthop-resolve", noted)


@INTERFACE.on("pbr-policy *")
def pbr_policy(reading: Reading, words: Words, negated: bool) -> None:
    """`pbr-policy MAP`: packets that come in here are asked."""
    reading.interface.pbr = None if negated else words[1]


def rules_and_routes(reading: Reading) -> tuple[list[Rule], list[StaticRoute]]:
    """The rules of every interface's map, and the routes of the tables that these name."""
    rules: list[Rule] = []
    routes: list[StaticRoute] = []
    for interface in reading.interfaces.values():
        for sequence, entry in sorted(reading.pbr.maps.get(interface.pbr or "", {}).items()):
            if (found := _rule(reading, interface.name, sequence, entry)) is not None:
                rules.append(found)
    for target in _targets(reading):
        routes += [_route(target, hop) for hop in target.hops]
    return rules, routes


def _targets(reading: Reading) -> list[Target]:
    own = [entry.target for entries in reading.pbr.maps.values() for entry in entries.values()]
    return [*reading.pbr.groups.values(), *(target for target in own if isinstance(target, Target))]


def _rule(reading: Reading, interface: str, sequence: int, entry: PbrEntry) -> Rule | None:
    target = entry.target
    found = reading.pbr.groups.get(target) if isinstance(target, str) else target
    if found is None and entry.vrf in (None, "unchanged"):
        return None
    source: Prefix | None = entry.matches.get("src-ip")
    destination: Prefix | None = entry.matches.get("dst-ip")
    mark = entry.matches.get("mark")
    version = next((prefix.version for prefix in (source, destination) if prefix), 4)
    return Rule(
        FIRST_PRIORITY + sequence,
        source,
        destination,
        interface,
        mark=(mark, 0xFFFFFFFF) if mark is not None else None,
        protocol=entry.matches.get("protocol"),
        action=str(found.table) if found else str(entry.vrf),
        version=version,
        place=entry.place,
    )


def _route(target: Target, hop: Hop) -> StaticRoute:
    version = hop.via.version if hop.via else 4
    return StaticRoute(
        Prefix(0, 0, version),
        hop.via,
        hop.interface,
        next_hop_vrf=hop.vrf,
        table=str(target.table),
        protocol="pbr",
        metric=KERNEL_METRIC,
    )
