"""Other people's labs on paper: real input that is kept beside the repository, when it is there."""

import os
from functools import cache
from itertools import permutations
from pathlib import Path

import pytest

from sim.devices import read_devices
from sim.flow import Flow
from sim.paper import Paper
from sim.solve import solve
from sim.topology.reader import read_topology
from sim.trace import trace

CASES = Path(os.environ.get("FABRICLAB_CASES") or Path(__file__).parents[3] / "shared/cases")
UNNUMBERED = Path(__file__).parents[1] / "lab/cases/cumulus-bgp-unnumbered.clab.yml"
TRIANGLE = CASES / "containerlab-frr01/frr01.clab.yml"

pytestmark = pytest.mark.skipif(not CASES.is_dir(), reason="the cases are not beside this repository")


@cache
def paper(file: Path) -> Paper:
    topology = read_topology(file, allow_outside_binds=True)
    return solve(topology, read_devices(topology))


def hops(found: Paper, node: str, prefix: str) -> set[str | None]:
    return {hop.interface for hop in found.snapshot.nodes[node].fib[prefix].next_hops}


def test_both_leafs_hold_the_other_leafs_network_with_two_next_hops() -> None:
    assert hops(paper(UNNUMBERED), "leaf01", "172.16.2.0/24") == {"swp51", "swp52"}
    assert hops(paper(UNNUMBERED), "leaf02", "172.16.1.0/24") == {"swp51", "swp52"}


def test_loopbacks_are_redistributed_by_a_map_that_asks_for_the_interface() -> None:
    assert hops(paper(UNNUMBERED), "spine01", "10.0.0.12/32") == {"swp2"}


@pytest.mark.parametrize(("source", "destination"), [("server01", "172.16.2.101"), ("server02", "172.16.1.101")])
def test_the_servers_reach_each_other(source: str, destination: str) -> None:
    found = trace(paper(UNNUMBERED), Flow(source, destination, "icmp"))
    assert found.delivered, found


@pytest.mark.parametrize(("one", "two"), list(permutations((1, 2, 3), 2)))
def test_every_host_of_the_triangle_reaches_every_other(one: int, two: int) -> None:
    found = trace(paper(TRIANGLE), Flow(f"PC{one}", f"192.168.1{two}.2", "icmp"))
    assert found.delivered, found


@pytest.mark.parametrize("file", [UNNUMBERED, TRIANGLE], ids=lambda path: path.stem)
def test_every_line_is_understood_and_no_address_is_wrong(file: Path) -> None:
    assert not paper(file).findings
    assert not [note for note in paper(file).snapshot.notes if note.policy]
