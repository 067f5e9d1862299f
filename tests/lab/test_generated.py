"""Generated fabrics in the kernel: real FRR takes every file, and routers reach each other by equal paths."""

from pathlib import Path

import pytest

from harness import deploy
from harness.generating import write
from harness.lab_witness import playing
from harness.run import own_name
from harness.story import Step
from harness.verdict import Outcome
from sim.errors import Place
from sim.flow import Flow
from sim.generate.clos import clos
from sim.generate.fat_tree import fat_tree
from sim.generate.folder import folder
from sim.generate.frr import Style
from sim.generate.plan import Plan, Tier
from sim.topology.reader import read_topology

pytestmark = pytest.mark.kernel
CONVERGED_S = 60.0
NUMBERED, UNNUMBERED = Style(policies=True), Style(unnumbered=True)


def expected(plan: Plan, here: str) -> dict[str, list[str]]:
    """By loopback of every other edge, the neighbours of edge `here` that lead there: the aggregations of its pod."""
    above = [port.peer.box.name for port in plan.ports[here]]
    return {box.loopback: above for box in plan.boxes if box.tier is Tier.EDGE and box.name != here}


@pytest.mark.parametrize("style", [NUMBERED, UNNUMBERED], ids=["numbered with policies", "unnumbered"])
def test_an_edge_of_a_fat_tree_reaches_every_other_by_both_aggregations(style: Style, tmp_path: Path) -> None:
    plan = fat_tree(4)
    write(folder(plan, style), tmp_path)
    topology = read_topology(tmp_path, name=own_name("ft"))
    with deploy.bring_up(topology) as lab, playing(lab) as play:

        def expect(check: str, **arguments: object) -> None:
            verdict = play.expect(Step("expect", check, arguments, Place(""), within_s=CONVERGED_S)).verdict
            assert verdict.outcome is Outcome.PASS, f"{check}: {verdict.text}"

        expect("sessions")
        for loopback, above in expected(plan, "pod1-edge1").items():
            expect("route", node="pod1-edge1", prefix=f"{loopback}/32", next_hops=above, protocol="bgp")
        expect("route", node="core1-1", prefix="10.3.2.0/24", next_hops=["pod3-agg1"], protocol="bgp")
        expect("delivered", flow=Flow("pod1-edge1:lo", "10.3.2.1"))


@pytest.mark.parametrize("style", [NUMBERED, Style("ospf")], ids=["bgp", "ospf"])
def test_servers_of_a_leaf_spine_fabric_reach_each_other(style: Style, tmp_path: Path) -> None:
    write(folder(clos(2, 2, 1), style), tmp_path)
    topology = read_topology(tmp_path, name=own_name("clos"))
    with deploy.bring_up(topology) as lab, playing(lab) as play:
        arguments = {"flow": Flow("leaf1-server1", "leaf2-server1")}
        step = Step("expect", "delivered", arguments, Place(""), within_s=CONVERGED_S)
        verdict = play.expect(step).verdict
        assert verdict.outcome is Outcome.PASS, verdict.text
