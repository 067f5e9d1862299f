"""Random networks of OSPF, alone and below iBGP with and without reflectors."""

import random
from collections.abc import Iterator

from bgp_policies import policy
from ebgp_plan import originated
from ground import ends_of, filters, graph
from network import Block, Cable, Network, Router


def _ospf_interfaces(chance: random.Random, name: str, number: int, cables: tuple[Cable, ...]) -> Iterator[Block]:
    """Fast point-to-point OSPF on every cable, with costs drawn by lot."""
    yield Block("interface", ("interface lo", f" ip address 10.255.0.{number}/32", " ip ospf area 0", "exit"))
    for cable, face, _, own, _ in ends_of(name, cables):
        lines = [f"interface {face}", f" ip address {cable.subnet}.{own}/24", " ip ospf area 0"]
        lines += [" ip ospf network point-to-point", " ip ospf hello-interval 1", " ip ospf dead-interval 4"]
        if chance.random() < 0.4:
            lines.append(f" ip ospf cost {chance.choice((1, 5, 10, 20))}")
        if chance.random() < 0.06:
            lines.append(" ip ospf passive")
        yield Block("interface", (*lines, "exit"))


def ospf_alone(chance: random.Random, seed: str, count: int) -> Network:
    """OSPF with redistribution of what some routers have besides."""
    cables = graph(chance, count)
    routers = []
    for number in range(1, count + 1):
        name = f"r{number}"
        blocks = [
            *_ospf_interfaces(chance, name, number, cables),
            Block("ospf", (f" ospf router-id 10.255.0.{number}",)),
        ]
        if chance.random() < 0.5:
            kind = chance.choice(("", " metric 30", " metric-type 1", " metric 5 metric-type 1"))
            blocks += [Block("static", (f"ip route 10.{100 + number}.0.0/16 Null0",))]
            blocks += [Block("ospf", (f" redistribute static{kind}",))]
        if chance.random() < 0.2:
            always = chance.choice((" always", "", " always metric 7", " always metric-type 1"))
            blocks.append(Block("ospf", (f" default-information originate{always}",)))
        if chance.random() < 0.2:
            blocks.append(Block("ospf", (f" maximum-paths {chance.choice((1, 2))}",)))
        if chance.random() < 0.15:
            blocks.append(Block("ospf", (f" distance {chance.choice((90, 150))}",)))
        if chance.random() < 0.15:
            blocks.append(Block("ospf", (" auto-cost reference-bandwidth 1000",)))
        routers.append(Router(name, number, 65000, "frr", "traditional", tuple(blocks), filters(chance, count)))
    return Network(seed, tuple(routers), cables)


def one_as_with_reflectors(chance: random.Random, seed: str, count: int) -> Network:
    """OSPF inside, iBGP between loopbacks: a full mesh, or one or two reflectors."""
    cables = graph(chance, count)
    reflectors = set(chance.sample(range(1, count + 1), chance.choice((0, 1, 1, 2))))
    routers = []
    for number in range(1, count + 1):
        name = f"r{number}"
        blocks = [
            *_ospf_interfaces(chance, name, number, cables),
            Block("ospf", (f" ospf router-id 10.255.0.{number}",)),
        ]
        blocks.append(Block("bgp", (f" bgp router-id 10.255.0.{number}",)))
        blocks += [each for each in originated(chance, number, six=False) if "10.255." not in each.lines[0]]
        blocks.append(Block("bgp4", (f"  maximum-paths ibgp {chance.choice((1, 2, 4))}",)))
        for other in range(1, count + 1):
            meshed = not reflectors or number in reflectors or other in reflectors
            if other != number and meshed:
                blocks += _ibgp(chance, number, other, reflectors)
        routers.append(Router(name, number, 65000, "frr", "traditional", tuple(blocks)))
    return Network(seed, tuple(routers), cables)


def _ibgp(chance: random.Random, number: int, other: int, reflectors: set[int]) -> Iterator[Block]:
    peer = f"10.255.0.{other}"
    lines = [
        f" neighbor {peer} remote-as 65000",
        f" neighbor {peer} update-source lo",
        f" neighbor {peer} timers connect 1",
    ]
    yield Block("bgp", tuple(lines))
    if number in reflectors and other not in reflectors:
        yield Block("bgp4", (f"  neighbor {peer} route-reflector-client",))
    if chance.random() < 0.2:
        yield Block("bgp4", (f"  neighbor {peer} next-hop-self",))
    if chance.random() < 0.2:
        yield from policy(chance, peer, "bgp4", chance.choice(("in", "out")), other)
