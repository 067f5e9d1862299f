"""The machine's own network, sysctls, files and firewall are the same before, during and after a lab of everything."""

import hashlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.deploy import bring_up
from lab.lab import Lab
from sim.topology.reader import read_topology

pytestmark = [pytest.mark.kernel, pytest.mark.xdist_group("docker")]  # not while Docker mounts its containers

EVERYTHING = """\
name: everything
topology:
  defaults: {kind: linux}
  nodes:
    r1:
      kind: frr
      binds: ["r1/frr:/etc/frr", "r1/sysctl.conf:/etc/sysctl.d/lab.conf", "r1/rules.v4:/etc/iptables/rules.v4"]
      sysctls: {net.ipv4.tcp_keepalive_time: 1234, net.ipv4.conf.default.arp_announce: 2}
      exec: [ip address add 192.0.2.1/24 dev eth1]
    sw: {kind: cvx, binds: ["sw/interfaces:/etc/network/interfaces"]}
    plain:
      binds: ["tool:/usr/local/bin/lab-tool", "tool:/opt/new/tool", "tool:/root/tool", "tool:/tool"]
      exec:
        - nft add table inet lab
        - sh -c "echo here > /etc/motd; echo 1 > /proc/sys/net/ipv4/conf/all/proxy_arp"
    br0: {kind: bridge}
    machine:
      kind: host
      exec: [ip route add 198.51.100.0/24 via 172.20.20.2, iptables -A INPUT -s 198.51.100.9 -j DROP]
  links:
    - endpoints: ["r1:eth1", "br0:r1"]
    - endpoints: ["sw:swp1", "br0:sw"]
    - endpoints: ["plain:eth1", "host:plain-host"]
    - endpoints: ["plain:eth2", "machine:plain-machine"]
    - endpoints: ["plain:eth3", "mgmt-net:plain-mgmt"]
    - {type: dummy, endpoint: {node: plain, interface: svc0}}
"""
FILES = {
    "r1/frr/frr.conf": "router ospf\n network 192.0.2.0/24 area 0\n",
    "r1/frr/daemons": "zebra=yes\nospfd=yes\n",
    "r1/sysctl.conf": "net.ipv4.ip_forward = 1\nnet.ipv4.fib_multipath_hash_policy = 1\n",
    "r1/rules.v4": "*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -s 203.0.113.7/32 -j DROP\nCOMMIT\n",
    "sw/interfaces": "auto lo\niface lo inet loopback\nauto swp1\niface swp1 inet static\n    address 192.0.2.2/24\n",
    "tool": "#!/bin/sh\necho a tool\n",
}
VOLATILE = ("/random/", "/fs/", "neigh/default/gc_", "nf_conntrack_count", "/kernel/ns_last_pid", "/kernel/pty/nr")


@pytest.fixture
def network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("FABRICLAB_RUN", str(tmp_path / "run"))
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    file = tmp_path / "everything.clab.yml"
    file.write_text(EVERYTHING)
    yield file
    for name in Lab.names():
        Lab.destroy_by_name(name)


def said(*words: str) -> str:
    """What a command of the machine says; nothing where it is not installed or has no right to answer."""
    try:
        return subprocess.run(words, capture_output=True, text=True, check=False).stdout
    except FileNotFoundError:
        return ""


def sysctls() -> dict[str, str]:
    found = {}
    for folder, _, files in os.walk("/proc/sys"):
        for name in files:
            path = Path(folder, name)
            if not any(part in str(path) for part in VOLATILE):
                try:
                    found[str(path)] = path.read_text()
                except (OSError, UnicodeDecodeError):
                    continue
    return found


def tree(folder: str, *, content: bool) -> dict[str, object]:
    found: dict[str, object] = {}
    for path in Path(folder).rglob("*"):
        try:
            status = path.lstat()
            digest = hashlib.sha256(path.read_bytes()).hexdigest() if content and path.is_file() else ""
        except OSError:
            continue
        found[str(path)] = (status.st_mode, status.st_size, status.st_mtime_ns, digest)
    return found


def machine() -> dict[str, object]:
    """All of the machine that a lab must not touch."""
    return {
        "links": [line.split("qlen")[0] for line in said("ip", "-o", "link").splitlines()],
        "addresses": [line.split("valid_lft")[0] for line in said("ip", "-o", "address").splitlines()],
        "routes": said("ip", "route", "show", "table", "all"),
        "rules": said("ip", "rule") + said("ip", "-6", "rule"),
        "namespaces": said("ip", "netns", "list"),
        "iptables": [line for line in said("iptables-save").splitlines() if line[:1] != "#"],
        "nft": said("nft", "list", "ruleset"),
        "mounts": Path("/proc/self/mountinfo").read_text(),
        "hostname": Path("/proc/sys/kernel/hostname").read_text(),
        "sysctls": sysctls(),
        "etc": tree("/etc", content=True),
        "opt": tree("/opt", content=False) | tree("/usr/local/bin", content=False),
        "root": sorted(path.name for path in Path("/").iterdir()),
        "home": sorted(path.name for path in Path.home().iterdir()),
    }


def changes(before: dict[str, object]) -> dict[str, object]:
    now = machine()
    found: dict[str, object] = {}
    for key, was in before.items():
        if isinstance(was, dict) and isinstance(now[key], dict):
            here: dict[str, object] = now[key]  # type: ignore[assignment]
            parts = {name for name in {*was, *here} if was.get(name) != here.get(name)}
            found |= {f"{key} {name}": (was.get(name), here.get(name)) for name in parts}
        elif was != now[key]:
            found[key] = (was, now[key])
    return found


def test_a_lab_with_everything_in_it_never_changes_the_machine(network: Path) -> None:
    before = machine()
    with bring_up(read_topology(network, environment={})) as lab:
        assert changes(before) == {}
        assert lab.nodes["plain"].run(["lab-tool"]).text == "a tool\n"
        for path in ("/opt/new/tool", "/root/tool", "/tool"):
            assert lab.nodes["plain"].run([path]).text == "a tool\n"
        assert b"here" in (lab.nodes["plain"].read("/etc/motd") or b"")
        assert "198.51.100.9" in lab.nodes["machine"].run(["iptables-save"]).text
        assert lab.nodes["r1"].run(["sysctl", "-n", "net.ipv4.tcp_keepalive_time"]).text == "1234\n"
        assert lab.nodes["plain"].run(["sysctl", "-w", "kernel.panic=77"], check=False).status != 0
        assert lab.nodes["plain"].run(["touch", "/usr/bin/fabriclab-was-here"], check=False).status != 0
    assert changes(before) == {}
