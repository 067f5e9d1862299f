"""The user's own automation on a lab: the files its tools read, and the command that takes part in every push.

The files lie in the lab's folder while it lives: inventories, topology data, OpenSSH's configuration (mode 0600, as the
keys beside them). They are written anew whenever they may be read, so they tell the lab as it is.
"""

import os
import re
import shlex
import subprocess
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import NoReturn, Protocol, runtime_checkable

from harness import inventories
from harness.appliers import one_line
from harness.secrets import masked
from lab import naming
from lab.lab import Lab
from sim.dataclasses import asdict, dataclass
from sim.errors import HostError, InputError, PushRejected
from sim.topology.model import Node

_SAID_LINES = 4
_COMPLAINT = re.compile(r"\W*(fatal|error)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Files:
    """Where the lab's files for automation lie."""

    inventory: Path
    nornir_inventory: Path
    topology_data: Path
    ssh_config: Path


@dataclass(frozen=True, slots=True)
class Ran:
    """A push command that ended well: its words, and what it said, secrets masked."""

    command: str
    output: str


@runtime_checkable
class Shows(Protocol):
    """A progress that also shows lines which are to stay."""

    def show(self, line: str) -> None:
        """A line as it is."""
        ...


def files_of(lab: Lab) -> Files:
    """Where a lab's files are, once written."""
    return Files(
        inventory=lab.folder / "ansible-inventory.yml",
        nornir_inventory=lab.folder / "nornir-simple-inventory.yml",
        topology_data=lab.folder / "topology-data.json",
        ssh_config=inventories.ssh_config_file(lab),
    )


def write(lab: Lab) -> Files:
    """Write the files of a lab."""
    files = files_of(lab)
    _put(files.inventory, inventories.ansible(lab))
    _put(files.nornir_inventory, inventories.nornir(lab))
    _put(files.topology_data, inventories.topology_data(lab))
    _put(files.ssh_config, inventories.ssh_config(lab))
    _put(inventories.known_hosts_file(lab), inventories.known_hosts(lab))
    return files


def inventory(lab: Lab, form: str) -> str:
    """An inventory as text; the files that it names are there."""
    text = inventories.write(lab, form)
    keep(lab)
    return text


def keep(lab: Lab) -> None:
    """Write the files of a lab that is reached by SSH, so that they are there when a tool is started by hand."""
    there = files_of(lab).ssh_config.exists()  # of a node that had SSH until now
    if there or any(inventories.has_ssh(lab, node) for node in lab.topology.nodes.values()):
        write(lab)


def _put(file: Path, text: str) -> None:
    file.parent.mkdir(mode=0o700, exist_ok=True)
    fresh = file.with_name(f"{file.name}.{os.getpid()}.new")  # several commands may be at it
    with open(fresh, "w", opener=lambda path, flags: os.open(path, flags, 0o600)) as written:
        written.write(text)
    fresh.replace(file)


def commands(lab: Lab, nodes: Collection[Node]) -> dict[str, list[str]]:
    """The push commands of these nodes, each with the nodes that ask for it: it is run once for all of them."""
    found: dict[str, list[str]] = {}
    for node in nodes:
        if node.facts.push and inventories.is_listed(node):
            found.setdefault(shlex.join(_filled(lab, node.name, node.facts.push)), []).append(node.name)
    return found


def _filled(lab: Lab, name: str, command: str) -> list[str]:
    """The words of a command; placeholders are filled in after it was split, so that a blank in a path ends no word."""
    values = {**asdict(files_of(lab)), "lab": lab.name, "topology": lab.topology.file, "node": name}
    values["long_name"] = naming.long_name(lab.topology, name)
    words = shlex.split(command)
    for key, value in values.items():
        words = [word.replace(f"{{{key}}}", str(value)) for word in words]
    return words


def run(lab: Lab, nodes: Collection[Node], progress: Callable[[str], None] = lambda _: None) -> list[Ran]:
    """Run the push commands of these nodes in the topology's folder, one after another, without a shell.

    What they say is shown line by line. PushRejected, in the command's words, where one fails: what it has changed by
    then stays.
    """
    wanted = commands(lab, nodes)
    if wanted:
        write(lab)
    return [_run(lab, asking, command, progress) for command, asking in wanted.items()]


def _run(lab: Lab, asking: Sequence[str], command: str, progress: Callable[[str], None]) -> Ran:
    argv, lines = shlex.split(command), []
    place = asking[0] if len(asking) == 1 else lab.name
    progress(f"push: {masked(command)}")
    show = progress.show if isinstance(progress, Shows) else progress
    with _started(lab, argv, place) as process:
        try:
            for line in process.stdout or ():
                lines.append(masked(line.rstrip("\n")))
                show(lines[-1])
        except BaseException:
            process.terminate()
            raise
    if process.returncode:
        raise PushRejected(f"push command {argv[0]!r} ended with {process.returncode}: {_why(lines)}", place)
    return Ran(masked(command), "\n".join(lines))


def _why(lines: Sequence[str]) -> str:
    """What a failing command said, in a line: where it speaks of an error, else its end."""
    complaints = [line for line in lines if _COMPLAINT.match(line)]
    return one_line("\n".join(complaints[:_SAID_LINES] or [line for line in lines if line.strip()][-_SAID_LINES:]))


def _started(lab: Lab, argv: Sequence[str], place: str) -> "subprocess.Popen[str]":
    environment = {"PYTHONUNBUFFERED": "1", **os.environ, "FABRICLAB_RUN": str(lab.folder.parent)}
    try:
        return subprocess.Popen(
            argv,
            cwd=lab.topology.file.parent,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
    except OSError as error:
        raise HostError(f"push: cannot run {argv[0]!r}: {error.strerror}; is it installed?", place) from None


def login(lab: Lab, name: str, command: Sequence[str]) -> NoReturn:
    """Become ssh(1) on its way to a node, with the lab's configuration and key."""
    node = lab.topology.node(name)
    if not node.facts.ssh:
        advice = "say `ssh: true` in its config.vars and deploy again, or use fabriclab shell"
        raise InputError(f"this node runs no SSH server; {advice}", name)
    config = write(lab).ssh_config
    try:
        os.execvp("ssh", ["ssh", "-F", str(config), name, *command])
    except FileNotFoundError:
        raise HostError("this machine has no ssh; install openssh-client, or `make setup`") from None
