"""The processes of a node, as /proc tells them."""

from __future__ import annotations

import os

TYPE_CHECKING = False  # the typing module, and what it loads, would be in every node's memory
if TYPE_CHECKING:
    from typing import Any


def all_others() -> list[dict[str, Any]]:
    """Every process but this one: pid, name, argv."""
    return [found for pid in _pids() if (found := _process(pid))]


def _pids() -> list[int]:
    own = str(os.getpid())
    return [int(entry) for entry in os.listdir("/proc") if entry.isdigit() and entry != own]


def _process(pid: int) -> dict[str, Any] | None:
    """A process's name and words; None for one that ended meanwhile, or is only waiting to be reaped."""
    try:
        name, state = _told(f"/proc/{pid}/stat").split(b"(", 1)[1].rsplit(b")", 1)
        argv = _told(f"/proc/{pid}/cmdline").rstrip(b"\0").split(b"\0")
    except (FileNotFoundError, ProcessLookupError):
        return None
    if state.split()[0] == b"Z":
        return None
    words = [word.decode(errors="replace") for word in argv]
    return {"pid": pid, "name": name.decode(errors="replace"), "argv": words}


def _told(path: str) -> bytes:
    """What the kernel tells in a file, without a file object: those leave their marks in memory."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return b"".join(iter(lambda: os.read(descriptor, 1 << 14), b""))
    finally:
        os.close(descriptor)
