"""Prober: what the packets do. One per lab; it keeps the lab's sockets.

`traces` sends one probe per flow, all at once. A flow that was answered as a listener answers is done. Every other one
is sent a second time with captures on every node, so that neither a busy machine nor a lost packet is called a denial,
and the node where the packet ended is known.
"""

import random
import threading
from collections.abc import Callable, Sequence
from typing import Literal

from harness.probes.applications import Page, Resolution, dns_query, http_get
from harness.probes.endpoints import Aim, Places
from harness.probes.exchange import Exchange, Probe, routed
from harness.probes.instruments import Instruments, Nodes
from harness.probes.investigation import Investigation
from harness.probes.ladder import Rung, climb
from harness.probes.netlink import Choice
from harness.probes.reading import read
from harness.probes.spread import spread
from harness.probes.who_has import who_has
from harness.witness import Spread
from sim.errors import ProbeError
from sim.flow import Disposition, Flow, Trace
from sim.topology.model import Topology

QUICK_S = 0.05  # no answer within this decides nothing: the probe is sent again, and waited for
FIRST_PORT, LAST_PORT = 61000, 65535  # above the ephemeral ports of a node (net.ipv4.ip_local_port_range)


class Prober:
    """Probes a lab's nodes: `Prober(lab.runtime, lab.topology)`.

    Use it as a context manager, or `close` it; set `topology` when the drawing changes. Nodes, devices and addresses
    are read anew for every call, unless `news` can say that nothing has changed: while it returns the same, what was
    read serves on (`forget` when nodes were stopped or started).
    """

    def __init__(self, nodes: Nodes, topology: Topology, news: Callable[[], int] | None = None) -> None:
        self._instruments = Instruments(nodes)
        self._places = Places(topology)
        self._magic = random.SystemRandom().randrange(0x1000, 0xF000)
        self._number = 0
        self._ports: dict[str, int] = {}
        self._lock = threading.RLock()
        self._news = news
        self._read_at: int | None = None

    @property
    def topology(self) -> Topology:
        """The network as drawn."""
        return self._places.topology

    @topology.setter
    def topology(self, topology: Topology) -> None:
        if topology is not self._places.topology:
            self._places.topology = topology
            self.forget()

    def forget(self) -> None:
        """What was read no longer counts."""
        self._read_at = None

    def _read(self) -> None:
        """Ask the nodes for their devices and addresses, unless nothing has changed since."""
        now = self._news() if self._news else None
        if now is None or now != self._read_at:
            self._places.read(self._instruments)
            self._read_at = now

    def traces(self, flows: Sequence[Flow]) -> list[Trace]:
        """One probe per flow, all at once: disposition and who answered. ProbeError where a flow can not be sent."""
        with self._lock:
            self._read()
            probes = [self._probe(self._places.aim(flow)) for flow in flows]
            self._renew(probes)
            Exchange(self._instruments, self._places, probes).run(QUICK_S)
            readings = [read(probe, self._places) for probe in probes]
            found = [reading.trace(probe) for reading, probe in zip(readings, probes, strict=True)]
            again = [n for n, reading in enumerate(readings) if not reading.certain]
            if again:
                cases = self._investigation().examine([probes[n] for n in again])
                for n, case in zip(again, cases, strict=True):
                    found[n] = case.trace(self._places)
            return found

    def trace(self, flow: Flow, size_bytes: int | None = None, via: str | None = None) -> Trace:
        """One probe with captures on every node: the hops, and where it died and why.

        `size_bytes` is the length of the IP packet, sent with DF; `via`, an interface of the sender, forces the first
        link. ProbeError where the flow can not be sent.
        """
        with self._lock:
            self._read()
            probe = self._probe(self._places.aim(flow))
            probe.size_bytes = size_bytes
            probe.via = self._via(probe.aim.sender, via) if via else 0
            return self._investigation().examine([probe])[0].trace(self._places)

    def spread(self, node: str, prefix: str, flows: int) -> Spread:
        """Forward that many flows (one packet each, 5-tuple varied) through `node` towards `prefix` and count.

        ProbeError if the node has no such route, or no neighbour from which packets would take it.
        """
        with self._lock:
            self._read()
            return spread(self._instruments, self._places, node, prefix, flows)

    def ladder(self, flow: Flow, highest: int = 30) -> tuple[Rung, ...]:
        """Traceroute with the flow's own 5-tuple, up to that TTL."""
        with self._lock:
            self._read()
            probe = self._probe(self._places.aim(flow))
            return climb(self._instruments, self._places, probe, self._renew, highest)

    def path_mtu(self, flow: Flow, highest: int = 9500) -> int:
        """The largest IP packet, in bytes, that the flow's way takes with DF set; 0 if none gets through."""
        fits, low, high = 0, 68, highest  # RFC 791: every link carries 68 bytes
        while low <= high:
            size = (low + high) // 2
            passed = self.trace(flow, size_bytes=size).disposition in (Disposition.DELIVERED, Disposition.REFUSED)
            fits, low, high = (size, size + 1, high) if passed else (fits, low, size - 1)
        return fits

    def http(self, flow: Flow, path: str = "/", host: str | None = None) -> Page:
        """GET a path from the flow's destination, over a real connection."""
        with self._lock:
            self._read()
            return http_get(self._instruments, self._places.aim(flow), path, host)

    def dns(self, flow: Flow, name: str, record: Literal["A", "AAAA"] = "A") -> Resolution:
        """Ask the flow's destination for a name."""
        with self._lock:
            self._read()
            return dns_query(self._instruments, self._places.aim(flow), name, record)

    def who_has(self, endpoint: str, address: str) -> tuple[str, ...]:
        """The MACs that answer ARP or ND for an address on the cable of `node:interface`; two are a duplicate."""
        node, _, interface = endpoint.partition(":")
        with self._lock:
            self._read()
            device = self._places.device(node, interface)
            if device is None:
                raise ProbeError(f"no interface named {interface!r} to ask on", node)
            source = self._places.first_address(node, interface, 6 if ":" in address else 4)
            return who_has(self._instruments, node, device, address, source)

    def _via(self, node: str, interface: str) -> int:
        index = self._places.index(node, interface)
        if not index:
            raise ProbeError(f"no interface named {interface!r} to send by", node)
        return index

    def _investigation(self) -> Investigation:
        ends = frozenset((end.node, end.interface) for link in self.topology.links for end in link.endpoints)
        return Investigation(self._instruments, self._places, ends, self._magic, self._renew)

    def _renew(self, probes: Sequence[Probe]) -> None:
        """Make probes ready to be sent: a fresh token, no answer, the way that the sender's kernel chooses now."""
        for probe in probes:
            probe.answer, probe.refused, probe.token = None, 0, self._token()
        routed(self._instruments, probes)

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
        return self._magic << 16 | self._number

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
