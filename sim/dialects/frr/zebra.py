"""What is said to zebra itself: router id, next-hop tracking, and the route-maps between RIB and kernel."""

from sim.address import Address, parse_address
from sim.device.zebra import ZebraConfig
from sim.dialects.frr.drafts import Named, ZebraDraft
from sim.dialects.frr.grammar import Words
from sim.dialects.frr.names import Names
from sim.dialects.frr.reading import CONFIG, Reading
from sim.dialects.frr.route_map_policy import policy, sources
from sim.policies.frr_prefixes import Always

_VERSIONS = {"ip": 4, "ipv6": 6}


@CONFIG.on("ip|ipv6 nht resolve-via-default")
def resolve_via_default(reading: Reading, words: Words, negated: bool) -> None:
    """`ip nht resolve-via-default`: a next hop may resolve over the default route."""
    known = reading.zebra.resolve_via_default
    (known.discard if negated else known.add)(_VERSIONS[words[0]])


@CONFIG.on("ip router-id *", "router-id *", "ip router-id * vrf *", "router-id * vrf *")
def router_id(reading: Reading, words: Words, negated: bool) -> None:
    """`ip router-id A`, for daemons that are not told another."""
    if "vrf" in words:
        if not negated:
            reading.note(f"{' '.join(words)!r} is not modelled")
    else:
        reading.zebra.router_id = None if negated else parse_address(words[words.index("router-id") + 1])


@CONFIG.on("ip|ipv6 forwarding")
def forwarding(reading: Reading, words: Words, negated: bool) -> None:
    """`ip forwarding`, `no ipv6 forwarding`: zebra writes the kernel's switch."""
    reading.sysctls[f"net.ipv{_VERSIONS[words[0]]}.conf.all.forwarding"] = "0" if negated else "1"


@CONFIG.on("ip|ipv6 protocol * route-map *")
def protocol(reading: Reading, words: Words, negated: bool) -> None:
    """`ip protocol PROTO route-map NAME`: what the map refuses stays out of the kernel."""
    key = (_VERSIONS[words[0]], words[2])
    reading.zebra.protocols.pop(key, None)
    if not negated:
        reading.zebra.protocols[key] = Named("route-map", words[4], reading.place)


@CONFIG.on("zebra nexthop kernel enable")
def nexthop_objects(reading: Reading, words: Words, negated: bool) -> None:
    """`no zebra nexthop kernel enable`: each route brings its own next hops."""
    reading.zebra.nexthop_objects = not negated


def zebra_config(reading: Reading) -> ZebraConfig | None:
    """zebra's settings, where any are said. An undefined route-map refuses everything (FRR 8.4.4: routes inactive).

    Neither profile lets next hops resolve over the default route by itself (8.4.4, tried with both).
    """
    names, said = reading.names, reading.zebra
    if said == ZebraDraft():
        return None
    return ZebraConfig(
        frozenset(said.resolve_via_default),
        said.router_id,
        {key: policy(names, named, "zebra") or Always(named.name, False) for key, named in said.protocols.items()},
        {key: source for key, named in said.protocols.items() if (source := _source(names, named)) is not None},
        said.nexthop_objects,
    )


def _source(names: Names, named: Named) -> Address | None:
    """The address that a map sets as routes' source, where it is one for all."""
    found = sources(names, named.name)
    return next(iter(found)) if len(found) == 1 else None
