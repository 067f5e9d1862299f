"""Every form of link that a topology file may hold, in the kernel."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.deploy import bring_up
from lab.enclosure import netlink
from lab.hanging import stitch
from lab.lab import Lab
from lab.preflight import preflight
from sim.dataclasses import replace
from sim.errors import HostError
from sim.topology.reader import read_topology

pytestmark = [pytest.mark.kernel, pytest.mark.xdist_group(__name__)]  # its tests share a lab

FORMS = """\
name: link-forms
mgmt:
  {bridge: br-forms, mtu: 1480, ipv4-subnet: 172.31.254.0/24, ipv4-gw: 172.31.254.2, ipv4-range: 172.31.254.128/25,
   ipv6-subnet: "2001:db8:254::/64", ipv6-gw: "2001:db8:254::9", ipv6-range: "2001:db8:254::8000/113"}
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
    far:
      mgmt-ipv4: 172.31.254.99
      exec:
        - ip link add vx8 type vxlan id 8 dstport 4791 local 172.31.254.99 remote 172.31.254.2
        - ip link add vx9 type vxlan id 9 dstport 4790 local 172.31.254.99 remote 172.31.254.2
        - ip address add 10.8.0.2/24 dev vx8
        - ip address add 10.9.0.2/24 dev vx9
        - ip link set vx8 up mtu 1400
        - ip link set vx9 up mtu 1400
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
    - {endpoints: ["n1:mac1", "macvlan:enp0s3"], ipv4: [10.7.0.1/24]}
    - type: macvlan
      endpoint: {node: far, interface: mac1, ipv4: 10.7.0.2/24, mac: "aa:c1:ab:00:00:07"}
      host-interface: enp0s3
      mode: bridge
    - {endpoints: ["far:mac2", "macvlan:n1-host"]}
    - {endpoints: ["far:mac3", "macvlan:br-forms"]}
    - {type: vxlan-stitch, endpoint: {node: n1, interface: vx8, ipv4: 10.8.0.1/24}, remote: 172.31.254.99, vni: 8,
       dst-port: 4791, mtu: 1400}
    - {type: vxlan, endpoint: {node: n1, interface: vx9, ipv4: 10.9.0.1/24}, remote: 172.31.254.99, vni: 9,
       dst-port: 4790, src-port: 5000, mtu: 1400}
    - {type: vxlan, endpoint: {node: n1, interface: vx10}, remote: 192.0.2.1, vni: 10, dst-port: 4790}
    - {type: vxlan, endpoint: {node: n1, interface: vx11, ipv4: 10.11.0.1/24}, remote: 192.0.2.1, vni: 11, dst-port: 9}
    - {type: vxlan, endpoint: {node: far, interface: vx11, ipv4: 10.11.0.2/24}, remote: 192.0.2.2, vni: 11, dst-port: 9}
    - {endpoints: ["n1:GigabitEthernet 0/0", "far:ge-0/0/0"], ipv4: [10.12.0.1/24, 10.12.0.2/24]}
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
    assert faces["n1-mgmt"]["master"] == "br-forms"


def test_a_cable_may_lead_back_to_its_node(forms: Lab) -> None:
    assert {"eth6", "eth7"} <= interfaces(forms, "n1").keys()


def test_a_dummy_has_its_address_and_mtu(forms: Lab) -> None:
    face = interfaces(forms, "n1")["svc0"]
    assert (face["mtu"], addresses(face)) == (1400, {"192.0.2.1/32"})


def test_management_addresses_are_the_given_one_and_the_ranges_first(forms: Lab) -> None:
    assert "172.31.254.77/24" in addresses(interfaces(forms, "r1")["eth0"])
    assert addresses(interfaces(forms, "n1")["eth0"]) == {"172.31.254.129/24", "2001:db8:254::8002/64"}
    bridge = interfaces(forms, "machine")["br-forms"]
    assert (bridge["mtu"], addresses(bridge)) == (1480, {"172.31.254.2/24", "2001:db8:254::9/64"})


def test_what_the_kind_and_the_keys_ask_for_is_there(forms: Lab) -> None:
    r1, n1 = forms.nodes["r1"], forms.nodes["n1"]
    assert r1.read("/etc/resolv.conf") == b"nameserver 192.0.2.53\n"
    assert {"zebra", "ospfd"} <= {process.name for process in r1.processes()}
    assert r1.run(["sysctl", "-n", "net.ipv4.ip_forward"]).text.strip() == "1"
    assert n1.read("/tmp/hello") == b"hello\n"
    assert b"buddy" in (r1.read("/etc/hosts") or b"")
    assert not Path("/opt/link-forms").exists()


def reaches(lab: Lab, address: str) -> bool:
    return lab.nodes["n1"].run(["ping", "-c1", "-W5", address], check=False).status == 0


def told(lab: Lab) -> "dict[tuple[str, str], str]":
    return {(each.node, each.wanted): each.given for each in lab.stand_ins()}


def test_macvlans_of_one_interface_reach_each_other_and_it_is_told_where_they_hang(forms: Lab) -> None:
    face = interfaces(forms, "far")["mac1"]
    assert face["linkinfo"]["info_kind"] == "macvlan" and face["linkinfo"]["info_data"]["mode"] == "bridge"  # type: ignore[index]
    assert (face["address"], face["mtu"]) == ("aa:c1:ab:00:00:07", 1500)
    assert reaches(forms, "10.7.0.2") and not Path("/sys/class/net/enp0s3").exists()
    assert told(forms)["far", "mac1 (macvlan of enp0s3)"] == "an empty bridge enp0s3 on the lab's own host side"


