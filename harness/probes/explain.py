"""Why a packet ended where the captures last saw it: the node's route, its forwarding, its neighbour table, the cable.

Each question goes to the kernel of the node that had the packet, with the packet's own 5-tuple and incoming interface.
What a filter did is told by its counters (`counters.py`) and is asked first, because a filter acts before all of this.
"""

import errno

from harness.probes import netlink
from harness.probes.endpoints import Places
from harness.probes.instruments import Instruments
from harness.probes.journey import Visit
from harness.probes.netlink import Choice, Device, Neighbour, Query
from sim.dataclasses import dataclass, field, replace
from sim.flow import Disposition

SOURCE_REFUSED = (errno.EXDEV, errno.EINVAL)  # fib_validate_source: EXDEV up to Linux 6.12, EINVAL since
UNRESOLVED = ("INCOMPLETE", "FAILED")
DROPPED_ROUTES = {errno.EINVAL: "blackhole", errno.EACCES: "prohibit", errno.EHOSTUNREACH: "unreachable"}


@dataclass(frozen=True, slots=True)
class End:
    """Where and why a packet ended. `local`: it had reached the node that has its destination address."""

    disposition: Disposition
    where: str
    why: str
    local: bool = False


@dataclass(frozen=True, slots=True)
class Explainer:
    """Asks the nodes why a packet ended with them. One serves one look at the network: it asks nothing twice."""

    instruments: Instruments
    places: Places
    _sysctls: dict[tuple[str, str], bytes | None] = field(default_factory=dict)
    _neighbours: dict[str, list[Neighbour]] = field(default_factory=dict)

    def end(self, visit: Visit, query: Query, size_bytes: int = 0) -> End:
        """Why the packet of `query` (a packet without devices) went no further than this visit."""
        if visit.left:
            return self._on_the_cable(visit, size_bytes)
        incoming = self.places.index(visit.node, visit.device_in or "") if visit.device_in else 0
        choice = self.choice(visit.node, replace(query, incoming=incoming))
        if choice.error:
            return self._no_way(visit, query, choice)
        if choice.type == "local":
            return End(Disposition.LOST, visit.node, "it arrived, and the node did nothing with it", local=True)
        if incoming and (closed := self._forwarding_off(visit, query)):
            return closed
        return self._not_sent(visit.node, query, choice, size_bytes)

    def choice(self, node: str, query: Query) -> Choice:
        """The node's kernel's way for a packet."""
        return netlink.choices(self.instruments.netlink(node), [query])[0]

    def _no_way(self, visit: Visit, query: Query, choice: Choice) -> End:
        """The lookup failed: by the source (rp_filter, martian), by a route that drops, or for want of any route."""
        node, to = visit.node, query.destination
        own = self.choice(node, Query(to, protocol=query.protocol))
        if choice.error in SOURCE_REFUSED and own.error != choice.error:
            return End(Disposition.DENIED_IN, node, self._bad_source(visit, query))
        if not own.error and (closed := self._forwarding_off(visit, query)):
            return closed
        if choice.error in DROPPED_ROUTES:
            return End(Disposition.NULL_ROUTED, node, f"its route to {to} is {DROPPED_ROUTES[choice.error]}")
        return End(Disposition.NO_ROUTE, node, f"no route to {to}: {choice.words}")

    def _bad_source(self, visit: Visit, query: Query) -> str:
        """rp_filter (RFC 3704; the larger of `all` and the device's own setting counts), or an impossible address."""
        settings = [self._sysctl(visit.node, f"net/ipv4/conf/{name}/rp_filter") for name in ("all", visit.device_in)]
        if any(value not in (None, b"0") for value in settings):
            return f"rp_filter on {visit.device_in}: {query.source} is not routed back that way"
        return f"{query.source} is a martian source on {visit.device_in}"

    def _sysctl(self, node: str, name: str) -> bytes | None:
        if (node, name) not in self._sysctls:
            said = self.instruments.nodes.node(node).read(f"/proc/sys/{name}")
            self._sysctls[(node, name)] = None if said is None else said.strip()
        return self._sysctls[(node, name)]

    def _table(self, node: str) -> list[Neighbour]:
        if node not in self._neighbours:
            self._neighbours[node] = netlink.neighbours(self.instruments.netlink(node))
        return self._neighbours[node]

    def _forwarding_off(self, visit: Visit, query: Query) -> End | None:
        version = 6 if ":" in query.destination else 4
        scope = "all" if version == 6 else visit.device_in
        name = f"net/ipv{version}/conf/{scope}/forwarding"
        if self._sysctl(visit.node, name) != b"0":
            return None
        return End(Disposition.NO_ROUTE, visit.node, f"it does not forward: {name.replace('/', '.')} is 0")

    def _not_sent(self, node: str, query: Query, choice: Choice, size_bytes: int) -> End:
        """It has a way and did not go out: the neighbour, the device, or nothing that the instruments show."""
        next_hop = choice.gateway or query.destination
        device = self.places.devices[node].get(choice.outgoing)
        name = device.name if device else "?"
        if device and size_bytes > device.mtu_bytes:
            return End(Disposition.TOO_BIG, node, f"{size_bytes} bytes, and the MTU of {name} is {device.mtu_bytes}")
        if device and not (device.up and device.carrier):
            return End(Disposition.LOST, node, f"{name}, the way to {next_hop}, {_darkness(device)}")
        for neighbour in self._table(node):
            if (neighbour.address, neighbour.index) == (next_hop, choice.outgoing) and neighbour.state in UNRESOLVED:
                asked = "ND" if ":" in next_hop else "ARP"
                why = f"{next_hop} did not answer {asked} on {name}: {neighbour.state}"
                return End(Disposition.NEIGHBOR_UNREACHABLE, node, why)
        return End(Disposition.LOST, node, f"it came in, and did not go out by {name} to {next_hop}")

    def _on_the_cable(self, visit: Visit, size_bytes: int) -> End:
        far = self.places.topology.peer(visit.node, visit.outgoing or "")
        if far is None:
            return End(Disposition.LOST, visit.node, f"it left by {visit.outgoing} and was not seen again")
        device = self.places.device(far.node, far.interface)
        if far.node not in self.places.running or device is None:
            return End(Disposition.LOST, visit.node, f"it left by {visit.outgoing}, but {far.node} does not run")
        if size_bytes > device.mtu_bytes:
            why = f"{size_bytes} bytes, and the MTU of {far} is {device.mtu_bytes}"
            return End(Disposition.TOO_BIG, far.node, why)
        if not (device.up and device.carrier):
            return End(Disposition.LOST, visit.node, f"it left by {visit.outgoing}, but {far} {_darkness(device)}")
        return End(Disposition.LOST, visit.node, f"it left by {visit.outgoing} and did not come in at {far}")


def _darkness(device: Device) -> str:
    return "has no carrier" if device.up else "is down"
