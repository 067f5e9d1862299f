"""The appliers with the real tools in a real namespace: what they make, what they refuse, what they leave alone."""

import json
from collections.abc import Iterator

import pytest
from boxes import Box, box_up

from harness.push import PENDING
from sim.errors import HostError, PushRejected

pytestmark = pytest.mark.kernel

SCRIPTS = "/etc/sysconfig/network-scripts/"
MASTER = {
    f"{SCRIPTS}ifcfg-eth0": 'DEVICE="eth0"\nONBOOT="yes"\nIPADDR="192.168.10.20"\nNETMASK="255.255.255.0"\nMTU="1400"\n'
    'DEFROUTE="no"\nNOZEROCONF="yes"\n',
    f"{SCRIPTS}ifcfg-eth1": "DEVICE=eth1\nONBOOT=yes\nIPADDR=172.17.16.20\nNETMASK=255.255.240.0\nGATEWAY=172.17.16.1\n"
    "SRCADDR=198.51.100.126\nDEFROUTE=yes\nIPV6INIT=yes\nIPV6ADDR=2001:db8::20/64\nIPV6_DEFAULTGW=2001:db8::1\n",
    f"{SCRIPTS}ifcfg-dummy0": "DEVICE=dummy0\nONBOOT=yes\nIPADDR=198.51.100.126\nNETMASK=255.255.255.255\nDEFROUTE=no\n"
    "NOZEROCONF=yes\n",
    f"{SCRIPTS}route-eth0": "10.99.0.0/16 via 192.168.10.1\n",
    f"{SCRIPTS}route6-eth1": "2001:db8:9::/48 via 2001:db8::2\n",
    f"{SCRIPTS}rule-eth0": "from 192.168.10.20 table 100 priority 99\n",
}
FRR = {
    "/etc/frr/daemons": "zebra=yes\nbgpd=yes\n",
    "/etc/frr/frr.conf": "frr defaults traditional\nrouter bgp 65001\n bgp router-id 1.1.1.1\n"
    " neighbor 192.0.2.1 remote-as 65002\n neighbor 192.0.2.1 password topsecret\n",
}
BIRD = {"/etc/bird/bird.conf": "router id 9.9.9.9;\nprotocol device {}\nprotocol kernel { ipv4 { export all; }; }\n"}


@pytest.fixture
def box(tmp_path) -> Iterator[Box]:  # type: ignore[no-untyped-def]
    with box_up(tmp_path) as up:
        yield up


def test_ifcfg_brings_up_a_master_whose_answers_leave_from_its_service_address(box: Box) -> None:
    box.push(MASTER, boot=True)
    assert "198.51.100.126/32" in box.says("ip", "-br", "addr", "show", "dummy0")
    assert "default via 172.17.16.1 dev eth1 src 198.51.100.126" in box.says("ip", "route")
    assert "10.99.0.0/16 via 192.168.10.1 dev eth0" in box.says("ip", "route")
    assert "169.254.0.0/16 dev eth1 scope link" in box.says("ip", "route")
    assert "default via 2001:db8::1 dev eth1" in box.says("ip", "-6", "route")
    assert "2001:db8:9::/48 via 2001:db8::2" in box.says("ip", "-6", "route")
    assert "mtu 1400" in box.says("ip", "link", "show", "eth0")
    assert "99:\tfrom 192.168.10.20 lookup 100" in box.says("ip", "rule")


def test_a_changed_ifcfg_file_moves_its_device_and_no_other(box: Box) -> None:
    box.push(MASTER, boot=True)
    box.says("ip", "address", "add", "203.0.113.9/32", "dev", "eth1")
    box.push(MASTER | {f"{SCRIPTS}ifcfg-eth0": MASTER[f"{SCRIPTS}ifcfg-eth0"].replace("10.20", "10.21")})
    assert box.says("ip", "-4", "-br", "addr", "show", "eth0").split()[2:] == ["192.168.10.21/24"]
    assert "203.0.113.9/32" in box.says("ip", "-br", "addr", "show", "eth1"), "eth1 was not touched"
    assert "10.99.0.0/16 via 192.168.10.1 dev eth0" in box.says("ip", "route")


def test_ifcfg_files_that_go_take_addresses_routes_and_rules_along(box: Box) -> None:
    box.push(MASTER, boot=True)
    box.push({path: text for path, text in MASTER.items() if not path.endswith("eth0")})
    assert box.says("ip", "-4", "addr", "show", "eth0") == ""
    assert "192.168.10.20" not in box.says("ip", "rule") + box.says("ip", "route")


