"""Wiring alone: 300 namespaces and 300 links, in a ring."""

import time
from pathlib import Path

from lab.lab import Lab
from sim.topology.reader import read_topology

NODES = 300


def measure(folder: Path) -> dict[str, float]:
    """Seconds to have a lab of bare nodes up and cabled, and to end it."""
    topology = read_topology(_write(folder))
    began = time.monotonic()
    with Lab.deploy(topology):
        up = time.monotonic()
    return {"wiring_s": up - began, "unwiring_s": time.monotonic() - up}


def _write(folder: Path) -> Path:
    lines = ["name: ring", "topology:", "  defaults: {kind: linux, network-mode: none}", "  nodes:"]
    lines += [f"    n{number}: {{}}" for number in range(NODES)]
    lines += ["  links:"]
    lines += [f'    - endpoints: ["n{number}:eth1", "n{(number + 1) % NODES}:eth2"]' for number in range(NODES)]
    path = folder / "ring.clab.yml"
    path.write_text("\n".join(lines) + "\n")
    return path
