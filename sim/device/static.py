"""Static routes and policy rules: of routing daemons, and of the files that speak to the kernel directly."""

from sim.address import Address, Prefix
from sim.dataclasses import dataclass, field
from sim.errors import Place
from sim.snapshot import RouteType


@dataclass(frozen=True, slots=True)
class StaticRoute:
    """One way of a static route; several of one prefix and distance are an ECMP set.

    `protocol` is who installs it, in the kernel's words: `static` (zebra's staticd, BIRD), `boot` (`ip route` in a
    script), `kernel`. Routes of scripts reach the kernel without a daemon: their `distance` is 0 to zebra.
    """

    prefix: Prefix
    via: Address | None = None
    interface: str | None = None
    type: RouteType = RouteType.UNICAST
    distance: int = 1
    metric: int = 0
    tag: int = 0
    weight: int = 1
    vrf: str = "default"
    next_hop_vrf: str | None = None
    table: str = "main"
    source: Address | None = None
    onlink: bool = False
    protocol: str = "static"
    place: Place | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Rule:
    """One `ip rule`. `action` is a table's name or number, or blackhole, unreachable, prohibit, `goto N`."""

    priority: int | None = None
    source: Prefix | None = None
    destination: Prefix | None = None
    incoming: str | None = None
    outgoing: str | None = None
    mark: tuple[int, int] | None = None  # value and mask
    protocol: str | None = None
    sports: tuple[int, int] | None = None
    dports: tuple[int, int] | None = None
    negated: bool = False
    action: str = "main"
    version: int = 4
    place: Place | None = field(default=None, compare=False)