def test_an_interrupted_push_of_ifcfg_files_is_finished(box: Box) -> None:
    box.push(MASTER, boot=True)
    cut_off = {path: None for path in MASTER if path.endswith("eth0")}
    box.node.write({PENDING: json.dumps(cut_off).encode()})
    assert set(box.push(MASTER).written) == set(cut_off)
    assert "10.99.0.0/16 via 192.168.10.1 dev eth0" in box.says("ip", "route")
    assert box.says("ip", "rule").count("lookup 100") == 1


def test_ifcfg_makes_a_bridge_and_its_port(box: Box) -> None:
    bridge = "DEVICE=br0\nTYPE=Bridge\nONBOOT=yes\nIPADDR=10.1.0.1\nPREFIX=24\nSTP=off\n"
    box.push(
        {f"{SCRIPTS}ifcfg-br0": bridge, f"{SCRIPTS}ifcfg-eth0": "DEVICE=eth0\nONBOOT=yes\nBRIDGE=br0\n"}, boot=True
    )
    assert "master br0" in box.says("ip", "link", "show", "eth0")
    assert "10.1.0.1/24" in box.says("ip", "-br", "addr", "show", "br0")


def test_a_route_the_kernel_refuses_names_its_line_and_changes_nothing(box: Box) -> None:
    box.push(MASTER, boot=True)
    before = box.says("ip", "route")
    with pytest.raises(PushRejected, match=r"route-eth0 line 2: Error: Nexthop has invalid gateway") as caught:
        box.push(MASTER | {f"{SCRIPTS}route-eth0": "# the way out\n10.99.0.0/16 via 192.0.2.1\n"})
    assert not hasattr(caught.value, "__notes__")
    assert sorted(box.says("ip", "route").splitlines()) == sorted(before.splitlines())


@pytest.mark.parametrize(
    "route", ["10.99.0.0/16 via nowhere", "10.99.0.0/99 via 10.0.0.1", "10.99.0.0/16 vai 10.0.0.1"]
)
def test_a_route_that_ip_can_not_read_names_its_line(box: Box, route: str) -> None:
    with pytest.raises(PushRejected, match=r"route-eth0 line 2: Error: "):
        box.push(MASTER | {f"{SCRIPTS}route-eth0": f"# the way out\n{route}\n"}, boot=True)


def test_a_bond_where_the_kernel_has_none_is_the_hosts_fault(box: Box) -> None:
    bond = 'DEVICE=bond0\nTYPE=Bond\nBONDING_OPTS="mode=1"\nONBOOT=yes\n'
    try:
        box.push({f"{SCRIPTS}ifcfg-bond0": bond}, boot=True)
    except HostError as error:
        assert "bond0" in str(error)
    else:
        assert "bond0" in box.says("ip", "-br", "link")


def test_sysctl_waits_for_interfaces_and_leaves_the_machine_alone(box: Box) -> None:
    files = {
        "/etc/sysctl.d/90.conf": "net.ipv4.ip_forward = 1\nnet.ipv4.conf.dummy0.rp_filter = 2\nvm.swappiness = 1\n"
        "net.ipv4.conf.eth0/912.rp_filter = 2\nnet.ipv4.no_such_key = 1\n",
        f"{SCRIPTS}ifcfg-dummy0": MASTER[f"{SCRIPTS}ifcfg-dummy0"],
    }
    notes = box.push(files, boot=True).notes
    assert (
        box.says("cat", "/proc/sys/net/ipv4/conf/dummy0/rp_filter", "/proc/sys/net/ipv4/conf/eth0.912/rp_filter")
        == "2\n2\n"
    )
    assert box.says("cat", "/proc/sys/net/ipv4/ip_forward") == "1\n"
    assert ["vm.swappiness" in note or "no_such_key" in note for note in notes] == [True, True]


def test_a_sysctl_value_the_kernel_refuses_is_rejected(box: Box) -> None:
    with pytest.raises(PushRejected, match=r"/etc/sysctl.d/90.conf line 2: .*rp_filter.*Invalid argument"):
        box.push({"/etc/sysctl.d/90.conf": "\nnet.ipv4.conf.all.rp_filter = strict\n"}, boot=True)


def test_interfaces_are_brought_up_by_ifupdown2(box: Box) -> None:
    text = (
        "auto lo\niface lo inet loopback\n  address 10.0.0.1/32\n\n"
        "auto swp1\niface swp1\n  address 10.1.0.1/24\n  mtu 1400\n  post-up ip route add 10.9.0.0/16 via 10.1.0.2\n\n"
        "auto br0\niface br0\n  bridge-ports swp2\n  address 10.2.0.1/24\n\n"
        "auto dummy0\niface dummy0\n  address 198.51.100.126/32\n\nallow-hotplug eth1\niface eth1 inet static\n"
        "  address 10.3.0.1/24\n"
    )
    box.push({"/etc/network/interfaces": text}, boot=True)
    seen = box.says("ip", "-br", "addr")
    for address in ("10.0.0.1/32", "10.1.0.1/24", "10.2.0.1/24", "198.51.100.126/32", "10.3.0.1/24"):
        assert address in seen
    assert "10.9.0.0/16 via 10.1.0.2" in box.says("ip", "route")
    assert "master br0" in box.says("ip", "link", "show", "swp2")
    box.push({"/etc/network/interfaces": text.replace("10.1.0.1/24", "10.1.0.7/24")})
    assert "10.1.0.7/24" in box.says("ip", "-br", "addr", "show", "swp1")
    assert "10.1.0.1/24" not in box.says("ip", "-br", "addr", "show", "swp1")


