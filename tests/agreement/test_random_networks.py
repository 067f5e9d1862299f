"""Random small networks: every FIB entry, session and sampled flow on paper is what the real daemons make of it.

Forty fixed seeds, and ten fresh ones whose names the failure prints. `make agree N=500` runs as many as one likes.
"""

import uuid
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pkgutil import walk_packages

import pytest
from random_network import random_network
from referee import parted

import harness
import sim

BATCH = 10  # at a time: each mostly waits for its daemons
FIXED = [f"fixed-{number}" for number in range(40)]
FRESH = 10


def _agree(seeds: list[str], plans: str) -> None:
    _load_everything()
    with ThreadPoolExecutor(BATCH) as pool:
        found = [each for each in pool.map(parted, [random_network(seed, plans) for seed in seeds]) if each]
    told = [f"seed {each.network.seed}: {each.verdict.text}" for each in found]
    assert not found, "\n".join([*told, f"reproduce: make agree PLANS={plans} SEED=<seed>"])


def _load_everything() -> None:
    """Import what is loaded late now: pytest rewrites modules as they are imported, which Python 3.11 can not do in
    several threads at once (SystemError: AST constructor recursion depth mismatch)."""
    for room in (sim, harness):
        for module in walk_packages(room.__path__, f"{room.__name__}."):
            import_module(module.name)


@pytest.mark.kernel
@pytest.mark.long
@pytest.mark.parametrize("first", range(0, len(FIXED), BATCH))
def test_paper_and_daemons_agree_on_random_networks(first: int) -> None:
    _agree(FIXED[first : first + BATCH], "settled")


@pytest.mark.kernel
@pytest.mark.long
@pytest.mark.parametrize("part", range(FRESH // BATCH))
def test_paper_and_daemons_agree_on_networks_never_seen_before(part: int) -> None:
    """Of the plans of which hundreds have run without a difference."""
    _agree([f"fresh-{uuid.uuid4().hex[:8]}" for _ in range(BATCH)], "basic")
