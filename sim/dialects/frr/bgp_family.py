"""What an address family says, inside `address-family` or (IPv4 unicast) directly under `router bgp`."""

from collections.abc import Callable

from sim.dialects.frr.bgp import BGP, FAMILY
from sim.dialects.frr.bgp_neighbour import is_internal, peer
from sim.dialects.frr.drafts import Named, Values
from sim.dialects.frr.grammar import Handler, Words
from sim.dialects.frr.reading import Reading, number

MOST = 4294967295
ALL_COMMUNITIES = frozenset({"standard", "extended", "large"})


def on_family(*patterns: str) -> Callable[[Handler], Handler]:
    """Decorates a handler of both contexts: bgpd takes IPv4 unicast's lines under `router bgp` too."""

    def register(handler: Handler) -> Handler:
        BGP.on(*patterns)(handler)
        return FAMILY.on(*patterns)(handler)

    return register


def family_name(reading: Reading) -> str:
    """The family that a line is about."""
    return reading.family if reading.table is FAMILY else "ipv4"


def values_of(reading: Reading, word: str) -> Values:
    """What a neighbour says in this family."""
    return peer(reading, word).families.setdefault(family_name(reading), {})


@on_family("neighbor * activate")
def activate(reading: Reading, words: Words, negated: bool) -> None:
    """`neighbor X activate`: of a group, its members too."""
    found, family = peer(reading, words[1]), family_name(reading)
    for each in (found, *found.members):
        (each.active.discard if negated else each.active.add)(family)


@on_family("neighbor * prefix-list * in|out", "neighbor * filter-list * in|out", "neighbor * distribute-list * in|out")
def list_filter(reading: Reading, words: Words, negated: bool) -> None:
    """`neighbor X prefix-list|filter-list|distribute-list NAME in|out`."""
    _filter(reading, words, negated)


@on_family("neighbor * route-map * in|out")
def route_map_filter(reading: Reading, words: Words, negated: bool) -> None:
    """`neighbor X route-map NAME in|out`."""
    _filter(reading, words, negated)


def _filter(reading: Reading, words: Words, negated: bool) -> None:
    values = values_of(reading, words[1])
    key = f"{words[2]} {words[4]}"
    other = {"prefix-list": "distribute-list", "distribute-list": "prefix-list"}.get(words[2])
    if negated:
        values.pop(key, None)
    elif other and f"{other} {words[4]}" in values:
        raise reading.refuse("a prefix-list and a distribute-list can not co-exist on a neighbor, in one direction")
    else:
        values[key] = Named(words[2], words[3], reading.place)


def _value(name: str, make: Callable[[Reading, Words], object]) -> Handler:
    def handler(reading: Reading, words: Words, negated: bool) -> None:
        values = values_of(reading, words[1])
        if negated:
            values.pop(name, None)
        else:
            values[name] = make(reading, words)

    return handler


def _true(reading: Reading, words: Words) -> object:
    return True


def _internal_only(reading: Reading, words: Words) -> object:
    if is_internal(reading, peer(reading, words[1])) is False:
        raise reading.refuse(f"{words[1]!r} is not an internal neighbor, as {words[2]} wants it")
    return True


def external_only(reading: Reading, words: Words) -> object:
    """True; refused for an iBGP neighbour."""
    if is_internal(reading, peer(reading, words[1])):
        raise reading.refuse(f"{words[2]} can not be configured for an iBGP neighbor")
    return True


on_family("neighbor * route-reflector-client")(_value("reflector_client", _internal_only))
on_family("neighbor * as-override")(_value("as_override", external_only))
_FLAGS = {
    "neighbor * soft-reconfiguration inbound": "soft_reconfiguration",
}
for _pattern, _name in _FLAGS.items():
    on_family(_pattern)(_value(_name, _true))


@on_family("neighbor * next-hop-self", "neighbor * next-hop-self force|all")
def next_hop_self(reading: Reading, words: Words, negated: bool) -> None:
    """`neighbor X next-hop-self`, and `force` beside it: two settings to bgpd."""
    values = values_of(reading, words[1])
    name = "next_hop_self_force" if len(words) > 3 else "next_hop_self"
    values.pop(name, None)
    if not negated:
        values[name] = True


