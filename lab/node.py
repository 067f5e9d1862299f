"""RunningNode: a node while it runs. The seam between everything that examines a lab and whatever carries it.

Eight methods, all synchronous and thread-safe across nodes (one node serves its calls one after another, except that a
`run` in progress blocks nobody). A method raises NodeFailed when the node is gone.
"""

import socket as sockets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from lab import responder

RESPONDER = responder.PROGRAM
"""The program name under which `spawn` starts the lab's own small services: argv[1] is a JSON list of
{"name", "address", "port", "protocol"} objects; it is ready when all its sockets listen."""


@dataclass(frozen=True, slots=True)
class Completed:
    """A command that ended. Signals are negative statuses, as in subprocess."""

    argv: tuple[str, ...]
    status: int
    stdout: bytes
    stderr: bytes

    @property
    def text(self) -> str:
        """Standard output as text."""
        return self.stdout.decode(errors="replace")

    @property
    def words(self) -> str:
        """What the command said, for an error line: standard error, else standard output, stripped."""
        return (self.stderr.strip() or self.stdout.strip()).decode(errors="replace")


@dataclass(frozen=True, slots=True)
class Process:
    """A process on a node. `pid` is the node's own number for it; `name` the kernel's (comm)."""

    pid: int
    name: str
    argv: tuple[str, ...]


class RunningNode(Protocol):
    """A node while it runs."""

    @property
    def name(self) -> str:
        """The node's name in the topology."""
        ...

    def run(
        self,
        argv: Sequence[str],
        *,
        stdin: bytes = b"",
        env: Mapping[str, str] | None = None,
        timeout_s: float = 60.0,
        check: bool = True,
    ) -> Completed:
        """Run a program to its end (no shell). With `check`, a status other than 0 raises CommandFailed."""
        ...

    def spawn(self, argv: Sequence[str], *, env: Mapping[str, str] | None = None, log: str = "/dev/null") -> int:
        """Start a program that stays (in the foreground; its output goes to the file `log` on the node); its pid."""
        ...

    def processes(self) -> tuple[Process, ...]:
        """Every process of the node except the lab's own first one."""
        ...

    def signal(self, pid: int, number: int) -> None:
        """Send a signal. A process that is gone already is no error."""
        ...

    def read(self, path: str) -> bytes | None:
        """A file of the node; None if there is none."""
        ...

    def write(self, files: Mapping[str, bytes | None], mode: int = 0o644) -> None:
        """Write files (absolute paths, folders made as needed), each replaced in one step; None removes the file."""
        ...

    def socket(self, family: int, kind: int, protocol: int = 0) -> sockets.socket:
        """A socket opened in the node's network namespace, with its rights. It stays usable from here."""
        ...

    def connect(self, path: str, timeout_s: float = 0.0) -> sockets.socket:
        """A connection to a stream socket of the node's (`/run/frr/zebra.vty`), waiting up to `timeout_s` for it to
        accept. ConnectionError if it does not."""
        ...
