"""The level engine against path vectors run to quiet, router by router."""

import pytest
from fabrics import Network, fat_tree, random_network
from path_vector import settle

from sim.device.bgp import IPV4
from sim.fast.bgp import FastBgp, read_plain, solve_plain


def solved(network: Network) -> FastBgp:
    return solve_plain(read_plain(network.devices(), network.wiring(), IPV4))


def neighbours(network: Network, bgp: FastBgp, node: str) -> dict[str, frozenset[str]]:
    """The ECMP sets of one router by prefix, as names of neighbours."""
    across = network.wiring().across
    return {str(prefix): frozenset(across[node, way.interface][0] for way in ways) for prefix, ways in bgp.routes(node)}


@pytest.mark.parametrize("ports", [4, 6])
def test_every_ecmp_set_of_a_fat_tree_is_what_path_vectors_settle_on(ports: int) -> None:
    network = fat_tree(ports)
    bgp = solved(network)
    assert not bgp.others
    found = {name: neighbours(network, bgp, name) for name in network.asn}
    for own in network.owned.values():
        for prefix in own:
            expected = settle(network, prefix, seed=ports)
            assert {name: sets[str(prefix)] for name, sets in found.items() if str(prefix) in sets} == expected


@pytest.mark.parametrize("seed", range(120))
def test_what_is_solved_of_a_random_network_is_what_every_schedule_settles_on(seed: int) -> None:
    """Prefixes that hang on a choice among equals may be left to others, but never be answered wrongly."""
    network = random_network(seed)
    bgp = solved(network)
    found = {name: neighbours(network, bgp, name) for name in network.asn}
    for prefix in {prefix for own in network.owned.values() for prefix in own} - set(bgp.others):
        for schedule in range(3):
            got = {name: sets[str(prefix)] for name, sets in found.items() if str(prefix) in sets}
            assert got == settle(network, prefix, schedule), (prefix, schedule)


def test_most_prefixes_of_random_networks_are_solved_and_some_are_left_to_others() -> None:
    networks = [random_network(seed) for seed in range(120)]
    total = sum(len(set().union(*map(set, network.owned.values()))) for network in networks)
    left = sum(len(solved(network).others) for network in networks)
    assert 0 < left < total / 2
