"""The policies of a fabric's BGP sessions: who taught a route is a community, and what is taught depends on it.

Each import marks the route with the tier that it came from (65000:height of the tier), and lets in only what the
numbering of the fabric knows. What came from above is not taught upwards again: paths climb once and fall once. A
fabric without these policies has the same best routes, because AS paths that loop are dropped (RFC 7938, 5.2.2).
"""

from collections.abc import Iterator, Sequence

from sim.generate.numbering import LOOPBACKS, SERVERS
from sim.generate.plan import Tier


def policies(own: Tier, neighbours: Sequence[Tier]) -> str:
    """Prefix lists, community lists and route-maps of a router between those tiers."""
    above = [tier for tier in neighbours if tier.value > own.value]
    lines = [
        f"ip prefix-list fabric seq 10 permit {SERVERS} ge 24 le 24",
        f"ip prefix-list fabric seq 20 permit {LOOPBACKS} ge 32 le 32",
        "!",
        *(f"bgp community-list standard from-{tier.plural} permit {_community(tier)}" for tier in above),
        *(["!"] if above else []),
    ]
    for tier in neighbours:
        lines += [*_import(tier), *_export(tier, above)]
    return "\n".join([*lines, ""])


def applied(neighbours: Sequence[Tier]) -> Iterator[str]:
    """The lines of the address family that put each route-map in force."""
    for tier in neighbours:
        yield f"  neighbor {tier.plural} route-map from-{tier.plural} in"
        yield f"  neighbor {tier.plural} route-map to-{tier.plural} out"


def _import(tier: Tier) -> Iterator[str]:
    yield f"route-map from-{tier.plural} permit 10"
    yield " match ip address prefix-list fabric"
    yield f" set community {_community(tier)} additive"
    yield "exit"
    yield "!"


def _export(tier: Tier, above: Sequence[Tier]) -> Iterator[str]:
    if tier in above:
        yield f"route-map to-{tier.plural} deny 10"
        yield f" match community from-{tier.plural}"
        yield "exit"
        yield "!"
    yield f"route-map to-{tier.plural} permit 20"
    yield " match ip address prefix-list fabric"
    yield "exit"
    yield "!"


def _community(tier: Tier) -> str:
    return f"65000:{int(tier.value)}"
