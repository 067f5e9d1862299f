"""The network of a seed: the same seed, the same network."""

import random

from bird_plan import mixed
from ebgp_plan import every_as_its_own
from igp_plans import one_as_with_reflectors, ospf_alone
from network import Network


def random_network(seed: str) -> Network:
    """The network of a seed: three to six routers in one of several plans."""
    chance = random.Random(seed)
    count = chance.randint(3, 6)
    plan = chance.choice((every_as_its_own, every_as_its_own, one_as_with_reflectors, ospf_alone, mixed))
    return plan(chance, seed, count)
