"""The verb `sweep`: processes, a cluster with a dying worker, Ctrl-C, and networks for the general engine."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fabrics import Network, fat_tree, leaf_spine

from harness import cli, sweeping
from sim.fast.network import FastNetwork
from sim.links import solve_links
from sim.sweep.choice import examiner_of
from sim.sweep.effect import Effect, Examiner
from sim.sweep.failures import Failure, elements
from sim.sweep.level import LevelExaminer
from sim.sweep.report import report
from sim.sweep.sweeping import Chunk, Sweep, Work, alone, sweep
from sim.sweep.whole import WholeExaminer

ROOT = Path(__file__).resolve().parents[2]


def finished(examiner: Examiner, work: Work, what: Any = "links", size: int = 1, chunk: int = 1) -> Sweep:
    found = elements(examiner.topology, what)  # type: ignore[attr-defined]
    return list(sweep(examiner, found, size, work, chunk))[-1]


def small() -> WholeExaminer:
    network = leaf_spine(2, 3)
    return WholeExaminer(network.topology(), network.devices())


@pytest.fixture
def two_links(tmp_path: Path) -> Path:
    """A file with two routers and two cables between them; one has no configuration for the second."""
    for name, other in (("a", "b"), ("b", "a")):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "frr.conf").write_text(CONFIGURATION.format(name=name, own=ord(name) - 96, other=ord(other) - 96))
        (folder / "daemons").write_text("bgpd=yes\n")
    file = tmp_path / "two.clab.yml"
    file.write_text(TWO)
    return file


TWO = """name: two
topology:
  defaults: {kind: linux, network-mode: none, binds: ["__clabNodeName__:/etc/frr"]}
  nodes: {a: {}, b: {}}
  links:
    - endpoints: ["a:eth1", "b:eth1"]
    - endpoints: ["a:eth2", "b:eth2"]
"""
CONFIGURATION = """frr defaults datacenter
hostname {name}
interface lo
 ip address 10.0.0.{own}/32
interface eth1
 ip address 10.1.1.{own}/30
router bgp 6500{own}
 neighbor 10.1.1.{other} remote-as external
 address-family ipv4 unicast
  network 10.0.0.{own}/32
