"""The user's own automation on a running lab: SSH as in production, real Ansible, real Netmiko, and push commands."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import netmiko
import pytest

from harness import cli
from harness.observe import observe
from lab.lab import Lab

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests/lab"))

from runtime_network import ROUTER, processes_with, until  # noqa: E402

pytestmark = [pytest.mark.kernel, pytest.mark.xdist_group("automation")]  # one lab for all, in this order

TEXT = """\
name: automated
mgmt: {{ipv4-subnet: 172.31.78.0/24, ipv6-subnet: 2001:db8:78::/64}}
topology:
  groups:
    router: {{config: {{vars: {{ssh: true, push: '{push}'}}}}, labels: {{ansible-group: routers, nornir-group: core}}}}
  kinds:
    frr: {{binds: ["__clabNodeName__/frr:/etc/frr"]}}
  nodes:
    r1: {{kind: frr, group: router, exec: [ip address add 192.0.2.1/24 dev eth1]}}
    r2: {{kind: frr, group: router, exec: [ip address add 192.0.2.2/24 dev eth1]}}
    plain: {{kind: linux, labels: {{ansible-no-host-var: "true"}}}}
    sw: {{kind: bridge}}
  links:
    - endpoints: [r1:eth1, r2:eth1]
"""
NOTE = 'sh -c "echo {node} {long_name} >> pushed.txt"'
PLAYBOOK = """\
- hosts: clab-automated-r1
  gather_facts: false
  tasks:
    - name: r1 takes no more than one of the prefixes of r2
      ansible.builtin.command:
        argv: [vtysh, -c, configure, -c, "{{ item }}"]
      loop:
        - ip prefix-list one seq 5 permit 198.51.100.2/32
    - name: and says so to its neighbour
      ansible.builtin.shell: |
        vtysh <<END
        configure
        route-map from-r2 permit 10
        match ip address prefix-list one
        router bgp 1
        address-family ipv4 unicast
        neighbor 192.0.2.2 route-map from-r2 in
        END
"""


def fabriclab(*words: str) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        status = cli.run(words)
    return status, out.getvalue(), err.getvalue()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Two routers with SSH and a push command, and a host without, deployed."""
    folder = tmp_path_factory.mktemp("auto")
    for own, peer in ((1, 2), (2, 1)):
        (folder / f"r{own}/frr").mkdir(parents=True)
        text = ROUTER.format(own=own, peer=peer) + f"  network 203.0.113.{own}/32\n"
        (folder / f"r{own}/frr/frr.conf").write_text(text)
        (folder / f"r{own}/frr/daemons").write_text("zebra=yes\nbgpd=yes\n")
    (folder / "x.clab.yml").write_text(TEXT.format(push=NOTE))
    (folder / "site.yml").write_text(PLAYBOOK)
    patch = pytest.MonkeyPatch()
    patch.setenv("FABRICLAB_RUN", str(folder / "run"))
    patch.setenv("PATH", f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    patch.setenv("ANSIBLE_HOME", str(folder / "ansible"))
    patch.setenv("ANSIBLE_LOCALHOST_WARNING", "false")
    try:
        assert fabriclab("deploy", str(folder))[0] == 0
        yield folder
    finally:
        fabriclab("destroy", str(folder))
        patch.undo()


def ssh(folder: Path, *words: str, stdin: str = "") -> "subprocess.CompletedProcess[str]":
    config = folder / "run/automated/ssh/ssh_config"
    argv = ["ssh", "-F", str(config), *words]
    return subprocess.run(argv, input=stdin, capture_output=True, text=True, timeout=60, check=False)


def test_plain_ssh_reaches_a_node_by_the_lab_s_configuration_alone(folder: Path) -> None:
    done = ssh(folder, "r1", "hostname; cat; vtysh -c 'show version'; touch ~/here; exit 7", stdin="over\n")
    assert (done.returncode, done.stderr) == (7, "") and done.stdout.startswith("r1\nover\nFRRouting")
    nodes = Lab.find("automated").nodes
    assert nodes["r1"].run(["sh", "-c", "ls ~"]).text == "here\n"
    assert ssh(folder, "clab-automated-r2", "hostname").stdout == "r2\n"
    assert not [each for each in nodes["plain"].processes() if each.name == "sshd"]


def test_who_has_no_key_or_meets_another_host_stays_outside(folder: Path) -> None:
    alone = ssh(folder, "-o", "PubkeyAuthentication=no", "r1", "true")
    assert alone.returncode == 255 and "Permission denied (publickey)" in alone.stderr
    known = folder / "run/automated/ssh/known_hosts"
    right = known.read_text()
    first, second = (line.split()[2] for line in right.splitlines())
    known.write_text(right.replace(first, second))
    assert "REMOTE HOST IDENTIFICATION HAS CHANGED" in ssh(folder, "r1", "true").stderr
    known.write_text(right)


def test_a_node_whose_filter_closes_ssh_is_not_reached(folder: Path) -> None:
    r2 = Lab.find("automated").nodes["r2"]
    r2.run(["iptables", "-A", "INPUT", "-i", "eth0", "-p", "tcp", "--dport", "22", "-j", "REJECT"])
    status, _, said = fabriclab("connect", "automated", "r2:22")
    assert status == 3 and said.startswith("r2: port 22 at 172.31.78.3 does not answer: ") and said.count("\n") == 1
    r2.run(["iptables", "-D", "INPUT", "-i", "eth0", "-p", "tcp", "--dport", "22", "-j", "REJECT"])


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("connect", "automated", "r1"), 2, "r1: expected node:port, such as gw:22"),
        (("connect", "automated", "sw:22"), 2, "sw: this node is not on the management network"),
        (("connect", "automated", "r9:22"), 2, "no node named 'r9'"),
        (("ssh", "automated", "plain"), 2, "plain: this node runs no SSH server; say `ssh: true`"),
        (("inventory", "automated", "--format", "salt"), 2, "--format: unknown 'salt'; known: ansible, nornir"),
    ],
)
def test_what_can_not_be_reached_is_said_in_a_line(
    folder: Path, words: tuple[str, ...], status: int, said: str
) -> None:
    done = fabriclab(*words)
    assert done[0] == status and said in done[2] and done[2].count("\n") == 1


