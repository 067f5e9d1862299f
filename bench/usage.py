"""What processes cost: processor seconds and memory, read from /proc of the box they run in."""

import os
from collections.abc import Iterator
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_NANOSECONDS = 1e-9


def processes() -> Iterator[int]:
    """Every process of this pid namespace."""
    return (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())


def cpu_s() -> float:
    """User and system seconds of all processes of this pid namespace, ended and reaped children included."""
    return sum(map(_cpu_s, processes()))


def _cpu_s(pid: int) -> float:
    """Of one process: threads that live by the nanosecond, where the kernel tells; else all of it in whole ticks."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        exact = [thread.read_text().split()[0] for thread in Path(f"/proc/{pid}/task").glob("*/schedstat")]
    except (FileNotFoundError, ProcessLookupError):
        return 0
    own, children = (sum(map(int, pair)) / _TICKS for pair in (fields[11:13], fields[13:15]))
    return max(own, sum(map(int, exact)) * _NANOSECONDS) + children


def memory_kb(pids: list[int]) -> dict[str, int]:
    """Proportional and private memory of processes, in kB: `Pss`, `Private_Dirty`."""
    found = {"Pss": 0, "Private_Dirty": 0}
    for pid in pids:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            name, _, rest = line.partition(":")
            if name in found:
                found[name] += int(rest.split()[0])
    return found


def interpreters() -> list[int]:
    """Processes of this pid namespace, itself excepted, that are Python: what a lab keeps beside its daemons."""
    return [pid for pid in processes() if pid != os.getpid() and "python" in _program(pid)]


def _program(pid: int) -> str:
    try:
        return str(Path(f"/proc/{pid}/exe").readlink())
    except OSError:
        return ""
