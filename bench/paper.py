"""The network on paper by the commands that users run: `fabriclab solve` and `sweep` on generated fabrics, from files.

Each is a whole process: interpreter, imports, reading, solving, counting. The baseline (`bench.plain`) reads the same
files and does the simplest thing, one search per prefix, in plain Python.
"""

import os
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from bench import paper_filters

_PROJECT = Path(__file__).resolve().parents[1]
_PROGRAM = str(Path(sys.executable).with_name("fabriclab"))
FABRICS = {
    "k8": ("8",),
    "k16": ("16",),
    "k16u": ("16", "--unnumbered"),
    "k20": ("20",),
    "k32": ("32",),
    "k8p": ("8", "--policies"),
}
_SWEPT = ("k16", "k32")
_SHORT = 3  # runs of what is over so soon that a hiccup of the machine counts; the fastest is told


@dataclass(frozen=True, slots=True)
class Run:
    """One process: wall and processor seconds, peak memory, what it said."""

    wall_s: float
    cpu_s: float
    peak_mb: float
    said: str


def measure(folder: Path) -> dict[str, float]:
    """By fabric: seconds, processor seconds, peak memory and RIB entries of a solve; sweeps; the baseline's times.

    And what `bench.paper_filters` measures of packets and rules.
    """
    found: dict[str, float] = {}
    for name, words in FABRICS.items():
        run(_PROGRAM, "generate", "fat-tree", *words, "--output", str(folder / name))
        _keep(found, f"solve_{name}", solved := run(_PROGRAM, "solve", str(folder / name)))
        found[f"solve_{name}_entries"] = _entries(solved.said)
    for name in _SWEPT:
        _keep(found, f"sweep_{name}", run(_PROGRAM, "sweep", str(folder / name), most=1))
    short = [run(_PROGRAM, "solve", str(_PROJECT / "topologies" / "dev01")) for _ in range(_SHORT)]
    _keep(found, "solve_dev01", min(short, key=lambda each: each.wall_s))
    _keep(found, "plain_k32", plain := run(sys.executable, "-m", "bench.plain", str(folder / "k32")))
    if _entries(plain.said) != found["solve_k32_entries"]:
        raise RuntimeError(f"the baseline counts other RIB entries: {plain.said}")
    return found | {f"filters_{key}": value for key, value in paper_filters.measure().items()}


def run(*words: str, most: int = 0) -> Run:
    """Run a program to its end. RuntimeError where its status is higher than `most`."""
    with tempfile.TemporaryFile() as output:
        began = time.monotonic()
        process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=output, cwd=_PROJECT)
        _, status, usage = os.wait4(process.pid, 0)
        wall_s = time.monotonic() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        said = output.read().decode()
    if not 0 <= process.returncode <= most:
        raise RuntimeError(f"{' '.join(words)} ended with {process.returncode}")
    return Run(wall_s, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, said)


def _keep(found: dict[str, float], name: str, measured: Run) -> None:
    found |= {f"{name}_s": measured.wall_s, f"{name}_cpu_s": measured.cpu_s, f"{name}_mb": measured.peak_mb}


def _entries(said: str) -> int:
    """The RIB entries that a summary tells."""
    match = re.search(r"RIB entries\s+([\d,]+)", said)
    if match is None:
        raise RuntimeError(f"no RIB entries in {said!r}")
    return int(match[1].replace(",", ""))
