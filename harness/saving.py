"""save: the running configuration of a lab's nodes, written to a folder as `<node>/<path on the node>`.

That is the shape of an overlay and of a topology's `configs/`, so that what was saved can be pushed again. Everything
is asked before anything is written; each file is replaced in one step, readable by its owner alone, and no other file
is touched.
"""

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from posixpath import normpath

from harness.answer import Answer
from harness.running_config import running_config
from lab.lab import Lab
from sim.errors import HostError, NodeFailed


def save(lab: Lab, names: Sequence[str], to: Path | None) -> Answer:
    """Save these nodes, or all that run, below `to`, or `clab-<lab>/` beside the topology file as containerlab does."""
    running = lab.nodes
    for name in names:
        if lab.topology.node(name).name not in running:
            raise NodeFailed("this node does not run, and has no running configuration; fabriclab start it", name)
    folder = to or lab.topology.file.parent / f"clab-{lab.name}"
    found = lab.each(running_config, names or None)
    written = [{"name": name, "files": _write(folder / name, each.files)} for name, each in found.items()]
    notes = [{"name": name, "text": text} for name, each in found.items() for text in each.notes]
    return Answer({"name": lab.name, "folder": str(folder), "nodes": written, "notes": notes})


def _write(folder: Path, files: Mapping[str, bytes]) -> list[str]:
    """A node's files below its folder; their paths on the node."""
    for path, content in files.items():
        target = folder / normpath(f"/{path}").lstrip("/")
        temporary = target.with_name(f".{target.name}.new")
        try:
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with open(temporary, "wb", opener=_private) as file:
                file.write(content)
            temporary.replace(target)
        except OSError as error:
            with suppress(OSError):  # what was written of it; the folder may be no folder
                temporary.unlink()
            raise HostError(f"cannot write {target}: {error.strerror}; save --to another folder") from None
    return sorted(files)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
