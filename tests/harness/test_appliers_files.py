"""What the appliers read out of files, without a node to act on."""

import pytest
from memory_node import MemoryDevices, MemoryNode, work

from harness.appliers.cumulus_acl import rules
from harness.appliers.frr_daemons import wanted_daemons
from harness.appliers.ifcfg import IfcfgApplier
from harness.appliers.ifupdown import wanted_devices
from harness.appliers.sysctl import settings
from sim.errors import PushRejected

INSTALLED = ("zebra", "bgpd", "ospfd", "staticd", "bfdd")
ACL = "/etc/cumulus/acl/policy.d/"
SCRIPTS = "/etc/sysconfig/network-scripts/"


def daemons(text: str, **files: str) -> list[list[str]]:
    return [each.argv for each in wanted_daemons(work({"/etc/frr/daemons": text} | files), INSTALLED)]


def test_zebra_comes_first_and_staticd_always() -> None:
    assert [argv[0].rpartition("/")[2] for argv in daemons("bgpd=yes\nospfd=no\n")] == ["zebra", "bgpd", "staticd"]


def test_options_are_kept_except_background_and_users() -> None:
    (zebra, *_) = daemons('zebra_options="  -A 127.0.0.1 -s 90000000 --daemon -u frr"\n')
    assert zebra[1:] == ["-F", "traditional", "-A", "127.0.0.1", "-s", "90000000", "-u", "root", "-g", "root"]


def test_a_cumulus_box_runs_the_datacenter_profile() -> None:
    found = wanted_daemons(work({"/etc/frr/daemons": "", "/etc/cumulus/ports.conf": ""}), INSTALLED)
    assert found[0].options == ("-F", "datacenter")


def test_instances_are_daemons_of_their_own() -> None:
    assert [argv for argv in daemons("ospfd=yes\nospfd_instances=1,2\n") if "-n" in argv][1][3:5] == ["-n", "2"]


def test_a_daemon_that_is_not_installed_is_told() -> None:
    job = work({"/etc/frr/daemons": "isisd=yes\n"})
    wanted_daemons(job, INSTALLED)
    assert job.notes == ["/etc/frr/daemons: isisd is not in this host's FRR: not started"]


@pytest.mark.parametrize("line", ["bgpd", "bgpd_options=-A ::1 -x", 'zebra_options="-A', "if true; then"])
def test_a_bad_line_of_daemons_is_refused_by_number(line: str) -> None:
    with pytest.raises(PushRejected, match="/etc/frr/daemons line 2: "):
        daemons(f"zebra=yes\n{line}\n")


def test_sysctl_conf_comes_last_and_separators_swap() -> None:
    job = work(
        {
            "/etc/sysctl.conf": "net/ipv4/ip_forward=1\n",
            "/etc/sysctl.d/9.conf": "-net.ipv4.conf.eth0/912.rp_filter = 2\n",
        }
    )
    assert [(each.key, each.value, each.optional) for each in settings(job)] == [
        ("net/ipv4/conf/eth0.912/rp_filter", "2", True),
        ("net/ipv4/ip_forward", "1", False),
    ]


def test_a_sysctl_line_without_a_value_is_refused_by_number() -> None:
    with pytest.raises(PushRejected, match=r"/etc/sysctl.d/9.conf line 3: 'net.ipv4.ip_forward' is not 'key = value'"):
        list(settings(work({"/etc/sysctl.d/9.conf": "# one\n\nnet.ipv4.ip_forward\n"})))


def test_acl_rules_follow_the_file_names_with_their_variables() -> None:
    job = work(
        {
            f"{ACL}20b.rules": "[iptables]\n-A FORWARD -j DROP\n",
            f"{ACL}10a.rules": "C = INPUT\nI = swp1,swp2\n[iptables]\n-A $C -i $I -p tcp --dport 179 -j ACCEPT\n"
            "[ip6tables]\n-t mangle -A FORWARD -j ACCEPT\n",
            f"{ACL}README": "not rules",
        }
    )
    assert [(each.tool, each.table, each.text, each.line) for each in rules(job)] == [
        ("iptables", "filter", "-A INPUT -i swp1 -p tcp --dport 179 -j ACCEPT", 4),
        ("iptables", "filter", "-A INPUT -i swp2 -p tcp --dport 179 -j ACCEPT", 4),
        ("ip6tables", "mangle", "-A FORWARD -j ACCEPT", 6),
        ("iptables", "filter", "-A FORWARD -j DROP", 2),
    ]


