"""/etc/network/interfaces on paper."""

import pytest
from dialects.host_texts import addresses, interfaces, notes, routes

from sim.errors import ConfigError, Place

GOLDEN = """\
source /etc/network/interfaces.d/*.cfg
auto lo
iface lo inet loopback
    address 192.0.2.1/32

auto swp1
iface swp1 inet static
    address 10.0.0.1
    netmask 255.255.255.0
    address 10.0.0.11/24
    gateway 10.0.0.254
    hwaddress ether 02:00:00:00:00:01
    up ip route add 10.8.0.0/16 via 10.0.0.2 dev $IFACE
iface swp1 inet6 static
    address 2001:db8::1/64

auto bridge
iface bridge
    bridge-ports swp[2-4] bond0
    bridge-vlan-aware yes
    bridge-vids 10 20-22
    bridge-pvid 1

iface swp2
    bridge-access 10
iface swp3
    bridge-vids 20
    bridge-pvid 21

auto bridge.10
iface bridge.10
    address 10.10.0.2/24
    address-virtual 00:00:5e:00:01:0a 10.10.0.1/24
    vrf red

auto red
iface red
    vrf-table 1010

auto bond0
iface bond0
    bond-slaves swp5 swp6
    bond-mode 802.3ad
    clag-id 1
    mtu 9000

auto vlan30
iface vlan30
    vlan-raw-device swp1
    vlan-id 30
    link-down yes

iface swp9
    address 10.9.9.9/24
"""


def test_a_switch_is_read_as_ifupdown2_brings_it_up() -> None:
    device = interfaces(GOLDEN, **{"extra.cfg": "auto swp8\niface swp8\n    address 10.8.8.8/31\n"})
    faces = device.interfaces
    assert addresses(faces["swp1"]) == ["10.0.0.1/24", "10.0.0.11/24", "2001:db8::1/64"]
    assert (faces["swp1"].mac, faces["swp1"].mtu_bytes) == ("02:00:00:00:00:01", 1500)
    assert faces["bridge"].members == ("swp2", "swp3", "swp4", "bond0")
    assert (faces["bridge"].vlan_aware, faces["bridge"].vlans) == (True, (10, 20, 21, 22))
    assert faces["swp2"].access_vlan == 10
    assert (faces["swp3"].vlans, faces["swp3"].untagged_vlan) == ((20,), 21)
    assert (faces["bridge.10"].kind, faces["bridge.10"].parent, faces["bridge.10"].vlan_id) == ("vlan", "bridge", 10)
    assert [(mac, str(each)) for mac, each in faces["bridge.10"].virtual_addresses] == [
        ("00:00:5e:00:01:0a", "10.10.0.1/24")
    ]
    assert (faces["bridge.10"].vrf, faces["red"].kind, faces["red"].table) == ("red", "vrf", 1010)
    assert (faces["bond0"].kind, faces["bond0"].members, faces["bond0"].mtu_bytes) == ("bond", ("swp5", "swp6"), 9000)
    assert (faces["vlan30"].parent, faces["vlan30"].vlan_id, faces["vlan30"].up) == ("swp1", 30, False)
    assert addresses(faces["swp8"]) == ["10.8.8.8/31"]
    assert routes(device) == ["0.0.0.0/0 via 10.0.0.254 dev swp1 kernel", "10.8.0.0/16 via 10.0.0.2 dev swp1 boot"]
    assert notes(device) == []


def test_an_interface_that_nobody_starts_stays_as_its_cable_makes_it() -> None:
    assert "swp9" not in interfaces(GOLDEN).interfaces


def test_auto_counts_only_for_what_follows_it() -> None:
    assert not interfaces("iface eth0\n  address 10.0.0.1/24\nauto eth0\n").interfaces


def test_ports_of_a_bridge_get_the_default_mtu_though_no_stanza_names_them() -> None:
    device = interfaces("auto br0\niface br0\n  bridge_ports eth1\n")
    assert device.interfaces["eth1"].mtu_bytes == 1500


def test_a_bridge_without_an_address_does_not_forward() -> None:
    device = interfaces(
        "auto br0\niface br0\n bridge-ports none\nauto br1\niface br1\n bridge-ports none\n address 10.0.0.1/24\n"
    )
    assert device.sysctls["net.ipv4.conf.br0.forwarding"] == "0"
    assert device.sysctls["net.ipv4.conf.br1.forwarding"] == "1"


def test_a_backslash_joins_lines_and_places_stay_right() -> None:
    text = "auto br0\niface br0\n  bridge-ports eth1 \\\n     eth2\n  mtu x\n"
    with pytest.raises(ConfigError) as refused:
        interfaces(text)
    assert refused.value.place == Place("/etc/network/interfaces", 5)


def test_dhcp_asks_for_an_address() -> None:
    assert interfaces("auto eth0\niface eth0 inet dhcp\n").interfaces["eth0"].dhcp


def test_what_is_not_modelled_is_a_note_at_its_line() -> None:
    text = "auto eth0\niface eth0\n  post-up /usr/local/bin/tune $IFACE\n  up iptables -A INPUT -j DROP\n"
    assert sorted(line for line, _ in notes(interfaces(text))) == [3, 4]
    assert [line for line, _ in notes(interfaces("auto vx\niface vx\n  vxlan-id 10\n"))] == [3]


REFUSED = {
    "auto\n": 1,
    "frobnicate eth0\n": 1,
    "auto eth0\niface eth0 inet6 bootp\n": 2,
    "auto eth0\niface eth0 ipx static\n": 2,
    "auto eth0\niface eth0\n  address\n": 3,
    "auto eth0\niface eth0\n  adress 10.0.0.1/24\n": 3,
    "auto eth0\niface eth0\n  address 10.0.0.300/24\n": 3,
    "auto eth0\niface eth0\n  address 10.0.0.1/33\n": 3,
    "auto eth0\niface eth0\n  address 10.0.0.1\n  netmask 255.0.255.0\n": 4,
    "auto eth0\niface eth0\n  address 10.0.0.1/24\n  gateway here\n": 4,
    "auto eth0\niface eth0\n  mtu big\n": 3,
    "auto eth0\niface eth0\n  hwaddress 02:00:00\n": 3,
    "auto eth0.5000\niface eth0.5000\n  vlan-id 5000\n": 3,
    "auto br0\niface br0\n  bridge-vlan-aware yes\n  bridge-vids 10 4096\n": 4,
    "auto swp1\niface swp1\n  bridge-access 10 20\n": 3,
    "auto br0\niface br0\n  bridge-ports swp1\n  bridge-port-vids swp1\n": 4,
    "auto red\niface red\n  vrf-table many\n": 3,
    "auto eth0\niface eth0\n  up ip route add 10.0.0.1/8 via 10.1.1.1\n": 3,
    "source\n": 1,
}


@pytest.mark.parametrize(("text", "line"), REFUSED.items())
def test_a_line_that_ifup_refuses_is_named(text: str, line: int) -> None:
    with pytest.raises(ConfigError) as refused:
        interfaces(text)
    assert refused.value.place == Place("/etc/network/interfaces", line)
