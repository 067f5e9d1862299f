"""Daemons: start one and wait until its socket accepts, or say in its own words why it does not."""

import socket
import time

from harness.appliers import Work
from lab.node import RunningNode
from sim.dataclasses import dataclass
from sim.errors import NodeFailed

START_TIMEOUT_S = 60.0
"""How long a daemon may take to open its socket: two hundred of them may be starting on the same two cores."""
STOP_TIMEOUT_S = 20.0
_LOOK_S = 0.5


@dataclass(frozen=True, slots=True)
class Started:
    """A daemon just spawned: its pid on the node, and the file with its output."""

    program: str
    pid: int
    log: str


def start(work: Work, argv: list[str], log: str) -> Started:
    """Spawn a daemon in the foreground, with a fresh log."""
    if not work.boot:
        work.node.write({log: None})
    return Started(argv[0].rpartition("/")[2], work.node.spawn(argv, log=log), log)


def wait_for(work: Work, daemon: Started, path: str, conf: str) -> socket.socket:
    """A connection to a socket as soon as it accepts.

    A daemon that ended meanwhile rejected `conf`; one that hangs failed the node.
    """
    deadline = time.monotonic() + START_TIMEOUT_S
    while True:
        try:
            return work.node.connect(path, timeout_s=_LOOK_S)
        except ConnectionError as refusal:
            if not any(each.pid == daemon.pid for each in work.node.processes()):
                raise work.rejected(conf, f"{daemon.program} ended: {_last_words(work.node, daemon)}") from refusal
            if time.monotonic() > deadline:
                words = f"{daemon.program} does not listen on {path} after {START_TIMEOUT_S:.0f} s"
                raise NodeFailed(f"{words}: {_last_words(work.node, daemon)}", work.node.name) from refusal


def _last_words(node: RunningNode, daemon: Started) -> str:
    lines = (node.read(daemon.log) or b"").decode(errors="replace").strip().splitlines()
    return "\n".join(dict.fromkeys([*lines[:1], *lines[-2:]])) or "it said nothing"


def ended(node: RunningNode, pid: int) -> None:
    """Wait until a process that was told to end has ended; NodeFailed if it does not."""
    deadline = time.monotonic() + STOP_TIMEOUT_S
    while any(each.pid == pid for each in node.processes()):
        if time.monotonic() > deadline:
            raise NodeFailed(f"process {pid} does not end", node.name)
        time.sleep(0.01)
