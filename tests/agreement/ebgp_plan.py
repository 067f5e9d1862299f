"""Random networks of eBGP, IPv4 and IPv6."""

import random
from collections.abc import Iterator

from bgp_policies import policy
from ground import addressed, ends_of, filters, graph
from network import Block, Cable, Network, Router


def every_as_its_own(chance: random.Random, seed: str, count: int) -> Network:
    """eBGP everywhere; now and then two routers share an AS, so that paths are refused."""
    cables = graph(chance, count)
    six = chance.random() < 0.5
    asns = [65000 + (number if chance.random() < 0.85 else chance.randint(1, count)) for number in range(1, count + 1)]
    routers = []
    for number in range(1, count + 1):
        name, asn = f"r{number}", asns[number - 1]
        blocks = [*addressed(name, number, cables, six)]
        blocks += originated(chance, number, six)
        blocks += _ebgp(chance, name, number, cables, asns, six)
        profile = "datacenter" if chance.random() < 0.7 else "traditional"
        if profile == "traditional" and chance.random() < 0.7:
            blocks.append(Block("bgp", (" no bgp ebgp-requires-policy",)))
        routers.append(Router(name, number, asn, "frr", profile, tuple(blocks), filters(chance, count)))
    return Network(seed, tuple(routers), cables)


def originated(chance: random.Random, number: int, six: bool) -> Iterator[Block]:
    """What a router announces: its loopback and some prefixes of its own."""
    yield Block("bgp4", (f"  network 10.255.0.{number}/32",))
    if six:
        yield Block("bgp6", (f"  network 2001:db8:255::{number}/128",))
    if chance.random() < 0.5:
        yield Block("static", (f"ip route 10.{100 + number}.0.0/16 {chance.choice(('Null0', 'blackhole'))}",))
        yield Block("bgp4", (f"  network 10.{100 + number}.0.0/16",))
    if chance.random() < 0.3:
        yield Block("static", (f"ip route 10.{100 + number}.{chance.randint(1, 9)}.0/24 Null0 tag 7",))
        yield Block("bgp4", ("  redistribute static",))
    if chance.random() < 0.25:
        yield Block("bgp4", ("  redistribute connected",))
    if chance.random() < 0.2:
        only = chance.choice(("", " summary-only", " as-set", " as-set summary-only"))
        yield Block("bgp4", (f"  aggregate-address 10.{chance.choice((100, 255)) >> 1 << 1}.0.0/15{only}",))
    if chance.random() < 0.2:
        yield Block("bgp4", (f"  network 10.{200 + number}.0.0/16",))  # nothing in the RIB: not announced


def _ebgp(
    chance: random.Random, name: str, number: int, cables: tuple[Cable, ...], asns: list[int], six: bool
) -> Iterator[Block]:
    yield Block("bgp", (f" bgp router-id 10.255.0.{number}",))
    yield Block("bgp", (" bgp bestpath compare-routerid",))
    if chance.random() < 0.6:
        yield Block("bgp", (" bgp bestpath as-path multipath-relax",))
    if chance.random() < 0.15:
        yield Block("bgp", (chance.choice((" bgp always-compare-med", " bgp deterministic-med")),))
    paths = chance.choice((1, 2, 4, 64, 64))
    for family in ("bgp4", "bgp6") if six else ("bgp4",):
        yield Block(family, (f"  maximum-paths {paths}",))
    for cable, _, far, _, other in ends_of(name, cables):
        far_as = asns[int(far[1:]) - 1]
        external = far_as != asns[number - 1]
        yield from _neighbour(chance, f"{cable.subnet}.{other}", far_as, "bgp4", cable.number, external)
        if six:
            yield from _neighbour(chance, f"2001:db8:9:{cable.number}::{other}", far_as, "bgp6", cable.number, external)


def _neighbour(chance: random.Random, peer: str, asn: int, family: str, number: int, external: bool) -> Iterator[Block]:
    """A neighbour, activated in its family, with a policy now and then."""
    timers = f" neighbor {peer} timers connect 1"
    yield Block("bgp", (f" neighbor {peer} remote-as {asn}", timers))
    if family == "bgp6":
        yield Block("bgp", (f" no neighbor {peer} activate",)) if chance.random() < 0.1 else Block("bgp6", ())
        yield Block("bgp6", (f"  neighbor {peer} activate",))
    for way in ("in", "out"):
        if chance.random() < 0.35:
            yield from policy(chance, peer, family, way, number)
    if chance.random() < 0.08:
        yield Block(family, (f"  neighbor {peer} allowas-in {chance.choice((1, 2))}",))
    if external and chance.random() < 0.06:
        yield Block(family, (f"  neighbor {peer} as-override",))
    if external and chance.random() < 0.06:
        yield Block(family, (f"  neighbor {peer} remove-private-AS{chance.choice(('', ' all'))}",))
    if chance.random() < 0.06:
        yield Block(family, (f"  neighbor {peer} default-originate",))
    if chance.random() < 0.1:
        yield Block(family, (f"  neighbor {peer} next-hop-self",))
