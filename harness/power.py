"""A node's power: pulled, given back, or both. Its cables stay in place, and its workloads share its fate.

A node that is pulled loses all that it held in memory; one that gets its power back boots with its files. Words: what
was `halted` before a stop, or `running` before a start, is left alone.
"""

from collections.abc import Callable, Collection, Mapping, Sequence

from harness.answer import Answer
from harness.deploy import boot
from lab.lab import Lab
from sim.errors import NodeFailed
from sim.topology.model import Kind

Progress = Callable[[str], None]
_POWERED = frozenset(Kind) - {Kind.HOST}  # the machine itself has no power to pull


def stop(lab: Lab, names: Sequence[str], progress: Progress) -> Answer:
    """Pull the power of these nodes, or of all."""
    with lab.held():
        before = lab.states()
        for name in _chosen(lab, names):
            progress(name)
            lab.halt(name)
        return _changes(lab, before)


def start(lab: Lab, names: Sequence[str], progress: Progress) -> Answer:
    """Give these nodes, or all, their power back and boot them."""
    with lab.held():
        before = lab.states()
        give_back(lab, [name for name in _chosen(lab, names) if before[name] != "running"], progress)
        return _changes(lab, before)


def restart(lab: Lab, names: Sequence[str], progress: Progress) -> Answer:
    """Pull the power of these nodes, or of all, and give it back."""
    with lab.held():
        chosen = _chosen(lab, names)
        for name in chosen:
            progress(name)
            lab.halt(name)
        before = lab.states()
        give_back(lab, chosen, progress)
        return _changes(lab, before, "restarted")


CHANGES = {"stop": stop, "start": start, "restart": restart}
"""The changes of power by their verbs."""


def give_back(lab: Lab, names: Collection[str], progress: Progress = lambda _: None) -> None:
    """Power, then all that they run, for nodes that are halted or failed, and for their workloads."""
    states = lab.states()
    for name in names:
        parent = lab.topology.nodes[name].parent
        if parent and states[parent] != "running" and parent not in names:
            raise NodeFailed(f"it is a workload of {parent}, which has no power; start that", name)
        if states[name] == "failed":
            lab.halt(name)
    hosts = [name for name in names if lab.topology.nodes[name].parent not in names]
    for name in hosts:
        lab.restart(name)
    workloads = [name for name, node in lab.topology.nodes.items() if node.parent in hosts]
    if hosts:
        boot(lab, [*hosts, *workloads], progress)


def _chosen(lab: Lab, names: Sequence[str]) -> list[str]:
    """The named nodes, each once; without names every node that has power of its own."""
    if names:
        return [lab.topology.node(name).name for name in dict.fromkeys(names)]
    return [node.name for node in lab.topology.nodes.values() if node.kind in _POWERED]


_WORDS = {"halted": "stopped", "running": "started"}


def _changes(lab: Lab, before: Mapping[str, str], word: str = "") -> Answer:
    """Every node whose state is another one now."""
    now = lab.states()
    changed = [name for name in now if now[name] != before[name]]
    told = [{"name": name, "what": word or _WORDS[now[name]], "state": now[name]} for name in changed]
    return Answer({"name": lab.name, "nodes": told})