def test_an_acl_line_for_several_chains_and_interfaces_is_a_rule_in_each() -> None:
    job = work({f"{ACL}1.rules": "CHAINS = INPUT,FORWARD\n[iptables]\n-A $CHAINS -i swp1,swp2 -j DROP\n"})
    assert [rule.text for rule in rules(job)] == [
        "-A INPUT -i swp1 -j DROP",
        "-A INPUT -i swp2 -j DROP",
        "-A FORWARD -i swp1 -j DROP",
        "-A FORWARD -i swp2 -j DROP",
    ]


@pytest.mark.parametrize("target", ["POLICE --set-mode pkt --set-rate 100", "setclass --class 7"])
def test_an_acl_for_the_switch_chip_is_told_and_left_out(target: str) -> None:
    job = work({f"{ACL}1.rules": f"[iptables]\n-A INPUT -p icmp -j {target}\n"})
    assert list(rules(job)) == []
    assert f"{target.split()[0]} is done by a switch's hardware" in job.notes[0]


@pytest.mark.parametrize("line", ["[nftables]", "-A $NOWHERE -j DROP", "drop everything"])
def test_a_bad_acl_line_is_refused_by_number(line: str) -> None:
    with pytest.raises(PushRejected, match=rf"{ACL}1.rules line 2: "):
        list(rules(work({f"{ACL}1.rules": f"[iptables]\n{line}\n"})))


@pytest.mark.parametrize(
    ("file", "text", "words"),
    [
        ("ifcfg-eth0", "DEVICE=eth0\nIPADDR=10.0.0.300\n", "line 2: IPADDR=10.0.0.300 is no IP address"),
        ("ifcfg-eth0", "DEVICE=eth0\nIPADDR=10.0.0.3\nNETMASK=255.0.255.0\n", "line 3: NETMASK=255.0.255.0 is no IPv4"),
        ("ifcfg-eth0", "DEVICE=eth0\nGATEWAY=up\n", "line 2: GATEWAY=up is no IP address"),
        ("ifcfg-eth0", "DEVICE=eth0\nMTU=big\n", "line 2: MTU=big is no whole number"),
        ("ifcfg-eth0", "DEVICE=eth0\nIPV6ADDR=10.0.0.1\n", "line 2: IPV6ADDR: 10.0.0.1 is no IPv6 address"),
        ("ifcfg-eth0", "DEVICE eth0\n", "line 1: 'DEVICE eth0': expected NAME=value"),
        ("ifcfg-eth0", "DEVICE=eth0\nIPADDR=10.0.0.1 PREFIX=24\n", "line 2: .* needs quotes"),
        ("ifcfg-eth0", 'DEVICE="eth0\n', "line 1: .*No closing quotation"),
    ],
)
def test_a_bad_ifcfg_line_is_refused_by_number(file: str, text: str, words: str) -> None:
    with pytest.raises(PushRejected, match=rf"{SCRIPTS}{file} {words}"):
        IfcfgApplier().check(work({f"{SCRIPTS}{file}": text}))


def test_a_device_that_is_not_there_is_refused_as_the_scripts_say_it() -> None:
    class WithLo(MemoryNode):
        def run(self, *args, **kwargs):  # type: ignore[no-untyped-def]
            done = super().run(*args, **kwargs)
            return type(done)(done.argv, 0, b'[{"ifname": "lo", "ifindex": 1}]', b"")

    job = work({f"{SCRIPTS}ifcfg-eth7": "DEVICE=eth7\nIPADDR=10.0.0.1\nPREFIX=24\n"})
    object.__setattr__(job, "node", WithLo())
    with pytest.raises(PushRejected, match="ifcfg-eth7 line 1: Device eth7 does not seem to be present"):
        IfcfgApplier().apply(job)


def test_interfaces_that_the_kernel_may_lack_are_made_beforehand() -> None:
    job = work(
        {
            "/etc/network/interfaces": "auto lo\niface lo inet loopback\nauto dummy0\niface dummy0\n"
            "auto anycast\niface anycast\n  link-type dummy\n",
            "/etc/network/interfaces.d/vlans": "auto eth0.10\niface eth0.10\n",
        },
        devices=MemoryDevices(),
    )
    assert list(wanted_devices(job)) == [("dummy0", "dummy"), ("anycast", "dummy"), ("eth0.10", "vlan")]
