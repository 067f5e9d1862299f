"""What a push would change, as unified differences with secrets masked (`push --dry-run`)."""

import difflib
from collections.abc import Mapping

from harness.push import current_files
from harness.secrets import masked
from lab.node import RunningNode


def plan(node: RunningNode, files: Mapping[str, bytes]) -> list[str]:
    """One unified difference per file that would change, from what the node has to what would be pushed."""
    before = current_files(node, files)
    paths = sorted(path for path in before.keys() | files.keys() if before.get(path) != files.get(path))
    return [difference(path, before.get(path), files.get(path), node.name) for path in paths]


def difference(path: str, old: bytes | None, new: bytes | None, node: str) -> str:
    """The difference of one file; None is a file that is not there. Bytes that are no text are told by their size."""
    if b"\0" in (old or b"") + (new or b""):
        return f"{node}:{path}: binary, {_size(old)} -> {_size(new)}\n"
    here = f"{node}:{path}"
    head = (here if old is not None else "/dev/null", here if new is not None else "/dev/null")
    lines = list(difflib.unified_diff(_lines(old), _lines(new), *head, lineterm=""))
    if not lines:
        return f"--- {head[0]}\n+++ {head[1]}\n(what differs is a secret, an end of line, or an empty file)\n"
    return "\n".join(lines) + "\n"


def _lines(content: bytes | None) -> list[str]:
    return masked((content or b"").decode(errors="replace")).splitlines()


def _size(content: bytes | None) -> str:
    return "absent" if content is None else f"{len(content)} bytes"
