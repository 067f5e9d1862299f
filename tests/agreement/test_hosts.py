"""What hosts' files, scripts and surroundings come to on paper, with Linux, ifupdown2 and iproute2 as the referee.

The lab `hosts` holds one of each: ifupdown's stanzas, RHEL's scripts, `exec` lines, vtysh, a dummy link, a bridge and
the lab's host side; `corners` what surprised when it was first compared. The kernel here makes no VLAN, bond or VRF
device; those are judged by hand-made networks alone.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from harness import deploy
from harness.agreement import differences
from harness.observe import observe
from harness.run import own_name
from lab.lab import Lab
from sim.devices import read_devices
from sim.links import solve_links
from sim.snapshot import Snapshot
from sim.solve import solve
from sim.topology.reader import read_topology

pytestmark = [pytest.mark.kernel, pytest.mark.xdist_group(__name__)]  # its tests share a lab

FILES = sorted(Path(__file__).parent.glob("labs_of_hosts/*/*.clab.yml"))
SHOWN = ("forwarding", "rp_filter", "proxy_arp")


@pytest.fixture(scope="module", params=FILES, ids=lambda path: path.parent.name)
def lab(request: pytest.FixtureRequest) -> Iterator[Lab]:
    lab = deploy.bring_up(read_topology(request.param, name=own_name("hosts")))
    yield lab
    lab.destroy()


@pytest.fixture(scope="module")
def seen(lab: Lab) -> Snapshot:
    return observe(lab)


def test_interfaces_and_routes_are_those_of_the_lab(lab: Lab, seen: Snapshot) -> None:
    paper = solve(lab.topology, read_devices(lab.topology))
    assert [each.told() for each in differences(paper.snapshot, seen)] == []


def test_policy_rules_are_those_of_the_lab(lab: Lab, seen: Snapshot) -> None:
    paper = solve(lab.topology, read_devices(lab.topology))
    for node, state in seen.nodes.items():
        told = [
            (rule.priority, rule.selector.replace("/32", ""), rule.action) for rule in paper.snapshot.nodes[node].rules
        ]
        assert told == [(rule.priority, rule.selector.replace("/32", ""), rule.action) for rule in state.rules], node


def test_kernel_parameters_are_those_of_the_lab(lab: Lab, seen: Snapshot) -> None:
    links = solve_links(lab.topology, read_devices(lab.topology))
    for node, state in seen.nodes.items():
        told = {key: value for key, value in links.sysctls(node).items() if key.endswith(SHOWN)}
        assert told == {key: value for key, value in state.sysctls.items() if key.endswith(SHOWN)}, node


def test_a_pulled_cable_darkens_on_paper_what_it_darkens_in_the_lab(lab: Lab) -> None:
    cable = next(link for link in lab.topology.links if len(link.endpoints) == 2)
    node, interface = cable.endpoints[0].node, cable.endpoints[0].interface
    before = {name for name, face in observe(lab).nodes[node].interfaces.items() if not face.up}
    lab.set_link(f"{node}:{interface}", up=False)
    less = lab.topology.without(cable)
    links = solve_links(less, read_devices(less))
    dark = {name for name, face in observe(lab).nodes[node].interfaces.items() if not face.up}
    assert dark == {name for name, face in links.faces[node].items() if not face.up} == before | {interface}
    lab.set_link(f"{node}:{interface}", up=True)
