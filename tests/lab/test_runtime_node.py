"""What a node is given: environment, sysctls, hash seed, files anywhere, hosts file, management address, DHCP."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.deploy import bring_up
from lab import naming
from lab.lab import Lab
from lab.preflight import preflight
from sim.errors import CommandFailed
from sim.topology.reader import read_topology

pytestmark = [pytest.mark.kernel, pytest.mark.xdist_group(__name__)]  # its tests share a lab

TEXT = """\
name: NAME
mgmt: {network: mg, ipv4-subnet: 172.31.250.0/24, ipv6-subnet: "2001:db8:250::/64"}
topology:
  defaults: {kind: linux, env: {SITE: bergen}}
  nodes:
    a:
      mgmt-ipv4: 172.31.250.40
      env: {COLOUR: red, SITE: oslo}
      sysctls: {net.ipv4.ip_forward: 0, net.ipv6.conf.all.forwarding: 1}
      aliases: [buddy, "buddy.example"]
      binds: ["tool:/usr/local/bin/lab-tool", "tool:/opt/new/x", "tool:/root/x", "tool:/x", "tree:/srv/tree"]
      exec: [sh -c "echo $COLOUR $SITE $CLAB_LABEL_CLAB_NODE_NAME > /tmp/env"]
    deb: {kind: cvx, binds: ["interfaces:/etc/network/interfaces"]}
    rhel: {binds: ["ifcfg-eth0:/etc/sysconfig/network-scripts/ifcfg-eth0"]}
    alone: {network-mode: none}
  links:
    - endpoints: ["a:eth1", "alone:eth1"]
    - endpoints: ["a:eth1.7", "alone:eth2"]
    - {type: dummy, endpoint: {node: alone, interface: svc0}}
"""
FILES = {
    "tool": "#!/bin/sh\necho a tool\n",
    "tree/deep/leaf": "leaf\n",
    "interfaces": "auto lo\niface lo inet loopback\nauto eth0\niface eth0 inet dhcp\n",
    "ifcfg-eth0": "DEVICE=eth0\nBOOTPROTO=dhcp\nONBOOT=yes\n",
}


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("node")
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    (folder / "x.clab.yml").write_text(TEXT.replace("name: NAME", f"name: node-{os.getpid()}"))
    with bring_up(read_topology(folder / "x.clab.yml", environment={})) as made:
        yield made


def said(lab: Lab, node: str, *words: str) -> str:
    return lab.nodes[node].run(words).text


def test_exec_and_programs_have_the_node_s_environment(lab: Lab) -> None:
    assert lab.nodes["a"].read("/tmp/env") == b"red oslo a\n"
    assert said(lab, "alone", "sh", "-c", "echo $SITE $CLAB_LABEL_CLAB_NODE_NAME $CLAB_INTFS") == "bergen alone 3\n"
    assert ",a,alone,deb,rhel,172.31.250.0/24," in said(lab, "alone", "sh", "-c", "echo ,$no_proxy")


def test_sysctls_of_the_file_win_over_what_a_kind_has(lab: Lab) -> None:
    assert said(lab, "a", "cat", "/proc/sys/net/ipv4/ip_forward") == "0\n"
    assert said(lab, "a", "cat", "/proc/sys/net/ipv6/conf/all/forwarding") == "1\n"


def test_each_node_has_its_own_hash_seed_the_same_at_each_deploy(lab: Lab) -> None:
    path = "/proc/sys/net/ipv4/fib_multipath_hash_seed"
    if not Path(path).exists():
        pytest.skip("this kernel has no hash seed per namespace (Linux 6.11)")
    seeds = {name: int(said(lab, name, "cat", path)) for name in ("a", "deb", "rhel", "alone")}
    assert seeds == {name: naming.hash_seed(name) for name in seeds} and len(set(seeds.values())) == 4


@pytest.mark.parametrize("path", ["/usr/local/bin/lab-tool", "/opt/new/x", "/root/x", "/x"])
def test_a_bind_lands_anywhere_and_runs(lab: Lab, path: str) -> None:
    assert said(lab, "a", path) == "a tool\n"
    assert lab.nodes["deb"].read(path) is None and not Path(path).exists()


def test_a_folder_lands_with_all_that_is_in_it(lab: Lab) -> None:
    assert said(lab, "a", "cat", "/srv/tree/deep/leaf") == "leaf\n"


def test_the_hosts_file_knows_every_managed_node_and_its_aliases(lab: Lab) -> None:
    hosts = said(lab, "rhel", "cat", "/etc/hosts")
    assert re.search(rf"^172\.31\.250\.40 a clab-{lab.name}-a a.{lab.name}.io buddy buddy\.example$", hosts, re.M)
    assert re.search(r"^2001:db8:250::\S+ a ", hosts, re.M) and "alone" not in hosts
    for name in ("a", "buddy", "deb"):
        assert said(lab, "rhel", "ping", "-c1", "-W2", name)


def test_dhcp_gives_the_address_that_the_hosts_file_tells(lab: Lab) -> None:
    hosts = said(lab, "a", "cat", "/etc/hosts")
    for name in ("deb", "rhel"):
        [address] = re.findall(rf"^(172\S+) {name} ", hosts, re.M)
        assert f"inet {address}/24" in said(lab, name, "ip", "address", "show", "eth0")
        assert "dhclient" in {process.name for process in lab.nodes[name].processes()}
        assert "default via 172.31.250.1 dev eth0" in said(lab, name, "ip", "route")


def test_a_node_without_management_has_none(lab: Lab) -> None:
    assert lab.nodes["alone"].run(["ip", "link", "show", "eth0"], check=False).status == 1


def test_what_stands_in_for_a_missing_device_is_told(lab: Lab) -> None:
    told = {(each.node, each.wanted): each.given for each in lab.stand_ins()}
    assert told["a", "eth1.7 (vlan)"].startswith("a veth under that name")
    lacking = {finding.what for finding in preflight()}
    assert (("alone", "svc0 (dummy)") in told) == ("this kernel has no dummy device" in lacking)


def test_words_that_no_system_call_takes_are_refused_and_the_node_lives_on(lab: Lab) -> None:
    for words in (["echo", "a\0b"], [""], ["no-such-program"]):
        with pytest.raises(CommandFailed, match=r"^alone: "):
            lab.nodes["alone"].run(words)
    assert said(lab, "alone", "echo", "x" * 60_000) == "x" * 60_000 + "\n"
    assert lab.nodes["alone"].run(["cat"], stdin=b"y" * 3_000_000).stdout == b"y" * 3_000_000


def test_a_name_that_looks_like_a_shell_s_word_stays_a_word(lab: Lab) -> None:
    assert said(lab, "alone", "echo", "$(hostname); `id`", "*") == "$(hostname); `id` *\n"


def test_preflight_says_of_each_finding_what_to_do() -> None:
    findings = preflight()
    assert not [each for each in findings if each.fatal]
    assert all(each.what and each.do for each in findings)
    assert len({each.what for each in findings}) == len(findings)
