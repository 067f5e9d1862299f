"""Values that all protocols share: next hops."""

from typing import NamedTuple

from sim.address import Address


class Hop(NamedTuple):
    """Where a route sends."""

    via: Address | None
    interface: str | None
    weight: int = 1
    onlink: bool = False  # the gateway need not be on a network of the interface
