"""Rehearsal: what `vtysh -b` tells each daemon, learnt from one vtysh for the files of many nodes.

vtysh knows which line goes to which daemon, and spends 40 ms of processor on that grammar whenever it starts. So one
vtysh reads the frr.conf of every node, one after another (before it another, those that are needed first), with
stand-ins of ours in the place of the daemons: they note what they are told and answer as a daemon that accepts a line.
Between the files stand marks, by which each daemon's words are divided again. On a node the same words then go to its
own daemons (`tell`).

Where vtysh complains of a line, or anything is unlike what is written here, there is no script, and the node's own
vtysh boots it and says why.
"""

import os
import re
import selectors
import socket
import subprocess
import tempfile
import threading
from bisect import bisect
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import accumulate, pairwise
from pathlib import Path
from types import TracebackType
from typing import Self

from harness.appliers.frr_daemons import BINARIES, CONF, DAEMONS_FILE, KNOWN

_DONE = b"\0\0\0\0"  # no output, CMD_SUCCESS
_SILENCE_S = 30.0
_MANY = 1000
_LONGEST_LINE_BYTES = (
    2048  # vtysh reads 4,096 bytes for a line; a daemon has that much for all that it has not yet done
)
_VTYSH_CONF = "/etc/frr/vtysh.conf"
_SAYS_NOTHING = re.compile(rb"\s*([!#].*|service integrated-vtysh-config\s*)?")
_STARTED = re.compile(r"^\s*(\w+)=[\"']?(?!no\b|0)\w", re.MULTILINE)
_COMPLAINT = re.compile(r"line (\d+): ")
_BESIDE = re.compile(r"Configuration file\[.*\] processing failure|.*vtysh\.conf")

Script = Mapping[str, Sequence[bytes]]
"""daemon -> the commands that it is told, each with its NUL; daemons in vtysh's order."""


