"""The ECMP check: 10,000 flows through a leaf of a converged fabric, towards another leaf's loopback."""

import socket
import time
from pathlib import Path

from bench.clos import clos, expectations
from bench.fib import await_converged, watch
from harness.deploy import bring_up
from harness.probes.prober import Prober
from sim.topology.reader import read_topology

FLOWS = 10_000
_PATIENCE_S = 60.0


def measure(folder: Path) -> dict[str, float]:
    """Seconds for one check, the best of three, and the flows that it lost."""
    fabric = clos(10)
    with bring_up(read_topology(fabric.write(folder, "clos"))) as lab:
        channels = {name: watch(node.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)) for name, node in lab.nodes.items()}
        await_converged(channels, expectations(fabric), _PATIENCE_S)
        with Prober(lab.runtime, lab.topology) as prober:
            took, lost = min(_check(prober, f"{fabric.loopback('leaf2')}/32") for _ in range(3))
    return {"spread_s": took, "spread_lost": lost}


def _check(prober: Prober, prefix: str) -> tuple[float, int]:
    began = time.monotonic()
    found = prober.spread("leaf1", prefix, FLOWS)
    return time.monotonic() - began, found.lost + found.mismatches
