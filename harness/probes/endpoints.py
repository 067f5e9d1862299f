"""Flow endpoints by meaning: which address a node sends from, which address of a node is meant.

A destination that is a node means, in this order: the address of a service that the topology declares on the node for
that port; the address on loopback or a dummy (a global /32 or /128 on an interface that no cable ends on); the first
address, by the name of its interface, that is not of the management network; the first address. `node:interface` is
that interface's first address. A source that is a node leaves the choice to its kernel, as its routes and source
addresses say.
"""

from collections.abc import Iterable
from ipaddress import ip_address, ip_network

from harness.probes import netlink
from harness.probes.instruments import Instruments
from harness.probes.netlink import Address, Device
from sim.dataclasses import dataclass, field
from sim.errors import ProbeError
from sim.flow import Flow
from sim.topology.model import Kind, Topology

CARRIES = {"tcp": ("tcp", "http"), "udp": ("udp", "dns"), "icmp": ()}


@dataclass(frozen=True, slots=True)
class Aim:
    """A flow with its addresses: `source` None leaves the choice to the kernel of `sender`."""

    flow: Flow
    sender: str
    destination: str
    source: str | None = None

    @property
    def version(self) -> int:
        """4 or 6."""
        return 6 if ":" in self.destination else 4


@dataclass(slots=True)
class Places:
    """Which node has which addresses and devices, as last read; a halted node keeps those it had."""

    topology: Topology
    addresses: dict[str, list[Address]] = field(default_factory=dict)
    devices: dict[str, dict[int, Device]] = field(default_factory=dict)
    running: frozenset[str] = frozenset()
    _owners: dict[str, str] = field(default_factory=dict)
    _meant: dict[str, str] = field(default_factory=dict)

    def read(self, instruments: Instruments) -> None:
        """Ask every running node's kernel afresh."""
        self.running = frozenset(instruments.running(wired(self.topology)))
        for name in self.running:
            sock = instruments.netlink(name)
            self.devices[name] = netlink.devices(sock)
            self.addresses[name] = netlink.addresses(sock, self.devices[name])
        self._owners, self._meant = {}, {}
        for name in self.running:
            for each in self.addresses[name]:
                if each.scope == 0:
                    self._owners.setdefault(each.address, name)

    def owner(self, address: str | None) -> str | None:
        """The node that has the address."""
        return self._owners.get(address or "")

    def owns(self, node: str, address: str) -> bool:
        """Whether the node has the address (anycast: several may)."""
        return any(each.address == address for each in self.addresses.get(node, ()))

    def index(self, node: str, interface: str) -> int:
        """The index of a node's device, 0 if there is none."""
        return next((n for n, device in self.devices.get(node, {}).items() if device.name == interface), 0)

    def device(self, node: str, interface: str) -> Device | None:
        """A node's device by name."""
        return self.devices.get(node, {}).get(self.index(node, interface))

    def aim(self, flow: Flow) -> Aim:
        """The flow's sender and addresses; ProbeError if an end is unknown or has no address."""
        sender, _, interface = flow.source.partition(":")
        self._known(sender)
        if sender not in self.running:
            raise ProbeError("the node does not run, so nothing can be sent from it", sender)
        destination = self._destination(flow)
        version = ip_address(destination).version
        source = self.first_address(sender, interface, version) if interface else None
        return Aim(flow, sender, destination, source)

    def _destination(self, flow: Flow) -> str:
        try:
            return str(ip_address(flow.destination))
        except ValueError:
            node, _, interface = flow.destination.partition(":")
        self._known(node)
        if interface:
            return self.first_address(node, interface)
        return self._service(node, flow) or self._of_node(node)

    def _known(self, node: str) -> None:
        if node not in self.topology.nodes:
            raise ProbeError(f"no node named {node!r}; known: {', '.join(self.topology.nodes)}")

    def _service(self, node: str, flow: Flow) -> str | None:
        for service in self.topology.nodes[node].facts.services:
            if service.port == flow.dport and service.address and service.protocol in CARRIES[flow.protocol]:
                return str(service.address)
        return None

    def first_address(self, node: str, interface: str, version: int | None = None) -> str:
        """The first address of an interface (of IP version 4 or 6); ProbeError if it has none."""
        usable = [each.address for each in self._usable(node) if each.interface == interface]
        usable = [each for each in usable if version in (None, ip_address(each).version)]
        if not usable:
            raise ProbeError(f"{interface} has no address to probe with; name an interface that has one", node)
        return usable[0]

    def _of_node(self, node: str) -> str:
        if node not in self._meant:
            self._meant[node] = self._choose(node)
        return self._meant[node]

    def _choose(self, node: str) -> str:
        usable = self._usable(node)
        cabled = {end.interface for link in self.topology.links_of(node) for end in link.endpoints if end.node == node}
        own = [each for each in usable if each.interface not in cabled and each.length in (32, 128)]
        outside = [each for each in usable if not self._managed(each.address)]
        for each in [*own, *outside, *usable]:
            return each.address
        raise ProbeError("the node has no address to probe; is it configured?", node)

    def _usable(self, node: str) -> list[Address]:
        """Global addresses, IPv4 first, then by the name of their interface: the order in which devices were made means
        nothing."""
        known = self.addresses.get(node, [])
        usable = [each for each in known if each.scope == 0 and not ip_address(each.address).is_loopback]
        return sorted(usable, key=lambda each: (ip_address(each.address).version, each.interface))

    def _managed(self, address: str) -> bool:
        networks = (self.topology.management.ipv4_subnet, self.topology.management.ipv6_subnet)
        return any(
            ip_address(address) in ip_network(network, strict=False) for network in networks if network != "auto"
        )


def wired(topology: Topology) -> Iterable[str]:
    """The nodes that have a namespace of their own to look into."""
    return (node.name for node in topology.nodes.values() if node.kind is not Kind.HOST)
