"""containerlab: a lab whose containers and cables an installed `containerlab` makes, and ends.

It is driven by its command line: deploy, inspect, destroy. The engine below is that of `lab.runtimes.docker`, and from
there on everything is as there: an agent enters each container, and nodes that come or come back later are containers
of our own making beside those, under the same names and labels.
"""

import json
import os
import select
import shutil
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from subprocess import PIPE

from lab.containers.clab_file import cabled, stage
from lab.containers.joining import Running
from lab.containers.settings import settings
from lab.journal import Journal, process_started
from lab.runtimes import NO_FILES, Files
from lab.runtimes.docker import Docker
from sim.errors import HostError, LabError
from sim.topology.model import Kind, Link, Node
from sim.topology.record import from_record

_PROGRAM = "containerlab"
_HANDED = "handed"  # the journal's list with the file that containerlab was handed
_RUN = "runs"  # its list with the process of each run of containerlab
_WHEN_NOTED = ("/bin/sh", "-c", 'read _ && exec "$@"', "sh")  # begins when its process is noted, or never
_QUIET = {"CLAB_VERSION_CHECK": "disable", "NO_COLOR": "1", "TERM": "dumb"}
_CONTAINED = (Kind.LINUX, Kind.FRR, Kind.CUMULUS)
_TIMEOUT_S = 600


class Containerlab(Docker):
    """A lab of containerlab's making."""

    def __init__(self, journal: Journal) -> None:
        super().__init__(journal)
        self._theirs: list[Link] = []  # cables that containerlab has just made

    def start(self, lock: int) -> None:
        """Find containerlab, then as with Docker; see Runtime."""
        if not shutil.which(_PROGRAM):
            advice = "install it (containerlab.dev/install), or use --runtime docker, which reads the same files"
            raise HostError(f"there is no program {_PROGRAM} in PATH; {advice}")
        super().start(lock)

    def _bring_up(self, nodes: Sequence[Node], files: Files = NO_FILES) -> None:
        if not nodes or self._journal.lines(_HANDED):
            super()._bring_up(nodes, files)
            return
        for node in nodes:
            self._fetch(node)
        drawn = from_record((self._journal.read() or {})["topology"])
        folder = self._journal.folder / _PROGRAM
        folder.mkdir()
        file = stage(folder, self._journal.folder, drawn, nodes, files)
        self._journal.append(_HANDED, {"file": str(file)})
        for node in nodes:
            self._note_asked(node.name, settings(node, self._journal.folder))
        self._command("deploy", file, "--skip-labdir-acl", "--format", "json")
        for node in nodes:
            self._note_answered(node.name)
        self._theirs = cabled(drawn, nodes)
        self._enter(nodes, self._inspected(file, nodes))

    def _inspected(self, file: Path, nodes: Sequence[Node]) -> dict[str, Running]:
        """The first processes of the containers that containerlab says it runs."""
        text = self._command("inspect", file, "--format", "json")
        try:
            listed = [each for lab in json.loads(text).values() for each in lab]
            containers = {each["name"]: each["container_id"] for each in listed}
            named = {node.name: containers[node.labels["clab-node-longname"]] for node in nodes}
        except (ValueError, AttributeError, KeyError, TypeError):
            raise LabError(f"`{_PROGRAM} inspect` does not tell of all nodes as JSON: {text[:200]!r}") from None
        return {name: self._running(name, container) for name, container in named.items()}

    def wire(self, links: Sequence[Link], *, missing_only: bool = False) -> None:
        """Cable; see Runtime. What containerlab has cabled is only addressed, which it leaves to the nodes."""
        theirs = [link for link in links if link in self._theirs]
        super().wire([link for link in links if link not in theirs], missing_only=missing_only)
        self._ask("dress", ends=[self._end(link, end) for link in theirs for end in link.endpoints])
        for link in theirs:
            self._theirs.remove(link)
            self._take_up(link)

    def destroy(self) -> None:
        """End everything; see Runtime. Where containerlab can not, its containers are removed all the same."""
        self._end_runs()
        for noted in self._journal.lines(_HANDED):
            try:
                self._command("destroy", Path(noted["file"]), "--cleanup")
            except (LabError, HostError):
                continue
        super().destroy()

    def _command(self, verb: str, file: Path, *options: str) -> str:
        """What containerlab answers to a verb; LabError in its own words where it fails."""
        if not shutil.which(_PROGRAM):
            raise HostError(f"there is no program {_PROGRAM} in PATH any more")
        environment = {**os.environ, **_QUIET, "DOCKER_HOST": self._engine.address}
        argv = [*_WHEN_NOTED, _PROGRAM, verb, "--topo", str(file), *options]
        with subprocess.Popen(
            argv, env=environment, cwd=file.parent, stdin=PIPE, stdout=PIPE, stderr=PIPE, process_group=0
        ) as run:
            try:
                self._journal.append(_RUN, {"pid": run.pid, "started": process_started(run.pid)})
                told, complained = run.communicate(b"\n", timeout=_TIMEOUT_S)
            except BaseException as error:
                os.killpg(run.pid, signal.SIGKILL)
                if isinstance(error, subprocess.TimeoutExpired):
                    raise LabError(f"{_PROGRAM} {verb} was not done within {_TIMEOUT_S} s") from None
                raise
        if run.returncode:
            reason = _reason((complained or told).decode(errors="replace")) or f"exit status {run.returncode}"
            raise LabError(f"{_PROGRAM} {verb}: {reason}")
        return told.decode(errors="replace")

    def _end_runs(self) -> None:
        """End what a killed command has left running, with all that it has started."""
        for run in self._journal.lines(_RUN):
            with suppress(ProcessLookupError):
                handle = os.pidfd_open(run["pid"])
                try:
                    if process_started(run["pid"]) == run["started"]:
                        os.killpg(run["pid"], signal.SIGKILL)
                        select.select([handle], [], [])
                finally:
                    os.close(handle)


def _reason(words: str) -> str:
    """The error that containerlab closed with, on one line."""
    lines = [line.strip() for line in words.splitlines() if line.strip()]
    begin = next((place for place, line in enumerate(lines) if line == "ERROR"), max(len(lines) - 3, -1))
    return "; ".join(lines[begin + 1 :])


Carrier = Containerlab
