"""BGP in small: every router keeps what each neighbour told it, one prefix at a time, until all is quiet.

The referee of the level engine's tests. Ties are broken by the order in which a dice puts the neighbours, so that
several dices show what is schedule-free.
"""

import random
from collections.abc import Mapping

from fabrics import Network

from sim.address import Prefix
from sim.policy import Context
from sim.route import PathAttributes

Path = tuple[int, ...]


def settle(network: Network, prefix: Prefix, seed: int) -> dict[str, frozenset[str]]:
    """For each router that learns the prefix: the neighbours in its ECMP set."""
    dice = random.Random(seed)
    near = {name: [b if a == name else a for a, b in network.cables if name in (a, b)] for name in network.asn}
    for others in near.values():
        dice.shuffle(others)
    heard: dict[str, dict[str, Path]] = {name: {} for name in network.asn}
    chosen: dict[str, list[str]] = {name: [] for name in network.asn}
    queue = list(network.asn)
    for _ in range(100_000):
        if not queue:
            break
        name = queue.pop(dice.randrange(len(queue)))
        chosen[name] = _choose(network, near[name], heard[name])
        path = _best(network, name, prefix, heard[name], chosen[name])
        for other in near[name]:
            told = _told(network, name, other, prefix, path)
            if told != heard[other].get(name):
                heard[other].pop(name, None) if told is None else heard[other].update({name: told})
                queue.append(other)
    assert not queue, "it never became quiet"
    return {name: frozenset(c) for name, c in chosen.items() if c and prefix not in network.owned[name]}


def _choose(network: Network, order: list[str], heard: Mapping[str, Path]) -> list[str]:
    """The ECMP set, the best one first."""
    shortest = min(map(len, heard.values()), default=0)
    equal = [other for other in order if other in heard and len(heard[other]) == shortest]
    if not network.relax:
        equal = [other for other in equal if network.asn[other] == network.asn[equal[0]]]
    return equal[: network.limit]


def _best(network: Network, name: str, prefix: Prefix, heard: Mapping[str, Path], chosen: list[str]) -> Path | None:
    if prefix in network.owned[name]:
        return ()
    return heard[chosen[0]] if chosen else None


def _told(network: Network, one: str, two: str, prefix: Prefix, path: Path | None) -> Path | None:
    """What `two` accepts of what `one` tells."""
    if path is None:
        return None
    out = _through(network, (one, two, "out"), prefix, path)
    if out is None or network.asn[two] in (network.asn[one], *out):
        return None
    return _through(network, (two, one, "in"), prefix, (network.asn[one], *out))


def _through(network: Network, key: tuple[str, str, str], prefix: Prefix, path: Path) -> Path | None:
    found: PathAttributes | None = PathAttributes(as_path=path)
    for policy in network.policies.get(key, ()):
        found = policy.apply(prefix, found, Context(local_as=network.asn[key[0]])) if found else None
    return found.as_path if found is not None else None  # type: ignore[return-value]
