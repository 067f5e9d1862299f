"""One contestant, run to convergence and down again: `python -m bench.contest NAME ROUTERS FOLDER STARTED DESCRIPTOR`.

STARTED is the moment (time.monotonic) at which this program was asked for, so that a contestant's own start counts.
The result goes as JSON to DESCRIPTOR. Runs as first process of a box, see `bench.box`.
"""

import importlib
import json
import os
import sys
import time
from pathlib import Path

from bench import usage
from bench.clos import clos, expectations
from bench.fib import await_converged

CONTESTANTS = {
    "floor": ("bench.floor", "Floor"),
    "mininet": ("bench.with_mininet", "WithMininet"),
    "fabriclab": ("bench.with_fabriclab", "WithFabriclab"),
}
_PATIENCE_S = 300.0
_LOOK_S = 0.005


def contest(name: str, routers: int, folder: Path, started: float) -> dict[str, float]:
    """Up, converged, down: seconds of wall and of processor."""
    fabric = clos(routers)
    module, kind = CONTESTANTS[name]
    contestant = getattr(importlib.import_module(module), kind)(fabric, folder)
    channels = contestant.up()
    returned = time.monotonic()
    converged = await_converged(channels, expectations(fabric), _PATIENCE_S)
    cpu_s = usage.cpu_s()
    extras = contestant.extras() if hasattr(contestant, "extras") else {}
    for channel in channels.values():
        channel.close()
    before = time.monotonic()
    contestant.down()
    _await_alone()
    down_s = time.monotonic() - before
    return {
        "started_s": returned - started,
        "up_s": converged - started,
        "up_cpu_s": cpu_s,
        "down_s": down_s,
        **extras,
    }


def _await_alone() -> None:
    """Wait until no other process is left in the box."""
    while any(pid != os.getpid() for pid in usage.processes()):
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            pass
        time.sleep(_LOOK_S)


if __name__ == "__main__":
    result = contest(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]), float(sys.argv[4]))
    os.write(int(sys.argv[5]), json.dumps(result).encode())
