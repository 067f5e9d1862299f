"""FRR files that are there: shipped topologies, other people's cases, generated fabrics."""

from pathlib import Path

import pytest
from dialects.frr_texts import bgp, device, neighbour

from sim.address import parse_address, parse_interface, parse_prefix
from sim.device.bgp import Origination
from sim.devices import read_devices
from sim.policies.frr_prefixes import PrefixList, PrefixRule
from sim.snapshot import RouteType
from sim.topology.reader import read_topology

ROOT = Path(__file__).resolve().parents[2]
CLOS = ROOT / "topologies/clos-2x4"
TWO = ROOT / "topologies/two-transports"


@pytest.mark.parametrize("path", sorted((ROOT / "topologies").glob("*/*.clab.yml")), ids=lambda path: path.parent.name)
def test_every_line_of_the_shipped_fabrics_is_understood(path: Path) -> None:
    devices = read_devices(read_topology(path))
    frr = {name: device for name, device in devices.items() if device.bgp or device.ospf}
    assert frr
    for device_ in frr.values():
        assert not [note for note in device_.notes if "frr" in str(note.place)]
        said = device_.understood["/etc/frr/frr.conf"]
        assert said.lines == said.known > 5


def test_a_leaf_follows_its_peer_groups_into_the_family() -> None:
    text = (CLOS / "configs/leaf01/etc/frr/frr.conf").read_text()
    instance = bgp(text)
    assert (instance.asn, instance.router_id) == (65101, parse_address("10.10.0.11"))
    assert instance.multipath_relax
    assert not instance.ebgp_requires_policy  # the datacenter profile
    family = instance.families["ipv4"]
    assert family.networks == (Origination(parse_prefix("10.10.0.11/32")),)
    assert (family.maximum_paths, family.maximum_paths_ibgp) == (64, 256)
    assert [each.interface for each in instance.neighbours] == ["swp51", "swp52", "swp1", "swp2", "swp3", "swp4"]
    up, down = neighbour(text, "swp51"), neighbour(text, "swp1")
    assert up.external
    assert up.peer_group == "spines"
    fabric = PrefixList(
        "fabric",
        4,
        (
            PrefixRule(True, parse_prefix("10.10.0.0/16"), 32, 32),
            PrefixRule(True, parse_prefix("192.0.2.0/24"), 32, 32),
        ),
    )
    assert up.families["ipv4"].imports == up.families["ipv4"].exports == (fabric,)
    assert down.families["ipv4"].imports != (fabric,)


def test_two_leaves_share_the_policies_that_they_have_in_common() -> None:
    one = neighbour((CLOS / "configs/leaf01/etc/frr/frr.conf").read_text(), "swp51")
    two = neighbour((CLOS / "configs/leaf02/etc/frr/frr.conf").read_text(), "swp51")
    assert one.families["ipv4"] is two.families["ipv4"]


def test_a_route_reflector_tells_its_clients_all_paths() -> None:
    text = (TWO / "configs/leaf-01/etc/frr/frr.conf").read_text()
    client = next(each for each in bgp(text).neighbours if each.peer_group == "rr-clients")
    family = client.families["ipv4"]
    assert client.bfd
    assert family.reflector_client
    assert family.soft_reconfiguration
    assert family.addpath_tx == "all"
    assert [policy.name for policy in family.imports] == ["rr-client-allow"]


def test_the_border_has_discard_routes_and_that_of_dev01_speaks_ospf() -> None:
    border = device((TWO / "configs/gw/etc/frr/frr.conf").read_text())
    assert [(str(each.prefix), each.type) for each in border.statics] == [
        ("10.34.0.0/16", RouteType.BLACKHOLE),
        ("198.51.100.96/27", RouteType.BLACKHOLE),
    ]
    devices = read_devices(read_topology(ROOT / "topologies/dev01/dev01.clab.yml"))
    (ospf,) = devices["campus"].ospf
    assert {face.area for face in ospf.interfaces.values()} == {0}
    assert "ospfd" in devices["campus"].daemons


def test_interface_stanzas_give_addresses() -> None:
    found = device(
        "interface eth1\n ip address 10.0.0.1/31\n ipv6 address 2001:db8::1/64\nexit\ninterface eth2\nexit\n"
    )
    assert found.interfaces["eth1"].addresses == (parse_interface("10.0.0.1/31"), parse_interface("2001:db8::1/64"))
    assert found.interfaces["eth2"].up is None
