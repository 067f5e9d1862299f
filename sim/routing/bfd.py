"""BFD on paper: each side that wants a session with an address, and whether the other side wants one, too (RFC 5880).

A session is Up when both ends ask for it and packets pass; timers do not matter for that. Who asks is a matter of each
suite: a BGP neighbour or an OSPF interface with `bfd`, or a session of its own.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from sim.address import Address


class Watch(NamedTuple):
    """One side that wants a session: from an address of a node to another."""

    node: str
    local: Address
    peer: Address
    interface: str | None = None
    vrf: str = "default"
    daemon: str = "frr"


def matched(watches: Iterable[Watch], passes: Callable[[Watch, Watch], bool]) -> Mapping[Watch, bool]:
    """Every wish once, and whether somebody has the same from the other side and the packets of both pass."""
    wanted = list(dict.fromkeys(watches))
    known = {(watch.local, watch.peer): watch for watch in wanted}
    return {
        watch: (other := known.get((watch.peer, watch.local))) is not None and passes(watch, other) for watch in wanted
    }
