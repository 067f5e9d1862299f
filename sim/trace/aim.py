"""Which addresses a Flow means; the same reading as the harness' probes have, so that both send the same packet.

A destination that is a node means, in this order: the address of a service that the topology declares on the node for
that port; the address on loopback or a dummy (a /32 or /128 on an interface that no cable ends on); the first address
that is not of the management network; the first address. `node:interface` is that interface's first address. A source
that is a node leaves the choice to its kernel.
"""

from sim.address import Address, InterfaceAddress, parse_address, parse_prefix
from sim.dataclasses import dataclass
from sim.errors import SimError
from sim.flow import Flow
from sim.trace.ground import Ground

CARRIES = {"tcp": ("tcp", "http"), "udp": ("udp", "dns"), "icmp": ()}


@dataclass(frozen=True, slots=True)
class Aim:
    """A flow with its addresses: `source` None leaves the choice to the kernel of `sender`."""

    flow: Flow
    sender: str
    destination: Address
    source: Address | None = None


def aim(ground: Ground, flow: Flow) -> Aim:
    """The flow's sender and addresses. SimError if an end is unknown, does not run or has no address."""
    sender, _, interface = flow.source.partition(":")
    _known(ground, sender)
    if not ground.site(sender).state.running:
        raise SimError("the node does not run, so nothing can be sent from it", sender)
    destination = _destination(ground, flow)
    source = first_address(ground, sender, interface, destination.version) if interface else None
    return Aim(flow, sender, destination, source)


def _destination(ground: Ground, flow: Flow) -> Address:
    try:
        return parse_address(flow.destination)
    except ValueError:
        node, _, interface = flow.destination.partition(":")
    _known(ground, node)
    if interface:
        return first_address(ground, node, interface)
    return _service(ground, node, flow) or _of_node(ground, node)


def _known(ground: Ground, node: str) -> None:
    if node not in ground.topology.nodes:
        raise SimError(f"no node named {node!r}; known: {', '.join(ground.topology.nodes)}")


def _service(ground: Ground, node: str, flow: Flow) -> Address | None:
    for service in ground.topology.nodes[node].facts.services:
        if service.port == flow.dport and service.address and service.protocol in CARRIES[flow.protocol]:
            return parse_address(str(service.address))
    return None


def first_address(ground: Ground, node: str, interface: str, version: int | None = None) -> Address:
    """The first address of an interface (of that IP version); SimError if it has none."""
    for name, each in _usable(ground, node):
        if name == interface and version in (None, each.version):
            return each.address
    raise SimError(f"{interface} has no address to probe with; name an interface that has one", node)


def _of_node(ground: Ground, node: str) -> Address:
    usable = _usable(ground, node)
    cabled = {end.interface for link in ground.topology.links_of(node) for end in link.endpoints if end.node == node}
    own = [each for name, each in usable if name not in cabled and each.length in (32, 128)]
    outside = [each for _, each in usable if not _managed(ground, each.address)]
    for each in (*own, *outside, *(each for _, each in usable)):
        return each.address
    raise SimError("the node has no address to probe; is it configured?", node)


def _usable(ground: Ground, node: str) -> list[tuple[str, InterfaceAddress]]:
    """Global addresses, IPv4 first, then by the name of their interface."""
    found = [(name, each) for name, each in ground.site(node).addresses if _is_global(each.address)]
    return sorted(found, key=lambda entry: (entry[1].version, entry[0]))


def _is_global(address: Address) -> bool:
    if address.version == 4:
        return address.value >> 24 != 127
    return address.value != 1 and not address.is_link_local


def _managed(ground: Ground, address: Address) -> bool:
    management = ground.topology.management
    networks = (management.ipv4_subnet, management.ipv6_subnet)
    return any(parse_prefix(str(network)).holds(address) for network in networks if network != "auto")