@pytest.mark.parametrize(
    ("lines", "line"),
    [("iface swp1 inet statik\n  address 10.1.0.1/24\n", 3), ("iface swp1\n  address 10.1.0.1/244\n", 4)],
)
def test_a_bad_line_of_interfaces_is_rejected_and_the_old_stay(box: Box, lines: str, line: int) -> None:
    good = "auto swp1\n\niface swp1\n  address 10.1.0.1/24\n"
    box.push({"/etc/network/interfaces": good}, boot=True)
    with pytest.raises(PushRejected, match=f"/etc/network/interfaces line {line}: "):
        box.push({"/etc/network/interfaces": "auto swp1\n\n" + lines})
    assert box.node.read("/etc/network/interfaces") == good.encode()
    assert "10.1.0.1/24" in box.says("ip", "-br", "addr", "show", "swp1")


def test_iptables_counters_survive_a_push_of_the_same_rules(box: Box) -> None:
    rules = {"/etc/sysconfig/iptables": "*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -i lo -j ACCEPT\nCOMMIT\n"}
    box.push(rules, boot=True)
    box.says("ping", "-c1", "127.0.0.1")
    before = box.says("iptables-save", "-c")
    box.push(rules)
    assert [line for line in box.says("iptables-save", "-c").splitlines() if line[0] != "#"] == [
        line for line in before.splitlines() if line[0] != "#"
    ]
    assert "[0:0] -A INPUT" not in before


def test_an_unknown_iptables_target_is_rejected_with_its_line(box: Box) -> None:
    rules = "*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -j {}\nCOMMIT\n"
    box.push({"/etc/iptables/rules.v4": rules.format("DROP")}, boot=True)
    with pytest.raises(PushRejected, match=r"/etc/iptables/rules.v4 line 3: .*NOWHERE"):
        box.push({"/etc/iptables/rules.v4": rules.format("NOWHERE")})
    assert "-A INPUT -j DROP" in box.says("iptables-save")


def test_ip6tables_has_its_own_file(box: Box) -> None:
    box.push({"/etc/iptables/rules.v6": "*filter\n:FORWARD DROP [0:0]\nCOMMIT\n"}, boot=True)
    assert ":FORWARD DROP" in box.says("ip6tables-save")


def test_nftables_is_loaded_and_a_bad_line_rejected(box: Box) -> None:
    good = "flush ruleset\ntable inet f {\n  chain i { type filter hook input priority 0; tcp dport 22 drop; }\n}\n"
    box.push({"/etc/nftables.conf": good}, boot=True)
    with pytest.raises(PushRejected, match=r"/etc/nftables.conf line 3: syntax error"):
        box.push({"/etc/nftables.conf": good.replace("type", "typ")})
    assert "tcp dport 22 drop" in box.says("nft", "list", "ruleset")


def test_cumulus_acls_reach_the_kernel_and_a_bad_one_names_its_own_line(box: Box) -> None:
    path = "/etc/cumulus/acl/policy.d/10-control.rules"
    good = "CHAIN = INPUT\n[iptables]\n-A $CHAIN -i swp+ -p tcp --dport 179 -j DROP\n[ip6tables]\n-A FORWARD -j DROP\n"
    box.push({path: good}, boot=True)
    assert "-A INPUT -i swp+ -p tcp -m tcp --dport 179 -j DROP" in box.says("iptables-save")
    assert "-A FORWARD -j DROP" in box.says("ip6tables-save")
    with pytest.raises(PushRejected, match=rf"{path} line 3: .*--dprt"):
        box.push({path: good.replace("--dport", "--dprt")})
    box.push({})
    assert "179" not in box.says("iptables-save")


def test_frr_runs_what_daemons_names_and_pushing_twice_restarts_nothing(box: Box) -> None:
    box.push(FRR, boot=True)
    running = box.running()
    assert set(running) == {"zebra", "bgpd", "staticd"}
    assert "router bgp 65001" in box.says("vtysh", "-c", "show running-config")
    box.push(FRR)
    assert box.running() == running


