"""Agents in containers: started by way of `lab.enclosure.joiner`, each in the container of its node."""

import marshal
import os
import resource
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.enclosure.client import program
from sim.errors import HostError, NodeFailed

_PATH = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin", "/usr/lib/frr")


@dataclass(frozen=True, slots=True)
class Running:
    """A container that runs: the pid of its first process, as this machine counts, and its variables (`NAME=value`)."""

    pid: int
    env: Sequence[str]


def join(folder: Path, containers: Mapping[str, Running], plans: Mapping[str, Mapping[str, Any]]) -> None:
    """Have an agent for each container, listening in the lab's `folder`. NodeFailed names the first that has none."""
    open_files = resource.getrlimit(resource.RLIMIT_NOFILE)
    asked = {
        name: {**plans[name], "pid": each.pid, "env": _environment(each.env), "open_files": open_files}
        for name, each in containers.items()
    }
    done = subprocess.run(
        [*program("joiner"), str(folder)], input=marshal.dumps(asked), capture_output=True, check=False, cwd="/"
    )
    if done.returncode:
        raise HostError(f"cannot start the agents of containers: {done.stderr.decode(errors='replace')[-200:]}")
    for name, words in marshal.loads(done.stdout).items():
        if words != "ready":
            raise NodeFailed(f"cannot enter its container: {words or 'the agent ended'}", name)


def _environment(variables: Sequence[str]) -> dict[str, str]:
    """A container's variables; its PATH is followed by where system programs are on any distribution."""
    found = dict(each.partition("=")[::2] for each in variables)
    path = [folder for folder in found.get("PATH", "").split(":") if folder]
    path += [folder for folder in _PATH if folder not in path]
    return {"HOME": "/root", **found, "PATH": ":".join(path)}


def handles(containers: Mapping[str, Running]) -> list[int]:
    """For each container a descriptor of its network namespace and one of its first process; the caller's to close."""
    found: list[int] = []
    for name, each in containers.items():
        try:
            found.append(os.open(f"/proc/{each.pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC))
            found.append(os.pidfd_open(each.pid))
        except OSError as error:
            for descriptor in found:
                os.close(descriptor)
            raise NodeFailed(f"its container ended at once: {error.strerror}", name) from None
    return found
