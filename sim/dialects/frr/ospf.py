"""`router ospf` and `router ospf6`.

A cost that nobody says is the reference bandwidth, 100,000 Mbit/s by default, over the interface's: ospfd 8.4.4 gives a
veth (10,000 Mbit/s to the kernel) a cost of 10.
"""

from collections.abc import Callable

from sim.address import parse_address, parse_prefix
from sim.dialects.frr.bgp_origination import may_redistribute, redistribution
from sim.dialects.frr.drafts import Named, OspfDraft, Values
from sim.dialects.frr.grammar import Commands, Handler, Words
from sim.dialects.frr.reading import CONFIG, Reading, number, options

OSPF = Commands("router ospf", CONFIG)
OSPF6 = Commands("router ospf6", CONFIG)
_MOST = 4294967295


def area_number(text: str) -> int:
    """`0` or `0.0.0.0`; ValueError for anything else."""
    return int(text) if text.isdecimal() else parse_address(text).value


@CONFIG.on("router ospf", "router ospf *", "router ospf vrf *", "router ospf * vrf *")
def router_ospf(reading: Reading, words: Words, negated: bool) -> None:
    """`router ospf [INSTANCE] [vrf NAME]`."""
    _enter(reading, words, negated, 2)
    if len(words) > 2 and words[2] != "vrf" and words[2]:
        reading.note("an OSPF instance by number is not modelled apart from the first")


@CONFIG.on("router ospf6", "router ospf6 vrf *")
def router_ospf6(reading: Reading, words: Words, negated: bool) -> None:
    """`router ospf6 [vrf NAME]`."""
    _enter(reading, words, negated, 3)


def _enter(reading: Reading, words: Words, negated: bool, version: int) -> None:
    vrf = words[-1] if "vrf" in words else "default"
    if negated:
        reading.ospfs.pop((version, vrf), None)
        return
    reading.ospf = reading.ospfs.setdefault((version, vrf), OspfDraft(version, vrf, reading.place))
    reading.table = OSPF if version == 2 else OSPF6


def _on(*patterns: str) -> Callable[[Handler], Handler]:
    """Decorates a handler of both versions."""

    def register(handler: Handler) -> Handler:
        OSPF.on(*patterns)(handler)
        return OSPF6.on(*patterns)(handler)

    return register


def _keep(name: str, make: Callable[[Reading, Words], object]) -> Handler:
    def handler(reading: Reading, words: Words, negated: bool) -> None:
        reading.ospf.values.pop(name, None)
        if not negated:
            reading.ospf.values[name] = make(reading, words)

    return handler


def _last(low: int, high: int) -> Callable[[Reading, Words], object]:
    return lambda reading, words: number(reading, words[-1], low, high)


OSPF.add("ospf router-id *\nrouter-id *", _keep("router_id", lambda reading, words: parse_address(words[-1])))
OSPF6.add("ospf6 router-id *\nrouter-id *", _keep("router_id", lambda reading, words: parse_address(words[-1])))
_on("maximum-paths *")(_keep("maximum_paths", _last(1, 256)))
_on("auto-cost reference-bandwidth *")(_keep("reference_mbps", _last(1, 4294967)))
_on("distance *")(_keep("distance", _last(1, 255)))
OSPF.add("default-metric *", _keep("redistribute_metric", _last(0, 16777214)))
OSPF.add("compatible rfc1583\nospf rfc1583compatibility", _keep("rfc1583", lambda reading, words: True))
OSPF.add("max-metric router-lsa administrative", _keep("maximum_metric", lambda reading, words: True))


@OSPF.on("passive-interface default", "passive-interface *", "passive-interface * *")
def passive_interface(reading: Reading, words: Words, negated: bool) -> None:
    """`passive-interface IF|default`: the older form of `ip ospf passive`."""
    if words[1] == "default":
        reading.ospf.values["passive_default"] = not negated
    else:
        reading.ospf.interfaces.setdefault(words[1], {})["passive"] = not negated


OSPF6.on("passive-interface default", "passive-interface *")(passive_interface)


@OSPF.on("network * area *")
def network(reading: Reading, words: Words, negated: bool) -> None:
    """`network PREFIX area N`."""
    prefix, networks = parse_prefix(words[1]), reading.ospf.networks
    if negated:
        networks.pop(prefix, None)
        return
    if "/" not in words[1]:
        raise reading.refuse(f"{words[1]!r} is not a prefix with its length")
    if prefix in networks:
        raise reading.refuse(f"there is already a network statement for {prefix}")
    if any("area" in face.ospf for face in reading.interfaces.values() if (face.vrf or "default") == reading.ospf.vrf):
        raise reading.refuse("network statements and 'ip ospf area' can not be mixed; remove those of the interfaces")
    networks[prefix] = area_number(words[3])


@OSPF6.on("interface * area *")
def interface6(reading: Reading, words: Words, negated: bool) -> None:
    """`interface IF area N`: the older form of `ipv6 ospf6 area`."""
    values = reading.ospf.interfaces.setdefault(words[1], {})
    values.pop("area", None)
    if not negated:
        values["area"] = area_number(words[3])


def _area(reading: Reading, text: str) -> Values:
    return reading.ospf.areas.setdefault(area_number(text), {})


