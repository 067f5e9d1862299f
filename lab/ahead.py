"""Ahead: work on a few nodes that begins as soon as they are there, while others are made and all are cabled."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event

from lab.node import RunningNode
from lab.runtimes import Runtime


@dataclass(frozen=True, slots=True)
class Ahead:
    """What is done on which nodes, all of them at once. `work` calls its second argument to wait for the cables."""

    names: Sequence[str] = ()
    work: Callable[[RunningNode, Callable[[], object]], object] = lambda node, cabled: None

    @contextmanager
    def begun(self, runtime: Runtime) -> Iterator[None]:
        """Begin the work. Leaving says that all is cabled, waits for the work's end, and raises its first error."""
        cabled = Event()
        with ThreadPoolExecutor(max_workers=len(self.names) or 1) as pool:
            futures = [pool.submit(self.work, runtime.node(name), cabled.wait) for name in self.names]
            try:
                yield
            except BaseException:
                runtime.hang_up()
                raise
            finally:
                cabled.set()
        for future in futures:
            future.result()
