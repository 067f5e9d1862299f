"""A route in a BIRD table (rte and rta together)."""

from typing import Any, NamedTuple

from sim.address import Address
from sim.dataclasses import dataclass, replace
from sim.route import PathAttributes, interned
from sim.routing.bird.sessions import Live
from sim.routing.values import Hop

UNICAST, UNREACHABLE = "UNICAST", "UNREACHABLE"
UNKNOWN_METRIC = 0x80000000
"""IGP_METRIC_UNKNOWN: of next hops that resolve over a route without a metric of its own."""

NO_ATTRIBUTES = interned(PathAttributes())


class Key(NamedTuple):
    """Who a route is from: a protocol instance, its path there (add-path), and the pipe that it came through."""

    protocol: str
    path: int = 0
    pipe: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """`kind` is the protocol's (bgp, direct, static, kernel), `source` an RTS_ word, `destination` an RTD_ word.

    `recursive`: its hops were found in a table (a hostentry), so that no other next hop may be found over it.
    """

    key: Key
    kind: str
    source: str
    preference: int
    attributes: PathAttributes = NO_ATTRIBUTES
    destination: str = UNICAST
    hops: tuple[Hop, ...] = ()
    learned_from: Address | None = None
    igp_metric: int = 0
    recursive: bool = False
    live: Live | None = None

    @property
    def is_reachable(self) -> bool:
        """rte_resolvable: anything but RTD_UNREACHABLE."""
        return self.destination != UNREACHABLE

    def having(self, **changes: Any) -> "Entry":
        """The same with other values."""
        return replace(self, **changes)

    def other(self, name: str) -> Any:
        """An attribute that BIRD keeps beside BGP's; None without."""
        return next((value for key, value in self.attributes.others if key == name), None)
