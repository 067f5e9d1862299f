"""The asking side of the enclosure: connections to the keeper and the agents, and a RunningNode made of them."""

import json
import logging
import marshal
import os
import shlex
import socket as sockets
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from lab.enclosure import messages
from lab.node import RESPONDER, Completed, Process
from sim.errors import CommandFailed, NodeFailed

commands = logging.getLogger("fabriclab.commands")
"""Each command that is run on a node (`fabriclab -v` shows them)."""


KEEPER = "keeper.sock"
"""The place of the keeper, beside the agents' names."""


PROJECT = Path(__file__).resolve().parents[2]


def program(module: str) -> list[str]:
    """The command line, before its arguments, of a program of the enclosure, in a Python as small as can be."""
    start = f"import sys; sys.path.insert(0, sys.argv.pop(1)); from lab.enclosure.{module} import main; main()"
    return [sys.executable, "-I", "-S", "-X", "no_debug_ranges", "-c", start, str(PROJECT)]


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """The same values without enumerations and other subclasses, which marshal does not write."""
    return dict(json.loads(json.dumps(values)))


class Agents:
    """Connections into a lab. Each caller has one to itself while it asks, so threads do not wait for each other."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._idle: dict[str, list[sockets.socket]] = {}
        self._busy: set[sockets.socket] = set()
        self._lock = threading.Lock()

    def ask_keeper(self, request: str, arguments: Mapping[str, Any], descriptors: Sequence[int] = ()) -> dict[str, Any]:
        """Ask the keeper; arguments may be of any size."""
        descriptor = messages.memory("request", marshal.dumps(_plain(arguments)))
        channel = self.take(KEEPER)
        try:
            messages.send(channel, {"do": request}, [descriptor, *descriptors])
            answer, _ = messages.receive(channel)
        except messages.Gone:
            self.drop(channel)
            raise NodeFailed(f"the lab's first process ended during {request!r}", "keeper") from None
        except BaseException:
            self.drop(channel)
            raise
        finally:
            os.close(descriptor)
        self.give_back(KEEPER, channel)
        return answer

    def take(self, place: str) -> sockets.socket:
        """A connection to an agent, for the caller alone until it is given back."""
        with self._lock:
            idle = self._idle.get(place)
            channel = idle.pop() if idle else None
        channel = channel or self._connect(place if place == KEEPER else f"n/{place}")
        with self._lock:
            self._busy.add(channel)
        return channel

    def give_back(self, place: str, channel: sockets.socket) -> None:
        """The caller is done, and nothing more will come over this connection."""
        with self._lock:
            self._busy.discard(channel)
            self._idle.setdefault(place, []).append(channel)

    def drop(self, channel: sockets.socket) -> None:
        """The caller is done, and something may still come over this connection: the agent ends what was asked."""
        with self._lock:
            self._busy.discard(channel)
        channel.close()

    def hang_up(self) -> None:
        """End every conversation in progress: who waits for an answer gets NodeFailed."""
        with self._lock:
            for channel in self._busy:
                with suppress(OSError):  # the other side may be gone already
                    channel.shutdown(sockets.SHUT_RDWR)

    def ask(
        self, place: str, request: str, descriptors: Sequence[int] = (), **arguments: Any
    ) -> tuple[dict[str, Any], list[int]]:
        """Ask an agent and wait for its answer; OSError with the agent's errno where it could not."""
        channel = self.take(place)
        try:
            messages.send(channel, _plain({"do": request, **arguments}), descriptors)
            answer, received = messages.receive(channel)
        except messages.Gone:
            self.drop(channel)
            raise NodeFailed(f"the node ended during {request!r}", place) from None
        except BaseException:
            self.drop(channel)
            raise
        self.give_back(place, channel)
        if "errno" in answer:
            raise OSError(answer["errno"], answer["error"])
        return answer, received

    def forget(self, place: str) -> None:
        """A node is gone."""
        with self._lock:
            for channel in self._idle.pop(place, []):
                channel.close()

    def close(self) -> None:
        """Close every connection."""
        for place in list(self._idle):
            self.forget(place)

    def _connect(self, path: str) -> sockets.socket:
        """Connect by way of the folder's descriptor: a socket's name must be short, and folders are long."""
        channel = sockets.socket(sockets.AF_UNIX, sockets.SOCK_SEQPACKET)
        try:
            folder = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                channel.connect(f"/proc/self/fd/{folder}/{path}")
            finally:
                os.close(folder)
        except OSError as error:
            channel.close()
            name = path.removeprefix("n/")
            raise NodeFailed(f"does not run ({error.strerror}); see `fabriclab inspect`", name) from None
        return channel


