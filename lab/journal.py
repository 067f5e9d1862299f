"""Journal: what a lab leaves on disk while it lives, so that it is found by name and ended after any accident.

One folder per lab, `<run>/<lab>/`: `lab.json` (what was asked for), `keeper.pid`, `keeper.sock`, `n/<node>` (sockets),
and `external` (things outside of the enclosure, written before they are made). A lab is locked by flock(2) on its
folder; the keeper's starter holds that lock too, until the keeper's pid is on disk.
"""

import fcntl
import json
import os
import select
import shutil
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sim.errors import HostError, LabError

_ABSENT = (FileNotFoundError, NotADirectoryError)  # the latter where the run folder is said to be below a plain file


def run_folder() -> Path:
    """Where labs of this user leave their folders."""
    if chosen := os.environ.get("FABRICLAB_RUN"):
        return Path(chosen)
    if os.geteuid() == 0:
        return Path("/run/fabriclab")
    if runtime := os.environ.get("XDG_RUNTIME_DIR"):
        return Path(runtime, "fabriclab")
    return Path(f"/tmp/fabriclab-{os.geteuid()}")


def process_started(pid: int) -> str | None:
    """When a running process was started (clock ticks since boot), which tells it from a later one of that number."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if status[0] == "Z" else status[19]


def _runs(process: Sequence[Any]) -> bool:
    """Whether a process, told by its pid and when it was started, still runs."""
    pid, started = process
    return bool(process_started(pid) == started)


class Journal:
    """One lab's folder."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.folder = run_folder() / name

    @staticmethod
    def names() -> list[str]:
        """The labs that have a folder, whatever their state."""
        folder = run_folder()
        return sorted(entry.name for entry in folder.iterdir() if entry.is_dir()) if folder.is_dir() else []

    @property
    def exists(self) -> bool:
        """Whether the lab left anything."""
        return self.folder.is_dir()

    def create(self) -> None:
        """Make the folder."""
        try:
            self.folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.folder.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise HostError(
                f"cannot make {self.folder}: {error.strerror}; set FABRICLAB_RUN to a folder of yours"
            ) from None

    @contextmanager
    def locked(self, *, wait: bool = True) -> Iterator[int]:
        """Hold the lab, creating its folder; yields the descriptor of the folder that carries the lock.

        LabError if another command holds it and `wait` is false.
        """
        while True:
            self.create()
            descriptor = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
                if self._is_still(descriptor):
                    yield descriptor
                    return
            except BlockingIOError:
                raise LabError("another command is at work on this lab", self.name) from None
            finally:
                os.close(descriptor)

    def _is_still(self, descriptor: int) -> bool:
        """Whether the folder was not removed while we waited for its lock."""
        try:
            return os.path.samestat(os.fstat(descriptor), self.folder.stat())
        except FileNotFoundError:
            return False

    def write(self, record: dict[str, Any]) -> None:
        """Keep what was asked for, in one step."""
        temporary = self.folder / "lab.json.new"
        temporary.write_text(json.dumps(record))
        temporary.replace(self.folder / "lab.json")

    def read(self) -> dict[str, Any] | None:
        """What was asked for; None if the lab never got that far."""
        try:
            return dict(json.loads((self.folder / "lab.json").read_text()))
        except (*_ABSENT, json.JSONDecodeError):
            return None

    def number(self) -> int:
        """The number of what was kept last, from its file's time of change; 0 if there is none."""
        try:
            return (self.folder / "lab.json").stat().st_mtime_ns
        except _ABSENT:
            return 0

    def keeper_pid(self) -> int | None:
        """The keeper's pid, if that very process still runs."""
        try:
            number, started = (self.folder / "keeper.pid").read_text().split()
            pid = int(number)
        except (*_ABSENT, ValueError):
            return None
        return pid if process_started(pid) == started else None

    def is_up(self) -> bool:
        """Whether the lab was brought up to its end, and has not ended since."""
        record = self.read()
        return record is not None and record["state"] == "running" and self.keeper_pid() is not None

    def is_in_the_making(self) -> bool:
        """Whether a command other than this one is about to bring the lab up."""
        record = self.read()
        if record is None or record["state"] != "deploying" or self.keeper_pid() is None:
            return False
        return record["by"][0] != os.getpid() and _runs(record["by"])

    def is_abandoned(self) -> bool:
        """Whether the command that brought the lab up was killed on the way. Who started the keeper for it may hold the
        lab's lock for a moment more, and lets go by itself.
        """
        record = self.read()
        return record is not None and record["state"] == "deploying" and not _runs(record["by"])

    def append(self, file: str, entry: dict[str, Any]) -> None:
        """Add a line to one of the lab's lists (`external`, `stand-ins`), on disk when this returns."""
        with open(self.folder / file, "a") as lines:
            lines.write(json.dumps(entry) + "\n")

    def lines(self, file: str) -> list[dict[str, Any]]:
        """One of the lab's lists. A last line cut off (a full disk) was never acted upon."""
        try:
            return [json.loads(line) for line in (self.folder / file).read_text().split("\n")[:-1]]
        except _ABSENT:
            return []

    def end_keeper(self) -> None:
        """End the keeper, and wait until it and with it all of the lab's processes are gone."""
        pid = self.keeper_pid()
        if pid is None:
            return
        try:
            handle = os.pidfd_open(pid)
        except ProcessLookupError:
            return
        try:
            signal.pidfd_send_signal(handle, signal.SIGKILL)
            select.select([handle], [], [])
        except ProcessLookupError:
            return
        finally:
            os.close(handle)

    def clear(self) -> None:
        """Remove all that the folder holds, and keep the folder: its lock stays meaningful."""
        for entry in self.folder.iterdir():
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            else:
                entry.unlink()

    def remove(self) -> None:
        """Remove the folder, and the folder of all labs if this was the last."""
        shutil.rmtree(self.folder, ignore_errors=True)
        try:
            self.folder.parent.rmdir()
        except OSError:
            return