"""


@pytest.mark.parametrize(
    ("network", "step"), [(leaf_spine(2, 3), 1), (fat_tree(4), 17)], ids=["leaf-spine", "fat-tree"]
)
def test_both_examiners_agree_on_who_loses_whom(network: Network, step: int) -> None:
    """Cables and nodes: by what the failure changes, and by flows over the network solved anew."""
    topology, devices = network.topology(), network.devices()
    level = LevelExaminer(topology, FastNetwork(solve_links(topology, devices), devices))
    whole = WholeExaminer(topology, devices)
    chosen = [(each,) for each in elements(topology, "both")[::step]]
    for one, two in zip(level.effects(chosen), whole.effects(chosen), strict=True):
        assert lost(level, one) == lost(whole, two), one.failure


def lost(examiner: Examiner, effect: Effect) -> set[tuple[str, str]]:
    """Pairs of nodes. A flow needs its answer: what one way loses, a flow loses in both directions."""
    pairs = {(pair.source, pair.target.split(" ")[0]) for pair in map(examiner.pair, effect.lost)}
    return pairs | {(target, source) for source, target in pairs}


def test_processes_find_what_one_finds() -> None:
    examiner = small()
    in_two = finished(examiner, sweeping.in_processes(examiner, 2), "both")
    assert in_two.effects == finished(examiner, alone(examiner), "both").effects


def test_two_uplinks_of_a_leaf_are_a_smallest_set_that_cuts_it_off() -> None:
    examiner = small()
    found = finished(examiner, alone(examiner), size=2)
    smallest = {frozenset(each.name for each in failure) for failure, _ in found.minimal("lost")}
    assert frozenset({"spine0:eth0 - leaf0:eth0", "spine1:eth3 - leaf0:eth3"}) in smallest
    assert all(len(failure) == 2 for failure in smallest), "a leaf goes by its other spine, a spine by another leaf"


@pytest.mark.parametrize("argument", ["0", "-1"])
def test_no_failure_at_all_is_not_a_sweep(argument: str, two_links: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["sweep", str(two_links), "--failures", argument]) == 2
    assert "expected 1 or more" in capsys.readouterr().err


def test_the_document_names_properties_sets_and_coverage(two_links: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["sweep", str(two_links), "--json", "-k", "2"]) == 1
    said = json.loads(capsys.readouterr().out)
    reach = said["properties"][0]
    assert (reach["property"], reach["verdict"], reach["smallest"], reach["pairs"]) == ("reachability", "breaks", 1, 2)
    assert [each["fails"] for each in reach["sets"]] == [["a:eth1 - b:eth1"]], "supersets are not minimal"
    assert {each["property"]: each["verdict"] for each in said["properties"][1:]} == {
        "loops": "holds",
        "blackholes": "holds",
        "separation": "holds",
        "ecmp width": "holds",
    }
    assert said["complete"]
    assert [each["k"] for each in said["coverage"]] == [1, 2]
    assert [each["text"] for each in said["coverage"]] == [
        "k=1: 2/2 (1 inherited by proof, 1 re-solved)",
        "k=2: 1/1 (1 inherited by proof, 0 re-solved)",
    ]


def test_ctrl_c_tells_how_far_it_came(
    two_links: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(examiner: Examiner) -> Work:
        def work(chunks: Iterable[Chunk]) -> Iterator[list[Effect]]:
            yield examiner.effects(next(iter(chunks)))
            raise KeyboardInterrupt

        return work

    monkeypatch.setattr(sweeping, "alone", interrupted)
    monkeypatch.setitem(sweeping._CHUNK, "level", 1)
    assert cli.run(["sweep", str(two_links), "-j", "1"]) == sweeping.INTERRUPTED
    said = capsys.readouterr().out
    assert "1 of 2 failures were looked at" in said
    assert "reachability" in said


def test_a_large_fabric_inherits_its_pairs_by_proof(tmp_path: Path) -> None:
    network = fat_tree(8)
    topology, devices = network.topology(), network.devices()
    examiner = examiner_of(topology, devices)
    assert examiner.engine == "level"
    told = report(finished(examiner, alone(examiner), size=2, chunk=64), examiner)
    assert [each["text"] for each in told["coverage"]] == [
        "k=1: 256/256 (0 inherited by proof, 256 re-solved)",
        "k=2: 32,640/32,640 (32,640 inherited by proof, 0 re-solved)",
    ]


class Cluster:
    """A Dask scheduler and workers, as processes on loopback."""

    def __init__(self, folder: Path, workers: int) -> None:
        self._file = folder / "scheduler.json"
        self.log = (folder / "log").open("w")
        self.processes = [self._start("scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard")]
        self._wait(self._file.exists)
        self.address = json.loads(self._file.read_text())["address"]
        self.workers = [
            self._start("worker", "--nthreads", "1", "--no-nanny", "--no-dashboard") for _ in range(workers)
        ]
        self.processes += self.workers

    def _start(self, what: str, *words: str) -> subprocess.Popen[bytes]:
        line = [sys.executable, "-m", "dask", what, *words, "--scheduler-file", str(self._file)]
        return subprocess.Popen(line, stdout=self.log, stderr=self.log, env=os.environ | {"PYTHONPATH": str(ROOT)})

    def _wait(self, true: Any) -> None:
        end = time.monotonic() + 60
        while not true():
            assert time.monotonic() < end, "the scheduler did not come up"
            time.sleep(0.05)

    def end(self) -> None:
        for process in self.processes:
            process.kill()
            process.wait()
        self.log.close()


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    pytest.importorskip("distributed")
    made = Cluster(tmp_path, 2)
    yield made
    made.end()


def test_a_cluster_of_which_a_worker_dies_finds_what_one_process_finds(cluster: Cluster) -> None:
    from distributed import Client

    from harness.sweep_cluster import on_cluster

    with Client(cluster.address) as client:
        client.wait_for_workers(2, timeout=60)
    examiner = small()
    found = elements(examiner.topology, "both")
    seen: list[int] = []
    for state in sweep(examiner, found, 1, on_cluster(examiner, cluster.address), 1):
        seen.append(len(state.effects))
        if len(seen) == 3:
            cluster.workers[0].send_signal(signal.SIGKILL)
            assert cluster.workers[0].wait() == -signal.SIGKILL
    assert seen[2] < len(found), "the worker died in the middle"
    expected: dict[Failure, Effect] = finished(examiner, alone(examiner), "both").effects
    assert state.effects == expected


def test_no_scheduler_is_the_worlds_fault(
    two_links: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("distributed")
    monkeypatch.setattr("harness.sweep_cluster._PATIENCE_S", 1)
    assert cli.run(["sweep", str(two_links), "--cluster", "tcp://127.0.0.1:9"]) == 3
    assert "no Dask scheduler answers at tcp://127.0.0.1:9" in capsys.readouterr().err
