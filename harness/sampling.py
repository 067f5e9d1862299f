"""Flows worth trying in a network: to every service that is declared, and between its nodes; a fair sample of them."""

import random
from collections.abc import Iterator

from sim.flow import Flow
from sim.topology.model import Kind, Topology

_SILENT = (Kind.BRIDGE, Kind.HOST)


def sampled_flows(topology: Topology, most: int, seed: str = "") -> list[Flow]:
    """At most that many flows, the same ones for the same topology and seed, in a fixed order."""
    every = list(every_flow(topology))
    if len(every) <= most:
        return every
    return random.Random(f"{topology.name}\0{seed}").sample(every, most)


def every_flow(topology: Topology) -> Iterator[Flow]:
    """Every node to every other: an echo request, and each service that the other declares."""
    nodes = [node for node in topology.nodes.values() if node.kind not in _SILENT]
    for target in nodes:
        for source in nodes:
            if source is target:
                continue
            yield Flow(source.name, target.name)
            for service in target.facts.services:
                protocol = "udp" if service.protocol in ("udp", "dns") else "tcp"
                address = str(service.address) if service.address else target.name
                yield Flow(source.name, address, protocol, None, service.port)  # type: ignore[arg-type]
