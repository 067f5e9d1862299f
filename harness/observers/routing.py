"""What a node's routing daemons say, whichever they are: the form in which the observers of FRR and BIRD answer."""

from collections.abc import Mapping

from sim.dataclasses import dataclass, field
from sim.snapshot import Session

DAEMON_DOWN = "daemon down"
"""The state of the one Session (peer `*`, not up) that stands for all sessions of a daemon which the node's files start
and which does not answer."""

EVERY_PEER = "*"


@dataclass(frozen=True, slots=True)
class Adjacency:
    """An interface on which a node speaks OSPF and is not passive, and the neighbours seen there."""

    interface: str
    sessions: tuple[Session, ...] = ()
    daemon: str = ""
    protocol: str = "ospf"


@dataclass(frozen=True, slots=True)
class Routing:
    """Sessions, adjacencies, router ids by daemon, the prefixes of BGP tables, and what could not be asked."""

    sessions: tuple[Session, ...] = ()
    adjacencies: tuple[Adjacency, ...] = ()
    router_ids: Mapping[str, str] = field(default_factory=dict)
    bgp_prefixes: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()

    def __or__(self, other: "Routing") -> "Routing":
        return Routing(
            self.sessions + other.sessions,
            self.adjacencies + other.adjacencies,
            {**self.router_ids, **other.router_ids},
            self.bgp_prefixes | other.bgp_prefixes,
            self.notes + other.notes,
        )
