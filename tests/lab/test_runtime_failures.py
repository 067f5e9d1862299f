"""A deploy that fails halfway undoes itself, names the culprit on one line, and leaves nothing."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from runtime_network import fabriclab, host_interfaces, left_behind, write_network

from lab.lab import Lab

pytestmark = pytest.mark.kernel

BIRD = "router id 192.0.2.9;\nprotocol device {}\nprotocol bgpp up { }\n"
SERVICE = """
    master:
      kind: linux
      group: master
      config: {vars: {services: [{name: web, address: 203.0.113.250, port: 80, protocol: http}]}}
"""


def frr_line(file: Path) -> None:
    frr = file.parent / "r2/frr/frr.conf"
    frr.write_text(frr.read_text() + "  neighbr 10.0.0.1 remote-as 65000\n")


def bird(file: Path) -> None:
    (file.parent / "bird.conf").write_text(BIRD)
    insert(file, "    r9: {kind: linux, binds: ['bird.conf:/etc/bird/bird.conf']}\n")


def failing_exec(file: Path) -> None:
    insert(file, "    r9: {kind: linux, exec: [ip address add nonsense dev eth1]}\n")


def no_program(file: Path) -> None:
    insert(file, "    r9: {kind: linux, exec: [no-such-program --at-all]}\n")


def service(file: Path) -> None:
    insert(file, SERVICE)


def sysctl(file: Path) -> None:
    insert(file, "    r9: {kind: linux, sysctls: {net.ipv4.ip_forward: neither}}\n")


def no_such_sysctl(file: Path) -> None:
    insert(file, "    r9: {kind: linux, sysctls: {net.ipv4.conf.all.no_such: 1}}\n")


def interfaces(file: Path) -> None:
    (file.parent / "interfaces").write_text("auto swp1\niface swp1 inet static\n  address 300.1.2.3/24\n")
    insert(file, "    r9: {kind: cvx, binds: ['interfaces:/etc/network/interfaces']}\n")
    file.write_text(file.read_text() + "    - endpoints: [r9:swp1, server:eth9]\n")


def rules(file: Path) -> None:
    (file.parent / "rules.v4").write_text("*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -s 1.2.3.4 -j DORP\nCOMMIT\n")
    insert(file, "    r9: {kind: linux, binds: ['rules.v4:/etc/iptables/rules.v4']}\n")


def command(file: Path) -> None:
    insert(file, "    r9: {kind: linux, cmd: iperf3 -s}\n")


def insert(file: Path, nodes: str) -> None:
    file.write_text(file.read_text().replace("  links:\n", f"{nodes.strip(chr(10))}\n  links:\n"))


@pytest.mark.parametrize(
    ("spoil", "culprit", "words"),
    [
        (frr_line, "r2", "neighbr 10.0.0.1"),
        (bird, "r9", "bird.conf"),
        (failing_exec, "r9", "nonsense"),
        (no_program, "r9", "no-such-program"),
        (service, "master", "203.0.113.250"),
        (sysctl, "r9", "net.ipv4.ip_forward"),
        (no_such_sysctl, "r9", "net.ipv4.conf.all.no_such: this kernel has none"),
        (interfaces, "r9", "300.1.2.3"),
        (rules, "r9", "rules.v4"),
        (command, "r9", "cmd: 'iperf3 -s' is not run: there is no image; name what listens in config.vars.services"),
    ],
)
def test_a_deploy_that_fails_halfway_undoes_itself_and_names_the_culprit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spoil: Callable[[Path], None], culprit: str, words: str
) -> None:
    token = f"fail{os.getpid()}{spoil.__name__}"
    file = write_network(tmp_path / "net", "net", token)
    spoil(file)
    before = host_interfaces()
    monkeypatch.setenv("FABRICLAB_RUN", str(tmp_path / token))
    try:
        done = fabriclab("deploy", str(file))
        left = left_behind(token, tmp_path / token)
    finally:
        Lab.destroy_by_name("net")
    said = [line for line in done.stderr.splitlines() if not line.startswith("deploy net:")]
    assert done.returncode in (2, 3) and len(said) == 1, done.stderr
    assert culprit in said[0] and words in said[0]
    assert left == [] and host_interfaces() == before
