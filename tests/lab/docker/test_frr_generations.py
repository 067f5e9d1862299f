"""One lab with both generations of FRR: what they say to each other, and what paper says of each."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from runtime_network import until

from harness.deploy import bring_up, push_files
from harness.diffing import lab_against_paper
from harness.generations import Generations
from harness.observe import observe
from lab.lab import Lab
from sim.topology.files import node_files
from sim.topology.reader import read_topology

pytestmark = [pytest.mark.kernel, pytest.mark.docker, pytest.mark.xdist_group("docker")]  # one worker builds images

TOPOLOGY = """
name: generations
topology:
  defaults:
    network-mode: none
    sysctls: {{net.ipv4.ip_forward: 1, net.ipv6.conf.all.forwarding: 1}}
    binds: ["daemons:/etc/frr/daemons", "__clabNodeName__.conf:/etc/frr/frr.conf"]
  nodes:
    eight: {{kind: linux, image: "{debian_12}"}}
    ten: {{kind: linux, image: "{debian_13}"}}
  links:
    - endpoints: ["eight:eth1", "ten:eth1"]
"""
DAEMONS = 'bgpd=yes\nospfd=yes\nospf6d=yes\nbfdd=yes\nmgmtd_options="-A 127.0.0.1"\n'
CONF = """
interface lo
 ip address 10.0.0.{own}/32
 ipv6 address 2001:db8::{own}/128
 ip ospf area 0
 ipv6 ospf6 area 0
exit
interface eth1
 ip address 10.1.0.{own}/24
 ip ospf area 0
 ip ospf hello-interval 1
 ip ospf dead-interval 4
 ip ospf network point-to-point
 ipv6 ospf6 area 0
 ipv6 ospf6 hello-interval 1
 ipv6 ospf6 dead-interval 4
exit
ip route 198.51.100.{own}/32 Null0
ip route 203.0.113.{own}/32 10.0.0.{peer}
router ospf
exit
router ospf6
exit
router bgp 6500{own}
 no bgp ebgp-requires-policy
 neighbor 10.1.0.{peer} remote-as 6500{peer}
 neighbor 10.1.0.{peer} bfd
 neighbor 10.1.0.{peer} timers connect 1
 address-family ipv4 unicast
  redistribute static
 exit-address-family
exit
"""


@pytest.fixture(scope="module")
def lab(debian_12: str, debian_13: str, run_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("generations")
    (folder / "daemons").write_text(DAEMONS)
    for name, own, peer in (("eight", 1, 2), ("ten", 2, 1)):
        (folder / f"{name}.conf").write_text(CONF.format(own=own, peer=peer))
    file = folder / "generations.clab.yml"
    file.write_text(TOPOLOGY.format(debian_12=debian_12, debian_13=debian_13))
    with bring_up(read_topology(file), runtime="docker") as running:
        yield running


def agrees(lab: Lab) -> bool:
    return not lab_against_paper(lab).entries


def test_both_generations_meet_and_route_as_paper_says(lab: Lab) -> None:
    until(lambda: agrees(lab), 60, "lab and paper agree")
    for name in ("eight", "ten"):
        sessions = observe(lab).nodes[name].sessions
        assert sorted((each.protocol, each.up) for each in sessions) == [
            ("bfd", True),
            ("bgp", True),
            ("ospf", True),
            ("ospf6", True),
        ]


def test_each_node_is_taken_for_the_frr_that_runs_on_it(lab: Lab) -> None:
    told = Generations(lab).told(lab.topology).nodes
    assert (told["eight"].facts.frr or "").startswith("8.4") and (told["ten"].facts.frr or "").startswith("10.")


def test_a_push_reaches_frr_10_whose_static_routes_go_by_way_of_mgmtd(lab: Lab) -> None:
    files = dict(node_files(lab.topology, lab.topology.nodes["ten"]))
    conf = files["/etc/frr/frr.conf"]
    pids = {each.pid for each in lab.nodes["ten"].processes()}
    push_files(lab, {"ten": files | {"/etc/frr/frr.conf": conf + b"ip route 203.0.113.77/32 Null0\n"}})
    until(lambda: "203.0.113.77/32" in observe(lab).nodes["eight"].fib, 20, "eight hears of the new route")
    push_files(lab, {"ten": files})
    until(lambda: agrees(lab), 20, "lab and paper agree")
    assert pids <= {each.pid for each in lab.nodes["ten"].processes()}
