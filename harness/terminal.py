"""A person at a node: commands on this terminal's own streams, and a shell on a terminal of its own.

Needs a runtime whose nodes are Attachable.
"""

import fcntl
import os
import select
import signal
import sys
import termios
import threading
import tty
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Protocol, runtime_checkable

from lab.lab import Lab
from lab.node import RunningNode
from sim.errors import HostError

SHELL = ["/bin/bash", "--norc", "-i"]


@runtime_checkable
class Attachable(Protocol):
    """A node that runs programs on descriptors of ours."""

    def run_on(
        self,
        argv: Sequence[str],
        streams: Sequence[int],
        *,
        env: Mapping[str, str] | None = None,
        timeout_s: float | None = None,
        terminal: bool = False,
    ) -> int:
        """Run a program to its end on standard input, output and error; its status."""
        ...


def node_of(lab: Lab, name: str) -> RunningNode:
    """A running node of a lab; an unknown name lists the known ones."""
    return lab.runtime.node(lab.topology.node(name).name)


def attach(node: RunningNode, argv: Sequence[str], timeout_s: float | None) -> int:
    """Run a program on a node with the streams of this process; its status. CommandFailed after `timeout_s` seconds."""
    return _attachable(node).run_on(argv, [0, 1, 2], timeout_s=timeout_s)


def shell(lab: Lab, name: str) -> int:
    """An interactive shell on a node; its exit status."""
    node = _attachable(node_of(lab, name))
    if not sys.stdin.isatty():
        return node.run_on(["/bin/sh"], [0, 1, 2])
    ours, theirs = os.openpty()
    _same_size(ours)
    env = {"TERM": os.environ.get("TERM", "xterm"), "PS1": f"[{name}] \\w# ", "HOME": "/root"}
    try:
        with _raw_terminal(), _following_size(ours), _copying(ours):
            return node.run_on(SHELL, [theirs, theirs, theirs], env=env, terminal=True)
    finally:
        os.close(theirs)
        os.close(ours)


def _attachable(node: RunningNode) -> Attachable:
    if not isinstance(node, Attachable):
        raise HostError("this runtime can not attach a terminal; use fabriclab exec --json", node.name)
    return node


@contextmanager
def _raw_terminal() -> Iterator[None]:
    """Every key goes to the node, Ctrl-C included."""
    before = termios.tcgetattr(sys.stdin)
    try:
        tty.setraw(sys.stdin)
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)


@contextmanager
def _following_size(terminal: int) -> Iterator[None]:
    before = signal.signal(signal.SIGWINCH, lambda number, frame: _same_size(terminal))
    try:
        yield
    finally:
        signal.signal(signal.SIGWINCH, before)


def _same_size(terminal: int) -> None:
    if sys.stdin.isatty():
        size = fcntl.ioctl(sys.stdin, termios.TIOCGWINSZ, bytes(8))
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, size)


@contextmanager
def _copying(terminal: int) -> Iterator[None]:
    """Carry keys to the node and its output back, until the block ends and all output is shown."""
    stop, stopping = os.pipe()
    carrier = threading.Thread(target=_carry, args=(terminal, stop))
    carrier.start()
    try:
        yield
    finally:
        os.close(stopping)
        carrier.join()
        os.close(stop)


def _carry(terminal: int, stop: int) -> None:
    ways = {sys.stdin.fileno(): terminal, terminal: sys.stdout.fileno()}
    while True:
        ready, _, _ = select.select([*ways, stop], [], [])
        for source in [each for each in ready if each != stop]:
            if content := os.read(source, 65536):
                os.write(ways[source], content)
            else:
                del ways[source]
        if ready == [stop]:
            return
