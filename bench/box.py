"""A box: a program in pid, network and mount namespaces of its own, gone with all it started when it or we end.

Whatever a contestant leaves, changes or forgets stays in its box; Ctrl-C, or the end of this process, ends the box.
"""

import ctypes
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lab.enclosure import linux

PROJECT = Path(__file__).resolve().parents[1]
"""The checkout."""
_PR_SET_PDEATHSIG = 1


class BoxFailed(Exception):
    """What ran in a box ended badly; its last words."""


def run_boxed(argv: Sequence[str], folder: Path, log: Path, environment: Mapping[str, str] | None = None) -> Any:
    """Run a program in a box to its end; the JSON that it wrote to the descriptor that is its last argument.

    `folder` is a folder for the box's own files; output goes to `log`. BoxFailed with its last lines.
    """
    return _run([sys.executable, "-m", "bench.box", str(folder), "{}", *argv], folder, log, environment)


def run_unboxed(argv: Sequence[str], folder: Path, log: Path) -> Any:
    """The same without a box."""
    return _run(argv, folder, log)


def _run(argv: Sequence[str], folder: Path, log: Path, environment: Mapping[str, str] | None = None) -> Any:
    """Run a program; `{}` among its arguments, and the one behind the last, are the descriptor for its answer."""
    reading, writing = os.pipe()
    with open(log, "wb") as output:
        words = [each.replace("{}", str(writing)) for each in argv]
        environment = {
            **os.environ,
            "PYTHONPATH": str(PROJECT),
            "FABRICLAB_RUN": f"{folder}/labs",
            **(environment or {}),
        }
        process = subprocess.Popen(
            [*words, str(writing)],
            pass_fds=(writing,),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=environment,
        )
    os.close(writing)
    try:
        with os.fdopen(reading, "rb") as file:
            answer = file.read()
        process.wait()
    finally:
        process.kill()
        process.wait()
    if process.returncode or not answer:
        raise BoxFailed("; ".join(log.read_text(errors="replace").strip().splitlines()[-3:]) or "it said nothing")
    return json.loads(answer)


def enter(folder: Path) -> None:
    """Become a box's first process (in the child that returns), in namespaces of its own."""
    linux.unshare(linux.NEWNS | linux.NEWNET | linux.NEWPID | linux.NEWIPC)
    first = os.fork()
    if first:
        _end_with_parent()
        os._exit(os.waitstatus_to_exitcode(os.waitpid(first, 0)[1]) & 0xFF)
    _end_with_parent()
    linux.mount("none", "/", flags=linux.MS_REC | linux.MS_PRIVATE)
    linux.mount("proc", "/proc", "proc")
    linux.mount("tmpfs", "/run", "tmpfs")
    Path("/run/frr").mkdir()
    _admit_root_to_frr(folder / "group")


def _end_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _admit_root_to_frr(own: Path) -> None:
    """Debian's FRR refuses `-u root` unless root is in group frrvty."""
    lines = Path("/etc/group").read_text().splitlines()
    admitted = [
        f"{line}{'' if line.endswith(':') else ','}root" if line.startswith("frrvty:") else line for line in lines
    ]
    own.write_text("\n".join(admitted) + "\n")
    linux.bind(str(own), "/etc/group")


def main() -> None:
    """`python -m bench.box FOLDER DESCRIPTOR PROGRAM ...`."""
    folder, _, *argv = sys.argv[1:]
    enter(Path(folder))
    os.execvp(argv[0], argv)


if __name__ == "__main__":
    main()
