"""A RunningNode that is a dictionary of files and a list of what was run: enough to test what is pushed, and when."""

import socket as sockets
from collections.abc import Callable, Mapping, Sequence

from harness.appliers import Work
from lab.node import Completed, Process
from lab.runtimes import StandIn
from sim.topology.model import Node


def silent(argv: Sequence[str], stdin: bytes) -> tuple[int, str]:
    """A tool that does as it is told and says nothing."""
    return 0, ""


class MemoryNode:
    """`tool` answers each program run with its status and what it says on standard error."""

    name = "leaf1"

    def __init__(self, tool: Callable[[Sequence[str], bytes], tuple[int, str]] = silent) -> None:
        self.tool = tool
        self.files: dict[str, bytes] = {}
        self.modes: dict[str, int] = {}
        self.ran: list[tuple[str, ...]] = []
        self.fed: list[bytes] = []

    def run(
        self,
        argv: Sequence[str],
        *,
        stdin: bytes = b"",
        env: Mapping[str, str] | None = None,
        timeout_s: float = 60.0,
        check: bool = True,
    ) -> Completed:
        self.ran.append(tuple(argv))
        self.fed.append(stdin)
        status, words = self.tool(argv, stdin)
        return Completed(tuple(argv), status, b"", words.encode())

    def spawn(self, argv: Sequence[str], *, env: Mapping[str, str] | None = None, log: str = "/dev/null") -> int:
        self.ran.append(tuple(argv))
        return len(self.ran)

    def processes(self) -> tuple[Process, ...]:
        return ()

    def signal(self, pid: int, number: int) -> None:
        raise AssertionError("nothing runs here")

    def read(self, path: str) -> bytes | None:
        return self.files.get(path)

    def write(self, files: Mapping[str, bytes | None], mode: int = 0o644) -> None:
        for path, content in files.items():
            self.files.pop(path, None)
            if content is not None:
                self.files[path], self.modes[path] = content, mode

    def socket(self, family: int, kind: int, protocol: int = 0) -> sockets.socket:
        raise AssertionError("no network here")

    def connect(self, path: str, timeout_s: float = 0.0) -> sockets.socket:
        raise ConnectionError(path)


class MemoryDevices:
    """Remembers which devices were asked for."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []

    def device(self, node: str, name: str, kind: str) -> StandIn | None:
        self.asked.append((name, kind))
        return None


def work(files: Mapping[str, str], before: Mapping[str, str] | None = None, **more: object) -> Work:
    """A Work over text files on a MemoryNode."""
    node = MemoryNode()
    encoded = {path: text.encode() for path, text in files.items()}
    old = {path: text.encode() for path, text in (before or {}).items()}
    return Work(node, Node("leaf1"), encoded, old, **more)  # type: ignore[arg-type]