@on_family("neighbor * allowas-in", "neighbor * allowas-in *")
def allowas_in(reading: Reading, words: Words, negated: bool) -> None:
    """`neighbor X allowas-in [N|origin]`: 3 times where no number stands."""
    values = values_of(reading, words[1])
    values.pop("allowas_in", None)
    values.pop("allowas_in_origin", None)
    if negated:
        return
    if words[3:] == ["origin"]:
        values["allowas_in_origin"] = True
    else:
        values["allowas_in"] = number(reading, words[3], 1, 10) if len(words) > 3 else 3


@on_family("neighbor * remove-private-AS ...")
def remove_private_as(reading: Reading, words: Words, negated: bool) -> None:
    """`neighbor X remove-private-AS [all] [replace-AS]`."""
    values = values_of(reading, words[1])
    values.pop("remove_private_as", None)
    rest = [word.lower() for word in words[3:]]
    if rest not in ([], ["all"], ["replace-as"], ["all", "replace-as"]):
        raise reading.refuse(f"{' '.join(words[3:])!r} is not expected after remove-private-AS: [all] [replace-AS] is")
    if not negated and external_only(reading, words):
        values["remove_private_as"] = " ".join(rest)


@on_family("neighbor * default-originate", "neighbor * default-originate route-map *")
def default_originate(reading: Reading, words: Words, negated: bool) -> None:
    """`neighbor X default-originate [route-map NAME]`."""
    values = values_of(reading, words[1])
    values.pop("default_originate_policy", None)
    values["default_originate"] = not negated
    if len(words) > 4 and not negated:
        values["default_originate_policy"] = Named("route-map", words[4], reading.place)


_SENT = {
    "": frozenset({"standard"}),
    "standard": frozenset({"standard"}),
    "extended": frozenset({"extended"}),
    "large": frozenset({"large"}),
    "both": frozenset({"standard", "extended"}),
    "all": ALL_COMMUNITIES,
}


@on_family("neighbor * send-community", "neighbor * send-community standard|extended|large|both|all")
def send_community(reading: Reading, words: Words, negated: bool) -> None:
    """bgpd sends all kinds unless told not to: `no neighbor X send-community [KIND]` takes kinds away."""
    found = peer(reading, words[1])
    values = found.families.setdefault(family_name(reading), {})
    inherited = found.group.families.get(family_name(reading), {}) if found.group else {}
    sent: frozenset[str] = ALL_COMMUNITIES
    for known in (inherited, values):
        sent = known.get("send_communities", sent)
    kinds = _SENT[words[3] if len(words) > 3 else ""]
    values["send_communities"] = sent - kinds if negated else sent | kinds


@on_family("neighbor * maximum-prefix * ...")
def maximum_prefix(reading: Reading, words: Words, negated: bool) -> None:
    """`neighbor X maximum-prefix N [...]`; with warning-only it stops nothing."""
    values = values_of(reading, words[1])
    values.pop("maximum_prefix", None)
    if not negated and "warning-only" not in words:
        values["maximum_prefix"] = number(reading, words[3], 1, MOST)


@on_family("neighbor * attribute-unchanged ...")
def attribute_unchanged(reading: Reading, words: Words, negated: bool) -> None:
    """`neighbor X attribute-unchanged [as-path] [next-hop] [med]`: all three where none is named."""
    values = values_of(reading, words[1])
    named = frozenset(words[3:]) or frozenset({"as-path", "next-hop", "med"})
    unchanged: frozenset[str] = values.get("attribute_unchanged", frozenset())
    values["attribute_unchanged"] = unchanged - named if negated else unchanged | named


on_family("neighbor * weight *")(_value("weight", lambda reading, words: number(reading, words[3], 0, 65535)))
_TOLD = {"addpath-tx-all-paths": "all", "addpath-tx-bestpath-per-AS": "bestpath-per-AS"}


@on_family("neighbor * addpath-tx-all-paths", "neighbor * addpath-tx-bestpath-per-AS")
def addpath(reading: Reading, words: Words, negated: bool) -> None:
    """`neighbor X addpath-tx-...`: the later of the two counts."""
    values, kind = values_of(reading, words[1]), _TOLD[words[2]]
    if not negated:
        values["addpath_tx"] = kind
    elif values.get("addpath_tx") == kind:
        del values["addpath_tx"]


