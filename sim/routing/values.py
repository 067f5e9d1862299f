"""Values that all protocols share: next hops, and which way events went."""

from enum import Enum
from typing import NamedTuple

from sim.address import Address


class Hop(NamedTuple):
    """Where a route sends."""

    via: Address | None
    interface: str | None
    weight: int = 1
    onlink: bool = False  # the gateway need not be on a network of the interface


class Course(Enum):
    """The way that events take where their order matters: as timers mostly have it, or another that daemons may see."""

    PLAIN = "plain"
    CONTRARY = "contrary"
    """Of equal paths, the one that the plain run would take last had come first."""
    OWN_FIRST = "own first"
    """Every aggregate stood before another router's of the same attributes was heard."""
    EARLY = "early"
    """Aggregates are told as they are before the AS numbers of their parts are known."""
