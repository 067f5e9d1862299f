"""RHEL's network scripts on paper."""

import pytest
from dialects.host_texts import SCRIPTS, addresses, ifcfg, notes, routes

from sim.errors import ConfigError, Place

ETH1 = """\
DEVICE="eth1"
IPADDR=172.17.16.20
NETMASK=255.255.240.0
GATEWAY=172.17.16.1
SRCADDR=129.177.31.126
MTU=1500
IPADDR1=172.17.16.21
PREFIX1=20
IPV6INIT=yes
IPV6ADDR=2001:db8::20
IPV6_DEFAULTGW=2001:db8::1%eth1
"""


def test_a_device_is_read_as_the_scripts_bring_it_up() -> None:
    device = ifcfg(ifcfg_eth1=ETH1, route_eth1="10.0.0.0/8 via 172.17.16.9\n", rule_eth1="from 10.1.0.0/16 table 7\n")
    face = device.interfaces["eth1"]
    assert addresses(face) == ["172.17.16.20/20", "172.17.16.21/20", "2001:db8::20/64"]
    assert (face.mtu_bytes, face.up) == (1500, True)
    assert routes(device) == [
        "169.254.0.0/16 dev eth1 metric 1000 boot",
        "0.0.0.0/0 via 172.17.16.1 dev eth1 src 129.177.31.126 boot",
        "::/0 via 2001:db8::1 dev eth1 metric 1024 boot",
        "10.0.0.0/8 via 172.17.16.9 dev eth1 boot",
    ]
    assert [(str(rule.source), rule.action) for rule in device.rules] == [("10.1.0.0/16", "7")]
    assert notes(device) == []


def test_defroute_no_and_nozeroconf_leave_the_connected_route_alone() -> None:
    text = "IPADDR=10.0.0.1\nPREFIX=24\nGATEWAY=10.0.0.254\nDEFROUTE=no\nNOZEROCONF=yes\n"
    assert routes(ifcfg(ifcfg_eth0=text)) == []


def test_the_gateway_of_the_network_file_serves_the_device_that_can_reach_it() -> None:
    device = ifcfg(
        "GATEWAY=10.0.0.254\nNOZEROCONF=yes\n", ifcfg_eth0="IPADDR=10.0.0.1/24\n", ifcfg_eth1="IPADDR=10.1.0.1/24\n"
    )
    assert routes(device) == ["0.0.0.0/0 via 10.0.0.254 dev eth0 boot"]


def test_numbered_routes_are_those_of_handle_file() -> None:
    device = ifcfg(
        "NOZEROCONF=1\n",
        ifcfg_eth0="IPADDR=10.0.0.1/24\n",
        route_eth0="ADDRESS0=10.5.0.0\nNETMASK0=255.255.0.0\nGATEWAY0=10.0.0.9\n",
    )
    assert routes(device) == ["10.5.0.0/16 via 10.0.0.9 dev eth0 boot"]


def test_bridges_bonds_vlans_and_dummies_are_what_their_files_say() -> None:
    device = ifcfg(
        ifcfg_br0="TYPE=Bridge\n",
        ifcfg_eth0="BRIDGE=br0\n",
        ifcfg_bond0='BONDING_OPTS="mode=1"\n',
        ifcfg_eth1="MASTER=bond0\nSLAVE=yes\n",
        **{"ifcfg_eth2.912": "VLAN=yes\n"},
        ifcfg_dummy0="IPADDR=192.0.2.1/32\n",
        ifcfg_vlan7="TYPE=Vlan\nPHYSDEV=eth3\nVLAN_ID=7\n",
    )
    kinds = {name: config.kind for name, config in device.interfaces.items()}
    assert kinds == {"br0": "bridge", "eth0": "physical", "bond0": "bond", "eth1": "physical", "eth2.912": "vlan",
                     "dummy0": "dummy", "vlan7": "vlan"}  # fmt: skip
    assert (device.interfaces["br0"].members, device.interfaces["bond0"].members) == (("eth0",), ("eth1",))
    assert (device.interfaces["vlan7"].parent, device.interfaces["vlan7"].vlan_id) == ("eth3", 7)


def test_what_does_not_start_at_boot_is_left_out() -> None:
    assert not ifcfg(ifcfg_eth0="ONBOOT=no\nIPADDR=10.0.0.1/24\n").interfaces


def test_a_key_that_is_not_modelled_and_a_file_that_nobody_reads_are_notes() -> None:
    device = ifcfg(ifcfg_eth0="TEAM_MASTER=team0\n", route_eth9="10.0.0.0/8 via 10.1.1.1\n")
    assert notes(device) == [
        (0, "there is no ifcfg file for route-eth9: nothing reads it"),
        (1, "TEAM_MASTER is not modelled"),
    ]


REFUSED = {
    ("ifcfg-eth0", "DEVICE eth0\n"): 1,
    ("ifcfg-eth0", "IPADDR=10.0.0\n"): 1,
    ("ifcfg-eth0", "IPADDR=10.0.0.1\nNETMASK=255.0.255.0\n"): 2,
    ("ifcfg-eth0", "IPADDR=10.0.0.1\nPREFIX=33\n"): 2,
    ("ifcfg-eth0", "\nMTU=large\n"): 2,
    ("ifcfg-eth0", "IPADDR=10.0.0.1/24\nGATEWAY=router\n"): 2,
    ("ifcfg-eth0", "IPADDR=10.0.0.1/24\nGATEWAY=10.0.0.2\nSRCADDR=me\n"): 3,
    ("ifcfg-eth0", "IPV6INIT=yes\nIPV6ADDR=10.0.0.1/24\n"): 2,
    ("ifcfg-eth0", "NAME=two words\n"): 1,
    ("ifcfg-vlanx", "VLAN=yes\n"): 1,
    ("route-eth0", "10.0.0.0/8 via nobody\n"): 1,
    ("route-eth0", "# a comment\n10.0.0.1/8 via 10.1.1.1\n"): 2,
    ("rule-eth0", "from 10.0.0.0/8 tabel 7\n"): 1,
}


@pytest.mark.parametrize(("file", "line"), REFUSED.items(), ids=lambda each: str(each)[:40])
def test_a_line_that_the_scripts_refuse_is_named(file: tuple[str, str], line: int) -> None:
    name, text = file
    files = {name.replace("-", "_", 1): text} | (
        {} if name.startswith("ifcfg") else {"ifcfg_eth0": "IPADDR=10.0.0.1/24\n"}
    )
    with pytest.raises(ConfigError) as refused:
        ifcfg(**files)
    assert refused.value.place == Place(SCRIPTS + name, line)
