"""Policies of neighbours, drawn by lot: prefix-lists, and route-maps over them."""

import random
from collections.abc import Iterator

from network import Block


def policy(chance: random.Random, peer: str, family: str, way: str, number: int) -> Iterator[Block]:
    name = f"{family}-{way}-{number}"
    ip = "ip" if family == "bgp4" else "ipv6"
    prefix = chance.choice(("10.0.0.0/8 le 32", "10.255.0.0/24 ge 32", "10.100.0.0/14 le 24", "0.0.0.0/0 le 16"))
    if family == "bgp6":
        prefix = chance.choice(("2001:db8:255::/48 le 128", "2001:db8::/32 ge 120", "::/0 le 64"))
    permit = chance.choice(("permit", "permit", "deny"))
    lists = [f"{ip} prefix-list {name} seq 5 {permit} {prefix}"]
    if permit == "deny":
        lists.append(f"{ip} prefix-list {name} seq 10 permit {'0.0.0.0/0 le 32' if ip == 'ip' else '::/0 le 128'}")
    yield Block("list", tuple(lists))
    if chance.random() < 0.3:
        yield Block(family, (f"  neighbor {peer} prefix-list {name} {way}",))
        return
    yield Block("list", ("bgp community-list standard seven seq 5 permit 65000:7",))
    yield Block("list", ("bgp as-path access-list short seq 5 permit ^[0-9]+(_[0-9]+)?$",))
    yield Block("map", tuple(_map_lines(chance, name, ip)))
    yield Block(family, (f"  neighbor {peer} route-map {name} {way}",))


def _map_lines(chance: random.Random, name: str, ip: str) -> Iterator[str]:
    matches = (f" match {ip} address prefix-list {name}", " match community seven", " match as-path short", "")
    sets = (
        " set community 65000:7 additive",
        " set community 65000:9",
        " set local-preference 150",
        " set metric 40",
        " set as-path prepend 64999 64999",
        " set weight 10",
        " set origin incomplete",
        " set large-community 65000:1:2 additive",
        "",
    )
    for sequence in range(10, 10 + 10 * chance.randint(1, 3), 10):
        action = chance.choice(("permit", "permit", "permit", "deny"))
        yield f"route-map {name} {action} {sequence}"
        yield from (line for line in {chance.choice(matches)} if line)
        yield from (line for line in sorted({chance.choice(sets), chance.choice(sets)}) if line)
        if chance.random() < 0.2 and action == "permit":
            yield " on-match next"
        yield "exit"
    if chance.random() < 0.7:
        yield f"route-map {name} permit 90"
        yield "exit"
