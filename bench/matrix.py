"""The all-pairs TCP matrix of 50 nodes: 2,450 connections to listening responders, hosts around one router.

Routed, so that each host has one neighbour: the kernel's neighbour table is shared by all namespaces of a machine.
"""

import json
import time
from itertools import permutations
from pathlib import Path

from harness.deploy import bring_up
from harness.probes.prober import Prober
from lab.node import RESPONDER, RunningNode
from sim.flow import Flow
from sim.topology.reader import read_topology

HOSTS = 50
_PORT = 80


def measure(folder: Path) -> dict[str, float]:
    """Seconds for the whole matrix, the best of three, and the pairs that were not delivered."""
    names = [f"h{number}" for number in range(1, HOSTS + 1)]
    with bring_up(read_topology(_write(folder, names))) as lab:
        lab.each(_respond, names)
        flows = [Flow(source, destination, "tcp", dport=_PORT) for source, destination in permutations(names, 2)]
        with Prober(lab.runtime, lab.topology) as prober:
            took, lost = min(_probe(prober, flows) for _ in range(3))
    return {"matrix_s": took, "matrix_lost": lost}


def _respond(node: RunningNode) -> None:
    node.spawn([RESPONDER, json.dumps([{"name": "web", "address": "0.0.0.0", "port": _PORT, "protocol": "tcp"}])])


def _probe(prober: Prober, flows: list[Flow]) -> tuple[float, int]:
    began = time.monotonic()
    traces = prober.traces(flows)
    return time.monotonic() - began, sum(not trace.delivered for trace in traces)


def _write(folder: Path, names: list[str]) -> Path:
    lines = ["name: star", "topology:", "  defaults: {kind: linux, network-mode: none}", "  nodes:", "    router:"]
    lines += ["      exec:"] + [f"        - ip addr add 10.1.{n}.1/24 dev eth{n}" for n in range(1, len(names) + 1)]
    for number, name in enumerate(names, 1):
        address = f"ip addr add 10.1.{number}.2/24 dev eth1"
        lines += [f"    {name}:", f"      exec: [{address}, ip route add default via 10.1.{number}.1]"]
    lines += ["  links:"]
    lines += [f'    - endpoints: ["router:eth{number}", "{name}:eth1"]' for number, name in enumerate(names, 1)]
    path = folder / "star.clab.yml"
    path.write_text("\n".join(lines) + "\n")
    return path
