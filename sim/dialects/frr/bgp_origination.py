"""What a BGP family tells of its own: `network`, `redistribute`, `aggregate-address`."""

from sim.address import Prefix, parse_address, parse_prefix
from sim.dialects.frr.bgp import BGP
from sim.dialects.frr.bgp_family import MOST, family_name, on_family
from sim.dialects.frr.drafts import Named, Values
from sim.dialects.frr.grammar import Words
from sim.dialects.frr.reading import Reading, number, options
from sim.route import Origin


@on_family("network *", "network * ...")
def network(reading: Reading, words: Words, negated: bool) -> None:
    """`network PREFIX [route-map NAME] [backdoor] [label-index N]`, `network A mask M`."""
    text, rest = words[1], words[2:]
    if rest[:1] == ["mask"] and len(rest) > 1:
        text, rest = f"{text}/{rest[1]}", rest[2:]
    prefix = parse_prefix(text if "/" in text else _classful(text))
    _in_its_family(reading, prefix)
    networks = reading.bgp.family(family_name(reading)).networks
    if negated:
        networks.pop(prefix, None)
        return
    found = options(reading, rest, {"route-map": 1, "backdoor": 0, "label-index": 1, "rd": 1, "label": 1})
    values: Values = {"place": reading.place, "backdoor": "backdoor" in found}
    if "route-map" in found:
        values["policy"] = Named("route-map", found["route-map"][0], reading.place)
    networks[prefix] = values


def _in_its_family(reading: Reading, prefix: Prefix) -> None:
    """vtysh: an IPv4 prefix in IPv6's family is a line of `router bgp`, and that context then stays."""
    if prefix.version == 4 and family_name(reading) == "ipv6":
        reading.table = BGP
    elif prefix.version == 6 and family_name(reading) == "ipv4":
        raise reading.refuse(f"{prefix} is an IPv6 prefix; it belongs into address-family ipv6 unicast")


def _classful(text: str) -> str:
    """`network 10.0.0.0` without a mask: its class says the length (RFC 791)."""
    first = parse_address(text).value >> 24
    return f"{text}/{8 if first < 128 else 16 if first < 192 else 24}"


@on_family("redistribute * ...")
def redistribute(reading: Reading, words: Words, negated: bool) -> None:
    """`redistribute SOURCE [N] [metric N] [route-map NAME]`."""
    source, rest = words[1], words[2:]
    if rest and rest[0].isdecimal():
        source, rest = f"{source}-{rest[0]}", rest[1:]
    may_redistribute(reading, words[1])
    if words[1] in {"ipv4": ("bgp", "ospf6", "ripng"), "ipv6": ("bgp", "ospf", "rip")}[family_name(reading)]:
        raise reading.refuse(f"{words[1]!r} is nothing to redistribute into BGP's {family_name(reading)} family")
    sources = reading.bgp.family(family_name(reading)).redistributions
    if negated:
        sources.pop(source, None)
        return
    found = options(reading, rest, {"metric": 1, "route-map": 1})
    sources[source] = redistribution(reading, found)


_SOURCES = frozenset(
    {"babel", "bgp", "connected", "eigrp", "isis", "kernel", "local", "nhrp", "openfabric", "ospf", "ospf6", "rip"}
    | {"ripng", "sharp", "static", "table", "table-direct", "vnc"}
)


def may_redistribute(reading: Reading, source: str) -> None:
    """Refuses what is no protocol."""
    if source not in _SOURCES:
        raise reading.refuse(f"{source!r} is nothing to redistribute; known: {', '.join(sorted(_SOURCES))}")


def redistribution(reading: Reading, found: dict[str, Words]) -> Values:
    """The fields of a Redistribution that its options say."""
    values: Values = {"place": reading.place}
    if "metric" in found:
        values["metric"] = number(reading, found["metric"][0], 0, MOST)
    if "route-map" in found:
        values["policy"] = Named("route-map", found["route-map"][0], reading.place)
    return values


@on_family("aggregate-address * ...")
def aggregate_address(reading: Reading, words: Words, negated: bool) -> None:
    """`aggregate-address PREFIX` and its options."""
    text, rest = words[1], words[2:]
    if "/" not in text and rest:
        text, rest = f"{text}/{rest[0]}", rest[1:]
    prefix = parse_prefix(text)
    _in_its_family(reading, prefix)
    aggregates = reading.bgp.family(family_name(reading)).aggregates
    if negated:
        aggregates.pop(prefix, None)
        return
    found = options(reading, rest, _AGGREGATE)
    values: Values = {"place": reading.place}
    for word, name in (
        ("summary-only", "summary_only"),
        ("as-set", "as_set"),
        ("matching-MED-only", "matching_med_only"),
    ):
        values[name] = word in found
    for word, name in (("route-map", "policy"), ("suppress-map", "suppress")):
        if word in found:
            values[name] = Named("route-map", found[word][0], reading.place)
    if "origin" in found:
        values["origin"] = int(Origin[found["origin"][0].upper()])
    aggregates[prefix] = values


_AGGREGATE = {
    "summary-only": 0,
    "as-set": 0,
    "route-map": 1,
    "suppress-map": 1,
    "origin": 1,
    "matching-MED-only": 0,
}
