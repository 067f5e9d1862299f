"""Random layer-2 networks: bridges, VLANs, bonds, ports switched off. A pulled cable changes what hangs on it alone."""

import random
from pathlib import Path

import pytest

from sim.device import Device
from sim.device.interfaces import InterfaceConfig
from sim.links import Links, solve_links
from sim.links.wires import Wires
from sim.topology.model import Endpoint, Link, LinkType, Node, Topology


def drawn(seed: int) -> Links:
    """Six nodes with a dozen cables between them; what each makes of its ports is drawn by lot."""
    lot = random.Random(seed)
    names = [f"n{number}" for number in range(6)]
    ports: dict[str, list[str]] = {name: [] for name in names}
    links = []
    for _ in range(12):
        ends = []
        for node in lot.sample(names, 2):
            ports[node].append(f"eth{len(ports[node]) + 1}")
            ends.append(Endpoint(node, ports[node][-1]))
        links.append(Link(LinkType.VETH, tuple(ends), lot.choice((1500, 9000))))
    devices = {name: Device(name, interfaces=_made(lot, ports[name])) for name in names}
    nodes = {name: Node(name, network_mode="none") for name in names}
    return solve_links(Topology("random", Path("random.clab.yml"), nodes, tuple(links)), devices)


def _made(lot: random.Random, ports: list[str]) -> dict[str, InterfaceConfig]:
    match lot.randrange(4):
        case 0:
            found = [InterfaceConfig(port, up=lot.random() > 0.2) for port in ports]
        case 1:
            found = [InterfaceConfig("br0", "bridge", members=tuple(ports[: lot.randrange(len(ports) + 1)]))]
        case 2:
            found = [InterfaceConfig("br0", "bridge", members=tuple(ports), vlan_aware=True, vlans=(10, 20))]
            found += [InterfaceConfig(port, access_vlan=lot.choice((10, 20))) for port in ports if lot.random() > 0.5]
            found += [InterfaceConfig("br0.10", "vlan", parent="br0", vlan_id=10)]
        case _:
            found = [InterfaceConfig("bond0", "bond", members=tuple(ports[:2]))]
            parents = [*ports[2:], "bond0"]
            found += [
                InterfaceConfig(f"{each}.{tag}", "vlan", parent=each, vlan_id=tag)
                for each in parents
                for tag in (10, 20)
            ]
    return {config.name: config for config in found}


def heard(links: Links) -> dict[tuple[str, str], frozenset[tuple[str, str]]]:
    """Who is on whose segment, whatever the segments are called."""
    return {end: frozenset(links.across(*end)) for end in links.segment_of}


@pytest.mark.parametrize("seed", range(60))
def test_a_cable_pulled_from_a_solved_network_is_a_network_solved_without_it(seed: int) -> None:
    links = drawn(seed)
    for cable in links.topology.links:
        less, fresh = links.without(cable), solve_links(links.topology.without(cable), links.devices)
        assert less.faces == fresh.faces
        assert heard(less) == heard(fresh)


@pytest.mark.parametrize("seed", range(60))
def test_who_hears_is_heard(seed: int) -> None:
    links = drawn(seed)
    wires = Wires(links.faces, links.devices, links.far)
    for end in links.segment_of:
        for other in wires.heard_from(end):
            assert end in wires.heard_from(other), (end, other)
        assert frozenset(links.across(*end)) == wires.heard_from(end) - {end}


def test_pulling_every_cable_leaves_nobody_with_a_neighbour() -> None:
    links = drawn(1)
    assert not any(heard(links.without(*links.topology.links)).values())
