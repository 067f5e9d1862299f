"""The order in which a lab boots: cables, then on every node its files, the topology's `exec` lines, and its role.
Nodes that wait for each other boot in stages (`harness.staging`). Last come the push commands of the user's.

`bring_up` starts a lab from nothing, `apply` brings a running one to what the topology says now, `boot` gives a node
that came back (or was added) all that it runs. A bring-up that fails leaves nothing behind and names the node; an
`apply` that fails puts the lab back to the topology and the files it had.
"""

import os
import threading
from collections.abc import Callable, Collection, Mapping
from types import MappingProxyType

from harness import automation, staging
from harness.appliers import Scripts, may_begin
from harness.appliers.frr_rehearsal import Rehearsal
from harness.commands import Complain, refuse, run
from harness.head_start import HeadStart, most_cabled, neighbours
from harness.lacking import refuse_lacking
from harness.push import PushResult, current_files, push
from lab.ahead import Ahead
from lab.difference import Difference
from lab.lab import Lab
from lab.lab_nodes import WORKERS
from lab.node import RunningNode
from lab.roles import role_of
from lab.runtimes import DEFAULT, Runtime, StandIn, of_this_machine
from sim.dataclasses import dataclass
from sim.errors import FabricError
from sim.topology.boot import in_order
from sim.topology.files import node_files
from sim.topology.model import Topology

