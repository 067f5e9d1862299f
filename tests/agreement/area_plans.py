"""Random networks of several OSPF areas, of OSPFv3, and of OSPF beside BGP and static routes."""

import random
from collections.abc import Iterator

from ground import addressed, ends_of, graph
from network import Block, Cable, Network, Router

_FAST = ("network point-to-point", "hello-interval 1", "dead-interval 4")
_KINDS = ("", "", "stub", "stub no-summary", "nssa", "nssa no-summary")


def areas(chance: random.Random, seed: str, count: int) -> Network:
    """Cables in areas 0 to 2, of which some are stubs or not so stubby; ranges, redistribution, defaults."""
    cables = graph(chance, count)
    area_of = {cable.number: chance.choice((0, 0, 0, 1, 2)) for cable in cables}
    kinds = {1: chance.choice(_KINDS), 2: chance.choice(_KINDS)}
    routers = []
    for number in range(1, count + 1):
        name = f"r{number}"
        own = {area_of[cable.number] for cable, *_ in ends_of(name, cables)}
        blocks = [*_faces(chance, name, number, cables, area_of, min(own))]
        blocks.append(Block("ospf", (f" ospf router-id 10.255.0.{number}",)))
        blocks += [Block("ospf", (f" area {area} {kinds[area]}",)) for area in sorted(own - {0}) if kinds[area]]
        blocks += _ranges(chance, own)
        blocks += _outside(chance, number, "ospf", "ip route", f"10.{100 + number}.0.0/16")
        routers.append(Router(name, number, 65000, "frr", "traditional", tuple(blocks)))
    return Network(seed, tuple(routers), cables)


def _faces(
    chance: random.Random, name: str, number: int, cables: tuple[Cable, ...], area_of: dict[int, int], home: int
) -> Iterator[Block]:
    yield Block("interface", ("interface lo", f" ip address 10.255.0.{number}/32", f" ip ospf area {home}", "exit"))
    for cable, face, _, own, _ in ends_of(name, cables):
        lines = [f"interface {face}", f" ip address {cable.subnet}.{own}/24", f" ip ospf area {area_of[cable.number]}"]
        lines += [f" ip ospf {each}" for each in _FAST]
        if chance.random() < 0.3:
            lines.append(f" ip ospf cost {chance.choice((1, 5, 20))}")
        yield Block("interface", (*lines, "exit"))


def _ranges(chance: random.Random, own: set[int]) -> Iterator[Block]:
    for area in sorted(own) if len(own) > 1 else ():
        if chance.random() < 0.25:
            how = chance.choice(("", " not-advertise", " cost 77", " substitute 10.200.0.0/16"))
            yield Block("ospf", (f" area {area} range 10.9.0.0/16{how}",))
        if chance.random() < 0.1:
            yield Block("ospf", (f" area {area} range 10.255.0.0/24",))


def _outside(chance: random.Random, number: int, section: str, route: str, prefix: str) -> Iterator[Block]:
    """A static route that is redistributed, perhaps; a default, perhaps."""
    if chance.random() < 0.4:
        kind = chance.choice(("", " metric 30", " metric-type 1"))
        yield Block("static", (f"{route} {prefix} Null0",))
        yield Block(section, (f" redistribute static{kind}",))
    if chance.random() < 0.15:
        yield Block(section, (f" default-information originate{chance.choice((' always', '', ' always metric 7'))}",))