def test_a_changed_frr_conf_is_reloaded_without_a_restart(box: Box) -> None:
    box.push(FRR, boot=True)
    running = box.running()
    more = FRR["/etc/frr/frr.conf"] + " neighbor 192.0.2.2 remote-as 65003\n"
    box.push(FRR | {"/etc/frr/frr.conf": more})
    assert "neighbor 192.0.2.2 remote-as 65003" in box.says("vtysh", "-c", "show running-config")
    assert box.running() == running


def test_changed_daemons_start_and_stop_the_difference(box: Box) -> None:
    box.push(FRR, boot=True)
    before = box.running()
    ospf = {"/etc/frr/daemons": "ospfd=yes\n", "/etc/frr/frr.conf": "router ospf\n ospf router-id 1.1.1.1\n"}
    box.push(ospf)
    after = box.running()
    assert set(after) == {"zebra", "ospfd", "staticd"}
    assert after["zebra"] == before["zebra"]
    assert "ospf router-id 1.1.1.1" in box.says("vtysh", "-c", "show running-config")


@pytest.mark.parametrize("boot", [True, False])
def test_an_unknown_frr_command_is_rejected_in_the_daemons_words(box: Box, boot: bool) -> None:
    if not boot:
        box.push(FRR, boot=True)
    bad = FRR["/etc/frr/frr.conf"] + " neighbr 192.0.2.2 remote-as 65003\n"
    with pytest.raises(PushRejected) as caught:
        box.push(FRR | {"/etc/frr/frr.conf": bad}, boot=boot)
    words = "box rejected /etc/frr/frr.conf line 6: % Unknown command: neighbr 192.0.2.2 remote-as 65003"
    assert str(caught.value) == words
    if not boot:
        assert box.node.read("/etc/frr/frr.conf") == FRR["/etc/frr/frr.conf"].encode()


@pytest.mark.parametrize("boot", [True, False])
def test_what_bgpd_itself_refuses_is_rejected_with_its_reason(box: Box, boot: bool) -> None:
    if not boot:
        box.push(FRR, boot=True)
    bad = FRR["/etc/frr/frr.conf"] + " neighbor 192.0.2.2 peer-group NOWHERE\n"
    with pytest.raises(PushRejected, match=r"line 6: % Configure the peer-group first: neighbor 192.0.2.2"):
        box.push(FRR | {"/etc/frr/frr.conf": bad}, boot=boot)
    if not boot:
        assert "neighbor 192.0.2.1 remote-as 65002" in box.says("vtysh", "-c", "show running-config")


def test_a_rejected_password_is_not_repeated(box: Box) -> None:
    bad = FRR["/etc/frr/frr.conf"].replace("neighbor 192.0.2.1 password", "neighbor 192.0.2.99 password")
    with pytest.raises(PushRejected) as caught:
        box.push(FRR | {"/etc/frr/frr.conf": bad}, boot=True)
    assert "topsecret" not in str(caught.value)


def test_daemons_with_files_of_their_own_read_them(box: Box) -> None:
    files = {"/etc/frr/daemons": "bgpd=yes\n", "/etc/frr/bgpd.conf": "router bgp 65009\n bgp router-id 1.1.1.1\n"}
    box.push(files, boot=True)
    assert "router bgp 65009" in box.says("vtysh", "-c", "show running-config")
    with pytest.raises(PushRejected, match=r"/etc/frr/bgpd.conf line 2: % Unknown command"):
        box.push(files | {"/etc/frr/bgpd.conf": "router bgp 65009\n bgp ruter-id 1.1.1.1\n"})


def test_an_option_a_daemon_does_not_know_is_rejected_in_its_words(box: Box) -> None:
    with pytest.raises(PushRejected, match=r"/etc/frr/daemons: bgpd ended: .*--nonsense"):
        box.push(FRR | {"/etc/frr/daemons": "bgpd=yes\nbgpd_options=--nonsense\n"}, boot=True)


def test_bird_starts_reconfigures_and_stops(box: Box) -> None:
    box.push(BIRD, boot=True)
    pid = box.running()["bird"]
    more = BIRD["/etc/bird/bird.conf"] + "protocol static { ipv4; route 10.7.0.0/16 blackhole; }\n"
    box.push({"/etc/bird/bird.conf": more})
    assert "10.7.0.0/16" in box.says("birdc", "show", "route")
    assert box.running()["bird"] == pid
    box.push({})
    assert "bird" not in box.running()


def test_a_bad_bird_conf_is_rejected_with_its_line(box: Box) -> None:
    box.push(BIRD, boot=True)
    with pytest.raises(PushRejected, match=r"/etc/bird/bird.conf line 4: syntax error"):
        box.push({"/etc/bird/bird.conf": BIRD["/etc/bird/bird.conf"] + "protocol bgp { neighbour; }\n"})
    assert box.node.read("/etc/bird/bird.conf") == BIRD["/etc/bird/bird.conf"].encode()
