"""Policy: what acts on routes. The seam between configuration languages and the solver.

A dialect compiles its route-maps, prefix-lists or filters to Policies; the solver applies them to one route at a time
and remembers the answer by (policy, prefix, attributes, context), so a Policy must be a pure function of these.
`reads` lets a solver treat many prefixes alike: a policy that reads only `prefix` acts on a whole class of equal
routes in one step.
"""

from collections.abc import Iterable, Set
from typing import Protocol

from sim.address import Address, Prefix
from sim.dataclasses import dataclass
from sim.errors import Place
from sim.route import PathAttributes


@dataclass(frozen=True, slots=True)
class Context:
    """What a policy may know besides the route itself.

    `protocol` is where the route comes from in the daemon's own words (bgp, connected, static, kernel, ospf); `peer`
    the neighbour's address, `interface` the interface a route leaves by, `local` our own address on the session.

    BIRD's filters know more of where a route comes from: the protocol's `instance` by name, its `source` (RTS_*) and
    `destination` (RTD_*) without their heads, the `gateway`, the neighbour it was `learned_from`, its `preference`.
    """

    node: str = ""
    protocol: str = "bgp"
    peer: Address | None = None
    peer_as: int | None = None
    local_as: int | None = None
    local: Address | None = None
    interface: str | None = None
    direction: str = "in"
    instance: str = ""
    source: str = ""
    destination: str = "UNICAST"
    gateway: Address | None = None
    learned_from: Address | None = None
    preference: int = 0


class Policy(Protocol):
    """A filter of routes: None refuses the route, anything else is what it becomes."""

    @property
    def name(self) -> str:
        """How its author calls it."""
        ...

    @property
    def reads(self) -> Set[str]:
        """What its answer depends on: `prefix`, names of PathAttributes' fields, and of Context's."""
        ...

    @property
    def writes(self) -> Set[str]:
        """Names of PathAttributes' fields that it may change."""
        ...

    @property
    def unmodelled(self) -> tuple[Place, ...]:
        """Lines of it that the model does not know: an answer that leans on this policy is not certain."""
        ...

    def boundaries(self) -> Iterable[Prefix]:
        """The prefixes at which its answer may change, with lengths (the ge/le corners included)."""
        ...

    def apply(self, prefix: Prefix, attributes: PathAttributes, context: Context) -> PathAttributes | None:
        """What the route becomes, or None where it is refused."""
        ...
