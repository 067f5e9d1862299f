"""Prober: what the packets do. One per lab; it keeps the lab's sockets.

`traces` sends one probe per flow, all at once. A flow that was answered as a listener answers is done. Every other one
is sent a second time with captures on every node, so that neither a busy machine nor a lost packet is called a denial,
and the node where the packet ended is known.
"""

import random
import threading
from collections.abc import Sequence

from harness.probes.endpoints import Aim, Places
from harness.probes.exchange import PATIENCE_S, Exchange, Probe, routed
from harness.probes.instruments import Instruments, Nodes
from harness.probes.netlink import Choice
from harness.probes.reading import Reading, read
from sim.flow import Flow, Trace
from sim.topology.model import Topology

FIRST_PORT, LAST_PORT = 61000, 65535  # above the ephemeral ports of a node (net.ipv4.ip_local_port_range)


class Prober:
    """Probes a lab's nodes. Use it as a context manager, or `close` it."""

    def __init__(self, nodes: Nodes, topology: Topology) -> None:
        self.topology = topology
        self._instruments = Instruments(nodes)
        self._places = Places(topology)
        self._magic = random.SystemRandom().randrange(0x1000, 0xF000) << 16
        self._number = 0
        self._ports: dict[str, int] = {}
        self._lock = threading.RLock()

    def traces(self, flows: Sequence[Flow]) -> list[Trace]:
        """One probe per flow, all at once: disposition and who answered. ProbeError where a flow can not be sent."""
        with self._lock:
            self._places.read(self._instruments)
            probes = [self._probe(self._places.aim(flow)) for flow in flows]
            readings = self._exchange(probes)
            again = [n for n, reading in enumerate(readings) if not reading.certain]
            for n, reading in zip(again, self._exchange([probes[n] for n in again]), strict=True):
                readings[n] = reading
            return [reading.trace(probe) for reading, probe in zip(readings, probes, strict=True)]

    def _exchange(self, probes: Sequence[Probe]) -> list[Reading]:
        for probe in probes:
            probe.answer, probe.token = None, self._token()
        routed(self._instruments, probes)
        Exchange(self._instruments, self._places, probes).run(PATIENCE_S)
        return [read(probe, self._places) for probe in probes]

    def _probe(self, aim: Aim) -> Probe:
        return Probe(
            aim=aim,
            token=0,
            sport=aim.flow.sport or self._port(aim.sender),
            dport=aim.flow.dport or 0,
            choice=Choice(),
            source=aim.source or "",
        )

    def _token(self) -> int:
        self._number = (self._number + 1) % 0xFFFF
        return self._magic | self._number

    def _port(self, node: str) -> int:
        port = self._ports.get(node) or random.randrange(FIRST_PORT, LAST_PORT)
        self._ports[node] = port + 1 if port < LAST_PORT else FIRST_PORT
        return port

    def close(self) -> None:
        """Close the sockets."""
        self._instruments.close()

    def __enter__(self) -> "Prober":
        return self

    def __exit__(self, *reason: object) -> None:
        self.close()
