"""The lottery itself, on paper: the same seed, the same network; smaller networks are smaller, and still networks."""

from pathlib import Path

import pytest
from network import smaller
from random_network import random_network

from sim.topology.reader import read_topology

SEEDS = [f"drawn-{number}" for number in range(12)]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_seed_always_gives_the_same_network_and_a_readable_topology(seed: str, tmp_path: Path) -> None:
    network = random_network(seed)
    assert network == random_network(seed)
    assert list(read_topology(network.write(tmp_path)).nodes) == [router.name for router in network.routers]


def test_every_plan_is_drawn_sooner_or_later() -> None:
    drawn = [random_network(f"plan-{number}") for number in range(60)]
    assert any(router.daemon == "bird" for network in drawn for router in network.routers)
    sections = {block.section for network in drawn for router in network.routers for block in router.blocks}
    assert {"bgp4", "bgp6", "ospf", "ospf6", "map", "list", "static", "bird"} <= sections


def test_a_network_shrinks_by_one_thing_at_a_time() -> None:
    network = random_network(SEEDS[0])
    size = len(repr(network))
    assert all(len(repr(less)) < size for less in smaller(network))
    assert min(len(less.routers) for less in smaller(network)) == len(network.routers) - 1
