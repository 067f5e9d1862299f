"""What bgpd holds: a Path is one way to a prefix, after policy; an Entry is what is known of one prefix."""

from collections.abc import Mapping
from enum import IntEnum
from typing import NamedTuple

from sim.address import Address
from sim.route import PathAttributes
from sim.routing import Peering


class Sort(IntEnum):
    """What kind of neighbour a path comes from (bgpd's peer sort)."""

    LOCAL = 0
    EBGP = 1
    IBGP = 2
    CONFED = 3


class Path(NamedTuple):
    """A path in a BGP table. `origin` says how it came to be: received, network, redistribute, aggregate, imported.

    `next_hop` None: our own. `interface` is set where the next hop is on a known port (a link-local address).
    `direct`: the next hop must be on a connected network. `vrf`: whose table resolves the next hop, where it was
    leaked from another. `distance` overrides the instance's.
    """

    attributes: PathAttributes
    sort: Sort
    origin: str = "received"
    next_hop: Address | None = None
    interface: str | None = None
    link_local: Address | None = None
    direct: bool = False
    peering: Peering | None = None
    path_id: int = 0
    client: bool = False  # from a client of ours (route reflection)
    vrf: str | None = None

    @property
    def router(self) -> Address:
        """Who is the router of the path, to the tie-break: its originator, else the neighbour."""
        if self.attributes.originator_id is not None:
            return self.attributes.originator_id
        return self.peering.remote_id if self.peering is not None else Address(0)


class Reach(NamedTuple):
    """What next-hop tracking knows of a path: whether it may be used, and the IGP metric to its next hop."""

    valid: bool
    metric: int = 0


class Choice(NamedTuple):
    """The outcome of the decision process for one prefix."""

    best: Path | None = None
    multipath: tuple[Path, ...] = ()
    step: str = ""  # the step that decided; "only path" where there was nothing to decide
    tied: bool = False  # another path with other attributes would be as good, had it come first


class Entry:
    """One prefix in a BGP table: paths by (session number, path id), own paths by how they came to be."""

    __slots__ = ("choice", "local", "received", "suppressed")

    def __init__(self) -> None:
        self.received: dict[tuple[int, int], Path] = {}
        self.local: dict[str, Path] = {}
        self.choice = Choice()
        self.suppressed: frozenset[str] = frozenset()

    @property
    def paths(self) -> list[Path]:
        """All paths, own ones first."""
        return [*self.local.values(), *self.received.values()]


Table = dict[object, Entry]
Reaches = Mapping[tuple[Address | None, str | None, bool, str | None], Reach]
