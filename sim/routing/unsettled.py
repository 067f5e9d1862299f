"""Routes that real daemons may settle in several ways, found by letting events come in another order.

The plain run is compared with one in which of equal paths the others came first (`Course.CONTRARY`), where any choice
hangs on that; with those that aggregates ask for; and with some in which nodes speak by lot, where policies let routers
contradict each other. In most of these one node comes late, as one that boots last does. What differs in some kernel
table is unsettled. A network with none of these is run once only.
"""

from collections.abc import Iterator
from itertools import cycle
from random import Random

from sim.address import Prefix
from sim.errors import NotConverged
from sim.paper import Unsettled
from sim.routing import KernelRoute, Racing
from sim.routing.engine import Engine
from sim.routing.kernel import Table, used
from sim.routing.values import Course

_AGE = "equal paths: which is used hangs on which came first, or on link-local addresses"
_WHEEL = "routers' preferences contradict each other: they come to rest in one of several ways"
_CUT = (
    "OSPF settles by what came first which of equal ways it takes, whether a default enters an NSSA or leaves a stub"
    " area, and what a border router of an NSSA makes of its ranges"
)
_FLUSHED = (
    "OSPF was told of it on the way to rest: a router that reads its neighbour's database just then may keep it"
    " (ospfd 8.4.4, seen 2026-11-25: there when deployed, and not when deployed again)"
)
_LIMIT = "whether a session hears more than `maximum-prefix` on the way to rest hangs on what comes first"
_DRAWS, _FEWER_DRAWS, _SMALL = 24, 6, 30
"""How many orders are drawn by lot. A second way to come to rest may be taken by one order in four, or by those alone
in which a certain router comes late (seen in random networks of five routers), so that small networks are asked often;
large ones less, since each draw is a whole run."""
_AGGREGATE = "an aggregate that another router told first stands in for a router's own"
_EARLY = (
    "bgpd may keep what it heard of an aggregate before its AS set was whole: a neighbour that has no path left takes"
    " nothing back while it waits to speak"
)
"""Seen with 8.4.4, 2026-11-25: while its coalesce timer runs (after sessions come up a second, and 50 ms for each
neighbour), an update group passes changes over, and then tells what is in the table; what has left it stays told."""
_REASONS = {Course.CONTRARY: _AGE, Course.OWN_FIRST: _AGGREGATE, Course.EARLY: _EARLY}
_RESTLESS = "in another order of events it never comes to rest"


def unsettled(engine: Engine) -> tuple[Unsettled, ...]:
    """What may be otherwise in a network that has been solved, each route once."""
    found: dict[tuple[str, Prefix | str], str] = {(node, prefix): _WHEEL for node, _, prefix in engine.unsettled}
    found |= {(node, prefix): _CUT for (node, _), prefixes in engine.cut.items() for prefix in prefixes}
    for (node, _), suite in engine.suites.items():
        if isinstance(suite, Racing):
            found |= {(node, prefix): why for _, prefix, why in suite.races()}
    courses = engine.courses()
    for course, why in ((course, why) for course, why in _REASONS.items() if course in courses):
        other = Engine(engine.links, engine.devices, course)
        differing = _otherwise(engine, other, why)
        found = (_left_behind(engine, other, differing) if course is Course.EARLY else differing) | found
    if engine.is_swayed():
        latecomers = cycle([node for node, _ in engine.suites])
        for seed in range(_DRAWS if len(engine.suites) <= _SMALL else _FEWER_DRAWS):
            last = next(latecomers) if seed % 3 else None
            found = (
                _otherwise(engine, Engine(engine.links, engine.devices, order=Random(seed), last=last), _WHEEL) | found
            )
    return tuple(Unsettled(node, str(what), why, isinstance(what, str)) for (node, what), why in found.items())


def _otherwise(one: Engine, other: Engine, why: str) -> dict[tuple[str, Prefix | str], str]:
    """What another run comes to differently: routes, and sessions that hear too much at one time or another."""
    try:
        other.run()
    except NotConverged:
        return {(node, prefix): _RESTLESS for node, _, prefix in other.unsettled}
    moving = ((node, prefix) for node, _, prefix in other.unsettled)
    left = dict.fromkeys(_left_by_ospf(one, other), _FLUSHED)
    found: dict[tuple[str, Prefix | str], str] = dict.fromkeys(_sessions(one) ^ _sessions(other), _LIMIT)
    return left | found | dict.fromkeys((*_differing(one, other), *moving), why)


def _left_by_ospf(one: Engine, other: Engine) -> Iterator[tuple[str, Prefix | str]]:
    """Routes that OSPF may have kept: no other protocol has the prefix at rest."""
    for node, prefix in other.flushed():
        owners = one.kernels[node].tables.get("main", {}).get(prefix)
        if not owners or used(owners).protocol == "ospf":
            yield node, prefix


def _left_behind(
    engine: Engine, early: Engine, differing: dict[tuple[str, Prefix | str], str]
) -> dict[tuple[str, Prefix | str], str]:
    """Of what was otherwise early on: the prefixes that some router loses altogether, and so may not take back."""
    lost = set()
    for node, what in differing:
        tables, others = engine.kernels[node].tables, early.kernels[node].tables
        if isinstance(what, Prefix) and any(others[name].get(what) and not tables[name].get(what) for name in others):
            lost.add(what)
    return {place: why for place, why in differing.items() if place[1] in lost}


def _sessions(engine: Engine) -> set[tuple[str, str]]:
    """The BGP sessions that are up, as a Snapshot names them."""
    found = set()
    for (node, _), peering in engine.peerings.values():
        peer = peering.interface if peering.peer.is_link_local else peering.peer
        found.add((node, f"bgp {peer}" + ("" if peering.end.vrf == "default" else f" vrf {peering.end.vrf}")))
    return found


def _differing(one: Engine, two: Engine) -> Iterator[tuple[str, Prefix]]:
    """Nodes and prefixes whose route is not the same in both."""
    for node, kernel in one.kernels.items():
        others = two.kernels[node].tables
        for name, table in kernel.tables.items():
            other = others.get(name, {})
            for prefix in table.keys() | other.keys():
                if _at(table, prefix) != _at(other, prefix):
                    yield node, prefix


def _at(table: Table, prefix: Prefix) -> tuple[frozenset[object], KernelRoute] | None:
    """The route in use, whatever the order of its next hops."""
    owners = table.get(prefix)
    if not owners:
        return None
    route = used(owners)
    return frozenset(route.hops), route._replace(hops=())
