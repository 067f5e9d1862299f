"""Power and cables: a halted node leaves its neighbours their interfaces, a pulled cable leaves what it would leave."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from runtime_network import until, write_network

from harness.deploy import boot, bring_up
from lab.lab import Lab
from sim.errors import NodeFailed
from sim.topology.reader import read_topology

pytestmark = pytest.mark.kernel

PLAIN = """\
name: plain
mgmt: {ipv4-subnet: 172.31.251.0/24}
topology:
  defaults: {kind: linux}
  nodes:
    a:
      env: {COLOUR: red}
      exec:
        - ip address add 192.0.2.1/24 dev eth1
        - ip -6 address add 2001:db8::1/64 dev eth1 nodad
        - ip route add 198.51.100.0/24 via 192.0.2.2
        - ip route add 198.51.101.0/24 via 192.0.2.2 table 77
        - ip -6 route add 2001:db8:1::/48 via 2001:db8::2
    b:
      exec: [ip address add 192.0.2.2/24 dev eth1, ip -6 address add 2001:db8::2/64 dev eth1 nodad]
    machine: {kind: host}
    sw: {kind: bridge}
    c: {network-mode: none, exec: [ip address add 192.0.2.3/24 dev eth1]}
  links:
    - endpoints: ["a:eth1", "sw:a"]
    - endpoints: ["b:eth1", "sw:b"]
    - endpoints: ["c:eth1", "sw:c"]
"""
COMPUTE = """\
name: power-compute
topology:
  defaults: {kind: linux, network-mode: none}
  nodes:
    compute:
      group: compute
      exec: [ip address add 192.0.2.1/24 dev eth1, ip route add default via 192.0.2.2]
      config:
        vars:
          workloads: [{name: web-01, tap: tap0, address: 10.17.0.5}]
    router: {exec: [ip address add 192.0.2.2/24 dev eth1, ip route add 10.17.0.5/32 via 192.0.2.1]}
  groups: {compute: {kind: linux}}
  links:
    - endpoints: ["compute:eth1", "router:eth1"]
