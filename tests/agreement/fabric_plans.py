"""Random networks of BGP without addresses on its cables, with confederations, and with local-as and add-path."""

import random
from collections.abc import Iterator

from bgp_policies import policy
from ebgp_plan import originated
from ground import addressed, ends_of, graph
from network import Block, Cable, Network, Router


def unnumbered(chance: random.Random, seed: str, count: int) -> Network:
    """Sessions on interfaces, IPv4 and IPv6 over them, peer-groups; loopbacks alone have addresses."""
    cables = graph(chance, count)
    asns = [65000 + (number if chance.random() < 0.8 else chance.randint(1, count)) for number in range(1, count + 1)]
    routers = []
    for number in range(1, count + 1):
        lines = (
            "interface lo",
            f" ip address 10.255.0.{number}/32",
            f" ipv6 address 2001:db8:255::{number}/128",
            "exit",
        )
        blocks = [Block("interface", lines), *originated(chance, number, six=True)]
        blocks += _on_interfaces(chance, f"r{number}", number, cables)
        routers.append(Router(f"r{number}", number, asns[number - 1], "frr", "datacenter", tuple(blocks)))
    return Network(seed, tuple(routers), cables)


def _on_interfaces(chance: random.Random, name: str, number: int, cables: tuple[Cable, ...]) -> Iterator[Block]:
    yield Block("bgp", (f" bgp router-id 10.255.0.{number}", " bgp bestpath compare-routerid"))
    if chance.random() < 0.6:
        yield Block("bgp", (" bgp bestpath as-path multipath-relax",))
    grouped = chance.random() < 0.5
    remote = chance.choice(("external", "external", "external", "internal"))
    group = (" neighbor FABRIC peer-group", f" neighbor FABRIC remote-as {remote}", " neighbor FABRIC timers connect 1")
    yield Block("bgp", group if grouped else ())
    yield Block("bgp6", ("  neighbor FABRIC activate",) if grouped else ())
    if grouped and chance.random() < 0.5:
        yield from policy(chance, "FABRIC", "bgp4", chance.choice(("in", "out")), 99)
    if grouped and chance.random() < 0.3:
        setting = chance.choice(("allowas-in 1", "next-hop-self", "as-override"))
        if remote == "external" or setting != "as-override":  # which bgpd refuses of iBGP
            yield Block("bgp4", (f"  neighbor FABRIC {setting}",))
    for family in ("bgp4", "bgp6"):
        yield Block(family, (f"  maximum-paths {chance.choice((1, 4, 64))}",))
    for cable, face, _, _, _ in ends_of(name, cables):
        if grouped and chance.random() < 0.8:
            yield Block("bgp", (f" neighbor {face} interface peer-group FABRIC",))
            continue
        yield Block("bgp", (f" neighbor {face} interface remote-as external", f" neighbor {face} timers connect 1"))
        yield Block("bgp6", (f"  neighbor {face} activate",) if chance.random() < 0.8 else ())
        if chance.random() < 0.3:
            yield from policy(chance, face, "bgp4", chance.choice(("in", "out")), cable.number)


def confederation(chance: random.Random, seed: str, count: int) -> Network:
    """Two or three member ASes of one confederation, and perhaps a router outside of it."""
    cables = graph(chance, count)
    members = [chance.choice((64601, 64602, 64603, 65100)) for _ in range(count)]
    routers = []
    for number in range(1, count + 1):
        asn = members[number - 1]
        blocks = [*addressed(f"r{number}", number, cables, six=False), *originated(chance, number, six=False)]
        blocks.append(Block("bgp", (f" bgp router-id 10.255.0.{number}", " bgp bestpath compare-routerid")))
        if asn != 65100:
            blocks.append(Block("bgp", (" bgp confederation identifier 65000",)))
            others = " ".join(map(str, sorted({64601, 64602, 64603} - {asn})))
            blocks.append(Block("bgp", (f" bgp confederation peers {others}",)))
        if chance.random() < 0.3:
            blocks.append(Block("bgp", (chance.choice((" bgp bestpath as-path confed", " bgp bestpath med confed")),)))
        for cable, _, far, _, other in ends_of(f"r{number}", cables):
            far_as = members[int(far[1:]) - 1]
            seen = 65000 if asn == 65100 and far_as != 65100 else far_as
            blocks += _confederate(chance, f"{cable.subnet}.{other}", seen, cable.number)
        routers.append(Router(f"r{number}", number, asn, "frr", "datacenter", tuple(blocks)))
    return Network(seed, tuple(routers), cables)


