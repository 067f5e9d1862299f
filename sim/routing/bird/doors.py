"""A channel's filter at work on a route of a table: what it sees, and what its answer makes of the route."""

from collections.abc import Mapping

from sim.address import Address, Prefix
from sim.policies.bird import ALL, NONE
from sim.policies.bird_values import Enum
from sim.policy import Context, Policy
from sim.routing import Port
from sim.routing.bird.entry import UNICAST, Entry
from sim.routing.values import Hop

_MOVED_OUT = frozenset(("preference", "gw", "ifname", "dest"))


class Door:
    """One filter of one node, with a memory."""

    def __init__(self, node: str, policy: Policy, ports: Mapping[str, Port], direction: str) -> None:
        self.policy = policy
        self._node, self._ports, self._direction = node, ports, direction
        self._known: dict[tuple[Prefix | None, Entry], Entry | None] = {}
        self._by_prefix = not policy.reads.isdisjoint(("prefix", "prefix_length"))

    def passes(self, prefix: Prefix, entry: Entry) -> Entry | None:
        """What becomes of a route; None where it is refused."""
        if self.policy is ALL:
            return entry
        if self.policy is NONE:
            return None
        key = (prefix if self._by_prefix else None, entry)
        if key not in self._known:
            self._known[key] = self._filtered(prefix, entry)
        return self._known[key]

    def _filtered(self, prefix: Prefix, entry: Entry) -> Entry | None:
        attributes = self.policy.apply(prefix, entry.attributes, self._context(entry))
        if attributes is None:
            return None
        if attributes is entry.attributes or attributes.others == entry.attributes.others:
            return entry.having(attributes=attributes)
        fresh = {name: value for name, value in attributes.others if (name, value) not in entry.attributes.others}
        kept = tuple(pair for pair in attributes.others if pair[0] not in _MOVED_OUT)
        changed = entry.having(attributes=attributes.having(others=kept))
        if isinstance(fresh.get("preference"), int):
            changed = changed.having(preference=fresh["preference"])
        return self._redirected(changed, fresh)

    def _redirected(self, entry: Entry, fresh: Mapping[str, object]) -> Entry | None:
        """A route whose filter has set `gw`, `ifname` or `dest`; a gateway that is near no interface is an error."""
        gateway, interface, destination = fresh.get("gw"), fresh.get("ifname"), fresh.get("dest")
        if isinstance(gateway, Address):
            hop = self._hop(gateway)
            if hop.interface is None:
                return None
            return entry.having(destination=UNICAST, hops=(hop,), recursive=False)
        if isinstance(interface, str):
            if interface not in self._ports:
                return None
            return entry.having(destination=UNICAST, hops=(Hop(None, interface),), recursive=False)
        if isinstance(destination, Enum):
            return entry.having(destination=destination.name, hops=(), recursive=False)
        return entry

    def _hop(self, gateway: Address) -> Hop:
        return Hop(gateway, next((port.name for port in self._ports.values() if is_near(port, gateway)), None))

    def _context(self, entry: Entry) -> Context:
        first = entry.hops[0] if entry.hops else Hop(None, None)
        return Context(
            node=self._node,
            protocol=entry.kind,
            interface=first.interface,
            direction=self._direction,
            instance=entry.key.protocol,
            source=entry.source,
            destination=entry.destination,
            gateway=first.via,
            learned_from=entry.learned_from,
            preference=entry.preference,
        )


def is_near(port: Port, address: Address) -> bool:
    """Whether an address lies on a network of a port that is up (neigh_find)."""
    return port.up and (
        any(each.network.holds(address) for each in port.addresses) or any(far == address for _, far in port.peers)
    )