class Rehearsal:
    """Reads in the background from its making on; a context manager that ends what it started.

    `nodes` are their files, `first` those of nodes among them that boot before the others.
    """

    def __init__(self, nodes: Iterable[Mapping[str, bytes]], first: Iterable[Mapping[str, bytes]] = ()) -> None:
        plain = [files for files in nodes if _is_plain(files)]
        begin = dict.fromkeys(files[CONF] for files in first if _is_plain(files))
        rest = dict.fromkeys(files[CONF] for files in plain if files[CONF] not in begin)
        self._parts = [list(part) for part in (begin, rest) if part]
        self._read = {conf: read for part in self._parts for read in (threading.Event(),) for conf in part}
        self._daemons = _started(plain)
        self._installed = [path.name for path in Path(BINARIES).glob("*")] if plain else []
        self._turns = threading.Semaphore(2 * (os.cpu_count() or 1))
        self._more, self._lock = _MANY, threading.Lock()
        self._scripts: dict[bytes, Script] = {}
        self._vtysh: subprocess.Popen[bytes] | None = None
        self._over = False
        self._thread = threading.Thread(target=self._rehearse, name="rehearsal", daemon=True)
        if len(plain) > 1:
            self._thread.start()

    def script(self, files: Mapping[str, bytes], daemons: Collection[str]) -> Script | None:
        """What vtysh tells these daemons when they boot from these files; None where only vtysh can say."""
        if not _is_plain(files) or files[CONF] not in self._read or not self._daemons.issuperset(daemons):
            return None
        if self._thread.ident is not None:
            self._read[files[CONF]].wait()
        found = self._scripts.get(files[CONF])
        return found and {daemon: words for daemon, words in found.items() if daemon in daemons}

    def installed(self) -> Collection[str]:
        """FRR's daemons on this machine, which are the nodes' too."""
        return self._installed

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Few have a turn until the first is through, so that those who came first have the processor to themselves."""
        with self._turns:
            yield
        with self._lock:
            more, self._more = self._more, 0
        if more:
            self._turns.release(more)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over = True
        if self._vtysh:
            self._vtysh.kill()
        if self._thread.ident is not None:
            self._thread.join()

    def _rehearse(self) -> None:
        for confs in self._parts:
            try:
                with tempfile.TemporaryDirectory(prefix="fabriclab-") as folder, _Stage(folder, self._daemons) as stage:
                    self._perform(stage, confs)
            except OSError:  # no vtysh on this machine, or no room for its sockets: the nodes' own will be asked
                continue
            finally:
                self._read[confs[0]].set()

    def _perform(self, stage: "_Stage", confs: Sequence[bytes]) -> None:
        stage.write(_joined(confs))
        self._vtysh = stage.start()
        if self._over:
            self._vtysh.kill()
        told = stage.listen(self._vtysh)
        refused = _refused(stage.said(), confs)
        if refused is not None:
            scripts = _divided(told, len(confs))
            self._scripts |= {conf: scripts[at] for at, conf in enumerate(confs) if scripts and at not in refused}


class _Stage:
    """A folder with what vtysh looks for: its files, and the sockets of its daemons, answered by us."""

    def __init__(self, folder: str, daemons: Iterable[str]) -> None:
        self._folder = Path(folder)
        self._told: dict[str, list[bytes]] = {}
        self._loop = selectors.DefaultSelector()
        self._sockets: list[socket.socket] = []
        for daemon in daemons:
            listening = socket.socket(socket.AF_UNIX)
            self._sockets.append(listening)
            listening.bind(f"{folder}/{daemon}.vty")
            listening.listen()
            self._loop.register(listening, selectors.EVENT_READ, daemon)

    def write(self, conf: bytes) -> None:
        """The file to be read."""
        (self._folder / "vtysh.conf").touch()
        (self._folder / "frr.conf").write_bytes(conf)

    def start(self) -> subprocess.Popen[bytes]:
        """vtysh as a node would start it, in this folder; what it says goes to files here."""
        argv = ["vtysh", "-b", "--vty_socket", str(self._folder), "--config_dir", str(self._folder)]
        with open(self._folder / "said", "wb") as said:
            return subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=said, stderr=said)

    def listen(self, vtysh: subprocess.Popen[bytes]) -> Mapping[str, list[bytes]]:
        """Answer until vtysh ends; what each daemon was told, daemons in the order in which vtysh speaks to them."""
        ended = os.pidfd_open(vtysh.pid)
        self._loop.register(ended, selectors.EVENT_READ)
        try:
            while vtysh.returncode is None:
                heard = self._loop.select(_SILENCE_S)
                for key, _ in heard:
                    self._hear(key, vtysh)
                if not heard:
                    vtysh.kill()
                    vtysh.wait()
        finally:
            os.close(ended)
        return self._told

    def _hear(self, key: selectors.SelectorKey, vtysh: subprocess.Popen[bytes]) -> None:
        channel = key.fileobj
        if not isinstance(channel, socket.socket):
            vtysh.wait()
        elif channel.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
            accepted, _ = channel.accept()
            self._sockets.append(accepted)
            self._loop.register(accepted, selectors.EVENT_READ, key.data)
        else:
            self._answer(channel, key.data)

    def _answer(self, channel: socket.socket, daemon: str) -> None:
        """vtysh waits for each answer, so what can be read is one command or a part of one."""
        words = channel.recv(1 << 16)
        if not words:
            self._loop.unregister(channel)
            return
        while not words.endswith(b"\0"):
            words += channel.recv(1 << 16)
        self._told.setdefault(daemon, []).append(words)
        channel.send(_DONE)

    def said(self) -> str:
        """All that vtysh said."""
        return (self._folder / "said").read_text(errors="replace")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.close()
        for each in self._sockets:
            each.close()


def _is_plain(files: Mapping[str, bytes]) -> bool:
    """Whether vtysh would read frr.conf and nothing beside it, by lines that none of its buffers divides."""
    beside = files.get(_VTYSH_CONF, b"").splitlines()
    lines = files.get(CONF, b"\0").split(b"\n")
    return all(len(line) < _LONGEST_LINE_BYTES and b"\0" not in line for line in lines) and all(
        _SAYS_NOTHING.fullmatch(line) for line in beside
    )


def _started(nodes: Iterable[Mapping[str, bytes]]) -> frozenset[str]:
    """The daemons that some node starts; a few more do no harm."""
    named = {
        name for files in nodes for name in _STARTED.findall(files.get(DAEMONS_FILE, b"").decode(errors="replace"))
    }
    return frozenset({"zebra", "staticd", *named}.intersection(KNOWN))


def _mark(number: int) -> bytes:
    """A command that every daemon is told, from whatever context."""
    return b"log file /fabriclab/mark/%d" % number


def _joined(confs: Sequence[bytes]) -> bytes:
    """The files with a mark before each and after the last; `end` leaves the context that a file ends in."""
    parts = [_mark(number) + b"\n" + conf.removesuffix(b"\n") + b"\nend\n" for number, conf in enumerate(confs)]
    return b"".join(parts) + _mark(len(confs)) + b"\n"


def _refused(said: str, confs: Sequence[bytes]) -> set[int] | None:
    """Which files hold a line of which vtysh complains; None if it says anything that is not understood here."""
    ends = list(accumulate(conf.removesuffix(b"\n").count(b"\n") + 3 for conf in confs))
    refused = set()
    for line in filter(None, map(str.strip, said.splitlines())):
        if found := _COMPLAINT.match(line):
            refused.add(bisect(ends, int(found[1]) - 1))
        elif not _BESIDE.match(line):
            return None
    return None if len(confs) in refused else refused


def _divided(told: Mapping[str, Sequence[bytes]], number: int) -> list[Script]:
    """Each file's script: what was said before the first mark, between its own two, and after the last."""
    scripts: list[dict[str, Sequence[bytes]]] = [{} for _ in range(number)]
    for daemon, words in told.items():
        places = {word.rstrip(b"\n\0"): at for at, word in enumerate(words)}
        marks = [places.get(_mark(at), -1) for at in range(number + 1)]
        if -1 in marks or marks != sorted(marks):
            return []
        for script, (begin, end) in zip(scripts, pairwise(marks), strict=True):
            script[daemon] = [*words[: marks[0]], *words[begin + 1 : end], *words[marks[-1] + 1 :]]
    return list(scripts)


def tell(channels: Mapping[str, socket.socket], script: Script) -> str | None:
    """Tell daemons their lines, one daemon after another; what they print. None once one does not accept a line."""
    said = ""
    for daemon, words in script.items():
        channels[daemon].sendall(b"".join(words))
        answer = _answers(channels[daemon], len(words))
        if answer is None:
            return None
        said += answer
    return said


def _answers(channel: socket.socket, number: int) -> str | None:
    """What is printed in so many answers (each ends with three NULs and its status); None unless all are successes."""
    said, pending = b"", b""
    while number:
        chunk = channel.recv(1 << 16)
        if not chunk:
            return None
        pending += chunk
        while number and len(pending) >= (end := pending.find(b"\0\0\0") + 4) > 3:
            if pending[end - 1]:
                return None
            said, pending, number = said + pending[: end - 4], pending[end:], number - 1
    return said.decode(errors="replace")
