"""What a BIRD configuration says: tables, and the protocols between them."""

from dataclasses import dataclass

from sim.address import Address


@dataclass(frozen=True, slots=True)
class BirdConfig:
    """One bird.conf with what it includes."""

    router_id: Address | None = None
