"""Who boots before the lab is cabled: the most cabled routers whose files nobody reads that needs interfaces."""

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from harness.appliers import may_begin
from harness.head_start import HeadStart
from sim.topology.model import Topology
from sim.topology.reader import read_topology

ROUTER = {"/etc/frr/frr.conf": b"hostname r\n", "/etc/frr/daemons": b"bgpd=yes\n"}


@pytest.mark.parametrize(
    ("more", "may"),
    [
        pytest.param({}, True, id="FRR alone"),
        pytest.param({"/etc/motd": b"hello\n"}, True, id="a file that nobody reads"),
        pytest.param({"/etc/sysctl.d/9.conf": b"net.ipv4.conf.eth1.rp_filter=1\n"}, False, id="sysctls"),
        pytest.param({"/etc/network/interfaces": b"auto eth1\n"}, False, id="interfaces"),
        pytest.param({"/etc/iptables/rules.v4": b"*filter\nCOMMIT\n"}, False, id="a packet filter"),
    ],
)
def test_only_routers_that_miss_no_interface_boot_without_their_cables(more: Mapping[str, bytes], may: bool) -> None:
    assert may_begin({**ROUTER, **more}) is may


@pytest.mark.parametrize(
    ("conf", "may"),
    [
        (b"router bgp 65001\n bgp router-id 192.0.2.1\n neighbor eth1 interface remote-as external\n", True),
        (b"router ospf\n ospf router-id 192.0.2.1\nexit\nrouter bgp 65001\n bgp router-id 192.0.2.1\nexit\n", True),
        (b"router bgp 65001\n neighbor eth1 interface remote-as external\n", False),
        (b"router bgp 65001\n bgp router-id 192.0.2.1\nexit\nrouter ospf\n network 192.0.2.0/24 area 0\n", False),
        (b"router bgp 65001\n bgp router-id 192.0.2.1\nexit\nrouter bgp 65001 vrf red\nexit\n", False),
        (b"router ospf6\n ospf6 router-id 192.0.2.1\n", True),
        (b"ip route 192.0.2.0/24 eth1\n", True),
    ],
)
def test_who_must_choose_a_router_id_finds_all_its_addresses_there(conf: bytes, may: bool) -> None:
    assert may_begin(ROUTER | {"/etc/frr/frr.conf": conf}) is may


def test_daemons_that_read_files_of_their_own_find_their_cables_there() -> None:
    assert not may_begin({"/etc/frr/bgpd.conf": b"hostname r\n", "/etc/frr/daemons": b"bgpd=yes\n"})
    assert not may_begin({})


@pytest.fixture
def fabric(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Topology:
    """Two spines, four leafs, one of them with a server that has a role; on a machine with one processor."""
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    lines = ["name: x", "topology:", "  defaults: {kind: frr, network-mode: none}", "  nodes:"]
    lines += ["    server: {kind: linux, group: master}"]
    lines += [f"    {name}: {{}}" for name in ("leaf1", "leaf2", "leaf3", "leaf4", "spine1", "spine2")]
    lines += ["  links:", '    - endpoints: ["server:eth1", "leaf1:eth9"]']
    lines += [
        f'    - endpoints: ["{spine}:eth{leaf}", "leaf{leaf}:{spine}"]'
        for leaf in (1, 2, 3, 4)
        for spine in ("spine1", "spine2")
    ]
    (tmp_path / "x.clab.yml").write_text("\n".join(lines) + "\n")
    return read_topology(tmp_path / "x.clab.yml")


def test_spines_boot_ahead_with_a_leaf_to_talk_to(fabric: Topology) -> None:
    assert HeadStart(fabric, dict.fromkeys(fabric.nodes, ROUTER)).names == [
        "spine1",
        "spine2",
        "leaf1",
    ]


def test_a_router_that_needs_its_interfaces_waits_for_the_others(fabric: Topology) -> None:
    files = dict.fromkeys(fabric.nodes, ROUTER) | {"spine1": ROUTER | {"/etc/network/interfaces": b"auto eth1\n"}}
    assert HeadStart(fabric, files).names == ["spine2", "leaf1"]