def test_a_macvlan_hangs_on_the_far_end_of_a_cable(forms: Lab) -> None:
    assert interfaces(forms, "far")["mac2"]["mtu"] == 9500
    assert ("far", "mac2 (macvlan of n1-host)") not in told(forms)


@pytest.mark.parametrize(("address", "vni"), [("10.8.0.2", 8), ("10.9.0.2", 9)], ids=["stitched to a cable", "alone"])
def test_a_tunnel_leads_over_the_lab_s_host_side(forms: Lab, address: str, vni: int) -> None:
    assert reaches(forms, address)
    assert not [each for each in told(forms) if f"vxlan {vni}" in each[1] or f"vx{vni} " in each[1]]


def test_a_tunnel_that_tc_does_not_join_to_its_cable_is_told_in_its_words(forms: Lab) -> None:
    link = next(link for link in forms.topology.links if str(link) == "n1:vx8")
    with pytest.raises(HostError, match=r"^n1:vx8: tc joins no tunnel to the cable: .*Exclusivity"):  # it is joined
        stitch(forms.host, link)
    assert reaches(forms, "10.8.0.2")


def test_a_tunnel_has_its_ports_and_number(forms: Lab) -> None:
    data = interfaces(forms, "n1")["vx9"]["linkinfo"]["info_data"]  # type: ignore[index]
    assert (data["id"], data["remote"], data["port"]) == (9, "172.31.254.99", 4790)
    assert data["port_range"] == {"low": 5000, "high": 5001}


def test_a_tunnel_to_where_no_route_leads_is_told(forms: Lab) -> None:
    assert "no route" in told(forms)["n1", "vx10 (vxlan to 192.0.2.1)"]


def test_a_tunnel_whose_ends_are_both_drawn_is_a_wire(forms: Lab) -> None:
    assert reaches(forms, "10.11.0.2")
    assert told(forms)["n1", "vx11 (vxlan 11)"] == "a cable to far:vx11: both ends are here"


def test_a_name_that_linux_does_not_take_is_an_alternative_name(forms: Lab) -> None:
    shown = json.loads(forms.nodes["n1"].run(["ip", "-j", "link", "show", "GigabitEthernet-0-0"]).text)[0]
    assert (shown["ifalias"], shown["altnames"]) == ("GigabitEthernet 0/0", ["GigabitEthernet-0-0"])
    assert shown["ifname"].startswith("clab-") and reaches(forms, "10.12.0.2")
    forms.set_link("n1:GigabitEthernet 0/0", up=False)
    assert not reaches(forms, "10.12.0.2")
    forms.set_link("n1:GigabitEthernet-0-0", up=True)


def test_what_hangs_on_the_host_side_outlives_a_node_without_power(forms: Lab) -> None:
    forms.halt("far")
    assert not reaches(forms, "10.7.0.2")
    forms.restart("far")
    assert {"mac1", "mac2", "mac3", "vx11"} <= interfaces(forms, "far").keys()
    assert reaches(forms, "10.7.0.2") and reaches(forms, "10.12.0.2") and reaches(forms, "10.11.0.2")
    assert forms.nodes["far"].run(["ip", "link", "show", "ge-0-0-0"], check=False).status == 0


def without_macvlan_and_vxlan(patch: pytest.MonkeyPatch) -> None:
    """This kernel as one that lacks both: it is asked for kinds that no kernel has."""
    patch.setattr(netlink, "macvlan", lambda *_: netlink.device("trial0", "no-macvlan"))
    patch.setattr(netlink, "vxlan", lambda *_: netlink.device("trial0", "no-vxlan"))


def test_links_whose_device_the_kernel_lacks_are_named_together_before_anything_is_made(
    forms: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_macvlan_and_vxlan(monkeypatch)
    name = f"lacking-{os.getpid()}"
    with pytest.raises(HostError) as refused:
        bring_up(replace(forms.topology, name=name))
    assert str(refused.value).split("; ") == [
        "n1:mac1, far:mac1, far:mac2, far:mac3: this kernel has no macvlan device",
        "n1:vx8, n1:vx9, n1:vx10: this kernel has no vxlan device",
        "load what it lacks (`modprobe macvlan vxlan`), or draw a veth instead",
    ]
    assert name not in Lab.names()
    fewer = [link for link in forms.topology.links if str(link) != "n1:mac1"]
    with pytest.raises(HostError, match=r"this kernel has no vxlan device"):
        forms.apply(replace(forms.topology, links=tuple(fewer)))
    assert "mac1" in interfaces(forms, "n1"), "nothing was changed"


def test_preflight_names_a_kernel_without_macvlan_and_vxlan(monkeypatch: pytest.MonkeyPatch) -> None:
    kinds = {f"this kernel has no {kind} device" for kind in ("macvlan", "vxlan")}
    assert not kinds & {finding.what for finding in preflight()}
    without_macvlan_and_vxlan(monkeypatch)
    assert kinds <= {finding.what for finding in preflight()}


def test_the_difference_to_links_that_hang_is_applied(forms: Lab) -> None:
    fewer = [link for link in forms.topology.links if str(link) not in ("n1:vx8", "n1:mac1")]
    had = forms.topology
    forms.apply(replace(had, links=tuple(fewer)))
    assert not {"vx8", "mac1"} & interfaces(forms, "n1").keys() and "vx-n1_vx8" not in interfaces(forms, "machine")
    forms.apply(had)
    assert {"vx8", "mac1"} <= interfaces(forms, "n1").keys()
