"""Random networks of eBGP in which some routers are BIRD's."""

import random
from collections.abc import Iterator
from dataclasses import replace

from ebgp_plan import every_as_its_own
from ground import ends_of
from network import Block, Cable, Network, Router


def mixed(chance: random.Random, seed: str, count: int) -> Network:
    """eBGP, in which some routers are BIRD's."""
    drawn = every_as_its_own(chance, seed, count)
    asns = [router.asn for router in drawn.routers]
    birds = set(chance.sample([router.name for router in drawn.routers], chance.randint(1, 2)))
    routers = tuple(
        _as_bird(chance, each, drawn.cables, asns) if each.name in birds else each for each in drawn.routers
    )
    return replace(drawn, routers=routers)


def _as_bird(chance: random.Random, router: Router, cables: tuple[Cable, ...], asns: list[int]) -> Router:
    """The same place in the network, run by BIRD: IPv4 only, addresses by `ip`."""
    commands = [f"ip address add 10.255.0.{router.number}/32 dev lo"]
    commands += [
        f"ip address add {c.subnet}.{own}/24 dev {face}" for c, face, _, own, _ in ends_of(router.name, cables)
    ]
    merge = chance.choice(("", "merge paths on;", "merge paths limit 2;"))
    blocks = [Block("exec", tuple(commands))]
    blocks.append(
        Block("bird", (f"protocol kernel {{ {merge} ipv4 {{ import none; export {_kernel_export(chance)} }}; }}",))
    )
    blocks.append(Block("bird", ('protocol direct { ipv4; interface "lo"; }',)))
    if chance.random() < 0.5:
        blocks.append(Block("bird", (f"protocol static {{ ipv4; route 10.{100 + router.number}.0.0/16 blackhole; }}",)))
    for cable, _, far, own, other in ends_of(router.name, cables):
        blocks += _bird_peer(chance, router, cable, asns[int(far[1:]) - 1], own, other)
    return replace(router, daemon="bird", blocks=tuple(blocks))


def _kernel_export(chance: random.Random) -> str:
    return chance.choice(("all;", "where source != RTS_DEVICE;", "filter { if net.len > 30 then accept; reject; };"))


def _bird_peer(
    chance: random.Random, router: Router, cable: Cable, far_as: int, own: int, other: int
) -> Iterator[Block]:
    imported = chance.choice(("all;", "all;", "where bgp_path.len < 3;", "filter { bgp_local_pref = 120; accept; };"))
    exported = chance.choice(
        (
            "all;",
            "all;",
            "where net ~ [ 10.255.0.0/24+ ];",
            "filter { bgp_community.add((65000,7)); accept; };",
            f"filter {{ if source = RTS_BGP then bgp_path.prepend({router.asn}); accept; }};",
        )
    )
    yield Block(
        "bird",
        (
            f"protocol bgp cable{cable.number} {{",
            f"  local {cable.subnet}.{own} as {router.asn}; neighbor {cable.subnet}.{other} as {far_as};",
            "  connect delay time 1; connect retry time 2; error wait time 1, 2;",
            f"  ipv4 {{ import {imported} export {exported} }};",
            "}",
        ),
    )
