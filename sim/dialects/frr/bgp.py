"""`router bgp` and the lines directly under it; what an address family says is in bgp_family."""

from collections.abc import Callable

from sim.address import Address, parse_address, parse_prefix
from sim.dialects.frr.defaults import bgp_defaults
from sim.dialects.frr.drafts import BgpDraft
from sim.dialects.frr.grammar import Commands, Handler, Words
from sim.dialects.frr.reading import CONFIG, Reading, number

BGP = Commands("router bgp", CONFIG)
FAMILY = Commands("address-family", BGP, ["exit-address-family"])
ASN_MOST = 4294967295


def asn(reading: Reading, text: str) -> int:
    """`65000`, or asdot `1.10` (FRR 9 and later)."""
    high, dot, low = text.partition(".")
    if dot and high.isdecimal() and low.isdecimal() and int(high) < 65536 and int(low) < 65536:
        return int(high) << 16 | int(low)
    return number(reading, text, 1, ASN_MOST)


@CONFIG.on(
    "router bgp", "router bgp *", "router bgp * as-notation *", "router bgp * vrf * ...", "router bgp * view * ..."
)
def router_bgp(reading: Reading, words: Words, negated: bool) -> None:
    """`router bgp ASN [vrf NAME]`: an instance begins; without ASN, the one there is goes on."""
    vrf = words[4] if len(words) > 4 and words[3] in ("vrf", "view") else "default"
    if negated:
        reading.bgps.pop(vrf, None)
        return
    if len(words) > 3 and words[3] == "view":
        reading.note("a BGP view is not modelled")
    found = reading.bgps.get(vrf)
    if found is None:
        if len(words) < 3:
            raise reading.refuse("no BGP process is configured yet; an AS number is expected")
        found = reading.bgps[vrf] = BgpDraft(asn(reading, words[2]), vrf, reading.place)
        found.defaults = bgp_defaults(reading.profile, reading.version)
    elif len(words) > 2 and asn(reading, words[2]) != found.asn:
        raise reading.refuse(f"BGP is already running; AS is {found.asn}")
    reading.bgp, reading.table, reading.family = found, BGP, "ipv4"


@BGP.on("address-family *", "address-family * *")
def address_family(reading: Reading, words: Words, negated: bool) -> None:
    """`address-family ipv4|ipv6 [unicast]` is modelled; the others are told and passed over."""
    family, kind = words[1], words[2] if len(words) > 2 else "unicast"
    if family in ("ipv4", "ipv6") and kind == "unicast":
        reading.family, reading.table = family, FAMILY
    else:
        reading.bgp.unmodelled.append(reading.note(f"address family {family} {kind} is not modelled"))
        reading.table = OTHER_FAMILY


def instance_value(name: str, make: Callable[[Reading, Words], object]) -> Handler:
    """A handler that keeps a value under the name of BgpInstance's field."""

    def handler(reading: Reading, words: Words, negated: bool) -> None:
        if negated:
            reading.bgp.values.pop(name, None)
        else:
            reading.bgp.values[name] = make(reading, words)

    return handler


def _flag(name: str) -> Handler:
    """A handler of a line that is on, or off with `no`."""

    def handler(reading: Reading, words: Words, negated: bool) -> None:
        reading.bgp.values[name] = not negated

    return handler


_FLAGS = {
    "bgp ebgp-requires-policy": "ebgp_requires_policy",
    "bgp network import-check": "network_import_check",
    "bgp network import-check exact": "network_import_check",
    "bgp client-to-client reflection": "client_to_client",
    "bgp bestpath as-path multipath-relax": "multipath_relax",
    "bgp bestpath as-path multipath-relax as-set|no-as-set": "multipath_relax",
    "bgp bestpath compare-routerid": "compare_router_id",
    "bgp bestpath as-path ignore": "ignore_as_path",
    "bgp bestpath as-path confed": "compare_confed_path",
    "bgp always-compare-med": "always_compare_med",
    "bgp deterministic-med": "deterministic_med",
    "bgp fast-external-failover": "fast_external_failover",
    "bgp enforce-first-as": "enforce_first_as",
    "bgp default shutdown": "default_shutdown",
    "bgp shutdown": "shutdown",
    "bgp shutdown message ...": "shutdown",
}
for _pattern, _name in _FLAGS.items():
    BGP.add(_pattern, _flag(_name))


