"""`fabriclab sweep`: every K-failure of a network on paper, in this process, in several, or on a cluster."""

import multiprocessing
import os
from collections.abc import Callable, Iterable, Iterator

from harness.answer import Answer
from sim.dataclasses import dataclass
from sim.devices import read_devices
from sim.errors import InputError
from sim.fast.sessions import NotPlain
from sim.sweep.choice import examiner_of
from sim.sweep.effect import Effect, Examiner
from sim.sweep.failures import What, elements
from sim.sweep.report import report
from sim.sweep.sweeping import Chunk, Sweep, Work, alone, sweep
from sim.sweep.whole import WholeExaminer
from sim.topology.model import Topology

INTERRUPTED = 130
_QUICK = 20_000  # elements up to which the level engine is faster alone than other processes are started
_CHUNK = {"level": 256, "general": 4}


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked: every set of up to `size` of these; `jobs` 0: as many processes as help; `cluster`: Dask's."""

    size: int = 1
    what: What = "links"
    jobs: int = 0
    cluster: str | None = None


def swept(network: Topology, wish: Wish, progress: Callable[[str], None]) -> Answer:
    """The sweep's report: exit status 1 where a property breaks, 130 where Ctrl-C ended it early."""
    if wish.size < 1:
        raise InputError(f"found {wish.size}; expected 1 or more", "--failures")
    progress(f"files of {len(network.nodes)} nodes")
    devices = read_devices(network)
    progress("the whole network")
    examiner = examiner_of(network, devices)
    try:
        return _swept(network, examiner, wish, progress)
    except NotPlain:
        return _swept(network, WholeExaminer(network, devices), wish, progress)


def _swept(network: Topology, examiner: Examiner, wish: Wish, progress: Callable[[str], None]) -> Answer:
    found = elements(network, wish.what)
    state = Sweep(wish.size, found)
    interrupted = False
    try:
        for state in sweep(examiner, found, wish.size, _work(examiner, len(found), wish), _CHUNK[examiner.engine]):
            progress(report_line(state))
    except KeyboardInterrupt:
        interrupted = True
    content = {"topology": network.name, "what": wish.what, **report(state, examiner)}
    breaks = any(each["verdict"] == "breaks" for each in content["properties"])
    return Answer(content, INTERRUPTED if interrupted else int(breaks))


def report_line(state: Sweep) -> str:
    """How far a sweep has come: `k=1: 512 of 2,048`."""
    return ", ".join(f"k={size}: {each.done:,} of {each.total:,}" for size, each in state.coverage.items())


def _work(examiner: Examiner, count: int, wish: Wish) -> Work:
    if wish.cluster:
        from harness.sweep_cluster import on_cluster

        return on_cluster(examiner, wish.cluster)
    quick = examiner.engine == "level" and count < _QUICK
    jobs = wish.jobs or (1 if quick else os.cpu_count() or 1)
    return alone(examiner) if jobs == 1 else in_processes(examiner, jobs)


_FORKED: list[Examiner] = []  # what a forked process has from its parent: nothing is pickled on the way there


def in_processes(examiner: Examiner, jobs: int) -> Work:
    """Examine in several processes of this machine."""

    def work(chunks: Iterable[Chunk]) -> Iterator[list[Effect]]:
        _FORKED[:] = [examiner]
        with multiprocessing.get_context("fork").Pool(jobs) as pool:
            yield from pool.imap_unordered(_examine, chunks)

    return work


def _examine(chunk: Chunk) -> list[Effect]:
    return _FORKED[0].effects(chunk)
