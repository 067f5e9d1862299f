"""The network of a seed: the same seed, the same network."""

import random

from area_plans import areas, between_protocols, version_three
from bird_plan import mixed
from ebgp_plan import every_as_its_own
from fabric_plans import confederation, odd_sessions, unnumbered
from igp_plans import one_as_with_reflectors, ospf_alone
from network import Network
from steered_plan import steered

SETTLED = (
    *(every_as_its_own, every_as_its_own, one_as_with_reflectors, ospf_alone, mixed),
    *(unnumbered, confederation, areas, version_three),
)
"""Plans on which paper and daemons agree as a matter of course."""

WIDE = (*SETTLED, odd_sessions, between_protocols, steered)
"""With those on which another network in a hundred may still differ (2026-11-25: odd_sessions; of 14 steered ones one,
where a static way through a static route stayed inactive), or takes minutes, since between protocols routes may go round
for ever."""


def random_network(seed: str, wide: bool = False) -> Network:
    """The network of a seed: three to six routers in one of several plans."""
    chance = random.Random(seed)
    count = chance.randint(3, 6)
    return chance.choice(WIDE if wide else SETTLED)(chance, seed, count)
