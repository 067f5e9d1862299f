"""What a story is played on: a running lab, or paper. The seam by which an action changes more than the drawing.

`LabWorld` moves cables, power and files of a lab. `PaperWorld` has nothing to move: on paper the drawing is all there
is, and the next look solves it afresh.
"""

import signal
from typing import Protocol

from harness import deploy, power
from lab.lab import Lab
from sim.devices import read_device
from sim.errors import LabError, NodeFailed
from sim.topology.model import Topology


class World(Protocol):
    """What carries a story. Each method raises LabError where it can not be done."""

    def set_link(self, end: str, *, up: bool | None = None, mtu_bytes: int | None = None) -> None:
        """Switch the end `node:interface` of a cable, or set its MTU."""
        ...

    def halt(self, node: str) -> None:
        """Pull a node's power, and that of its workloads."""
        ...

    def start(self, drawn: Topology, node: str) -> None:
        """Give a halted node its power back and boot it, and its workloads, with their files."""
        ...

    def kill(self, drawn: Topology, node: str, daemon: str) -> None:
        """End every process called `daemon` on a node at once."""
        ...

    def follow(self, drawn: Topology) -> None:
        """Become what the topology says now: other files, other services."""
        ...


class LabWorld:
    """A running lab."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab

    def set_link(self, end: str, *, up: bool | None = None, mtu_bytes: int | None = None) -> None:
        """Switch an end of a cable, or set its MTU."""
        self._lab.set_link(end, up=up, mtu_bytes=mtu_bytes)

    def halt(self, node: str) -> None:
        """Pull a node's power."""
        self._lab.halt(node)

    def start(self, drawn: Topology, node: str) -> None:
        """Power, then files, for the node and its workloads."""
        power.give_back(self._lab, [node])

    def kill(self, drawn: Topology, node: str, daemon: str) -> None:
        """SIGKILL, so that it can say goodbye to nobody."""
        running = self._lab.nodes.get(node)
        if running is None:
            raise NodeFailed("it is not running", node)
        processes = running.processes()
        found = [each.pid for each in processes if each.name == daemon]
        if not found:
            raise _no_such_daemon(node, daemon, {each.name for each in processes}, "running")
        for pid in found:
            running.signal(pid, signal.SIGKILL)

    def follow(self, drawn: Topology) -> None:
        """Apply the difference."""
        deploy.apply(self._lab, drawn)


class PaperWorld:
    """Paper: nothing moves but the drawing."""

    def set_link(self, end: str, *, up: bool | None = None, mtu_bytes: int | None = None) -> None:
        """Nothing."""

    def halt(self, node: str) -> None:
        """Nothing."""

    def start(self, drawn: Topology, node: str) -> None:
        """Nothing."""

    def kill(self, drawn: Topology, node: str, daemon: str) -> None:
        """Nothing, but the node's files must start such a daemon."""
        started = read_device(drawn, drawn.node(node)).daemons
        if daemon not in started:
            raise _no_such_daemon(node, daemon, started, "started by its files")

    def follow(self, drawn: Topology) -> None:
        """Nothing."""


def _no_such_daemon(node: str, daemon: str, known: set[str] | frozenset[str], how: str) -> LabError:
    return LabError(f"no process is called {daemon!r}; {how}: {', '.join(sorted(known)) or 'none'}", node)