class NamespaceNode:
    """A node of the embedded runtime; see `lab.node.RunningNode`."""

    def __init__(self, name: str, place: str, agents: Agents) -> None:
        self._name, self._place, self._agents = name, place, agents

    @property
    def name(self) -> str:
        """The node's name in the topology."""
        return self._name

    def run(
        self,
        argv: Sequence[str],
        *,
        stdin: bytes = b"",
        env: Mapping[str, str] | None = None,
        timeout_s: float = 60.0,
        check: bool = True,
    ) -> Completed:
        """Run a program to its end; see RunningNode."""
        streams = [messages.memory(name, content) for name, content in (("in", stdin), ("out", b""), ("err", b""))]
        try:
            status = self.run_on(argv, streams, env=env, timeout_s=timeout_s)
            output, errors = (_content(stream) for stream in streams[1:])
        finally:
            for stream in streams:
                os.close(stream)
        completed = Completed(tuple(argv), status, output, errors)
        if check and status:
            raise CommandFailed(f"{' '.join(argv)}: exit status {status}: {completed.words}", self._name)
        return completed

    def run_on(
        self,
        argv: Sequence[str],
        streams: Sequence[int],
        *,
        env: Mapping[str, str] | None = None,
        timeout_s: float | None = None,
        terminal: bool = False,
    ) -> int:
        """Run a program on these three descriptors (`terminal`: the first controls it); its exit status."""
        commands.debug("%s: %s", self._name, shlex.join(argv))
        channel = self._agents.take(self._place)
        finished = False
        try:
            request = {"do": "run", "argv": list(argv), "env": dict(env or {}), "terminal": terminal}
            messages.send(channel, _plain(request), streams)
            started, _ = messages.receive(channel)
            if "errno" in started:
                finished = True
                raise CommandFailed(f"{argv[0]}: {os.strerror(started['errno'])}", self._name)
            channel.settimeout(timeout_s)
            answer, _ = messages.receive(channel)
            channel.settimeout(None)
            finished = True
        except TimeoutError:
            raise CommandFailed(f"{' '.join(argv)}: not done within {timeout_s:g} s", self._name) from None
        except messages.Gone:
            raise NodeFailed(f"the node ended while it ran {argv[0]!r}", self._name) from None
        finally:
            if finished:
                self._agents.give_back(self._place, channel)
            else:
                self._agents.drop(channel)
        return int(answer["status"])

    def spawn(self, argv: Sequence[str], *, env: Mapping[str, str] | None = None, log: str = "/dev/null") -> int:
        """Start a program that stays; see RunningNode."""
        commands.debug("%s: %s &", self._name, shlex.join(argv))
        services = json.loads(argv[1]) if argv[0] == RESPONDER else None
        environment = dict(env or {})
        try:
            answer, _ = self._agents.ask(
                self._place, "spawn", argv=list(argv), env=environment, log=log, services=services
            )
        except OSError as error:
            raise CommandFailed(f"{argv[0]}: {error.strerror}", self._name) from None
        return int(answer["pid"])

    def processes(self) -> tuple[Process, ...]:
        """Every process of the node; see RunningNode."""
        answer, _ = self._agents.ask(self._place, "processes")
        return tuple(Process(each["pid"], each["name"], tuple(each["argv"])) for each in answer["processes"])

    def signal(self, pid: int, number: int) -> None:
        """Send a signal; see RunningNode."""
        self._agents.ask(self._place, "signal", pid=pid, number=number)

    def read(self, path: str) -> bytes | None:
        """A file of the node; see RunningNode."""
        try:
            _, descriptors = self._agents.ask(self._place, "read", path=path)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise CommandFailed(f"cannot read {path}: {error.strerror}", self._name) from None
        return messages.content(descriptors[0])

    def write(self, files: Mapping[str, bytes | None], mode: int = 0o644) -> None:
        """Write files; see RunningNode."""
        joined = b"".join(content for content in files.values() if content)
        lengths = [(path, None if content is None else len(content)) for path, content in files.items()]
        descriptor = messages.memory("files", joined)
        try:
            self._agents.ask(self._place, "write", [descriptor], files=lengths, mode=mode)
        except OSError as error:
            raise NodeFailed(f"cannot write {', '.join(files)}: {error.strerror}", self._name) from None
        finally:
            os.close(descriptor)

    def socket(self, family: int, kind: int, protocol: int = 0) -> sockets.socket:
        """A socket of the node's namespace; see RunningNode."""
        try:
            _, descriptors = self._agents.ask(self._place, "socket", family=family, kind=kind, protocol=protocol)
        except OSError as error:
            raise NodeFailed(f"cannot open a socket: {error.strerror}", self._name) from None
        return sockets.socket(family, kind & 0xF, protocol, fileno=descriptors[0])

    def connect(self, path: str, timeout_s: float = 0.0) -> sockets.socket:
        """A connection to a stream socket of the node's; see RunningNode."""
        try:
            _, descriptors = self._agents.ask(self._place, "connect", path=path, timeout_s=timeout_s)
        except OSError as error:
            raise ConnectionError(f"{self._name}: {error.strerror}") from None
        return sockets.socket(sockets.AF_UNIX, sockets.SOCK_STREAM, fileno=descriptors[0])


def _content(descriptor: int) -> bytes:
    """What a program wrote into a memory file that stays open."""
    return os.pread(descriptor, os.fstat(descriptor).st_size, 0)
