"""A generated fat-tree on real FRR, entry by entry against the level engine."""

import time
from pathlib import Path

import pytest

from harness import cli
from harness.agreement import differences
from harness.observe import observe
from lab.lab import Lab
from sim.devices import read_devices
from sim.fast.network import FastNetwork
from sim.links import solve_links
from sim.snapshot import Snapshot
from sim.topology.reader import read_topology

PATIENCE_S = 120


@pytest.mark.kernel
@pytest.mark.parametrize("words", [(), ("--unnumbered",)], ids=["numbered", "unnumbered"])
def test_a_fat_tree_of_real_routers_is_what_the_level_engine_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    monkeypatch.setenv("FABRICLAB_RUN", str(tmp_path / "run"))
    fabric = str(tmp_path / "fabric")
    assert cli.run(["generate", "fat-tree", "4", *words, "--output", fabric]) == 0
    topology = read_topology(fabric)
    devices = read_devices(topology)
    network = FastNetwork(solve_links(topology, devices), devices)
    paper = Snapshot(topology.name, "solved", network)
    assert network.counts().routes["bgp"] > 400
    try:
        assert cli.run(["deploy", fabric]) == 0
        end = time.monotonic() + PATIENCE_S
        while found := differences(paper, observe(Lab.find(topology.name))):
            assert time.monotonic() < end, found[:5]
    finally:
        assert cli.run(["destroy", fabric]) == 0
