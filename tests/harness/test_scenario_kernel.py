"""Every action on a real lab, through scenarios and through the `fabric` of pytest tests."""

import os
from pathlib import Path

import pytest

from harness.fabric import Fabric, Unmet, delivered, listeners, mtu, route
from harness.lab_pool import LabPool
from harness.lab_witness import playing
from harness.run import ScenarioResult, Silent, shared
from harness.scenario import read_scenario
from harness.verdict import Outcome
from harness.verifying import verify
from lab.lab import Lab
from sim.errors import LabError
from sim.flow import Flow

pytestmark = [pytest.mark.kernel, pytest.mark.xdist_group(__name__)]  # its tests share a lab

LAB = f"line{os.getpid()}"  # other workers have labs of this topology at the same time
TOPOLOGY = """\
name: line
topology:
  defaults: {kind: linux, network-mode: none}
  nodes:
    left:
      exec: [ip addr add 10.1.0.1/24 dev eth1, ip route add 10.2.0.0/24 via 10.1.0.2]
    middle:
      binds: [sysctl.conf:/etc/sysctl.d/10-router.conf]
      exec: [ip addr add 10.1.0.2/24 dev eth1, ip addr add 10.2.0.2/24 dev eth2]
    right:
      config: {vars: {services: [{name: web, address: 10.2.0.3, port: 80, protocol: http}]}}
      exec: [ip addr add 10.2.0.3/24 dev eth1, ip route add 10.1.0.0/24 via 10.2.0.2]
  links:
    - {endpoints: [left:eth1, middle:eth1], mtu: 1500}
    - {endpoints: [middle:eth2, right:eth1], mtu: 1500}
"""
WEB = "{from: left, to: 10.2.0.3, proto: tcp, dport: 80}"


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("line")
    (folder / "line.clab.yml").write_text(TOPOLOGY.replace("name: line", f"name: {LAB}"))
    (folder / "sysctl.conf").write_text("net.ipv4.ip_forward = 1\n")
    closed = folder / "closed" / "middle" / "etc" / "iptables"
    closed.mkdir(parents=True)
    (closed / "rules.v4").write_text("*filter\n:FORWARD ACCEPT [0:0]\n-A FORWARD -p tcp --dport 80 -j DROP\nCOMMIT\n")
    return folder


def story(site: Path, *steps: str, name: str = "story.yml", more: str = "") -> Path:
    (site / name).write_text(
        f"name: x\ntopology: line.clab.yml\n{more}steps:\n" + "".join(f"  - {{{s}}}\n" for s in steps)
    )
    return site / name


def verified(*paths: Path) -> tuple[ScenarioResult, ...]:
    return verify(list(map(str, paths)), name=None, keep=False, jobs=2, progress=Silent()).results


@pytest.fixture(scope="module")
def pool():
    labs = LabPool()
    yield labs
    labs.close()


@pytest.fixture
def fabric(site, pool):
    path = site / "line.clab.yml"
    lab = pool.take_topology(path)
    with playing(lab) as play:
        network = Fabric(play, lab)
        yield network
    pool.give_back_topology(path, whole=network.is_whole)


WEB_FLOW = Flow("left", "10.2.0.3", "tcp", dport=80)


def test_a_cable_out_and_in_again_leaves_the_network_whole(fabric):
    fabric.expect(delivered(WEB_FLOW), within=5)
    with fabric.link_down("left:eth1"):
        fabric.expect(~delivered(WEB_FLOW), within=5)
        with pytest.raises(Unmet, match=r"left -> 10\.2\.0\.3 tcp/80"):
            fabric.expect(delivered(WEB_FLOW))
        assert len(fabric.topology.links) == 1
    fabric.expect(delivered(WEB_FLOW), within=5)
    fabric.expect(route("left", "10.2.0.0/24", next_hops={"middle"}), within=5)
    assert fabric.is_whole


def test_a_node_without_power_comes_back_with_what_it_ran(fabric):
    with fabric.node_stopped("right"):
        fabric.expect(~delivered(WEB_FLOW))
        assert "right" not in fabric.topology.nodes
    fabric.expect(delivered(WEB_FLOW), within=5)
    fabric.expect(listeners("right", exactly=["tcp/10.2.0.3:80"]))


def test_a_service_stopped_and_started(fabric):
    fabric.do("service.stop", node="right", name="web")
    fabric.expect(listeners("right", exactly=[]))
    fabric.expect(~delivered(WEB_FLOW))
    assert not fabric.is_whole
    fabric.do("service.start", node="right", name="web")
    fabric.expect(delivered(WEB_FLOW), within=5)


def test_a_process_killed_is_gone_and_one_that_never_was_can_not_be(fabric):
    with pytest.raises(LabError, match="no process is called 'bgpd'"):
        fabric.do("daemon.kill", node="middle", daemon="bgpd")


def test_a_smaller_mtu_is_found_to_the_byte(fabric):
    fabric.expect(mtu("left", "10.2.0.3", 1500))
    fabric.do("interface.mtu", interface="left:eth1", bytes=1400)
    fabric.expect(mtu("left", "10.2.0.3", 1400))
    fabric.expect(~mtu("left", "10.2.0.3", 1500))


def labs_of_ours() -> set[str]:
    return {name for name in Lab.names() if name.startswith(LAB)}


def test_a_story_with_a_pushed_filter_ends_with_its_lab(site):
    path = story(
        site,
        f"expect: delivered, flow: {WEB}, within: 5s",
        "do: config.push, overlay: closed",
        f"expect: denied, flow: {WEB}, by: middle, within: 5s",
        f"expect: delivered, flow: {WEB}, not: true, for: 1s",
    )
    before = labs_of_ours()
    [result] = verified(path)
    assert result.verdict.outcome is Outcome.PASS, result.verdict.text
    assert "--dport 80 -j DROP" in result.steps[2].verdict.text
    assert labs_of_ours() == before


def test_what_can_not_be_done_is_an_error_and_skips_the_rest(site):
    path = story(site, "do: daemon.kill, node: middle, daemon: bird", "expect: loop_free")
    [result] = verified(path)
    assert result.verdict.outcome is Outcome.ERROR
    assert [step.verdict.outcome for step in result.steps] == [Outcome.ERROR, Outcome.SKIP]


def test_a_twin_with_its_fault_as_an_overlay_passes_by_failing_and_stories_share_a_lab(site):
    good = story(site, f"expect: delivered, flow: {WEB}, within: 5s", name="good.yml")
    also = story(site, "expect: loop_free", name="also.yml")
    bad = story(
        site,
        f"expect: delivered, flow: {WEB}, within: 1s",
        name="good.bad.yml",
        more="overlay: closed\ntwin_of: good.yml\nfails: denied_in at middle.*DROP|denied_out at middle.*DROP\n",
    )
    results = verified(good, bad, also)
    assert [each.verdict.outcome for each in results] == [Outcome.PASS] * 3, [each.verdict.text for each in results]
    assert [len(group) for group in shared([read_scenario(path) for path in (good, bad, also)])] == [2, 1]
