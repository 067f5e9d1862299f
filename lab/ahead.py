"""Ahead: work on a few nodes that begins as soon as they are there, while others are made and all are cabled."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

from lab.node import RunningNode
from lab.runtimes import Runtime


@dataclass(frozen=True, slots=True)
class Ahead:
    """What is done on which nodes, all of them at once."""

    names: Sequence[str] = ()
    work: Callable[[RunningNode], object] = lambda node: None

    @contextmanager
    def begun(self, runtime: Runtime) -> Iterator[None]:
        """Begin the work. Leaving waits for the work's end, and raises its first error."""
        with ThreadPoolExecutor(max_workers=len(self.names) or 1) as pool:
            futures = [pool.submit(self.work, runtime.node(name)) for name in self.names]
            try:
                yield
            except BaseException:
                runtime.hang_up()
                raise
        for future in futures:
            future.result()
