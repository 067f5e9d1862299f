"""The incremental sweep of a fabric against solving every failure from nothing."""

import random
from collections.abc import Mapping
from itertools import combinations

import pytest
from fabrics import Network, fat_tree, random_network

from sim.device import Device
from sim.fast.network import FastNetwork
from sim.fast.sessions import NotPlain
from sim.links import solve_links
from sim.routing.engine import Engine
from sim.routing.states import NodeStates
from sim.snapshot import NodeState
from sim.sweep.failures import Element, Failure, elements
from sim.sweep.level import LevelExaminer
from sim.sweep.sweeping import Sweep, alone, sweep
from sim.topology.model import Topology


def examiner(network: Network) -> LevelExaminer:
    topology = network.topology()
    return LevelExaminer(topology, FastNetwork(solve_links(topology, network.devices()), network.devices()))


def swept(network: Network, what: str, size: int) -> Sweep:
    found = examiner(network)
    return list(sweep(found, elements(network.topology(), what), size, alone(found)))[-1]  # type: ignore[arg-type]


def anew(network: Network, failure: Failure) -> Mapping[str, NodeState]:
    """The network solved from nothing by the general engine, with the failure drawn."""
    topology: Topology = network.topology()
    for link in [network.topology().links[each.number] for each in failure if each.kind == "link"]:
        topology = topology.without(next(each for each in topology.links if each == link))
    for each in failure:
        topology = topology.without_node(each.name) if each.kind == "node" else topology
    devices: dict[str, Device] = {name: each for name, each in network.devices().items() if name in topology.nodes}
    engine = Engine(solve_links(topology, devices), devices)
    engine.run()
    return NodeStates(engine)


def routes(network: Network, states: Mapping[str, NodeState]) -> dict[tuple[str, str], int]:
    """How many next hops each node has for each prefix that nodes own, owners left out."""
    owned = {str(prefix) for own in network.owned.values() for prefix in own}
    return {
        (name, prefix): len(route.next_hops)
        for name, state in states.items()
        for prefix, route in state.fib.items()
        if prefix in owned and route.protocol == "bgp"
    }


def check(network: Network, failures: list[Failure]) -> None:
    found = examiner(network)
    before = routes(network, anew(network, ()))
    prefixes = {
        number * found.families[0].fabric.size + node: [(name, str(prefix)) for prefix in each.prefixes]
        for number, each in enumerate(found.families[0].bgp.classes)
        for node, name in enumerate(found.families[0].fabric.nodes)
    }
    for effect in found.effects(failures):
        after = routes(network, anew(network, effect.failure))
        gone = {each.name for each in effect.failure if each.kind == "node"}
        alive = {str(p) for name, own in network.owned.items() if name not in gone for p in own}
        expected = {key for key in before.keys() - after.keys() if key[0] not in gone and key[1] in alive}
        assert {each for number in effect.lost for each in prefixes[number]} == expected, effect.failure
        opened = {each for number in effect.opened for each in prefixes[number]}
        assert opened == after.keys() - before.keys(), effect.failure
        if not gone:
            fewer = [key for key, width in after.items() if width < before.get(key, 0)]
            assert effect.narrowed == len(fewer), effect.failure


def test_every_single_link_of_a_fat_tree_fails_as_if_solved_from_nothing() -> None:
    network = fat_tree(4)
    check(network, [(each,) for each in elements(network.topology(), "links")])


def test_every_single_node_of_a_fat_tree_fails_as_if_solved_from_nothing() -> None:
    network = fat_tree(4)
    check(network, [(each,) for each in elements(network.topology(), "nodes")])


def test_double_failures_of_a_fat_tree_are_as_if_solved_from_nothing() -> None:
    network = fat_tree(4)
    pairs = list(combinations(elements(network.topology(), "both"), 2))
    check(network, random.Random(1).sample(pairs, 60))


@pytest.mark.parametrize("seed", range(30))
def test_failures_of_random_networks_are_as_if_solved_from_nothing(seed: int) -> None:
    network = random_network(seed)
    try:
        examiner(network)
    except NotPlain:
        pytest.skip("not for the level engine")
    singles: list[Failure] = [(each,) for each in elements(network.topology(), "both")]
    pairs = list(combinations(elements(network.topology(), "links"), 2))
    for failure in [*singles, *random.Random(seed).sample(pairs, min(len(pairs), 12))]:
        try:
            check(network, [failure])
        except NotPlain:
            continue


@pytest.mark.parametrize("what", ["links", "both"])
def test_what_pairs_inherit_by_proof_is_what_they_do(what: str) -> None:
    """In a fat-tree, every pair that was not examined harms exactly what its two parts harm."""
    network = fat_tree(4)
    found = swept(network, what, 2)
    every = list(combinations(found.elements, 2))
    left = [pair for pair in every if pair not in found.effects]
    assert 0 < len(left) < len(every)
    assert found.coverage[2].inherited >= len(left)
    assert found.complete
    for effect in examiner(network).effects(left):
        parts = [found.effects[part,] for part in effect.failure]
        nodes = {each.name for each in effect.failure if each.kind == "node"}
        union = parts[0].lost | parts[1].lost
        if nodes:
            assert effect.lost <= union
        else:
            assert effect.lost == union


def test_the_one_cable_that_everything_hangs_on_is_named() -> None:
    """Two triangles of routers joined by one cable."""
    names = ["a1", "a2", "a3", "b1", "b2", "b3"]
    triangles = [("a1", "a2"), ("a2", "a3"), ("a1", "a3"), ("b1", "b2"), ("b2", "b3"), ("b1", "b3")]
    asn = {name: 65001 + number for number, name in enumerate(names)}
    plain = fat_tree(4)
    owned = dict(zip(names, plain.owned.values(), strict=False))
    network = Network(asn, [*triangles, ("a1", "b1")], owned)
    found = swept(network, "links", 2)
    smallest = dict(found.minimal("lost"))
    bridge = next(each for each in found.elements if each.name.startswith("a1:eth6"))
    assert [failure for failure in smallest if len(failure) == 1] == [(bridge,)]
    assert len(smallest[bridge,]) == 18, "each of three to each of three, both ways"
    doubles = [{each.name[:2] for each in failure} for failure in smallest if len(failure) == 2]
    assert len(doubles) == 6, "of a triangle, any two cables cut one router off"


def test_elements_are_written_as_a_user_would() -> None:
    found = elements(fat_tree(4).topology(), "both")
    assert Element("link", 0, "agg0-0:eth0 - edge0-0:eth0") in found
    assert Element("node", 0, "core0") in found
