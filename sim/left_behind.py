"""What a routing daemon that was killed leaves in its node's kernel: the routes it had put there, for good."""

from collections.abc import Iterator

from sim.address import Address, parse_address, parse_prefix
from sim.device.static import StaticRoute
from sim.snapshot import NextHop, NodeState, Route

WRITERS = ("bird", "zebra")
"""The daemons that write to a kernel. A protocol daemon of FRR does not: when it dies, zebra takes its routes out."""

_NOT_ZEBRAS = ("kernel", "boot", "ra", "bird")


def left_behind(state: NodeState, daemon: str) -> tuple[StaticRoute, ...]:
    """The routes of a dead daemon, as a kernel that nobody looks after holds them; none for one that writes none."""
    tables = {"main": state.fib, **state.tables} if daemon in WRITERS else {}
    return tuple(
        left
        for name, table in tables.items()
        for route in table.values()
        if _is_of(route, daemon)
        for left in _as_statics(route, name)
    )


def _is_of(route: Route, daemon: str) -> bool:
    return route.protocol == "bird" if daemon == "bird" else route.protocol not in _NOT_ZEBRAS


def _as_statics(route: Route, table: str) -> Iterator[StaticRoute]:
    for hop in route.next_hops or (NextHop(None, None),):
        yield StaticRoute(
            prefix=parse_prefix(route.prefix),
            via=_address(hop.via),
            interface=hop.interface,
            type=route.type,
            metric=route.metric,
            weight=hop.weight,
            table=table,
            source=_address(route.source),
            onlink=True,
            protocol=route.protocol,
        )


def _address(text: str | None) -> Address | None:
    return None if text is None else parse_address(text)