def test_keys_and_files_are_for_their_owner_alone_and_inspect_tells_them(folder: Path) -> None:
    lab = folder / "run/automated"
    secret = [*(lab / "ssh").glob("id_ed25519"), *(lab / "ssh/hosts").glob("r?"), *lab.glob("*inventory.yml")]
    assert len(secret) == 5 and all(path.stat().st_mode & 0o77 == 0 for path in secret)
    told = json.loads(fabriclab("inspect", "automated", "--json")[1])
    assert told["ssh_config"] == str(lab / "ssh/ssh_config")
    assert {each["name"]: each["ssh"] for each in told["nodes"]} == {
        "r1": True,
        "r2": True,
        "plain": False,
        "sw": False,
    }


def test_netmiko_finds_its_way_by_the_same_configuration(folder: Path) -> None:
    keys = folder / "run/automated/ssh"
    with netmiko.ConnectHandler(
        device_type="linux",
        host="r2",
        username="root",
        use_keys=True,
        key_file=str(keys / "id_ed25519"),
        ssh_config_file=str(keys / "ssh_config"),
    ) as box:
        assert box.send_command("hostname").strip() == "r2"


def test_a_push_command_runs_when_a_node_boots_and_at_every_push(folder: Path) -> None:
    said = folder / "pushed.txt"
    assert said.read_text() == "r1 clab-automated-r1\nr2 clab-automated-r2\n"
    said.unlink()
    assert fabriclab("restart", "automated", "r1")[0] == 0
    assert said.read_text() == "r1 clab-automated-r1\n"
    said.unlink()
    assert "echo r2 clab-automated-r2" in fabriclab("push", str(folder), "r2", "--dry-run")[1] and not said.exists()
    assert fabriclab("push", str(folder), "r2")[0] == 0
    assert said.read_text() == "r2 clab-automated-r2\n"
    assert fabriclab("deploy", str(folder))[0] == 0
    assert said.read_text() == "r2 clab-automated-r2\n"  # nothing was changed


def test_ssh_comes_and_goes_with_a_deploy(folder: Path) -> None:
    asked = TEXT.format(push=NOTE).replace("plain: {kind: linux,", "plain: {kind: linux, config: {vars: {ssh: true}},")
    (folder / "x.clab.yml").write_text(asked)
    assert fabriclab("deploy", str(folder))[0] == 0
    assert ssh(folder, "plain", "hostname").stdout == "plain\n"
    (folder / "x.clab.yml").write_text(TEXT.format(push=NOTE))
    assert fabriclab("deploy", str(folder))[0] == 0
    assert "sshd" not in {each.name for each in Lab.find("automated").nodes["plain"].processes()}
    assert "Host plain" not in fabriclab("inventory", "automated", "-f", "ssh-config")[1]


def test_a_push_command_that_fails_is_a_rejection_in_its_words(folder: Path) -> None:
    script = 'sh -c "echo starting; echo fatal: no such leaf; echo recap; exit 4"'
    (folder / "x.clab.yml").write_text(TEXT.format(push=script))
    status, out, said = fabriclab("push", str(folder), "--json")
    assert status == 3 and json.loads(out)["error"]["kind"] == "PushRejected"
    assert said == "automated: push command 'sh' ended with 4: fatal: no such leaf\n"
    (folder / "x.clab.yml").write_text(TEXT.format(push="no-such-tool {inventory}"))
    status, _, said = fabriclab("push", str(folder), "r1")
    assert status == 3 and said.splitlines()[-1].startswith("r1: push: cannot run 'no-such-tool': No such file")


def test_ansible_changes_a_route_map_and_the_network_follows(folder: Path) -> None:
    lab = Lab.find("automated")

    def fib() -> set[str]:
        return {prefix for prefix in observe(lab, ["r1"]).nodes["r1"].fib if prefix.endswith(".2/32")}

    until(lambda: fib() == {"198.51.100.2/32", "203.0.113.2/32"}, 30, "both prefixes of r2")
    (folder / "x.clab.yml").write_text(TEXT.format(push="ansible-playbook -i {inventory} site.yml"))
    status, out, said = fabriclab("push", str(folder), "--json")
    assert status == 0, said
    [ran] = json.loads(out)["commands"]
    assert ran["command"].endswith("ansible-inventory.yml site.yml") and "changed=2" in ran["output"]
    until(lambda: fib() == {"198.51.100.2/32"}, 30, "the prefix that the route-map lets in")
    assert not (folder / "ansible/cp").exists() or len(list((folder / "ansible/cp").iterdir())) <= 1


def test_nothing_of_it_outlives_the_lab(folder: Path) -> None:
    assert fabriclab("destroy", "automated")[0] == 0
    assert not (folder / "run/automated").exists()
    until(lambda: not processes_with(str(folder / "run")), 10, "connections that Ansible keeps have ended")
