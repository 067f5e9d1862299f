"""Random networks of eBGP in which routers also steer by hand: static routes far away, policy tables, PBR maps."""

import random
from collections.abc import Iterator
from dataclasses import replace

from ebgp_plan import every_as_its_own
from ground import ends_of
from network import Block, Cable, Network, Router


def steered(chance: random.Random, seed: str, count: int) -> Network:
    """eBGP, and what some routers were told besides."""
    drawn = every_as_its_own(chance, seed, count)
    routers = (_steered(chance, each, count, drawn.cables) for each in drawn.routers)
    return replace(drawn, routers=tuple(routers))


def _steered(chance: random.Random, router: Router, count: int, cables: tuple[Cable, ...]) -> Router:
    gateways = [f"{cable.subnet}.{other}" for cable, _, _, _, other in ends_of(router.name, cables)]
    faces = [face for _, face, *_ in ends_of(router.name, cables)]
    six = any(block.section == "bgp6" for block in router.blocks)
    blocks = [*_far_statics(chance, router.number, count, gateways, six), *_rules(chance, count, gateways)]
    if chance.random() < 0.5:
        blocks += _pbr(chance, count, gateways, faces)
    return replace(router, blocks=(*router.blocks, *blocks))


def _far_statics(chance: random.Random, number: int, count: int, gateways: list[str], six: bool) -> Iterator[Block]:
    """Static routes by way of loopbacks that BGP leads to, several ways of one prefix, and routes that wait."""
    for index in range(chance.choice((0, 1, 2))):
        prefix = f"10.77.{10 * number + index}.0/24"
        ways = {
            f"10.255.0.{chance.randint(1, count)}",
            chance.choice((*gateways, f"10.255.0.{chance.randint(1, count)}")),
        }
        yield Block("static", tuple(f"ip route {prefix} {way}" for way in sorted(ways)))
    if six and chance.random() < 0.5:
        yield Block("static", (f"ipv6 route 2001:db8:77:{number}::/64 2001:db8:255::{chance.randint(1, count)}",))
    if chance.random() < 0.4:
        yield Block("static", (f"ip route 10.255.0.{chance.randint(1, count)}/32 {chance.choice(gateways)} 210",))


def _rules(chance: random.Random, count: int, gateways: list[str]) -> Iterator[Block]:
    """A policy table, and rules that lead there; some find nothing there."""
    if chance.random() < 0.5:
        return
    which = chance.choice(("from", "to"))
    rule = f"ip rule add {which} 10.255.0.{chance.randint(1, count)}/32 table 100 priority {chance.choice((90, 400))}"
    route = (
        chance.choice(("default via", f"10.255.0.{chance.randint(1, count)}/32 via")) + f" {chance.choice(gateways)}"
    )
    yield Block("exec", (rule, f"ip route add {chance.choice((route, route, 'blackhole 10.255.0.0/24'))} table 100"))


def _pbr(chance: random.Random, count: int, gateways: list[str], faces: list[str]) -> Iterator[Block]:
    """A PBR map on some of the interfaces."""
    for sequence in range(10, 10 + 10 * chance.randint(1, 2), 10):
        match = f" match {chance.choice(('src-ip', 'dst-ip'))} 10.255.0.{chance.randint(1, count)}/32"
        yield Block("pbr", (f"pbr-map STEER seq {sequence}", match, f" set nexthop {chance.choice(gateways)}", "exit"))
    for face in chance.sample(faces, chance.randint(1, len(faces))):
        yield Block("interface", (f"interface {face}", " pbr-policy STEER", "exit"))