@_on("area * stub", "area * stub no-summary", "area * nssa ...")
def area_kind(reading: Reading, words: Words, negated: bool) -> None:
    """`area N stub|nssa [no-summary]`."""
    area = _area(reading, words[1])
    rest = words[3:]
    if negated:
        area.pop("no_summary" if "no-summary" in rest else "kind", None)
        return
    if area_number(words[1]) == 0:
        reading.note("the backbone can not be a stub or NSSA area: ospfd passes over the line")
        return
    area["kind"] = words[2]
    if "no-summary" in rest:
        area["no_summary"] = True
    if any(word not in ("no-summary", "translate-candidate") for word in rest):
        ospf_unmodelled(reading, words, negated)


@OSPF.on("area * default-cost *")
def default_cost(reading: Reading, words: Words, negated: bool) -> None:
    """`area N default-cost C`: of the default route that a stub area gets."""
    area = _area(reading, words[1])
    area.pop("default_cost", None)
    if not negated:
        if area.get("kind", "normal") == "normal":
            raise reading.refuse(f"area {words[1]} is neither stub nor NSSA, as default-cost wants it")
        area["default_cost"] = number(reading, words[3], 0, 16777215)


@_on("area * range * ...")
def area_range(reading: Reading, words: Words, negated: bool) -> None:
    """`area N range PREFIX [advertise|not-advertise] [cost C] [substitute PREFIX]`."""
    _area(reading, words[1])
    key = (area_number(words[1]), parse_prefix(words[3]))
    if negated:
        reading.ospf.ranges.pop(key, None)
        return
    found = options(reading, words[4:], {"advertise": 0, "not-advertise": 0, "cost": 1, "substitute": 1})
    instead = parse_prefix(found["substitute"][0]) if "substitute" in found else None
    cost = number(reading, found["cost"][0], 0, 16777215) if "cost" in found else None
    reading.ospf.ranges[key] = ("not-advertise" not in found, cost, instead)


@_on("area * filter-list prefix * in|out")
def filter_list(reading: Reading, words: Words, negated: bool) -> None:
    """`area N filter-list prefix NAME in|out`."""
    area, key = _area(reading, words[1]), f"filter_{words[5]}"
    area.pop(key, None)
    if not negated:
        area[key] = Named("prefix-list", words[4], reading.place)


@OSPF.on("area * virtual-link * ...")
def virtual_link(reading: Reading, words: Words, negated: bool) -> None:
    """`area N virtual-link ROUTER`."""
    area = _area(reading, words[1])
    far = parse_address(words[3])
    links = tuple(each for each in area.get("virtual_links", ()) if each != far)
    area["virtual_links"] = links if negated else (*links, far)


@_on("redistribute * ...")
def redistribute(reading: Reading, words: Words, negated: bool) -> None:
    """`redistribute SOURCE [N] [metric N] [metric-type 1|2] [route-map NAME]`."""
    source, rest = words[1], words[2:]
    if rest and rest[0].isdecimal():
        source, rest = f"{source}-{rest[0]}", rest[1:]
    may_redistribute(reading, words[1])
    if negated:
        reading.ospf.redistributions.pop(source, None)
        return
    reading.ospf.redistributions[source] = _external(reading, rest, {})


def _external(reading: Reading, rest: Words, more: dict[str, int]) -> Values:
    found = options(reading, rest, {"metric": 1, "metric-type": 1, "route-map": 1, "tag": 1, **more})
    values = redistribution(reading, found)
    if "metric-type" in found:
        values["metric_type"] = number(reading, found["metric-type"][0], 1, 2)
    if "tag" in found:
        values["tag"] = number(reading, found["tag"][0], 1, _MOST)
    if "always" in found:
        values["always"] = True
    return values


@_on("default-information originate ...")
def default_information(reading: Reading, words: Words, negated: bool) -> None:
    """`default-information originate [always] [metric N] [metric-type T] [route-map NAME]`."""
    reading.ospf.values.pop("default_information", None)
    if not negated:
        reading.ospf.values["default_information"] = _external(reading, words[2:], {"always": 0})


@OSPF.on("distance ospf ...")
def distances(reading: Reading, words: Words, negated: bool) -> None:
    """`distance ospf [intra-area N] [inter-area N] [external N]`."""
    _distances(reading, words[2:], negated)


@OSPF6.on("distance ospf6 ...")
def distances6(reading: Reading, words: Words, negated: bool) -> None:
    """`distance ospf6 ...`, alike."""
    _distances(reading, words[2:], negated)


_KINDS = ("intra-area", "inter-area", "external")


def _distances(reading: Reading, rest: Words, negated: bool) -> None:
    reading.ospf.values.pop("distances", None)
    if not negated:
        found = options(reading, rest, dict.fromkeys(_KINDS, 1))
        reading.ospf.values["distances"] = tuple(
            number(reading, found[kind][0], 1, 255) if kind in found else None for kind in _KINDS
        )


def ospf_unmodelled(reading: Reading, words: Words, negated: bool) -> None:
    """What changes OSPF's answers and the model does not know."""
    if not negated:
        reading.ospf.unmodelled.append(reading.note(f"{' '.join(words)!r} is not modelled"))


OSPF.add(
    """
    area * export-list|import-list *
    area * shortcut *
    area * authentication
    area * authentication message-digest
    distance * * ...
    distribute-list * out *
    max-metric router-lsa on-startup|on-shutdown *
    neighbor * ...
    ospf abr-type *
    segment-routing ...
    mpls-te ...
    fast-reroute ...
    pce ...
    summary-address * ...
    flood-reduction
    area * flood-reduction
    proactive-arp
    socket-per-interface
    ospf send-extra-data zebra
    """,
    ospf_unmodelled,
)
OSPF6.add(
    """
    area * export-list|import-list *
    summary-address * ...
    maximum-paths
    ospf6 send-extra-data zebra
    """,
    ospf_unmodelled,
)
