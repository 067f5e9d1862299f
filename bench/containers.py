"""Twenty routers as containers, beside what Docker's own starts and the embedded runtime take; and thirty destroyed.

Needs a Docker daemon and the image fabriclab/node:12, and runs outside of a box, where it can see the containers.
"""

import socket
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import docker

from bench.clos import clos, expectations
from bench.fib import await_converged, watch
from harness.deploy import bring_up
from lab.lab import Lab
from sim.topology.model import Topology
from sim.topology.reader import read_topology

ROUTERS, MANY = 20, 30
IMAGE = "fabriclab/node:12"
_AT_ONCE = 8
_PATIENCE_S = 300.0


def measure(folder: Path) -> dict[str, float]:
    """Seconds: twenty bare starts, the fabric on either runtime, thirty containers ended."""
    drawn = _drawn(folder, ROUTERS)
    found = {"docker_starts_s": _starts(ROUTERS), "docker_namespaces_s": _up(drawn, "namespaces")}
    found["docker_up_s"] = _up(drawn, "docker")
    lab = Lab.deploy(_drawn(folder, MANY), runtime="docker", bare=True)
    began = time.monotonic()
    lab.destroy()
    return found | {"docker_destroy_s": time.monotonic() - began}


def _drawn(folder: Path, routers: int) -> Topology:
    topology = read_topology(clos(routers).write(folder / str(routers), f"docker-{routers}"))
    return replace(topology, nodes={name: replace(node, image=IMAGE) for name, node in topology.nodes.items()})


def _starts(number: int) -> float:
    """Containers of the image alone, some at a time, by nobody but Docker."""
    engine = docker.APIClient(version="auto", **docker.utils.kwargs_from_env())

    def start(_: int) -> Any:
        config = engine.create_host_config(network_mode="none")
        made = engine.create_container(IMAGE, host_config=config)
        engine.start(made)
        return made

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        began = time.monotonic()
        made = list(pool.map(start, range(number)))
        took = time.monotonic() - began
        list(pool.map(lambda each: engine.remove_container(each, force=True), made))
    return took


def _up(drawn: Topology, runtime: str) -> float:
    """A deploy until every router's FIB is complete."""
    began = time.monotonic()
    with bring_up(drawn, runtime=runtime) as lab:
        channels = {name: watch(node.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)) for name, node in lab.nodes.items()}
        converged = await_converged(channels, expectations(clos(len(drawn.nodes))), _PATIENCE_S)
        for channel in channels.values():
            channel.close()
    return converged - began
