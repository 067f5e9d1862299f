"""Other people's labs work as they are: real input that is kept beside the repository, when it is there."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from harness import deploy
from harness.lab_witness import playing
from harness.run import own_name
from harness.story import Step
from harness.verdict import Outcome
from sim.errors import Place
from sim.flow import Flow
from sim.topology.reader import read_topology

CASES = Path(__file__).parents[3] / "shared" / "cases"
CONVERGED_S = 90.0
"""OSPF elects its designated routers after 40 s of waiting (RFC 2328, 9.4 and C.3), and these files set no timers."""

pytestmark = [
    pytest.mark.kernel,
    pytest.mark.long,
    pytest.mark.xdist_group(__name__),  # its tests share labs
    pytest.mark.skipif(not CASES.is_dir(), reason="the cases are not beside this repository"),
]

Expect = Callable[..., None]


@contextmanager
def running(file: Path) -> Iterator[Expect]:
    """A lab of the topology file, and a function that expects a check to pass there before long."""
    base = read_topology(file, allow_outside_binds=True)
    topology = read_topology(file, allow_outside_binds=True, name=own_name(base.name))
    with deploy.bring_up(topology) as lab, playing(lab) as play:

        def expect(check: str, **arguments: Any) -> None:
            step = Step("expect", check, arguments, Place(str(file)), within_s=CONVERGED_S, written=arguments)
            verdict = play.expect(step).verdict
            assert verdict.outcome is Outcome.PASS, f"{check}: {verdict.text}"

        yield expect


@pytest.fixture(scope="module")
def ospf_triangle() -> Iterator[Expect]:
    with running(CASES / "containerlab-frr01" / "frr01.clab.yml") as expect:
        yield expect


@pytest.fixture(scope="module")
def unnumbered_fabric() -> Iterator[Expect]:
    with running(Path(__file__).parent / "cases" / "cumulus-bgp-unnumbered.clab.yml") as expect:
        yield expect


def test_each_router_of_the_triangle_learns_the_two_other_networks_by_ospf(ospf_triangle: Expect) -> None:
    networks = {1: "192.168.11.0/24", 2: "192.168.12.0/24", 3: "192.168.13.0/24"}
    for here, there in permutations(networks, 2):
        next_hop = f"router{there}"
        ospf_triangle("route", node=f"router{here}", prefix=networks[there], next_hops=[next_hop], protocol="ospf")


def test_every_pc_of_the_triangle_reaches_every_other(ospf_triangle: Expect) -> None:
    for here, there in permutations((1, 2, 3), 2):
        ospf_triangle("delivered", flow=Flow(f"PC{here}", f"192.168.1{there}.2"))


def test_each_leaf_of_the_unnumbered_fabric_reaches_the_other_by_both_spines(unnumbered_fabric: Expect) -> None:
    for leaf, network in (("leaf01", "172.16.2.0/24"), ("leaf02", "172.16.1.0/24")):
        unnumbered_fabric("route", node=leaf, prefix=network, next_hops=["spine01", "spine02"], protocol="bgp")


def test_the_servers_of_the_unnumbered_fabric_reach_each_other(unnumbered_fabric: Expect) -> None:
    unnumbered_fabric("delivered", flow=Flow("server01", "172.16.2.101"))
    unnumbered_fabric("delivered", flow=Flow("server02", "172.16.1.101"))
    unnumbered_fabric("delivered", flow=Flow("server01", "10.0.0.12"))


def test_every_node_of_the_unnumbered_fabric_has_a_management_address_by_dhcp(unnumbered_fabric: Expect) -> None:
    for node in ("spine01", "leaf02", "server01"):
        unnumbered_fabric("delivered", flow=Flow("spine02", f"{node}:eth0"))
