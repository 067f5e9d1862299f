"""The boot of nodes that wait for each other: containerlab's stages, each as soon as what it waits for is over.

A node's namespace and cables are there before any stage begins; what a stage holds back is what runs in it. The stages
of one node follow one another: create (what its image runs by itself begins), create-links (nothing is left to do but
the author's commands), configure (its files are pushed), its `exec` lines and its role, healthy, exit. Nobody waits for
the end of a node's main process: its stage exit is over when its commands are.
"""

import threading
from collections.abc import Callable, Collection
from functools import partial

from harness import commands
from harness.health import await_healthy
from lab.lab import Lab
from lab.lab_nodes import Step
from lab.runtimes import Holding
from sim.topology.boot import STAGES, Command, Stage
from sim.topology.model import Topology

_EXEC = "exec"
_STEPS = (*STAGES[: STAGES.index("healthy")], _EXEC, *STAGES[STAGES.index("healthy") :])
_NOTHING = Stage()


def is_staged(topology: Topology, names: Collection[str]) -> bool:
    """Whether any of these nodes boots in stages; the others boot side by side, which is faster."""
    return any(topology.nodes[name].stages or topology.nodes[name].startup_delay_s for name in names)


def boot(
    lab: Lab,
    names: Collection[str],
    configure: Callable[[str], None],
    start: Callable[[str], None],
    complain: commands.Complain,
) -> None:
    """Boot these nodes in their stages. `configure` pushes a node's files, `start` its role."""
    staging = _Staging(lab, configure, start, complain)
    lab.in_order(steps(lab.topology, names), staging.carry_out)


def begin(lab: Lab, names: Collection[str]) -> None:
    """Let these nodes run what their images run by themselves, where that was held back."""
    if isinstance(lab.runtime, Holding):
        for name in names:
            lab.runtime.begin(name)


def steps(topology: Topology, names: Collection[str]) -> dict[Step, set[Step]]:
    """Every step of these nodes, with those that must be over before it begins.

    A node beyond these runs already: only its health is still to be waited for.
    """
    found: dict[Step, set[Step]] = {}
    for name in names:
        node, before = topology.nodes[name], None
        for stage in _STEPS:
            needed = {(wait.node, wait.stage) for wait in node.stages.get(stage, _NOTHING).wait_for}
            found[name, stage] = needed | ({before} if before else set())
            before = (name, stage)
    beyond = {step for needed in found.values() for step in needed if step[0] not in names and step[1] == "healthy"}
    return found | {step: set() for step in beyond}


class _Staging:
    """What is done in each step."""

    def __init__(
        self,
        lab: Lab,
        configure: Callable[[str], None],
        start: Callable[[str], None],
        complain: commands.Complain,
    ) -> None:
        self.lab, self.configure, self.start = lab, configure, start
        self.run = partial(commands.run, lab, complain=complain)
        waits = (
            wait for node in lab.topology.nodes.values() for stage in node.stages.values() for wait in stage.wait_for
        )
        self.awaited = {(wait.node, wait.stage) for wait in waits}

    def carry_out(self, step: Step, stopped: threading.Event) -> None:
        """One step of a node, with the commands that stand before and after it."""
        name, stage = step
        node = self.lab.topology.nodes[name]
        said = node.stages.get(stage, _NOTHING)
        if stage == STAGES[0]:
            stopped.wait(node.startup_delay_s)
        self.run(name, said.on_enter)
        if stage == STAGES[0]:
            begin(self.lab, [name])
        if stage == "configure":
            self.configure(name)
        elif stage == _EXEC:
            self.run(name, map(Command, node.exec))
            self.start(name)
        elif stage == "healthy" and node.healthcheck and (said is not _NOTHING or step in self.awaited):
            await_healthy(self.lab.runtime.node(name), node.healthcheck, stopped)
        self.run(name, said.on_exit)
