"""`python -m bench`: every measurement, or some of them, and a table of what was to be reached and what was.

    python -m bench --only up --routers 10,50
    python -m bench --only wiring,matrix --json

Exit status 0 also where a goal is missed: it reports. Needs root (mininet does).
"""

import argparse
import compileall
import json
import os
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from bench import table
from bench.box import PROJECT, BoxFailed, run_boxed, run_unboxed
from bench.clos import clos

TRIALS = {"wiring": "wiring", "ecmp": "spreading", "matrix": "matrix", "dev01": "dev01", "paper": "paper"}
TRIALS |= {"docker": "containers"}
_UNBOXED = ("docker",)  # its containers are not in any box of ours
_PYTHONS = {"mininet": "/usr/bin/python3"}  # Debian's package is for Debian's Python
Say = Callable[[str], None]


def main() -> int:
    """Measure and print."""
    options = _options()
    if os.geteuid() != 0:
        print("bench: only root may measure: mininet needs it; run as root", file=sys.stderr)
        return 3
    say: Say = (lambda text: print(text, file=sys.stderr, flush=True)) if options.json else _print
    only = options.only or ["up", *TRIALS]
    for room in ("sim", "lab", "harness", "bench"):  # as they are from the second use on, whatever the environment says
        compileall.compile_dir(PROJECT / room, quiet=2)
    found: dict[str, Any] = {"machine": _machine()}
    say(f"{found['machine']}")
    if "up" in only:
        found["up"] = {str(number): contests(number, options, say) for number in options.routers}
    for trial in (each for each in TRIALS if each in only):
        found |= _trial(trial, say)
    found["load_at_end"] = os.getloadavg()[0]
    if options.json:
        print(json.dumps(found, indent=1))
    else:
        _show(found)
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure Fabriclab against its goals.")
    parser.add_argument("--only", type=lambda text: text.split(","), help=f"some of: up, {', '.join(TRIALS)}")
    parser.add_argument("--routers", type=lambda text: [int(each) for each in text.split(",")], default=[10, 50, 100])
    parser.add_argument("--against", type=lambda text: text.split(","), default=["floor", "mininet"])
    parser.add_argument("--repeat", type=int, default=0, help="runs of each contest (3 of small fabrics, 1 of 100)")
    parser.add_argument("--json", action="store_true", help="one JSON document on standard output, progress elsewhere")
    options = parser.parse_args()
    if unknown := [each for each in options.only or [] if each not in ("up", *TRIALS)]:
        parser.error(f"nothing to measure named {', '.join(unknown)}; known: up, {', '.join(TRIALS)}")
    return options


def _print(text: str) -> None:
    print(text, flush=True)


def _machine() -> str:
    load = os.getloadavg()[0]
    return f"{os.cpu_count()} processors, Linux {os.uname().release}, load {load:.1f} before the first measurement"


def contests(routers: int, options: argparse.Namespace, say: Say) -> dict[str, dict[str, float]]:
    """All contestants on one fabric, in turns; of each quantity the median."""
    names = ["fabriclab", *options.against]
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in names}
    for _ in range(options.repeat or (3 if routers <= 10 else 2 if routers <= 50 else 1)):
        for name in names:
            try:
                result = contest(name, routers)
            except BoxFailed as failure:
                say(f"  {routers} routers, {name}: did not come up: {failure}")
                continue
            runs[name].append(result)
            say(f"  {routers} routers, {name}: up {result['up_s']:.2f} s, down {result['down_s']:.2f} s")
    return {name: _median(results) for name, results in runs.items() if results}


def contest(name: str, routers: int) -> dict[str, float]:
    """One contestant, once, in a box."""
    with tempfile.TemporaryDirectory(prefix="fabriclab-bench-") as folder:
        clos(routers).write(Path(folder), "clos")
        program = [_PYTHONS.get(name, sys.executable), "-m", "bench.contest", name, str(routers), folder]
        result: dict[str, float] = run_boxed([*program, str(time.monotonic())], Path(folder), Path(folder, "log"))
    return result


def _median(results: Sequence[Mapping[str, float]]) -> dict[str, float]:
    return {key: statistics.median(result[key] for result in results) for key in results[0]}


def _trial(name: str, say: Say) -> dict[str, float]:
    with tempfile.TemporaryDirectory(prefix="fabriclab-bench-") as folder:
        program = [sys.executable, "-m", "bench.trial", TRIALS[name], folder]
        try:
            run = run_unboxed if name in _UNBOXED else run_boxed
            found: dict[str, float] = run(program, Path(folder), Path(folder, "log"))
        except BoxFailed as failure:
            say(f"  {name}: failed: {failure}")
            return {}
    say(f"  {name}: {', '.join(f'{key} {value:.2f}' for key, value in found.items())}")
    return found


def _show(found: Mapping[str, Any]) -> None:
    ups: Mapping[str, Mapping[str, table.Measured]] = found.get("up", {})
    rows = [row for routers, results in ups.items() for row in table.contest_rows(int(routers), results)]
    goals = [
        goal
        for routers, results in ups.items()
        if "fabriclab" in results
        for goal in table.contest_goals(int(routers), results)
    ]
    goals += [*table.trial_goals(found), *table.paper_goals(found)]
    papers = table.paper_rows(found)
    for block in (
        [table.CONTEST_HEAD, *rows],
        [table.PAPER_HEAD, *papers],
        [["goal", "must be", "measured", ""], *(goal.row() for goal in goals)],
    ):
        if len(block) > 1:
            print("\n" + "\n".join(table.lines(block)))
    print(f"\nload {found['load_at_end']:.1f} after the last measurement; walls of a loaded machine are upper bounds")


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
