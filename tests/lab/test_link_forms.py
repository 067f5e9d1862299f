"""Every form of link that a topology file may hold, in the kernel."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.deploy import bring_up
from lab.lab import Lab
from sim.topology.reader import read_topology

pytestmark = pytest.mark.kernel

FORMS = """\
name: link-forms
mgmt: {ipv4-subnet: 172.31.254.0/24, ipv4-range: 172.31.254.128/25}
topology:
  defaults: {kind: linux}
  nodes:
    r1:
      kind: frr
      startup-config: "router ospf\\n network 10.0.0.0/24 area 0\\n"
      dns: {servers: [192.0.2.53]}
      mgmt-ipv4: 172.31.254.77
    n1:
      binds: ["hello.sh:/opt/link-forms/hello.sh"]
      exec: [/opt/link-forms/hello.sh]
      aliases: [buddy]
    br0: {kind: bridge}
    machine: {kind: host}
  links:
    - {endpoints: ["r1:eth1", "n1:eth1"], ipv4: [10.0.0.1/24, 10.0.0.2/24], mtu: 1500}
    - endpoints: ["n1:eth2", "br0:n1"]
    - endpoints: ["n1:eth3", "host:n1-host"]
    - endpoints: ["n1:eth4", "mgmt-net:n1-mgmt"]
    - endpoints: ["n1:eth5", "machine:n1-machine"]
    - endpoints: ["n1:eth6", "n1:eth7"]
    - {type: dummy, endpoint: {node: n1, interface: svc0, ipv4: 192.0.2.1/32}, mtu: 1400}
    - type: veth
      endpoints:
        - {node: r1, interface: eth2, mac: "aa:c1:ab:00:00:01", ipv6: "2001:db8::1/64"}
        - {node: br0, interface: r1}
"""


@pytest.fixture(scope="module")
def forms(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("forms")
    hello = folder / "hello.sh"
    hello.write_text("#!/bin/sh\necho hello > /tmp/hello\n")
    hello.chmod(0o755)
    file = folder / "forms.clab.yml"
    file.write_text(FORMS)
    lab = bring_up(read_topology(file, name=f"link-forms-{os.getpid()}", environment={}))
    yield lab
    lab.destroy()


def interfaces(lab: Lab, node: str) -> "dict[str, dict[str, object]]":
    shown = json.loads(lab.nodes[node].run(["ip", "-j", "-d", "address"]).text)
    return {face["ifname"]: face for face in shown}


def addresses(face: "dict[str, object]") -> "set[str]":
    known = face["addr_info"]
    assert isinstance(known, list)
    return {f"{each['local']}/{each['prefixlen']}" for each in known if each["scope"] == "global"}


def test_a_cable_has_its_mtu_and_addresses(forms: Lab) -> None:
    face = interfaces(forms, "r1")["eth1"]
    assert (face["mtu"], addresses(face)) == (1500, {"10.0.0.1/24"})


def test_an_end_has_the_mac_it_was_given(forms: Lab) -> None:
    face = interfaces(forms, "r1")["eth2"]
    assert (face["address"], face["mtu"], addresses(face)) == ("aa:c1:ab:00:00:01", 9500, {"2001:db8::1/64"})


def test_ports_of_a_bridge_are_in_it(forms: Lab) -> None:
    faces = interfaces(forms, "br0")
    assert [faces[port]["master"] for port in ("n1", "r1")] == ["br0", "br0"]


def test_the_lab_s_own_side_holds_the_far_ends(forms: Lab) -> None:
    faces = interfaces(forms, "machine")
    assert {"n1-host", "n1-machine", "n1-mgmt"} <= faces.keys()
    assert faces["n1-mgmt"]["master"] == "br-mgmt"


def test_a_cable_may_lead_back_to_its_node(forms: Lab) -> None:
    assert {"eth6", "eth7"} <= interfaces(forms, "n1").keys()


def test_a_dummy_has_its_address_and_mtu(forms: Lab) -> None:
    face = interfaces(forms, "n1")["svc0"]
    assert (face["mtu"], addresses(face)) == (1400, {"192.0.2.1/32"})


def test_management_addresses_are_the_given_one_and_the_ranges_first(forms: Lab) -> None:
    assert "172.31.254.77/24" in addresses(interfaces(forms, "r1")["eth0"])
    assert "172.31.254.129/24" in addresses(interfaces(forms, "n1")["eth0"])


def test_what_the_kind_and_the_keys_ask_for_is_there(forms: Lab) -> None:
    r1, n1 = forms.nodes["r1"], forms.nodes["n1"]
    assert r1.read("/etc/resolv.conf") == b"nameserver 192.0.2.53\n"
    assert {"zebra", "ospfd"} <= {process.name for process in r1.processes()}
    assert r1.run(["sysctl", "-n", "net.ipv4.ip_forward"]).text.strip() == "1"
    assert n1.read("/tmp/hello") == b"hello\n"
    assert b"buddy" in (r1.read("/etc/hosts") or b"")
    assert not Path("/opt/link-forms").exists()