def version_three(chance: random.Random, seed: str, count: int) -> Network:
    """OSPFv3 with area 0 and, around the last router, area 1."""
    cables = graph(chance, count)
    area_of = {cable.number: int(any(node == f"r{count}" for node, _ in cable.ends)) for cable in cables}
    if chance.random() < 0.3:
        area_of = dict.fromkeys(area_of, 0)
    kind = chance.choice(("", "", "stub", "stub no-summary"))
    routers = []
    for number in range(1, count + 1):
        name = f"r{number}"
        own = {area_of[cable.number] for cable, *_ in ends_of(name, cables)}
        home = f" ipv6 ospf6 area {min(own)}"
        lines = ["interface lo", f" ip address 10.255.0.{number}/32", f" ipv6 address 2001:db8:255::{number}/128", home]
        blocks = [Block("interface", (*lines, "exit"))]
        for cable, face, _, last, _ in ends_of(name, cables):
            lines = [f"interface {face}", f" ipv6 address 2001:db8:9:{cable.number}::{last}/64"]
            lines += [f" ipv6 ospf6 {each}" for each in (f"area {area_of[cable.number]}", *_FAST)]
            if chance.random() < 0.4:
                lines.append(f" ipv6 ospf6 cost {chance.choice((1, 5, 20))}")
            blocks.append(Block("interface", (*lines, "exit")))
        blocks.append(Block("ospf6", (f" ospf6 router-id 10.255.0.{number}",)))
        blocks += [Block("ospf6", (f" area 1 {kind}",))] if kind and 1 in own else []
        blocks += _outside(chance, number, "ospf6", "ipv6 route", f"2001:db8:{100 + number}::/48")
        routers.append(Router(name, number, 65000, "frr", "traditional", tuple(blocks)))
    return Network(seed, tuple(routers), cables)


def between_protocols(chance: random.Random, seed: str, count: int) -> Network:
    """OSPF on some cables and eBGP on others, each redistributed into the other; static routes over both."""
    cables = graph(chance, count)
    by_ospf = {cable.number for cable in cables if chance.random() < 0.5}
    routers = []
    for number in range(1, count + 1):
        name = f"r{number}"
        blocks = [*addressed(name, number, cables, six=False)]
        blocks.append(Block("bgp", (f" bgp router-id 10.255.0.{number}", " bgp bestpath compare-routerid")))
        blocks.append(Block("bgp4", (f"  network 10.255.0.{number}/32",)))
        for cable, face, far, _, other in ends_of(name, cables):
            if cable.number in by_ospf:
                lines = (f"interface {face}", " ip ospf area 0", *(f" ip ospf {each}" for each in _FAST), "exit")
                blocks.append(Block("interface", lines))
                continue
            peer = f"{cable.subnet}.{other}"
            lines = (f" neighbor {peer} remote-as {65000 + int(far[1:])}", f" neighbor {peer} timers connect 1")
            blocks.append(Block("bgp", lines))
        blocks += _mixing(chance, number)
        blocks += _statics(
            chance, number, count, [f"{c.subnet}.{other}" for c, _, _, _, other in ends_of(name, cables)]
        )
        routers.append(Router(name, number, 65000 + number, "frr", "datacenter", tuple(blocks)))
    return Network(seed, tuple(routers), cables)


def _mixing(chance: random.Random, number: int) -> Iterator[Block]:
    yield Block("ospf", (f" ospf router-id 10.255.0.{number}",))
    if chance.random() < 0.4:
        yield Block("ospf", (f" redistribute bgp{chance.choice(('', ' metric 9', ' metric-type 1'))}",))
    if chance.random() < 0.4:
        yield Block("bgp4", (f"  redistribute ospf{chance.choice(('', ' metric 9'))}",))
    if chance.random() < 0.3:
        yield Block("bgp4", (f"  redistribute {chance.choice(('connected', 'static', 'kernel'))}",))
    if chance.random() < 0.3:
        yield Block("ospf", (f" redistribute {chance.choice(('connected', 'static'))}",))


def _statics(chance: random.Random, number: int, count: int, gateways: list[str]) -> Iterator[Block]:
    """Static routes by gateways here and far away, with distances, several ways, and darkness."""
    for index in range(chance.choice((0, 0, 1, 2, 3))):
        prefix = f"10.{100 + chance.randint(1, count)}.{index}.0/24"
        far = f"10.255.0.{chance.randint(1, count)}"
        via = chance.choice((*gateways, far, far, "Null0", "reject", "10.77.0.1"))
        more = chance.choice(("", "", "", " 30", " 210", " tag 7"))
        lines = [f"ip route {prefix} {via}{more}"]
        if via[0] == "1" and chance.random() < 0.3:
            lines.append(f"ip route {prefix} {chance.choice(gateways)}{more}")
        yield Block("static", tuple(lines))
    if chance.random() < 0.2:
        yield Block("static", (f"ip route 0.0.0.0/0 {chance.choice(gateways)}",))
    if chance.random() < 0.2:
        yield Block("static", (f"ip route 10.255.0.{chance.randint(1, count)}/32 {chance.choice(gateways)} 130",))
