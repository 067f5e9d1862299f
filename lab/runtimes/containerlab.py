"""containerlab: a lab whose containers and cables an installed `containerlab` makes, and ends.

It is driven by its command line: deploy, inspect, destroy. The engine below is that of `lab.runtimes.docker`, and from
there on everything is as there: an agent enters each container, and nodes that come or come back later are containers
of our own making beside those, under the same names and labels.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from lab.containers.clab_file import cabled, stage
from lab.containers.joining import Running
from lab.journal import Journal
from lab.runtimes import NO_FILES, Files
from lab.runtimes.docker import Docker
from sim.errors import HostError, LabError
from sim.topology.model import Kind, Link, Node
from sim.topology.record import from_record

_PROGRAM = "containerlab"
_HANDED = "handed"  # the journal's list with the file that containerlab was handed
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
        self._command("deploy", file, "--skip-labdir-acl", "--format", "json")
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
        for noted in self._journal.lines(_HANDED):
            try:
                self._command("destroy", Path(noted["file"]), "--cleanup")
            except (LabError, HostError):
                continue
        super().destroy()

    def _command(self, verb: str, file: Path, *options: str) -> str:
        """What containerlab answers to a verb; LabError in its own words where it fails."""
        environment = {**os.environ, **_QUIET, "DOCKER_HOST": self._engine.address}
        argv = [_PROGRAM, verb, "--topo", str(file), *options]
        try:
            done = subprocess.run(
                argv, env=environment, cwd=file.parent, capture_output=True, timeout=_TIMEOUT_S, check=False
            )
        except FileNotFoundError:
            raise HostError(f"there is no program {_PROGRAM} in PATH any more") from None
        except subprocess.TimeoutExpired:
            raise LabError(f"{_PROGRAM} {verb} was not done within {_TIMEOUT_S} s") from None
        if done.returncode:
            raise LabError(f"{_PROGRAM} {verb}: {_reason(done)}")
        return done.stdout.decode(errors="replace")


def _reason(done: "subprocess.CompletedProcess[bytes]") -> str:
    """The error that containerlab closed with, on one line."""
    lines = [
        line.strip() for line in (done.stderr or done.stdout).decode(errors="replace").splitlines() if line.strip()
    ]
    begin = next((place for place, line in enumerate(lines) if line == "ERROR"), max(len(lines) - 3, -1))
    return "; ".join(lines[begin + 1 :]) or f"exit status {done.returncode}"


Carrier = Containerlab
