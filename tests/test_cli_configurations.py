"""Configuration that is wrong, through the command line: exit status 2 or 3, and one line that says where."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness import cli

pytestmark = pytest.mark.kernel

NAME = f"wrong-{os.getpid()}"
TOPOLOGY = f"""\
name: {NAME}
topology:
  defaults: {{kind: linux, network-mode: none}}
  nodes:
    box: {{binds: ["box/etc:/etc"]}}
    far: {{}}
  links:
    - {{endpoints: [box:eth0, far:eth0]}}
    - {{endpoints: [box:swp1, far:swp1]}}
"""
GOOD = {
    "frr/daemons": "bgpd=yes\n",
    "frr/frr.conf": "router bgp 65001\n bgp router-id 192.0.2.1\n neighbor 192.0.2.2 remote-as 65002\n",
    "bird/bird.conf": "router id 192.0.2.1;\nprotocol device {}\n",
    "iptables/rules.v4": "*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -i lo -j ACCEPT\nCOMMIT\n",
    "nftables.conf": "flush ruleset\ntable inet own {\n  chain input { type filter hook input priority 0; }\n}\n",
    "network/interfaces": "auto swp1\niface swp1\n  address 192.0.2.1/30\n",
    "sysconfig/network-scripts/ifcfg-eth0": "DEVICE=eth0\nONBOOT=yes\nIPADDR=198.51.100.1\nPREFIX=24\n",
    "sysctl.d/90-lab.conf": "net.ipv4.ip_forward = 1\n",
    "cumulus/acl/policy.d/10-own.rules": "[iptables]\n-A FORWARD -i swp1 -j ACCEPT\n",
}
FRR, BIRD, RULES, NFT = "frr/frr.conf", "bird/bird.conf", "iptables/rules.v4", "nftables.conf"
FACES, IFCFG = "network/interfaces", "sysconfig/network-scripts/ifcfg-eth0"
SYSCTL, ACL = "sysctl.d/90-lab.conf", "cumulus/acl/policy.d/10-own.rules"

WRONG = [
    # file, what is replaced, by what, and the line that is told
    (FRR, "neighbor", "neighbr", r"/etc/frr/frr.conf line 3: % Unknown command"),
    (FRR, "192.0.2.2 remote-as 65002", "192.0.2.2 peer-group NOWHERE", r"line 3: % Configure the peer-group first"),
    (FRR, "192.0.2.2 remote-as 65002", "192.0.2.2 remote-as 99999999999", r"/etc/frr/frr.conf line 3: "),
    (FRR, "192.0.2.1", "192.0.2.777", r"/etc/frr/frr.conf line 2: "),
    (FRR, "router bgp 65001", "router bgp 0", r"/etc/frr/frr.conf line 1: "),
    ("frr/daemons", "bgpd=yes", "bgpd=yes\nbgpd_options=--nonsense", r"/etc/frr/daemons: bgpd ended"),
    (BIRD, "{}", "{ neighbour; }", r"/etc/bird/bird.conf line 2: syntax error"),
    (BIRD, "protocol device {}", "protocol device {", r"/etc/bird/bird.conf line [23]: syntax error"),
    (BIRD, "192.0.2.1;", "192.0.2.777;", r"/etc/bird/bird.conf line 1: "),
    (BIRD, "protocol device {}", "protocol bgp { neighbor 192.0.2.2; }", r"/etc/bird/bird.conf line 2: "),
    (RULES, "-i lo", "--in lo", r"/etc/iptables/rules.v4 line 3: "),
    (RULES, "-j ACCEPT", "-j NOWHERE", r"/etc/iptables/rules.v4 line 3: .*NOWHERE"),
    (RULES, "COMMIT\n", "", r"/etc/iptables/rules.v4"),
    (RULES, "*filter", "*fliter", r"/etc/iptables/rules.v4 line 1: "),
    (RULES, "-i lo", "-p tcp --dport 99999", r"/etc/iptables/rules.v4 line 3: .*99999"),
    (NFT, "type filter", "typ filter", r"/etc/nftables.conf line 3: syntax error"),
    (NFT, "hook input", "hook nowhere", r"/etc/nftables.conf line 3: "),
    (NFT, "priority 0; }", "priority 0;", r"/etc/nftables.conf line [45]: syntax error"),
    (FACES, "iface swp1", "iface swp1 inet statik", r"/etc/network/interfaces line 2: "),
    (FACES, "192.0.2.1/30", "192.0.2.1/300", r"/etc/network/interfaces line 3: "),
    (FACES, "192.0.2.1/30", "192.0.2.777/30", r"/etc/network/interfaces line 3: "),
    (FACES, "192.0.2.1/30", "192.0.2.1/30\n  mtu eleven", r"/etc/network/interfaces line 4: .*'eleven'"),
    (IFCFG, "198.51.100.1\n", "198.51.100.777\n", r"/etc/sysconfig/network-scripts/ifcfg-eth0"),
    (IFCFG, "PREFIX=24", "PREFIX=99", r"/etc/sysconfig/network-scripts/ifcfg-eth0"),
    (IFCFG, "PREFIX=24", "NETMASK=255.0.255.0", r"/etc/sysconfig/network-scripts/ifcfg-eth0"),
    (IFCFG, "PREFIX=24", "PREFIX=24\nMTU=large", r"/etc/sysconfig/network-scripts/ifcfg-eth0"),
    (SYSCTL, "= 1", "= perhaps", r"/etc/sysctl.d/90-lab.conf line 1: "),
    (SYSCTL, "net.ipv4.ip_forward = 1", "net.ipv4.conf.all.rp_filter = strict", r"/etc/sysctl.d/90-lab.conf line 1: "),
    (SYSCTL, " = 1", "", r"/etc/sysctl.d/90-lab.conf line 1: "),
    (ACL, "-i swp1", "--inn swp1", r"/etc/cumulus/acl/policy.d/10-own.rules line 2: "),
    (ACL, "-j ACCEPT", "-j NOWHERE", r"/etc/cumulus/acl/policy.d/10-own.rules line 2: "),
    (ACL, "[iptables]", "[iptable]", r"/etc/cumulus/acl/policy.d/10-own.rules line 1: "),
]


def write(folder: Path, files: dict[str, str]) -> None:
    for path, text in files.items():
        file = folder / "box/etc" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of a lab that runs with good files."""
    folder = tmp_path_factory.mktemp("wrong")
    write(folder, GOOD)
    (folder / f"{NAME}.clab.yml").write_text(TOPOLOGY)
    assert cli.run(["deploy", str(folder)]) == 0
    yield folder
    assert cli.run(["destroy", str(folder)]) == 0


