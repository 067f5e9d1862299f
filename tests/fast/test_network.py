"""The level engine's networks, entry by entry against the general engine: FIB, sessions, what is received."""

from collections.abc import Mapping
from dataclasses import replace

import pytest
from fabrics import Network, fat_tree, random_network

from sim.counts import count
from sim.fast.network import FastNetwork
from sim.fast.sessions import NotPlain
from sim.fast.solution import FastSolution
from sim.routing.engine import Engine
from sim.routing.settlement import Settlement
from sim.routing.states import NodeStates
from sim.snapshot import NodeState
from sim.solve import solve


def general(network: Network) -> Mapping[str, NodeState]:
    engine = Engine(network.links(), network.devices())
    engine.run()
    return NodeStates(engine)


def settled(states: Mapping[str, NodeState]) -> dict[str, NodeState]:
    """All but how many prefixes came over a session: which of its equal paths a neighbour tells hangs on history."""
    return {
        name: replace(state, sessions=tuple(replace(each, prefixes_received=None) for each in state.sessions))
        for name, state in states.items()
    }


@pytest.mark.parametrize("ports", [4, 6])
def test_a_fat_tree_is_the_same_to_both_engines(ports: int) -> None:
    network = fat_tree(ports)
    fast = FastNetwork(network.links(), network.devices())
    assert dict(fast) == dict(general(network))


def test_random_networks_are_the_same_to_both_engines_where_the_fast_one_takes_them() -> None:
    taken = 0
    for seed in range(40):
        network = random_network(seed)
        try:
            fast = FastNetwork(network.links(), network.devices())
        except NotPlain:
            continue
        taken += 1
        assert settled(fast) == settled(general(network)), seed
    assert taken > 10


@pytest.mark.parametrize("ports", [4, 8])
def test_what_is_counted_is_what_is_there(ports: int) -> None:
    network = fat_tree(ports)
    paper = solve(network.topology(), network.devices())
    found, spelt = paper.counts(), count(paper.snapshot.nodes)
    assert (found.routes, found.next_hops) == (spelt.routes, spelt.next_hops)
    assert ("level" in found.classes) == (ports == 8), "a small network is not worth loading numpy for"
    assert (found.sessions_up, found.sessions_asked) == (spelt.sessions_up, spelt.sessions_asked)


def test_a_session_that_one_side_does_not_want_is_down_to_both_engines() -> None:
    network = fat_tree(4)
    devices = network.devices()
    instance = devices["core0"].bgp[0]
    devices["core0"] = replace(
        devices["core0"],
        bgp=(replace(instance, neighbours=(replace(instance.neighbours[0], remote_as=1), *instance.neighbours[1:])),),
    )
    fast = FastNetwork(network.links(), devices)
    engine = Engine(network.links(), devices)
    engine.run()
    assert settled(fast) == settled(NodeStates(engine))
    assert fast.counts().sessions_up == fast.counts().sessions_asked - 2


def test_a_large_network_tells_why_a_route_won() -> None:
    network = fat_tree(4)
    fast = FastSolution(FastNetwork(network.links(), network.devices()))
    engine = Engine(network.links(), network.devices())
    engine.run()
    learnt = [(name, each) for name, kernel in engine.kernels.items() for each in kernel.tables["main"]]
    node, prefix = next((name, each) for name, each in learnt if "frr" in engine.kernels[name].tables["main"][each])
    why = fast.why(node, prefix)
    assert why is not None and why.route.startswith("from ")
    assert why == Settlement(engine).why(node, prefix)
