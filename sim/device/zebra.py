"""What a configuration says to zebra: how next hops resolve, and what becomes of routes on their way to the kernel."""

from collections.abc import Mapping

from sim.address import Address
from sim.dataclasses import dataclass, field
from sim.policy import Policy


@dataclass(frozen=True, slots=True)
class ZebraConfig:
    """zebra's own settings. `resolve_via_default` are the IP versions for which `ip nht resolve-via-default` holds.

    `protocol_policies`: `ip protocol PROTO route-map NAME`, by version and protocol (bgp, ospf, static, any ...); such
    a policy refuses a route to the kernel. `sources` are the addresses that they `set src`. `nexthop_objects`: routes
    stand on the kernel's nexthop objects, which may have a gateway of the other family (`zebra nexthop kernel enable`).
    """

    resolve_via_default: frozenset[int] = frozenset()
    router_id: Address | None = None
    protocol_policies: Mapping[tuple[int, str], Policy] = field(default_factory=dict)
    sources: Mapping[tuple[int, str], Address] = field(default_factory=dict)
    nexthop_objects: bool = True