Progress = Callable[[str], None]
_BUSY = 3 * (os.cpu_count() or 1)
"""Boots at once that only compute. More would keep the processor from daemons that are through with theirs."""
NOTHING: Mapping[str, list[Callable[[], None]]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Applied:
    """What `apply` did. True if anything was changed."""

    difference: Difference
    pushed: Mapping[str, PushResult]

    def __bool__(self) -> bool:
        return bool(self.difference) or any(result.changed for result in self.pushed.values())


def bring_up(
    topology: Topology,
    *,
    bare: bool = False,
    progress: Progress = lambda _: None,
    runtime: str = DEFAULT,
    complain: Complain = refuse,
) -> Lab:
    """A lab up with all that its topology asks for; `bare`: cabled and empty. On any failure nothing stays behind.

    `complain` is told of each command of the topology that fails; unless it is given, the deploy fails.
    """
    files = {name: _files(topology, name) for name in topology.nodes}
    shared = of_this_machine(runtime) and not bare
    start = HeadStart(topology, files) if shared and not staging.is_staged(topology, topology.nodes) else None
    first = [files[name] for name in start.names] if start else []
    with Rehearsal(files.values() if shared else (), first) as rehearsal:
        lab = Lab.deploy(topology, progress, runtime, start.ahead(rehearsal) if start else Ahead(), bare=bare)
        try:
            if bare:
                staging.begin(lab, topology.nodes)
            else:
                _boot(lab, files, progress, rehearsal, complain, start)
                automation.run(lab, topology.nodes.values(), progress)
            lab.mark_running()
        except BaseException:
            lab.destroy()
            raise
    return lab


def boot(
    lab: Lab, names: Collection[str], progress: Progress = lambda _: None, complain: Complain = refuse
) -> Mapping[str, PushResult]:
    """Boot these nodes, which are cabled and empty: roles prepare, files, `exec`, roles start; in stages, if they say;
    then their push commands. `complain`: see `bring_up`.
    """
    pushed = _boot_with_files(lab, names, progress, complain)
    automation.run(lab, [lab.topology.nodes[name] for name in names], progress)
    return pushed


def _boot_with_files(
    lab: Lab, names: Collection[str], progress: Progress, complain: Complain
) -> Mapping[str, PushResult]:
    return _boot(lab, {name: _files(lab.topology, name) for name in names}, progress, None, complain)


def _boot(
    lab: Lab,
    files: Mapping[str, Mapping[str, bytes]],
    progress: Progress,
    scripts: Scripts | None,
    complain: Complain,
    start: HeadStart | None = None,
) -> Mapping[str, PushResult]:
    names = files.keys()
    progress(f"configuration of {len(names)} nodes")
    refuse_lacking(lab, files)
    _prepare(lab, names)
    if staging.is_staged(lab.topology, names):
        pushed = _boot_in_stages(lab, files, scripts, complain)
    else:
        pushed = _push_first(lab, files, scripts, start)
        _execute(lab, names, complain)
        progress("roles")
        start_roles(lab, names)
    automation.keep(lab)
    lab.mark_booted(names)
    return pushed


def _boot_in_stages(
    lab: Lab, files: Mapping[str, Mapping[str, bytes]], scripts: Scripts | None, complain: Complain
) -> dict[str, PushResult]:
    pushed: dict[str, PushResult] = {}

    def configure(name: str) -> None:
        later: list[Callable[[], None]] = []
        pushed.update(_push(lab, {name: files[name]}, boot=True, scripts=scripts, later={name: later}))
        for finish in later:
            finish()

    staging.boot(lab, files.keys(), configure, lambda name: start_roles(lab, [name]), complain)
    return pushed


def _push_first(
    lab: Lab, files: Mapping[str, Mapping[str, bytes]], scripts: Scripts | None, start: HeadStart | None
) -> dict[str, PushResult]:
    """Push each node's first files, to those with most neighbours first, but not to who had a head start."""
    pushed = dict(start.pushed) if start else {}
    rest = {name: files[name] for name in most_cabled(neighbours(lab.topology)) if name in files and name not in pushed}
    later: dict[str, list[Callable[[], None]]] = {name: [] for name in rest} | (start.later if start else {})
    at_once = _BUSY if all(map(may_begin, rest.values())) else WORKERS  # what else boots waits for its interfaces
    pushed |= _push(lab, rest, boot=True, scripts=scripts, later=later, at_once=at_once)
    lab.each(lambda node: [finish() for finish in later[node.name]], [name for name in later if later[name]])
    return pushed


def apply(lab: Lab, topology: Topology, progress: Progress = lambda _: None, complain: Complain = refuse) -> Applied:
    """Bring a running lab to the topology and the files it names now, changing nothing else.

    On failure the lab gets back the topology and the files it had, and the error is raised. `complain`: see `bring_up`.
    """
    with lab.held():
        before = lab.topology
        had = lab.each(lambda node: current_files(node, ()))
        try:
            return _advance(lab, topology, progress, complain)
        except BaseException as error:
            try:
                _go_back(lab, before, had)
            except FabricError as second:
                error.add_note(f"going back: {second}")
            raise


def _advance(lab: Lab, topology: Topology, progress: Progress, complain: Complain) -> Applied:
    before = lab.topology
    difference = lab.apply(topology)
    made = {*difference.added, *difference.changed}
    kept = [name for name in lab.nodes if name not in made]
    pushed = dict(_boot_with_files(lab, made, progress, complain)) if made else {}
    progress(f"configuration of {len(kept)} nodes")
    _prepare(lab, kept)
    pushed |= _push(lab, {name: _files(topology, name) for name in kept}, boot=False)
    start_roles(lab, kept)
    automation.keep(lab)
    asked = {*made, *(name for name in kept if pushed[name].changed or _asks_anew(name, before, topology))}
    automation.run(lab, [node for name, node in topology.nodes.items() if name in asked], progress)
    lab.mark_running()
    return Applied(difference, pushed)


def _asks_anew(name: str, before: Topology, now: Topology) -> bool:
    """Whether a node that stays has another push command than it had."""
    return now.nodes[name].facts.push != before.nodes[name].facts.push


def _go_back(lab: Lab, topology: Topology, had: Mapping[str, Mapping[str, bytes]]) -> None:
    """The old topology again, and on each node the files it had, pushed back or (a node made anew) booted."""
    difference = lab.apply(topology)
    made = {*difference.added, *difference.changed}
    staging.begin(lab, made)
    _prepare(lab, topology.nodes)
    for again, boots in ((made, True), (set(had) - made, False)):
        _push(lab, {name: had.get(name, {}) for name in again}, boot=boots)
    _execute(lab, made)
    start_roles(lab, topology.nodes)
    lab.mark_booted(made)


def push_files(lab: Lab, files: Mapping[str, Mapping[str, bytes]]) -> Mapping[str, PushResult]:
    """Push files (all that the node is to have, by node) to running nodes, then let their roles follow."""
    pushed = _push(lab, files, boot=False)
    start_roles(lab, [name for name, result in pushed.items() if result.changed])
    return pushed


def _push(
    lab: Lab,
    files: Mapping[str, Mapping[str, bytes]],
    *,
    boot: bool,
    scripts: Scripts | None = None,
    later: Mapping[str, list[Callable[[], None]]] = NOTHING,
    at_once: int = WORKERS,
) -> dict[str, PushResult]:
    devices = _OneAtATime(lab.runtime)

    def work(node: RunningNode) -> PushResult:
        declared, at_end = lab.topology.nodes[node.name], later.get(node.name)
        return push(node, declared, files[node.name], runtime=devices, boot=boot, scripts=scripts, later=at_end)

    return lab.each(work, files.keys(), at_once=at_once)


def _files(topology: Topology, name: str) -> Mapping[str, bytes]:
    return node_files(topology, topology.nodes[name])


def _prepare(lab: Lab, names: Collection[str]) -> None:
    running = lab.nodes
    for name in names:
        declared = lab.topology.nodes[name]
        if name in running and (role := role_of(declared)):
            role.prepare(running[name], declared, lab)


def start_roles(lab: Lab, names: Collection[str]) -> None:
    """What the nodes run beside their configuration; again after every push, which may have replaced what it needs."""

    def work(node: RunningNode) -> None:
        declared = lab.topology.nodes[node.name]
        if role := role_of(declared):
            lab.tell(node.name, role.start(node, declared, lab))

    lab.each(work, names)


def _execute(lab: Lab, names: Collection[str], complain: Complain = refuse) -> None:
    """The topology's commands, on all nodes side by side."""

    def work(node: RunningNode) -> None:
        declared = lab.topology.nodes[node.name]
        run(lab, node.name, in_order(declared.stages, declared.exec), complain)

    lab.each(work, [name for name in names if lab.topology.nodes[name].commands])


class _OneAtATime:
    """A runtime takes calls from one thread at a time; nodes boot in many."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._lock = threading.Lock()

    def device(self, node: str, name: str, kind: str) -> StandIn | None:
        """See Runtime."""
        with self._lock:
            return self._runtime.device(node, name, kind)
