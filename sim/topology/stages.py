"""A node's `exec`, `stages` and `healthcheck` sections -> how it boots; waits that lead nowhere are refused."""

import shlex
from collections.abc import Iterator, Mapping

from sim.topology.boot import STAGES, Command, Healthcheck, Stage, WaitFor
from sim.topology.clab import StageCommands, StageSection
from sim.topology.declared import Declared
from sim.topology.strict import meant

_HOST = "host"
Step = tuple[str, str]
"""A node and a stage of its."""


def commands(node: Declared) -> tuple[str, ...]:
    """The node's own `exec` lines."""
    return tuple(_line(node, line, "exec", index) for index, line in enumerate(node.section.exec or ()))


def stages(node: Declared) -> Mapping[str, Stage]:
    """The stages that say anything, by name."""
    section = node.section.stages
    found: dict[str, Stage] = {}
    for name in STAGES if section else ():
        stage: StageSection | None = getattr(section, name.replace("-", "_"))
        if stage:
            found[name] = Stage(tuple(_waits(node, name, stage)), *_phases(node, name, stage))
    return found


def _waits(node: Declared, name: str, stage: StageSection) -> Iterator[WaitFor]:
    for index, wait in enumerate(stage.wait_for or ()):
        yield WaitFor(wait.node, wait.stage, node.place("stages", name, "wait-for", index))


def _phases(node: Declared, name: str, stage: StageSection) -> tuple[tuple[Command, ...], tuple[Command, ...]]:
    """The stage's commands at its beginning and at its end."""
    path = ("stages", name, "exec")
    by_phase: dict[str, list[Command]] = {"on-enter": [], "on-exit": []}
    if isinstance(stage.exec, StageCommands):
        for phase, lines in (("on-enter", stage.exec.on_enter), ("on-exit", stage.exec.on_exit)):
            by_phase[phase] = [Command(_line(node, line, *path, phase, at)) for at, line in enumerate(lines or ())]
    else:
        for index, each in enumerate(stage.exec or ()):
            by_phase[each.phase].append(Command(_line(node, each.command, *path, index), each.target == _HOST))
    return tuple(by_phase["on-enter"]), tuple(by_phase["on-exit"])


def _line(node: Declared, line: str, *path: str | int) -> str:
    """A command as it is run: split as a shell would, and run by none."""
    try:
        words = shlex.split(line)
    except ValueError as error:
        raise node.error(
            f"found {line!r}: {str(error).lower()}; expected a command and its arguments", *path
        ) from error
    if not words:
        raise node.error("found nothing; expected a command and its arguments", *path)
    return node.magic(line)


def healthcheck(node: Declared) -> Healthcheck | None:
    """The node's healthcheck; TopologyError for a test that Docker would not take."""
    section = node.section.healthcheck
    if not section or not section.test or section.test == ["NONE"]:
        return None
    head, *words = section.test
    if head not in ("CMD", "CMD-SHELL") or not words or (head == "CMD-SHELL" and len(words) > 1):
        expected = "[CMD, program, arguments...] or [CMD-SHELL, one line for a shell]"
        raise node.error(f"found {section.test}; expected {expected}", "healthcheck", "test")
    default = Healthcheck(())
    return Healthcheck(
        ("/bin/sh", "-c", words[0]) if head == "CMD-SHELL" else tuple(words),
        section.interval or default.interval_s,
        section.timeout or default.timeout_s,
        section.retries or default.retries,
        section.start_period or default.start_period_s,
    )


# --- who waits for whom


def check_waits(nodes: Mapping[str, Declared], waiting: Mapping[str, Mapping[str, Stage]]) -> None:
    """TopologyError at a wait for a node that is not there, for the health of one that no healthcheck tells, and at
    one that closes a circle. `waiting` are the stages of each node.
    """
    for name, own in waiting.items():
        for stage in own:
            for at, wait in enumerate(own[stage].wait_for):
                if fault := _fault(nodes, waiting, (name, stage), wait):
                    raise nodes[name].error(fault, "stages", stage, "wait-for", at)


def _fault(
    nodes: Mapping[str, Declared], waiting: Mapping[str, Mapping[str, Stage]], waiter: Step, wait: WaitFor
) -> str | None:
    if wait.node not in nodes:
        known = ", ".join(nodes)
        return f"no node named {wait.node!r}{meant(wait.node, nodes) or f'; known: {known}'}"
    if wait.stage == "healthy" and healthcheck(nodes[wait.node]) is None:
        return f"{wait.node} has no healthcheck, so nobody learns that it is healthy; give it one"
    if circle := _way(waiting, (wait.node, wait.stage), waiter):
        way = " -> ".join(f"{node}:{stage}" for node, stage in (waiter, *circle))
        return f"waits in a circle: {way}; take one of these waits out"
    return None


def _way(waiting: Mapping[str, Mapping[str, Stage]], start: Step, goal: Step) -> list[Step]:
    """A way from a stage by what it waits for to another one; empty where there is none."""
    before: dict[Step, Step | None] = {start: None}
    ahead = [start]
    while ahead:
        step = ahead.pop()
        if step == goal:
            found = [step]
            while (last := before[found[-1]]) is not None:
                found.append(last)
            return found[::-1]
        for following in _needed(waiting, step):
            if following not in before:
                before[following] = step
                ahead.append(following)
    return []


def _needed(waiting: Mapping[str, Mapping[str, Stage]], step: Step) -> Iterator[Step]:
    """What must be over before a stage begins: the one before it, and what it waits for."""
    node, name = step
    if name != STAGES[0]:
        yield node, STAGES[STAGES.index(name) - 1]
    stage = waiting.get(node, {}).get(name)
    yield from ((wait.node, wait.stage) for wait in (stage.wait_for if stage else ()))
