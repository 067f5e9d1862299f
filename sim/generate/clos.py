"""A leaf-spine fabric (a Clos of three stages, folded) as a plan, with servers below the leafs.

Numbered like one pod of a fat-tree: leafs are its edges, spines its aggregations. Each server has a cable, which is a
/31 out of its leaf's subnet, to that one leaf.
"""

from collections.abc import Iterator, Sequence

from sim.errors import InputError
from sim.generate import numbering
from sim.generate.plan import Box, Cable, End, Plan, Tier, interfaces

_POD = 1
_MOST = {"--spines": 64, "--leafs": 250, "--servers": 126}


def clos(spines: int, leafs: int, servers: int = 0, name: str = "") -> Plan:
    """So many spines, leafs, and servers below each leaf. InputError where the numbering has no room for them."""
    for option, number, least in (("--spines", spines, 1), ("--leafs", leafs, 1), ("--servers", servers, 0)):
        if not least <= number <= _MOST[option]:
            raise InputError(f"found {number}; expected {least} to {_MOST[option]}", option)
    top = [_spine(at) for at in range(1, spines + 1)]
    middle = [_leaf(at) for at in range(1, leafs + 1)]
    below = [(leaf, Box(f"{leaf.name}-server{at}", Tier.SERVER)) for leaf in middle for at in range(1, servers + 1)]
    cables = (*_uplinks(middle, top), *_drops(middle, below, spines, servers))
    boxes = (*top, *middle, *(server for _, server in below))
    below_each = f", servers below each leaf: {servers}" if servers else ""
    title = f"A leaf-spine fabric: {len(boxes)} nodes, {len(cables)} links{below_each}"
    return Plan(name or f"clos-{spines}x{leafs}", title, boxes, cables, _numbers(spines, leafs, servers))


def _spine(at: int) -> Box:
    return Box(f"spine{at}", Tier.SPINE, numbering.pod_as(_POD), numbering.aggregation_loopback(_POD, at))


def _leaf(at: int) -> Box:
    loopback, subnet = numbering.edge_loopback(_POD, at), numbering.subnet(_POD, at)
    return Box(f"leaf{at}", Tier.LEAF, numbering.edge_as(_POD, at), loopback, subnet)


def _uplinks(leafs: Sequence[Box], spines: Sequence[Box]) -> Iterator[Cable]:
    for leaf, lower in enumerate(leafs, 1):
        for spine, upper in enumerate(spines, 1):
            below, above = numbering.pod_cable(_POD, leaf, spine)
            yield Cable(End(lower, f"eth{spine}", below), End(upper, f"eth{leaf}", above))


def _drops(leafs: Sequence[Box], servers: Sequence[tuple[Box, Box]], spines: int, each: int) -> Iterator[Cable]:
    places = ((leaf, at) for leaf in range(1, len(leafs) + 1) for at in range(1, each + 1))
    for (leaf, at), (upper, server) in zip(places, servers, strict=True):
        below, above = numbering.server_cable(_POD, leaf, at)
        yield Cable(End(server, "eth1", below), End(upper, f"eth{spines + at}", above))


def _numbers(spines: int, leafs: int, servers: int) -> tuple[tuple[str, str, str, str], ...]:
    drops = f", {interfaces(spines + 1, spines + servers)} to its servers" if servers else ""
    rows = [
        (f"spine*s*, *s* 1 .. {spines}", "4200001000", "172.17.1.*s*", f"{interfaces(1, leafs)} to the leafs"),
        (f"leaf*l*, *l* 1 .. {leafs}", "4200001000 + *l*", "172.16.1.*l*, servers 10.1.*l*.0/24",
         f"{interfaces(1, spines)} to the spines{drops}"),
    ]  # fmt: skip
    if servers:
        rows.append((f"leaf*l*-server*n*, *n* 1 .. {servers}", "none", "10.1.*l*.(2*n* + 1)/31", "eth1 to its leaf"))
    return tuple(rows)
