"""push: the user's bytes onto a node, applied with the node's own tools in the order a booting host would.

The node remembers which files it was given. A push compares those with what is wanted, byte for byte: nothing differs,
nothing is touched. What differs is written, read by the tools that claim it, and applied. When a tool refuses, the node
gets back the files it had and what they meant, and the tool's words, file and line are the error.

A file that begins with `#!` is written executable. A file no longer wanted is removed.
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Mapping

from harness.appliers import Applier, Devices, Scripts, Work, appliers
from lab.node import RunningNode
from sim.dataclasses import dataclass, replace
from sim.errors import FabricError
from sim.topology.model import Node

RECORD = "/run/fabriclab/pushed.json"
"""On the node: the paths of the files that were pushed last."""

PENDING = "/run/fabriclab/pushing.json"
"""On the node while a push runs: what the files it changes held before. A push that finds it finishes the work."""


@dataclass(frozen=True, slots=True)
class PushResult:
    """What a push did: files written, files removed, which appliers acted, and what the reader should know."""

    node: str
    written: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    acted: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def changed(self) -> bool:
        """Whether the node was touched at all."""
        return bool(self.written or self.removed)


def push(
    node: RunningNode,
    declared: Node,
    files: Mapping[str, bytes],
    *,
    runtime: Devices | None = None,
    boot: bool = False,
    scripts: Scripts | None = None,
    later: list[Callable[[], None]] | None = None,
) -> PushResult:
    """Put files on a node and apply them. PushRejected leaves a running node with what it had.

    `boot` says that nothing of the node's configuration runs yet; `runtime` makes the devices that files ask for;
    `scripts` may know what their daemons are to be told; `later` is given what the caller is to do at the end.
    """
    work = replace(_work(node, declared, files, runtime, boot), scripts=scripts, later=later)
    if not work.changed:
        return PushResult(node.name)
    _write(work, _held(work))
    acted: list[Applier] = []
    try:
        _apply(work, acted)
    except FabricError as error:
        if not boot:
            _undo(work, acted, error)
            node.write({PENDING: None})
        raise
    node.write({RECORD: json.dumps({"files": sorted(files)}).encode(), PENDING: None})
    written = tuple(sorted(path for path in work.changed if path in work.files))
    removed = tuple(sorted(path for path in work.changed if path not in work.files))
    return PushResult(node.name, written, removed, tuple(each.name for each in acted), tuple(work.notes))


def _work(node: RunningNode, declared: Node, files: Mapping[str, bytes], devices: Devices | None, boot: bool) -> Work:
    """What is to be done; a push that was cut off counts as not done."""
    if boot:
        return Work(node, declared, dict(files), boot=True, devices=devices)
    before, pending = current_files(node, files), node.read(PENDING)
    unsettled: dict[str, str | None] = json.loads(pending) if pending else {}
    for path, content in unsettled.items():
        before.pop(path, None)
        if content is not None:
            before[path] = b64decode(content)
    return Work(node, declared, dict(files), before, unsettled=frozenset(unsettled), devices=devices)


def _held(work: Work) -> dict[str, bytes]:
    """What the changed files hold, to be noted before the first of them is written."""
    held = {path: work.before.get(path) for path in sorted(work.changed)}
    encoded = {path: None if content is None else b64encode(content).decode() for path, content in held.items()}
    return {PENDING: json.dumps(encoded).encode()}


def current_files(node: RunningNode, wanted: Iterable[str]) -> dict[str, bytes]:
    """What the node has at the wanted paths and at those it was given before."""
    paths = {*wanted, *pushed_paths(node)}
    found = {path: node.read(path) for path in sorted(paths)}
    return {path: content for path, content in found.items() if content is not None}


def pushed_paths(node: RunningNode) -> list[str]:
    """The paths of the files that the node was given last."""
    recorded = node.read(RECORD)
    paths: list[str] = json.loads(recorded)["files"] if recorded else []
    return paths


def _write(work: Work, first: Mapping[str, bytes]) -> None:
    """The changed files, scripts executable; before them, what must be there first."""
    content = {path: work.files.get(path) for path in work.changed}
    scripts = {path: text for path, text in content.items() if text and text.startswith(b"#!")}
    plain = {path: text for path, text in content.items() if path not in scripts}
    if first or plain:
        work.node.write({**first, **plain})
    if scripts:
        work.node.write(scripts, 0o755)


def _concerned(work: Work) -> list[Applier]:
    return [each for each in appliers() if any(each.claims(path) for path in work.changed)]


def _apply(work: Work, acted: list[Applier]) -> None:
    """Every check before the first act, so that most refusals cost nothing; at boot acting is the check."""
    concerned = _concerned(work)
    if not work.boot:
        for applier in concerned:
            applier.check(work)
    for applier in concerned:
        acted.append(applier)
        applier.apply(work)


def _undo(work: Work, acted: list[Applier], error: FabricError) -> None:
    """Back to the files the node had, and to what those appliers that acted had made of them."""
    back = work.backwards()
    _write(back, {})
    for applier in acted:
        try:
            applier.apply(back)
        except FabricError as second:
            error.add_note(f"going back, {applier.name}: {second}")