on_family("neighbor * disable-addpath-rx")(_value("addpath_rx", lambda reading, words: False))


def _neighbour_unmodelled(reading: Reading, words: Words, negated: bool) -> None:
    """What changes a neighbour's routes and the model does not know."""
    if not negated:
        values = values_of(reading, words[1])
        values["unmodelled"] = (*values.get("unmodelled", ()), reading.note(f"{' '.join(words)!r} is not modelled"))


for _pattern in (
    "neighbor * route-server-client",
    "neighbor * unsuppress-map *",
    "neighbor * advertise-map * ...",
    "neighbor * capability orf prefix-list *",
    "neighbor * maximum-prefix-out *",
    "neighbor * soo *",
    "neighbor * accept-own",
    "neighbor * dampening ...",
    "neighbor * addpath-tx-best-selected *",
    "neighbor * addpath-rx-paths-limit *",
    "neighbor * send-community extended rpki",
    "neighbor * nexthop-local unchanged",
):
    on_family(_pattern)(_neighbour_unmodelled)


@on_family("maximum-paths *")
def maximum_paths(reading: Reading, words: Words, negated: bool) -> None:
    """`maximum-paths N`: next hops of routes from other ASes."""
    _maximum(reading, "maximum_paths", words[1], negated)


@on_family("maximum-paths ibgp *", "maximum-paths ibgp * equal-cluster-length")
def maximum_paths_ibgp(reading: Reading, words: Words, negated: bool) -> None:
    """`maximum-paths ibgp N [equal-cluster-length]`."""
    _maximum(reading, "maximum_paths_ibgp", words[2], negated)


def _maximum(reading: Reading, name: str, text: str, negated: bool) -> None:
    values = reading.bgp.family(family_name(reading)).values
    if negated:
        values.pop(name, None)
    else:
        values[name] = min(number(reading, text, 1, 256), reading.multipath)


@on_family("distance bgp * * *")
def distance(reading: Reading, words: Words, negated: bool) -> None:
    """`distance bgp EXTERNAL INTERNAL LOCAL`."""
    values = reading.bgp.family(family_name(reading)).values
    values.pop("distance", None)
    if not negated:
        values["distance"] = tuple(number(reading, word, 1, 255) for word in words[2:5])


@on_family("table-map *")
def table_map(reading: Reading, words: Words, negated: bool) -> None:
    """`table-map NAME`: what zebra gets to see."""
    values = reading.bgp.family(family_name(reading)).values
    values.pop("table_policy", None)
    if not negated:
        values["table_policy"] = Named("route-map", words[1], reading.place)


@FAMILY.on("import vrf *")
def import_vrf(reading: Reading, words: Words, negated: bool) -> None:
    """`import vrf NAME`: that VRF's routes come in here."""
    found = reading.bgp.family(reading.family).imports_vrfs
    if words[2] == reading.bgp.vrf:
        reading.note(f"a VRF can not import itself: bgpd passes over {' '.join(words)!r}")
    elif negated and words[2] in found:
        found.remove(words[2])
    elif not negated and words[2] not in found:
        found.append(words[2])


@FAMILY.on("import vrf route-map *")
def import_vrf_policy(reading: Reading, words: Words, negated: bool) -> None:
    """`import vrf route-map NAME`: all that comes in passes it."""
    values = reading.bgp.family(reading.family).values
    values.pop("import_vrf_policy", None)
    if not negated:
        values["import_vrf_policy"] = Named("route-map", words[3], reading.place)


def _unmodelled(reading: Reading, words: Words, negated: bool) -> None:
    if not negated:
        reading.bgp.unmodelled.append(reading.note(f"{' '.join(words)!r} is not modelled"))


for _pattern in (
    "distance * * ...",
    "bgp dampening ...",
    "import vpn",
    "export vpn",
    "rd vpn export *",
    "rt vpn import|export|both ...",
    "label vpn export *",
    "nexthop vpn export",
    "nexthop vpn export *",
    "route-target vpn import|export|both ...",
    "rt|rt6|route-target|route-target6 redirect import ...",
    "route-map vpn import|export *",
    "sid vpn export *",
    "route-target import|export|both ...",
    "bgp nexthop prefer-global",
    "redistribute vpn|vnc ...",
    "bgp advertisement-delay *",
):
    on_family(_pattern)(_unmodelled)
