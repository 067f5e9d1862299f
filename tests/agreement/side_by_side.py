"""Random networks judged side by side, each lab in a process of its own: labs mostly wait for the timers of daemons.

A process told to end (SIGTERM, by a pool that is left) takes its lab down first: nothing stays behind.
"""

import multiprocessing
import os
import signal
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from queue import SimpleQueue

from random_network import random_network
from referee import Finding, shrunk, verdict_on

from harness.verdict import Outcome, Verdict

LABS_PER_CORE = 4
"""A lab of five routers computes for about a quarter of the time that it takes (measured 2026-11-25)."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one network. `finding`: its difference, and when `shrunk`, that of a smaller network."""

    seed: str
    verdict: Verdict
    finding: Finding | None = None
    shrunk: bool = False


def default_jobs() -> int:
    """How many labs this machine carries at once."""
    return LABS_PER_CORE * len(os.sched_getaffinity(0))


def answers(seeds: Iterable[str], plans: str, jobs: int) -> Iterator[Answer]:
    """The networks' answers as they come, and after them each difference again, shrunk."""
    told: SimpleQueue[Answer | BaseException] = SimpleQueue()
    with multiprocessing.get_context("fork").Pool(jobs, _in_order) as pool:
        for seed in (due := list(seeds)):
            pool.apply_async(_answer, (seed, plans), callback=told.put, error_callback=told.put)
        left = len(due)
        while left:
            answer = told.get()
            if isinstance(answer, BaseException):
                raise answer
            left -= 1
            if answer.finding and not answer.shrunk:
                pool.apply_async(_shrunk, (answer.finding,), callback=told.put, error_callback=told.put)
                left += 1
            yield answer


def _in_order() -> None:
    """A worker leaves Ctrl-C to the process that began it, and ends in order when that one says so."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())


def _answer(seed: str, plans: str) -> Answer:
    network = random_network(seed, plans)
    verdict = verdict_on(network)
    return Answer(seed, verdict, None if verdict.outcome is Outcome.PASS else Finding(network, verdict))


def _shrunk(finding: Finding) -> Answer:
    least = shrunk(finding)
    return Answer(finding.network.seed, least.verdict, least, shrunk=True)