@pytest.mark.parametrize(("path", "old", "new", "said"), WRONG, ids=[f"{row[0]} {row[2]!r}" for row in WRONG])
def test_a_wrong_file_is_refused_in_one_line_with_its_place(
    lab: Path, capsys: pytest.CaptureFixture[str], path: str, old: str, new: str, said: str
) -> None:
    assert old in GOOD[path]
    write(lab, {path: GOOD[path].replace(old, new, 1)})
    capsys.readouterr()
    try:
        status = cli.run(["push", str(lab)])
        error = capsys.readouterr().err
    finally:
        write(lab, GOOD)
    refusals = [line for line in error.splitlines() if "box" in line]
    assert status in (2, 3), error
    assert len(refusals) == 1 and re.search(said, refusals[0]), error
    assert "Traceback" not in error


def test_after_all_that_the_node_runs_what_it_had(lab: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert cli.run(["push", str(lab)]) == 0
    assert "nothing to change" in capsys.readouterr().out


def test_a_lab_with_a_wrong_file_does_not_come_up(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    name = f"{NAME}-down"
    write(tmp_path, GOOD | {BIRD: "router id;\n"})
    (tmp_path / f"{name}.clab.yml").write_text(TOPOLOGY.replace(NAME, name))
    assert cli.run(["deploy", str(tmp_path)]) == 3
    assert re.search(r"box rejected /etc/bird/bird.conf line 1: ", capsys.readouterr().err)
    assert cli.run(["inspect", name]) == 3
