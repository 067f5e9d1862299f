"""The nodes of a running lab: which run, in what state, and work on many of them at once.

All concurrency on nodes lives in `each`, `in_order` and `lab.ahead`.
"""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from threading import Event
from typing import TypeVar

from lab.node import RunningNode
from lab.runtimes import Runtime, StandIn
from sim.errors import FabricError
from sim.topology.model import Topology

Result = TypeVar("Result")
Step = tuple[str, str]
"""A node, and what is done on it."""
WORKERS = 16
_TOLD = "/run/fabriclab/stand-ins.json"


class LabNodes:
    """What a lab knows of its nodes, through the runtime that carries them."""

    def __init__(self, topology: Topology, runtime: Runtime) -> None:
        self.topology = topology
        self.runtime = runtime

    @property
    def nodes(self) -> Mapping[str, RunningNode]:
        """The running nodes by name, in the file's order; a halted one is not among them."""
        states = self.states()
        return {name: self.runtime.node(name) for name in self.topology.nodes if states.get(name) == "running"}

    @property
    def host(self) -> RunningNode:
        """The lab's host side: the namespace that carries the management network."""
        return self.runtime.host()

    def states(self) -> Mapping[str, str]:
        """Each node's state: running, halted, failed (its first process was killed) or missing (never made)."""
        return self.runtime.states()

    def stand_ins(self) -> tuple[StandIn, ...]:
        """What stands in for what: devices of the runtime's making, and what roles told."""
        told = self.each(lambda node: node.read(_TOLD))
        of_roles = (StandIn(name, *pair) for name, text in told.items() if text for pair in json.loads(text))
        return tuple(dict.fromkeys((*self.runtime.stand_ins(), *of_roles)))

    def tell(self, name: str, stand_ins: Sequence[StandIn]) -> None:
        """Keep what a node's role says stands in for what, in place of what it said before."""
        node = self.runtime.node(name)
        if stand_ins or node.read(_TOLD):
            node.write({_TOLD: json.dumps([(each.wanted, each.given) for each in stand_ins]).encode()})

    def each(
        self,
        work: Callable[[RunningNode], Result],
        names: Collection[str] | None = None,
        at_once: int = WORKERS,
    ) -> dict[str, Result]:
        """Do something on many nodes at once (all that run, or these, begun in that order); results by name.

        The first FabricError, in that order, is raised after all have finished.
        """
        running = self.nodes
        chosen = {name: running[name] for name in (running if names is None else names) if name in running}
        with ThreadPoolExecutor(max_workers=at_once) as pool:
            futures = {name: pool.submit(work, node) for name, node in chosen.items()}
            try:
                wait(futures.values())
            except BaseException:  # interrupted: who waits on a node waits no longer
                pool.shutdown(wait=False, cancel_futures=True)
                self.runtime.hang_up()
                raise
        return {name: future.result() for name, future in futures.items()}

    def in_order(self, steps: Mapping[Step, Collection[Step]], work: Callable[[Step, Event], None]) -> None:
        """Carry out steps of nodes side by side, each as soon as those that it needs are over.

        A node has one step under way at a time. After the first failure no step begins; those under way are told by the
        event that `work` is given, and the failure is raised when they have ended.
        """
        ahead = {step: set(needed) & steps.keys() for step, needed in steps.items()}
        stopped, running = Event(), dict[Future[None], Step]()
        with ThreadPoolExecutor(max_workers=len({node for node, _ in steps}) or 1) as pool:
            try:
                while ahead or running:
                    for step in [step for step, needed in ahead.items() if not needed]:
                        del ahead[step]
                        running[pool.submit(work, step, stopped)] = step
                    for future in wait(running, return_when=FIRST_COMPLETED).done:
                        over = running.pop(future)
                        future.result()
                        for needed in ahead.values():
                            needed.discard(over)
            except BaseException as error:
                stopped.set()
                if not isinstance(error, FabricError):  # interrupted: who waits on a node waits no longer
                    self.runtime.hang_up()
                raise

    def _with_workloads(self, name: str) -> list[str]:
        self.topology.node(name)
        return [name, *(node.name for node in self.topology.nodes.values() if node.parent == name)]