@BGP.on("bgp bestpath med missing-as-worst ...", "bgp bestpath med confed ...")
def bestpath_med(reading: Reading, words: Words, negated: bool) -> None:
    """`bgp bestpath med confed|missing-as-worst`, either or both."""
    for word, name in (("missing-as-worst", "missing_med_worst"), ("confed", "med_confed")):
        if word in words[3:]:
            reading.bgp.values[name] = not negated


def _router_id(reading: Reading, words: Words) -> Address:
    return parse_address(words[2])


def _cluster_id(reading: Reading, words: Words) -> int:
    return int(words[2]) if words[2].isdecimal() else parse_address(words[2]).value


BGP.add("bgp router-id *", instance_value("router_id", _router_id))
BGP.add("bgp cluster-id *", instance_value("cluster_id", _cluster_id))
BGP.add(
    "bgp default local-preference *",
    instance_value("default_local_pref", lambda reading, words: number(reading, words[3], 0, ASN_MOST)),
)


BGP.add("bgp confederation identifier *", instance_value("confederation", lambda reading, each: asn(reading, each[3])))


@BGP.on("bgp confederation peers ...")
def confederation_peers(reading: Reading, words: Words, negated: bool) -> None:
    """`bgp confederation peers ASN...`: they add up."""
    named = frozenset(asn(reading, word) for word in words[3:]) - {reading.bgp.asn}  # bgpd leaves its own out
    peers: frozenset[int] = reading.bgp.values.get("confederation_peers", frozenset())
    reading.bgp.values["confederation_peers"] = peers - named if negated else peers | named


@BGP.on("bgp default ipv4-unicast|ipv6-unicast")
def default_family(reading: Reading, words: Words, negated: bool) -> None:
    """Which families a neighbour made after this line has at once."""
    family = words[2].split("-")[0]
    if negated:
        reading.bgp.default_families.discard(family)
    else:
        reading.bgp.default_families.add(family)


@BGP.on("bgp listen range * peer-group *")
def listen_range(reading: Reading, words: Words, negated: bool) -> None:
    """`bgp listen range PREFIX peer-group GROUP`: whoever calls from there is a member."""
    prefix = parse_prefix(words[3])
    group = reading.bgp.peers.get(words[5])
    if negated:
        reading.bgp.ranges.pop(prefix, None)
    elif group is None or not group.is_group:
        raise reading.refuse(f"no peer-group {words[5]!r} yet; configure the peer-group first")
    elif any(prefix.holds(each) or each.holds(prefix) for each in reading.bgp.ranges if each != prefix):
        raise reading.refuse(f"listen range {prefix} overlaps with an existing one")
    else:
        reading.bgp.ranges[prefix] = (group, reading.place)


def _unmodelled(reading: Reading, words: Words, negated: bool) -> None:
    """What changes BGP's answers and the model does not know."""
    if not negated:
        reading.bgp.unmodelled.append(reading.note(f"{' '.join(words)!r} is not modelled"))


BGP.add(
    """
    bgp bestpath bandwidth ...
    bgp bestpath peer-type multipath-relax
    bgp bestpath aigp
    bgp max-med ...
    bgp reject-as-sets
    bgp suppress-fib-pending
    bgp route-map delay-timer *
    bgp disable-ebgp-connected-route-check
    bgp labeled-unicast ...
    bgp default l2vpn-evpn
    bgp default ipv4-flowspec|ipv6-flowspec
    bgp default ipv4-vpn|ipv6-vpn|ipv4-multicast|ipv6-multicast|ipv4-labeled-unicast|ipv6-labeled-unicast
    bgp lu-ipv4-explicit-null
    bgp lu-ipv6-explicit-null
    bgp graceful-shutdown
    bgp route-reflector allow-outbound-policy
    bgp retain route-target all
    rfp ...
    segment-routing srv6
    vnc ...
    vrf-policy *
    """,
    _unmodelled,
)


def _of_another_family(reading: Reading, words: Words, negated: bool) -> None:
    """A line of a family that is not modelled: told once, where the family begins."""
    reading.unknown += 1
    reading.names.mentioned.update(words)


class _AnyLine(Commands):
    """A family whose every line is taken, until one that `router bgp` or the top knows by its first word."""

    def find(self, words: Words) -> Handler | None:
        """What another family may say begins with other words than what stands around it, `neighbor` aside."""
        around = words[0] != "neighbor" and (BGP.find(words) is not None or CONFIG.find(words) is not None)
        return None if around and words[0] not in ("network", "redistribute", "maximum-paths") else _of_another_family


OTHER_FAMILY = _AnyLine("address-family", BGP, ["exit-address-family", "exit-vni"])
