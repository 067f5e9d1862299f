"""What roles work out before they touch a node."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from lab.node import RunningNode
from lab.roles import compute, gateway, master, openings, plain, policy, role_of, services, volumes, workload
from lab.roles.storage import BACKENDS
from lab.roles.sysctls import with_slashes
from sim.topology.facts import Opening, Workload
from sim.topology.model import Kind, Node, Topology

WEB = Workload(
    name="web",
    tap="tap0",
    address=IPv4Address("10.17.0.5"),
    address6=IPv6Address("2001:db8::5"),
    policy=(
        Opening.model_validate({"protocol": "tcp", "port": 80, "from": "129.177.0.0/16"}),
        Opening.model_validate({"protocol": "icmp"}),
        Opening.model_validate({"protocol": "udp", "port": 53, "from": "2001:db8:1::/48"}),
    ),
)


@pytest.mark.parametrize(
    ("node", "module"),
    [
        (Node("a", group="compute"), compute),
        (Node("a", group="master"), master),
        (Node("a", group="gateway"), gateway),
        (Node("a", group="storage"), plain),
        (Node("a", group="no-such-role"), plain),
        (Node("a"), plain),
        (Node("a", kind=Kind.CUMULUS, group="leaf"), gateway),
        (Node("a", kind=Kind.WORKLOAD), workload),
    ],
)
def test_a_group_names_its_role(node: Node, module: object) -> None:
    assert role_of(node) is module


def test_a_bridge_runs_nothing() -> None:
    assert role_of(Node("br", kind=Kind.BRIDGE)) is None


def test_a_policy_opens_what_it_says_and_drops_the_rest() -> None:
    assert list(policy.rules([WEB], 4)) == [
        "-A felix-FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j RETURN",
        "-A felix-FORWARD -i tap0 -j felix-from-tap0",
        "-A felix-FORWARD -o tap0 -j felix-to-tap0",
        "-A felix-from-tap0 ! -s 10.17.0.5 -j DROP",
        "-A felix-to-tap0 -s 129.177.0.0/16 -p tcp -m tcp --dport 80 -j RETURN",
        "-A felix-to-tap0 -p icmp -j RETURN",
        "-A felix-to-tap0 -j DROP",
    ]


def test_a_policy_of_ipv6_has_its_own_sources_and_icmp() -> None:
    found = list(policy.rules([WEB], 6))
    assert "-A felix-to-tap0 -p ipv6-icmp -j RETURN" in found
    assert "-A felix-to-tap0 -s 2001:db8:1::/48 -p udp -m udp --dport 53 -j RETURN" in found
    assert not any("129.177" in each for each in found)


def test_the_jump_to_felix_comes_first_again_after_a_firewall_push() -> None:
    pushed = ["*filter", ":FORWARD DROP [0:0]", "-A FORWARD -i tap+ -j ACCEPT", "COMMIT"]
    change = policy.replacement(pushed, list(policy.rules([WEB], 4))).splitlines()
    assert "-I FORWARD 1 -j felix-FORWARD" in change
    assert "-D FORWARD -j felix-FORWARD" not in change


def test_a_policy_that_stands_is_not_touched() -> None:
    wanted = list(policy.rules([WEB], 4))
    change = policy.replacement([], wanted).splitlines()
    standing = ["-A FORWARD -j felix-FORWARD", *(line for line in change if line.startswith("-A"))]
    assert policy.replacement(standing, wanted) == ""
    assert policy.replacement(["-A FORWARD -j ACCEPT", *standing], wanted) != ""


def test_chains_of_a_workload_that_left_are_removed() -> None:
    change = policy.replacement([":felix-FORWARD - [0:0]", ":felix-to-tap9 - [0:0]"], list(policy.rules([WEB], 4)))
    assert "-X felix-to-tap9" in change.splitlines()
    assert "-X felix-FORWARD" not in change


def test_openings_come_and_go_without_touching_other_rules() -> None:
    old = '-A INPUT -s 10.0.0.1/32 -m comment --comment "storage nfs" -j ACCEPT'
    new = '-A INPUT -s 10.0.0.1/32 -m comment --comment "storage ceph-rbd" -j ACCEPT'
    change = openings.replacement(["-A INPUT -j DROP", old], [new])
    assert change == f"*filter\n{old.replace('-A', '-D')}\n{new.replace('-A', '-I')}\nCOMMIT\n"
    assert openings.replacement(["-A INPUT -j DROP", new], [new]) == ""


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("net.ipv4.ip_forward", "net/ipv4/ip_forward"),
        ("net/ipv4/conf/eth0.912/rp_filter", "net/ipv4/conf/eth0.912/rp_filter"),
        ("net.ipv4.conf.eth0/912.rp_filter", "net/ipv4/conf/eth0.912/rp_filter"),
    ],
)
def test_both_spellings_of_a_sysctl_are_one(written: str, key: str) -> None:
    assert with_slashes(written) == key


def test_a_listening_socket_in_proc_net_tcp() -> None:
    table = (
        "  sl  local_address rem_address   st tx_queue rx_queue\n"
        "   0: 0100007F:1389 00000000:0000 0A 00000000:00000000\n"
        "   1: 0100007F:0016 0100007F:C000 01 00000000:00000000\n"
    )
    assert services.listens(table, 5001, "0A")
    assert not services.listens(table, 22, "0A")


def test_only_remote_backends_have_listeners_and_openings() -> None:
    assert {name for name, backend in BACKENDS.items() if backend.listeners} == {"ceph-rbd", "nfs"}
    assert all(bool(backend.ports) == bool(backend.listeners) for backend in BACKENDS.values())


def test_a_volume_group_is_undone_group_first_then_its_loop_device() -> None:
    make, undo = volumes.commands("fabriclab-dev01-c1-vg_ext", Path("/var/tmp/image"))
    assert [argv[0] for argv in make] == ["losetup", "vgcreate"]
    assert [argv[0] for argv in reversed(undo)] == ["vgremove", "sh"]


class Around:
    """A lab that only notes what is to be undone."""

    def __init__(self) -> None:
        self.topology = Topology("dev01", Path("dev01.clab.yml"), {}, ())
        self.nodes: dict[str, RunningNode] = {}
        self.undo: list[list[str]] = []

    def external(self, undo: Sequence[str]) -> None:
        self.undo.append(list(undo))


def test_a_volume_group_is_made_once_after_its_undoing_is_noted(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    done: list[str] = []
    around = Around()

    def pretend(argv: Sequence[str], node: str) -> str:
        assert len(around.undo) == 2
        done.append(" ".join(argv))
        if argv[0] == "sh":
            (tmp_path / "image").unlink()
        return "/dev/loop7\n" if argv[0] == "losetup" else ""

    monkeypatch.setattr(volumes, "_missing", lambda: "")
    monkeypatch.setattr(volumes, "_image", lambda *_: tmp_path / "image")
    monkeypatch.setattr(volumes, "_on_the_machine", pretend)
    compute_01 = cast(RunningNode, SimpleNamespace(name="compute-01"))
    for wanted in (True, True, False, False):
        assert volumes.keep_group(compute_01, around, wanted=wanted) == ()
    assert [line.split()[0] for line in done] == ["losetup", "vgcreate", "vgremove", "sh"]
    assert done[1] == "vgcreate --yes fabriclab-dev01-compute-01-vg_ext /dev/loop7"
