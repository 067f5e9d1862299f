"""`deploy` run again applies the difference: what did not change keeps its processes, interfaces and sessions."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from runtime_network import until, write_network

from harness.deploy import apply, bring_up
from lab.lab import Lab
from sim.errors import FabricError
from sim.topology.reader import read_topology

pytestmark = pytest.mark.kernel

MANAGED = """\
name: managed
mgmt: {ipv4-subnet: 172.31.253.0/24, network: mg}
topology:
  defaults: {kind: linux}
  nodes:
    a: {binds: [motd:/etc/motd]}
    b: {env: {COLOUR: red}, exec: [sh -c "echo $COLOUR > /tmp/colour"]}
    c: {}
  links:
    - endpoints: ["a:eth1", "b:eth1"]
    - endpoints: ["b:eth2", "c:eth1"]
"""


@pytest.fixture
def network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("FABRICLAB_RUN", str(tmp_path / "run"))
    yield write_network(tmp_path / "net", "net", f"difference{os.getpid()}")
    for name in Lab.names():
        Lab.destroy_by_name(name)


@pytest.fixture
def managed(tmp_path: Path, network: Path) -> Path:
    file = tmp_path / "managed/managed.clab.yml"
    file.parent.mkdir()
    (file.parent / "motd").write_text("welcome\n")
    file.write_text(MANAGED)
    return file


def edit(file: Path, *changes: tuple[str, str]) -> None:
    text = file.read_text()
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    file.write_text(text)


def again(file: Path) -> Lab:
    """What `deploy` does on a running lab, from another command."""
    wanted = read_topology(file)
    lab = Lab.find(wanted.name)
    apply(lab, wanted)
    return Lab.find(wanted.name)


def pids(lab: Lab, name: str) -> set[tuple[int, str]]:
    return {(each.pid, each.name) for each in lab.nodes[name].processes()}


def addresses(lab: Lab, node: str, interface: str) -> list[str]:
    shown = json.loads(lab.nodes[node].run(["ip", "-j", "address", "show", interface], check=False).text or "[]")
    return [f"{each['local']}/{each['prefixlen']}" for face in shown for each in face["addr_info"]]


def learned(lab: Lab) -> bool:
    return "198.51.100.2" in lab.nodes["r1"].run(["ip", "route"]).text


def reaches(lab: Lab, node: str, address: str) -> bool:
    return lab.nodes[node].run(["ping", "-c1", "-W1", address], check=False).status == 0


def test_an_added_node_and_link_leave_the_others_untouched(network: Path) -> None:
    lab = bring_up(read_topology(network))
    before = pids(lab, "r1"), pids(lab, "r2")
    edit(
        network,
        ("    server:", "    guest: {kind: linux, exec: [ip address add 192.0.2.130/26 dev eth1]}\n    server:"),
        ("  links:\n", "  links:\n    - {endpoints: [r1:eth9, guest:eth1], ipv4: [192.0.2.129/26, '']}\n"),
    )
    lab = again(network)
    assert (pids(lab, "r1"), pids(lab, "r2")) == before
    assert reaches(lab, "guest", "192.0.2.129")


def test_a_removed_node_takes_its_links_and_nothing_else(network: Path) -> None:
    lab = bring_up(read_topology(network))
    before = pids(lab, "r1"), pids(lab, "r2")
    text = network.read_text().splitlines(keepends=True)
    network.write_text("".join(line for line in text if "server" not in line))
    lab = again(network)
    assert lab.nodes.keys() == {"r1", "r2"} and lab.states().keys() == {"r1", "r2"}
    assert (pids(lab, "r1"), pids(lab, "r2")) == before
    assert addresses(lab, "r2", "eth2") == []
    until(lambda: learned(lab), 30, "the routers' session")


def test_a_removed_link_is_gone_at_both_ends_and_a_new_one_may_take_its_ports(network: Path) -> None:
    bring_up(read_topology(network))
    edit(network, ("    - endpoints: [r2:eth2, server:eth1]\n", ""))
    lab = again(network)
    for node, port in (("r2", "eth2"), ("server", "eth1")):
        assert lab.nodes[node].run(["ip", "link", "show", port], check=False).status != 0
    edit(
        network,
        ("  links:\n", "  links:\n    - {endpoints: [r1:eth2, server:eth1], ipv4: [10.9.9.1/30, 10.9.9.2/30]}\n"),
    )
    lab = again(network)
    assert reaches(lab, "server", "10.9.9.1")


def test_a_changed_file_is_pushed_and_every_process_stays(network: Path) -> None:
    lab = bring_up(read_topology(network))
    before = pids(lab, "r1"), pids(lab, "r2"), pids(lab, "server")
    frr = network.parent / "r2/frr/frr.conf"
    frr.write_text(frr.read_text() + "  network 198.51.100.77/32\n")
    lab = again(network)
    until(lambda: "198.51.100.77" in lab.nodes["r1"].run(["ip", "route"]).text, 30, "the new route")
    assert (pids(lab, "r1"), pids(lab, "r2"), pids(lab, "server")) == before


def test_a_changed_environment_makes_one_node_anew_and_its_neighbours_keep_interfaces_and_processes(
    network: Path,
) -> None:
    lab = bring_up(read_topology(network))
    before = pids(lab, "r1"), pids(lab, "server")
    edit(network, ("r2: {kind: frr,", "r2: {kind: frr, env: {COLOUR: blue},"))
    lab = again(network)
    assert (pids(lab, "r1"), pids(lab, "server")) == before
    assert lab.nodes["r2"].run(["sh", "-c", "echo $COLOUR"]).text == "blue\n"
    assert addresses(lab, "r1", "eth1")[0] == "192.0.2.1/24" and addresses(lab, "server", "eth1")[0] == "203.0.113.2/24"
    until(lambda: learned(lab), 30, "the session returns by itself")
    assert reaches(lab, "server", "203.0.113.1")


def test_nodes_on_the_management_network_keep_their_addresses_when_others_come_and_go(managed: Path) -> None:
    lab = bring_up(read_topology(managed))
    had = {name: addresses(lab, name, "eth0")[0] for name in ("a", "b", "c")}
    assert had == {"a": "172.31.253.2/24", "b": "172.31.253.3/24", "c": "172.31.253.4/24"}
    edit(managed, ("    a: {binds: [motd:/etc/motd]}\n", ""), ('    - endpoints: ["a:eth1", "b:eth1"]\n', ""))
    edit(managed, ("    c: {}\n", "    c: {}\n    d: {}\n"), ("COLOUR: red", "COLOUR: green"))
    lab = again(managed)
    assert addresses(lab, "c", "eth0")[0] == had["c"]
    now = [addresses(lab, name, "eth0")[0] for name in ("b", "c", "d")]
    assert len(set(now)) == 3 and all(each.startswith("172.31.253.") for each in now)
    assert lab.nodes["b"].read("/tmp/colour") == b"green\n"
    for name in ("b", "c"):
        assert lab.nodes["d"].run(["ping", "-c1", "-W1", name]).status == 0
    hosts = (lab.nodes["c"].read("/etc/hosts") or b"").decode()
    assert " d " in f"{hosts} ".replace("\n", " ") and "\na " not in hosts.replace("172.31.253.2 ", "\n")


def test_another_management_subnet_is_another_bridge(managed: Path) -> None:
    bring_up(read_topology(managed))
    edit(managed, ("172.31.253.0/24", "172.31.252.0/24"))
    lab = again(managed)
    assert addresses(lab, "a", "eth0")[0] == "172.31.252.2/24"
    assert lab.nodes["a"].run(["ping", "-c1", "-W1", "172.31.252.1"]).status == 0


@pytest.mark.parametrize(
    ("old", "new", "culprit"),
    [
        (
            "r2: {kind: frr,",
            "r2: {kind: frr, sysctls: {net.ipv4.conf.all.no_such: 1, net.ipv4.ip_forward: ouch},",
            "r2",
        ),
        ("    server:", "    bad: {kind: linux, exec: [ls /nowhere]}\n    server:", "bad"),
    ],
    ids=["a sysctl that is refused", "a failing exec line"],
)
def test_a_difference_that_fails_goes_back_to_what_ran(network: Path, old: str, new: str, culprit: str) -> None:
    lab = bring_up(read_topology(network))
    before = pids(lab, "r1"), pids(lab, "server")
    edit(network, (old, new))
    with pytest.raises(FabricError) as caught:
        again(network)
    assert culprit in str(caught.value).split(":")[0], str(caught.value)
    assert getattr(caught.value, "__notes__", []) == []
    lab = Lab.find("net")
    assert lab.states() == {"r1": "running", "r2": "running", "server": "running"}
    assert (pids(lab, "r1"), pids(lab, "server")) == before
    until(lambda: learned(lab), 30, "the session is as it was")


def test_a_bad_file_in_a_difference_leaves_what_ran(network: Path) -> None:
    bring_up(read_topology(network))
    frr = network.parent / "r2/frr/frr.conf"
    good = frr.read_text()
    frr.write_text(good + "  neighbr 1.2.3.4\n")
    with pytest.raises(FabricError, match="neighbr"):
        again(network)
    lab = Lab.find("net")
    assert lab.nodes["r2"].read("/etc/frr/frr.conf") == good.encode()
    until(lambda: learned(lab), 30, "the session is as it was")


def test_two_labs_of_one_topology_run_side_by_side(network: Path) -> None:
    one, two = bring_up(read_topology(network)), bring_up(read_topology(network, name="net-two"))
    for lab in (one, two):
        until(lambda lab=lab: learned(lab), 30, "each lab's own session")
    one.destroy()
    assert Lab.names() == ["net-two"] and learned(two) and reaches(two, "server", "203.0.113.1")