"""


def start(folder: Path, text: str) -> Lab:
    file = folder / "x.clab.yml"
    file.write_text(text)
    return bring_up(read_topology(file))


@pytest.fixture(autouse=True)
def labs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("FABRICLAB_RUN", str(tmp_path / "run"))
    yield
    for name in Lab.names():
        Lab.destroy_by_name(name)


def face(lab: Lab, node: str, interface: str) -> dict[str, object]:
    [found] = json.loads(lab.nodes[node].run(["ip", "-j", "address", "show", interface]).text)
    addresses = {f"{each['local']}/{each['prefixlen']}" for each in found["addr_info"] if each["scope"] == "global"}
    return {"carrier": "NO-CARRIER" not in found["flags"] and "UP" in found["flags"], "addresses": addresses}


def reaches(lab: Lab, node: str, address: str) -> bool:
    return lab.nodes[node].run(["ping", "-c1", "-W1", address], check=False).status == 0


def routes(lab: Lab, node: str) -> set[str]:
    shown = "".join(
        lab.nodes[node].run(["ip", family, "route", "show", "table", "all"]).text for family in ("-4", "-6")
    )
    return {" ".join(line.split()[:5]) for line in shown.splitlines() if "198.51" in line or "2001:db8:1::" in line}


def test_a_halted_router_s_neighbours_see_carrier_go_and_its_session_returns_after_boot(tmp_path: Path) -> None:
    lab = bring_up(read_topology(write_network(tmp_path / "net", "net", f"power{os.getpid()}")))
    r1 = lab.nodes["r1"]
    until(lambda: "198.51.100.2" in r1.run(["ip", "route"]).text, 30, "the session")
    before = {(each.pid, each.name) for each in r1.processes()}
    lab.halt("r2")
    assert lab.states() == {"r1": "running", "r2": "halted", "server": "running"}
    for node, wanted in (("r1", "192.0.2.1/24"), ("server", "203.0.113.2/24")):
        assert face(lab, node, "eth1") == {"carrier": False, "addresses": {wanted}}
    with pytest.raises(NodeFailed, match="r2"):
        lab.runtime.node("r2").run(["true"])
    lab.halt("r2")
    lab.restart("r2")
    boot(lab, ["r2"])
    assert face(lab, "r1", "eth1") == {"carrier": True, "addresses": {"192.0.2.1/24"}}
    until(lambda: "198.51.100.2" in r1.run(["ip", "route"]).text, 30, "the session returns")
    assert {(each.pid, each.name) for each in r1.processes()} == before
    assert reaches(lab, "server", "203.0.113.1")


def test_what_a_halted_node_held_in_memory_is_gone_and_its_management_address_is_not(tmp_path: Path) -> None:
    lab = start(tmp_path, PLAIN)
    had = face(lab, "a", "eth0")["addresses"]
    lab.nodes["a"].write({"/etc/remark": b"here", "/tmp/remark": b"here"})
    lab.halt("a")
    again = Lab.find("plain")
    assert again.states()["a"] == "halted"
    again.restart("a")
    boot(again, ["a"])
    assert again.nodes["a"].read("/etc/remark") is None and again.nodes["a"].read("/tmp/remark") is None
    assert face(again, "a", "eth0")["addresses"] == had
    assert again.nodes["a"].run(["sh", "-c", "echo $COLOUR"]).text == "red\n"
    assert reaches(again, "a", "b") and reaches(again, "c", "192.0.2.1") and len(routes(again, "a")) == 3


def test_a_switch_that_lost_power_forwards_again(tmp_path: Path) -> None:
    lab = start(tmp_path, PLAIN)
    lab.halt("sw")
    assert not face(lab, "a", "eth1")["carrier"] and not reaches(lab, "a", "192.0.2.2")
    lab.restart("sw")
    until(lambda: reaches(lab, "a", "192.0.2.2") and reaches(lab, "c", "192.0.2.2"), 10, "the switch forwards")


def test_the_machine_itself_has_no_power_to_pull_and_the_lab_goes_on(tmp_path: Path) -> None:
    lab = start(tmp_path, PLAIN)
    with pytest.raises(NodeFailed, match=r"^machine: stands for the machine"):
        lab.halt("machine")
    assert reaches(lab, "a", "192.0.2.2")


def test_a_halted_node_can_be_destroyed_with_its_lab_and_removed_with_its_topology(tmp_path: Path) -> None:
    lab = start(tmp_path, PLAIN)
    lab.halt("c")
    lab.halt("a")
    text = (tmp_path / "x.clab.yml").read_text()
    kept = [line for line in text.splitlines() if "c:eth1" not in line and not line.startswith("    c:")]
    (tmp_path / "x.clab.yml").write_text("\n".join(kept) + "\n")
    lab.apply(read_topology(tmp_path / "x.clab.yml"))
    assert lab.states() == {"a": "halted", "b": "running", "machine": "running", "sw": "running"}
    lab.restart("a")
    boot(lab, ["a"])
    assert reaches(lab, "a", "192.0.2.2")


def test_a_pulled_cable_put_back_leaves_static_routes_and_ipv6_addresses_as_they_were(tmp_path: Path) -> None:
    lab = start(tmp_path, PLAIN)
    before = face(lab, "a", "eth1"), routes(lab, "a")
    assert len(before[1]) == 3
    lab.set_link("a:eth1", up=False)
    assert not face(lab, "a", "eth1")["carrier"] and not reaches(lab, "b", "192.0.2.1")
    lab.set_link("a:eth1", up=False)
    lab.set_link("a:eth1", up=True)
    assert (face(lab, "a", "eth1"), routes(lab, "a")) == before
    until(lambda: reaches(lab, "b", "192.0.2.1") and reaches(lab, "b", "2001:db8::1"), 10, "both families reach again")
    lab.set_link("a:eth1", up=True)
    assert (face(lab, "a", "eth1"), routes(lab, "a")) == before


def test_a_compute_comes_back_with_its_workloads(tmp_path: Path) -> None:
    lab = start(tmp_path, COMPUTE)
    assert reaches(lab, "web-01", "192.0.2.2")
    lab.halt("compute")
    assert lab.states()["web-01"] == "halted" and not face(lab, "router", "eth1")["carrier"]
    lab.restart("compute")
    boot(lab, ["compute", "web-01"])
    until(lambda: reaches(lab, "web-01", "192.0.2.2"), 10, "the workload reaches the router again")
