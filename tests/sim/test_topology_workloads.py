"""Workloads declared by a compute become nodes behind its taps."""

from ipaddress import IPv4Address, ip_address
from pathlib import Path

import pytest
from topology_texts import VALID, read

from sim.errors import TopologyError
from sim.topology.model import Endpoint, Kind, Topology

TWO_STACKS = VALID.replace("address: 10.17.0.5\n", "address: 10.17.0.5\n              address6: 2001:db8:17::5\n")


@pytest.fixture
def small(tmp_path: Path) -> Topology:
    return read(tmp_path, TWO_STACKS)


def test_a_workload_is_a_node_after_its_compute(small: Topology) -> None:
    web = small.nodes["web"]
    assert (web.kind, web.parent, web.network_mode, web.managed) == (Kind.WORKLOAD, "c1", "none", False)
    assert list(small.nodes) == ["r1", "r2", "c1", "web", "br0"]
    assert str(web.place).endswith(":34")


def test_a_workload_is_cabled_to_its_tap_with_host_routes(small: Topology) -> None:
    link = small.link_at("c1:tap0")
    assert link.endpoints[0] == Endpoint("c1", "tap0")
    assert link.endpoints[1] == Endpoint("web", "eth0", addresses=("10.17.0.5/32", "2001:db8:17::5/128"))
    assert link.mtu_bytes == 1500


def test_a_workload_serves_at_its_own_address(small: Topology) -> None:
    assert [each.address for each in small.nodes["web"].facts.services] == [IPv4Address("10.17.0.5")]


def test_the_compute_keeps_what_it_declared(small: Topology) -> None:
    declared = small.nodes["c1"].facts.workloads[0]
    assert (declared.tap, declared.address6) == ("tap0", ip_address("2001:db8:17::5"))
    assert str(declared.policy[0].source) == "10.0.0.0/8"


def test_without_its_compute_a_workload_is_gone(small: Topology) -> None:
    assert "web" not in small.without_node("c1").nodes


def test_workloads_of_a_group_would_share_their_names(tmp_path: Path) -> None:
    text = """\
    name: a
    topology:
      groups:
        g:
          kind: linux
          config: {vars: {workloads: [{name: w, tap: t, address: 10.0.0.1}]}}
      nodes: {c1: {group: g}, c2: {group: g}}
    """
    with pytest.raises(TopologyError, match=r":6: workload w of c2: its name is the name of another node or workload"):
        read(tmp_path, text)
