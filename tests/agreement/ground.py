"""What every random network begins with: a connected graph, addresses, packet filters."""

import random
from collections.abc import Iterator

from network import Block, Cable


def graph(chance: random.Random, count: int) -> tuple[Cable, ...]:
    """A connected graph: a random tree, and some more cables."""
    pairs = [(chance.randint(1, number - 1), number) for number in range(2, count + 1)]
    every = [(a, b) for a in range(1, count + 1) for b in range(a + 1, count + 1)]
    pairs += chance.sample(every, min(len(every), chance.randint(1, count)))
    ports: dict[int, int] = {}
    cables = []
    for number, (a, b) in enumerate(pairs, 1):
        for end in (a, b):
            ports[end] = ports.get(end, 0) + 1
        cables.append(Cable(number, ((f"r{a}", f"eth{ports[a]}"), (f"r{b}", f"eth{ports[b]}"))))
    return tuple(cables)


def ends_of(name: str, cables: tuple[Cable, ...]) -> Iterator[tuple[Cable, str, str, int, int]]:
    """Each cable of a node: its own interface, the neighbour, and the last byte of its own and the far address."""
    for cable in cables:
        for side in (0, 1):
            if cable.ends[side][0] == name:
                yield cable, cable.ends[side][1], cable.ends[1 - side][0], side + 1, 2 - side


def addressed(name: str, number: int, cables: tuple[Cable, ...], six: bool) -> Iterator[Block]:
    """Addresses of loopback and cables, as an interface stanza each."""
    lines = ["interface lo", f" ip address 10.255.0.{number}/32"]
    yield Block("interface", (*lines, *([f" ipv6 address 2001:db8:255::{number}/128"] if six else []), "exit"))
    for cable, face, _, own, _ in ends_of(name, cables):
        lines = [f"interface {face}", f" ip address {cable.subnet}.{own}/24"]
        if six:
            lines.append(f" ipv6 address 2001:db8:9:{cable.number}::{own}/64")
        yield Block("interface", (*lines, "exit"))


def filters(chance: random.Random, count: int) -> tuple[str, ...]:
    """Now and then a packet filter that leaves the sessions alone."""
    if chance.random() < 0.7:
        return ()
    lines = ["-A INPUT -p tcp -m tcp --dport 179 -j ACCEPT", "-A INPUT -p tcp -m tcp --sport 179 -j ACCEPT"]
    for _ in range(chance.randint(1, 4)):
        chain = chance.choice(("INPUT", "FORWARD", "OUTPUT"))
        what = chance.choice(
            ("-p tcp -m tcp --dport 80:8080", "-p icmp", "-p tcp -m multiport --dports 22,80:90", "-p udp")
        )
        where = chance.choice(
            (f"-s 10.255.0.{chance.randint(1, count)}/32 ", f"-d 10.255.0.{chance.randint(1, count)}/32 ", "")
        )
        lines.append(f"-A {chain} {where}{what} -j {chance.choice(('DROP', 'REJECT', 'ACCEPT'))}")
    return tuple(lines)
