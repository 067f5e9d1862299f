"""A sweep on a Dask cluster: chunks of failures are tasks, the solved network is one more that all of them need.

A worker that dies takes its tasks with it, and the scheduler gives them to others; what the dead one held of the solved
network is made again from the bytes that came with the task.
"""

import pickle
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from sim.errors import HostError
from sim.sweep.effect import Effect, Examiner
from sim.sweep.sweeping import Chunk, Work

_WAITING = 64  # chunks that are out at a time: no more than that is lost on Ctrl-C
_PATIENCE_S = 15


def on_cluster(examiner: Examiner, address: str) -> Work:
    """Examine on the workers of a scheduler (`tcp://...`). HostError where Dask or the scheduler can not be had."""
    try:
        from distributed import Client, as_completed
    except ImportError as error:
        raise HostError("Dask is not installed; pip install 'fabriclab[cluster]'", "--cluster") from error

    def work(chunks: Iterable[Chunk]) -> Iterator[list[Effect]]:
        with _client(Client, address) as client:
            network = client.submit(pickle.loads, pickle.dumps(examiner), pure=True)
            waiting = iter(chunks)
            first = [client.submit(_examine, network, chunk, pure=False) for chunk in islice(waiting, _WAITING)]
            done = as_completed(first)
            for future in done:
                yield future.result()
                for chunk in islice(waiting, 1):
                    done.add(client.submit(_examine, network, chunk, pure=False))

    return work


def _client(kind: Any, address: str) -> Any:
    try:
        return kind(address, timeout=_PATIENCE_S)
    except (OSError, ValueError) as error:
        raise HostError(f"no Dask scheduler answers at {address}: {error}", "--cluster") from error


def _examine(examiner: Examiner, chunk: Chunk) -> list[Effect]:
    return examiner.effects(chunk)
