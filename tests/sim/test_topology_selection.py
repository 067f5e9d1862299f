"""A part of a network: which nodes, links and waits are left of it."""

from pathlib import Path

import pytest
from topology_texts import VALID, read

from sim.errors import TopologyError
from sim.topology.selection import only, without

WAITS = VALID.replace("mgmt-ipv4: 172.31.255.9", "stages: {create: {wait-for: [{node: r1, stage: create}]}}")


def test_only_some_nodes_are_left_with_the_links_between_them(tmp_path: Path) -> None:
    part = only(read(tmp_path, VALID), ["r1", "r2"])
    assert list(part.nodes) == ["r1", "r2"]
    assert [str(link) for link in part.links] == ["r1:eth1 - r2:eth1", "r2:eth3"]


def test_a_compute_keeps_its_workloads(tmp_path: Path) -> None:
    drawn = read(tmp_path, VALID)
    assert list(only(drawn, ["c1"]).nodes) == ["c1", "web"]
    assert list(without(drawn, ["c1", "r1"]).nodes) == ["r2", "br0"]


def test_nobody_waits_for_a_node_that_is_left_out(tmp_path: Path) -> None:
    drawn = read(tmp_path, WAITS)
    assert only(drawn, ["r1", "r2"]).nodes["r2"].stages["create"].wait_for
    assert not only(drawn, ["r2"]).nodes["r2"].stages["create"].wait_for


def test_a_node_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TopologyError, match="no node named 'r9'; known: r1, r2"):
        only(read(tmp_path, VALID), ["r1", "r9"])
