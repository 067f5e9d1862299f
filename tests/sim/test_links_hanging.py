"""macvlan, vxlan and interfaces with other names, on paper: who hears whom, and what the drawing does not tell."""

from pathlib import Path

import pytest

from sim.devices import read_devices
from sim.links import solve_links
from sim.links.network import Links
from sim.topology.model import Endpoint, LinkType, Topology
from sim.topology.reader import read_topology

TEXT = """\
name: hung
topology:
  defaults: {kind: linux}
  nodes: {a: {}, b: {}, c: {}}
  links:
    - {endpoints: ["a:m1", "macvlan:enp0s3"], ipv4: [10.1.0.1/24]}
    - {type: macvlan, endpoint: {node: b, interface: m1, ipv4: 10.1.0.2/24}, host-interface: enp0s3, mode: vepa}
    - {endpoints: ["c:e1", "host:up"], mtu: 9000}
    - {endpoints: ["a:m2", "macvlan:up"]}
    - {endpoints: ["b:m3", "macvlan:br-mgmt"]}
    - {type: vxlan, endpoint: {node: a, interface: t1}, remote: 192.0.2.2, vni: 7, dst-port: 4789}
    - {type: vxlan-stitch, endpoint: {node: b, interface: t1}, remote: 192.0.2.1, vni: 7, udp-port: 4789, mtu: 1400}
    - {type: vxlan, endpoint: {node: c, interface: t2}, remote: "2001:db8::1", vni: 8, src-port: 5000,
       parent-interface: enp0s3}
    - {endpoints: ["a:GigabitEthernet0/0/0", "b:eth9"]}
"""


@pytest.fixture
def drawn(tmp_path: Path) -> Topology:
    (tmp_path / "hung.clab.yml").write_text(TEXT)
    return read_topology(tmp_path / "hung.clab.yml", environment={})


@pytest.fixture
def links(drawn: Topology) -> Links:
    return solve_links(drawn, read_devices(drawn))


def test_macvlans_of_one_interface_hear_each_other(links: Links) -> None:
    assert ("b", "m1") in links.across("a", "m1") and ("a", "m2") not in links.across("a", "m1")


def test_a_macvlan_hears_what_its_interface_is_cabled_to(links: Links) -> None:
    assert ("c", "e1") in links.across("a", "m2") and links.faces["a"]["m2"].mtu_bytes == 9000
    assert ("a", "eth0") in links.across("b", "m3")


def test_two_ends_of_a_tunnel_are_a_wire(drawn: Topology, links: Links) -> None:
    wire = drawn.link_at("a:t1")
    assert (wire.type, str(wire), wire.mtu_bytes) == (LinkType.VXLAN, "a:t1 - b:t1", 1400)
    assert links.across("a", "t1") == (("b", "t1"),)


def test_a_tunnel_out_of_the_drawing_leads_nowhere_and_is_told(drawn: Topology, links: Links) -> None:
    alone = drawn.link_at("c:t2")
    assert alone.underlay and (alone.underlay.port, alone.underlay.source_port) == (14789, 5000)
    assert links.across("c", "t2") == () and links.faces["c"]["t2"].mtu_bytes == 1430
    notes = {note.text: note.policy for device in read_devices(drawn).values() for note in device.notes}
    assert notes["c:t2 is a tunnel to 2001:db8::1, which is not drawn: on paper nobody is there"]
    assert notes["b:m1 is a macvlan of mode vepa; on paper its mode is bridge"]


def test_an_interface_is_found_by_any_of_its_names(drawn: Topology) -> None:
    link = drawn.link_at("a:GigabitEthernet0/0/0")
    end = link.endpoints[0]
    assert end == Endpoint("a", end.interface, alias="GigabitEthernet0/0/0") and end.interface.startswith("clab-")
    assert drawn.link_at("a:GigabitEthernet0-0-0") is drawn.link_at(str(end)) is link
    with pytest.raises(Exception, match="no link at"):
        drawn.without(link).link_at("a:GigabitEthernet0/0/0")
