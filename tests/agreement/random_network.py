"""The network of a seed: the same seed, the same network."""

import random

from area_plans import areas, between_protocols, version_three
from bird_plan import mixed
from ebgp_plan import every_as_its_own
from fabric_plans import confederation, odd_sessions, unnumbered
from igp_plans import one_as_with_reflectors, ospf_alone
from network import Network

SETTLED = (every_as_its_own, every_as_its_own, one_as_with_reflectors, ospf_alone, mixed)
"""Plans on which paper and daemons agree as a matter of course."""

WIDE = (*SETTLED, unnumbered, confederation, odd_sessions, areas, version_three, between_protocols)
"""With those on which a few networks in a hundred still differ (2026-11-25: 8 of 124, most in OSPFv3 and where two
protocols feed each other)."""


def random_network(seed: str, wide: bool = False) -> Network:
    """The network of a seed: three to six routers in one of several plans."""
    chance = random.Random(seed)
    count = chance.randint(3, 6)
    return chance.choice(WIDE if wide else SETTLED)(chance, seed, count)
