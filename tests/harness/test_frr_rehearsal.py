"""Routers that boot side by side are told what each one's own vtysh would tell it, and complain as it would."""

import os
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from harness.appliers.frr_rehearsal import Rehearsal, _Stage, tell
from harness.deploy import boot, bring_up
from lab.lab import Lab
from sim.errors import PushRejected
from sim.topology.model import Topology
from sim.topology.reader import read_topology

EDGE = """\
frr defaults datacenter
hostname edge
ip route 10.9.0.0/16 blackhole
ip prefix-list OURS seq 5 permit 10.0.0.0/8 le 32
route-map ANNOUNCED permit 10
 match ip address prefix-list OURS
 set metric 5
exit
vrf red
 ip route 10.8.0.0/16 blackhole
exit-vrf
key chain keys
 key 1
  key-string x
interface eth1
 ip address 10.0.0.{number}/31
 description to the other
 ip ospf area 0
router bgp 6500{number}
 neighbor 10.0.0.{other} remote-as external
 address-family ipv4 unicast
  network 10.1.0.{number}/32
  redistribute static route-map ANNOUNCED
"""
DAEMONS = "bgpd=yes\nospfd=yes\nvtysh_enable=yes\n"
RUNNING = ("zebra", "ospfd", "bgpd", "staticd")


def router(number: int, more: str = "") -> dict[str, bytes]:
    conf = EDGE.format(number=number, other=1 - number) + more
    return {"/etc/frr/frr.conf": conf.encode(), "/etc/frr/daemons": DAEMONS.encode()}


def told_by_its_own_vtysh(files: Mapping[str, bytes], folder: Path) -> Mapping[str, list[bytes]]:
    folder.mkdir()
    with _Stage(str(folder), RUNNING) as stage:
        stage.write(files["/etc/frr/frr.conf"])
        return stage.listen(stage.start())


def test_each_router_is_told_what_its_own_vtysh_would_tell_it(tmp_path: Path) -> None:
    routers = [router(0), router(1, " exit-address-family\nexit\nip route 10.7.0.0/16 blackhole\n"), router(0)]
    with Rehearsal(routers) as rehearsal:
        for number, files in enumerate(routers):
            script = rehearsal.script(files, RUNNING)
            assert script == told_by_its_own_vtysh(files, tmp_path / str(number))
            assert list(script or ()) == ["zebra", "ospfd", "bgpd", "staticd"]


def test_a_line_that_vtysh_does_not_know_costs_its_own_router_the_script_and_no_other() -> None:
    routers = [router(0), router(1, " neighbr 10.0.0.0 remote-as 65000\n"), router(1)]
    with Rehearsal(routers) as rehearsal:
        assert [bool(rehearsal.script(files, RUNNING)) for files in routers] == [True, False, True]


def test_those_needed_first_are_read_first_and_alike(tmp_path: Path) -> None:
    routers = [router(0), router(1), router(1, " neighbr 10.0.0.0 remote-as 65000\n")]
    with Rehearsal(routers, first=routers[1:2]) as rehearsal:
        assert rehearsal.script(routers[1], RUNNING) == told_by_its_own_vtysh(routers[1], tmp_path / "1")
        assert rehearsal.script(routers[0], RUNNING) == told_by_its_own_vtysh(routers[0], tmp_path / "0")
        assert rehearsal.script(routers[2], RUNNING) is None


def test_daemons_that_do_not_run_are_told_nothing() -> None:
    routers = [router(0), router(1)]
    with Rehearsal(routers) as rehearsal:
        assert set(rehearsal.script(routers[0], ("zebra", "staticd")) or ()) == {"zebra", "staticd"}
        assert rehearsal.script(routers[0], ("zebra", "isisd")) is None


@pytest.mark.parametrize(
    "unlike",
    [
        pytest.param({"/etc/frr/vtysh.conf": b"username eve nopassword\n"}, id="a vtysh.conf of its own"),
        pytest.param({"/etc/frr/frr.conf": b"hostname a\x00b\n"}, id="a zero byte"),
        pytest.param(
            {"/etc/frr/frr.conf": b"banner motd line " + b"x" * 5000 + b"\n"}, id="a line longer than a buffer"
        ),
    ],
)
def test_what_is_unlike_other_routers_is_left_to_its_own_vtysh(unlike: Mapping[str, bytes]) -> None:
    with Rehearsal([router(0), router(1), router(0) | unlike]) as rehearsal:
        assert rehearsal.script(router(0) | unlike, RUNNING) is None
        assert rehearsal.script(router(1) | {"/etc/frr/vtysh.conf": b"service integrated-vtysh-config\n"}, RUNNING)


def test_a_router_alone_is_not_rehearsed() -> None:
    with Rehearsal([router(0)]) as rehearsal:
        assert rehearsal.script(router(0), RUNNING) is None


def test_a_daemon_that_does_not_accept_a_line_stops_the_telling() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(b"\0\0\0\0" + b"a note\n" + b"\0\0\0\0")
        assert tell({"bgpd": ours}, {"bgpd": [b"one\0", b"two\0"]}) == "a note\n"
        theirs.sendall(b"\0\0\0\0" + b"% refused\n" + b"\0\0\0\x0d")
        assert tell({"bgpd": ours}, {"bgpd": [b"one\0", b"two\0"]}) is None


# --- on nodes


@pytest.fixture
def name(tmp_path: Path) -> Iterator[str]:
    made = f"frr-{os.getpid()}-{tmp_path.name[-6:]}"
    yield made
    Lab.destroy_by_name(made)


def drawn(folder: Path, name: str, more: str = "") -> Topology:
    for number, node in enumerate(("a", "b")):
        for path, content in router(number, more if number else "").items():
            place = folder / node / path.rpartition("/")[2]
            place.parent.mkdir(exist_ok=True)
            place.write_bytes(content)
    lines = ["name: x", "topology:", "  defaults: {kind: frr, network-mode: none}", "  nodes:"]
    lines += [f"    {node}: {{binds: ['{node}:/etc/frr']}}" for node in ("a", "b")]
    lines += ["  links:", '    - endpoints: ["a:eth1", "b:eth1"]']
    (folder / "x.clab.yml").write_text("\n".join(lines) + "\n")
    return read_topology(folder / "x.clab.yml", name=name)


@pytest.mark.kernel
def test_a_router_holds_the_same_whether_it_boots_with_others_or_alone(tmp_path: Path, name: str) -> None:
    with bring_up(drawn(tmp_path, name)) as lab:
        together = lab.nodes["b"].run(["vtysh", "-c", "show running-config"]).text
        lab.halt("b")
        lab.restart("b")
        boot(lab, ["b"])
        assert lab.nodes["b"].run(["vtysh", "-c", "show running-config"]).text == together
        assert "redistribute static route-map ANNOUNCED" in together


@pytest.mark.kernel
def test_a_line_that_a_daemon_refuses_is_told_with_file_and_line(tmp_path: Path, name: str) -> None:
    last = len(EDGE.splitlines()) + 3
    with pytest.raises(PushRejected, match=f"b rejected /etc/frr/frr.conf line {last}: .*: router bgp 64999"):
        bring_up(drawn(tmp_path, name, " exit-address-family\nexit\nrouter bgp 64999\n"))
