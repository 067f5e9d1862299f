"""The README of a generated topology: what it is, who has which number, how it routes."""

from collections.abc import Iterator

from sim.generate.frr import Style
from sim.generate.plan import Plan, Tier


def readme(plan: Plan, style: Style) -> str:
    """The page as Markdown."""
    paragraphs = [f"# {plan.name}", f"{plan.title}.", _table(plan, style), *_cables(plan, style), *_routing(style)]
    return "\n\n".join([*paragraphs, f"    fabriclab deploy {plan.name}.clab.yml"]) + "\n"


def _table(plan: Plan, style: Style) -> str:
    """Who has which number; only BGP has numbers of autonomous systems."""
    rows = [("node", "AS", "on lo", "ports"), ("---",) * 4, *plan.numbers]
    kept = (row if style.protocol == "bgp" else (row[0], *row[2:]) for row in rows)
    return "\n".join(f"| {' | '.join(row)} |" for row in kept)


def _cables(plan: Plan, style: Style) -> Iterator[str]:
    if style.unnumbered:
        yield "Cables between routers have no addresses: BGP runs over the interfaces (RFC 5549)."
    elif Tier.CORE in plan.tiers:
        yield (
            "Cables are /31s: 10.(100 + *p*).*e*.2(*a* - 1)/31 from edge *e* to aggregation *a* in pod *p*, and\n"
            "10.(200 + *p*).*a*.2(*c* - 1)/31 from aggregation *a* to core *c* of group *a*. The upper end is even."
        )
    else:
        yield "Cables are /31s: 10.101.*l*.2(*s* - 1)/31 from leaf *l* to spine *s*. The upper end is even."


def _routing(style: Style) -> Iterator[str]:
    if style.protocol == "ospf":
        yield (
            "OSPF, all in area 0, cables as point-to-point links. OSPF announces an address on lo as a host route\n"
            "(RFC 2328, 12.4.1.1), so of a servers' subnet on lo the rest of the fabric sees the gateway's /32."
        )
        return
    yield (
        "eBGP on every cable between routers (RFC 7938). Each router announces its loopback, one with servers also\n"
        "their subnet. `bestpath as-path multipath-relax` makes paths through different ASes equal."
    )
    if not style.unnumbered:
        yield (
            "Cables are not announced (RFC 7938, 5.2.3), and a router's own packets leave with the address of a\n"
            "cable: to probe from a router, say from which address, as in `--from NODE:lo`."
        )
    if style.policies:
        yield (
            "Every session has a route-map in each direction. Imports mark a route with the tier that taught it\n"
            "(65000:1 for edges or leafs, 65000:2 for aggregations or spines, 65000:3 for cores); what came from\n"
            "above is not taught upwards again. Best routes are the same as without."
        )
