"""A BGP path's attributes, as a value that is interned: two equal records are one object.

`PathAttributes` are what an UPDATE carries (RFC 4271 4.3 and 5, RFC 1997, 4456, 8092) and what a daemon keeps beside it
(weight, tag). Policies map one record to another or to None; they never see where the record is stored.
"""

from enum import IntEnum
from typing import Any

from sim.address import Address
from sim.dataclasses import dataclass, replace


class Origin(IntEnum):
    """RFC 4271 4.3: lower is preferred."""

    IGP = 0
    EGP = 1
    INCOMPLETE = 2


@dataclass(frozen=True, slots=True)
class PathAttributes:
    """One path's attributes. `None` for local_pref or med: the UPDATE carries none.

    `as_path` is the sequence, nearest AS first; a frozenset among its members is an AS_SET (it counts as one hop, RFC
    4271 9.1.2.2). `confed_path` is the part from confederation segments (RFC 5065), which never counts.
    `weight` is Cisco's and FRR's, local to a router; `tag` and `metric` travel inside a router alone (redistribution).
    `others` is what BIRD's filters set beside (preference, krt_prefsrc, custom attributes): (name, value) by name.
    """

    as_path: tuple[int | frozenset[int], ...] = ()
    origin: Origin = Origin.IGP
    next_hop: Address | None = None
    local_pref: int | None = None
    med: int | None = None
    communities: frozenset[int] = frozenset()
    large_communities: frozenset[tuple[int, int, int]] = frozenset()
    extended_communities: frozenset[str] = frozenset()
    originator_id: Address | None = None
    cluster_list: tuple[int, ...] = ()
    confed_path: tuple[int, ...] = ()
    atomic_aggregate: bool = False
    aggregator: tuple[int, Address] | None = None
    weight: int = 0
    tag: int = 0
    metric: int = 0
    others: tuple[tuple[str, Any], ...] = ()

    def having(self, **changes: Any) -> "PathAttributes":
        """The same with some attributes replaced, interned."""
        return interned(replace(self, **changes))


_KNOWN: dict[PathAttributes, PathAttributes] = {}


def interned(attributes: PathAttributes) -> PathAttributes:
    """The one object for this record, so that `is` and `id()` compare whole records."""
    return _KNOWN.setdefault(attributes, attributes)