def _confederate(chance: random.Random, peer: str, asn: int, number: int) -> Iterator[Block]:
    yield Block("bgp", (f" neighbor {peer} remote-as {asn}", f" neighbor {peer} timers connect 1"))
    if chance.random() < 0.5:
        yield Block("bgp4", (f"  neighbor {peer} next-hop-self",))
    if chance.random() < 0.3:
        yield from policy(chance, peer, "bgp4", chance.choice(("in", "out")), number)


def odd_sessions(chance: random.Random, seed: str, count: int) -> Network:
    """eBGP with local-as, add-path, weights, communities kept back, limits, sessions between loopbacks."""
    cables = graph(chance, count)
    shown = {
        (cable.number, end[0]): 64900 + int(end[0][1:])
        for cable in cables
        for end in cable.ends
        if chance.random() < 0.2
    }
    routers = []
    for number in range(1, count + 1):
        name = f"r{number}"
        blocks = [*addressed(name, number, cables, six=False), *originated(chance, number, six=False)]
        blocks.append(Block("bgp", (f" bgp router-id 10.255.0.{number}", " bgp bestpath compare-routerid")))
        for line in (" bgp bestpath med missing-as-worst", " bgp bestpath as-path ignore", " bgp deterministic-med"):
            if chance.random() < 0.12:
                blocks.append(Block("bgp", (line,)))
        blocks.append(Block("bgp4", (f"  maximum-paths {chance.choice((1, 2, 64))}",)))
        for cable, _, far, own, other in ends_of(name, cables):
            own_as, far_as = shown.get((cable.number, name)), shown.get((cable.number, far), 65000 + int(far[1:]))
            blocks += _odd(chance, cable, number, int(far[1:]), (own, other), (own_as, far_as))
        routers.append(Router(name, number, 65000 + number, "frr", "datacenter", tuple(blocks)))
    return Network(seed, tuple(routers), cables)


def _odd(
    chance: random.Random, cable: Cable, number: int, far: int, bytes_: tuple[int, int], asns: tuple[int | None, int]
) -> Iterator[Block]:
    _, other = bytes_
    local, remote = asns
    peer = f"{cable.subnet}.{other}"
    between_loopbacks = random.Random(f"{cable.number}{cable.ends}").random() < 0.15  # both ends draw the same
    if between_loopbacks:
        yield Block("static", (f"ip route 10.255.0.{far}/32 {peer}",))
        peer = f"10.255.0.{far}"
    lines = [f" neighbor {peer} remote-as {remote}", f" neighbor {peer} timers connect 1"]
    if between_loopbacks:
        lines += [f" neighbor {peer} ebgp-multihop 2", f" neighbor {peer} update-source lo"]
    if local is not None:
        lines.append(f" neighbor {peer} local-as {local}{chance.choice(('', ' no-prepend', ' no-prepend replace-as'))}")
    yield Block("bgp", tuple(lines))
    settings = (
        "addpath-tx-all-paths",
        "addpath-tx-bestpath-per-AS",
        "weight 5",
        "maximum-prefix 3",
        "soft-reconfiguration inbound",
        "attribute-unchanged med",
        "attribute-unchanged next-hop",
        "next-hop-self force",
        "default-originate",
        "allowas-in origin",
        "remove-private-AS all replace-AS",
    )
    for each in chance.sample(settings, chance.choice((0, 0, 0, 1, 1, 2))):
        yield Block("bgp4", (f"  neighbor {peer} {each}",))
    if chance.random() < 0.15:
        yield Block("bgp4", (f"  no neighbor {peer} send-community {chance.choice(('both', 'all', 'standard'))}",))
    if chance.random() < 0.4:
        yield from policy(chance, peer, "bgp4", chance.choice(("in", "out")), cable.number)
