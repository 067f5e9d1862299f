"""Doors: the policies that a route passes from the one node to the other, export then import, and what they do to it.

A door is asked once for each prefix with a route that shows everything a monotone policy may do: let it pass, refuse
it, or make its path longer by the AS that the path begins with anyway. A policy that looks at, or changes, anything on
which the choice of the best path or another policy depends, is not for the level engine (`UNKNOWN`), and neither are
the prefixes that it lets pass that way.
"""

from collections.abc import Sequence, Set

from sim.address import Prefix
from sim.dataclasses import dataclass, field
from sim.device.bgp import BgpInstance, Neighbour
from sim.fast.sessions import Told
from sim.policy import Context, Policy
from sim.route import PathAttributes, interned

REFUSED, UNKNOWN = 0, -1  # other verdicts: by how much the path grows, 1 for a door that changes nothing

# what a verdict may depend on: the prefix, and the session
_READS = frozenset({"prefix", "node", "protocol", "peer", "peer_as", "local_as", "interface", "direction"})
# what nobody who is let in here looks at
_WRITES = frozenset({"communities", "large_communities", "tag", "metric", "as_path"})
_WELL_KNOWN = range(0xFFFF0000, 1 << 32)  # communities by which routers keep routes to themselves (RFC 1997)
_BEFORE, _SENDER = 0, -1  # no node has these: they stand for the path so far, and for a sender whose AS nobody asks

Path = tuple[int | frozenset[int], ...]


@dataclass(frozen=True, slots=True)
class Door:
    """Export policies of one node, import policies of the other, with what they may know of the session."""

    exports: tuple[Policy, ...]
    imports: tuple[Policy, ...]
    leaving: Context
    entering: Context
    closed: bool = False  # RFC 8212: no policy, no routes

    def verdict(self, prefix: Prefix) -> int:
        """REFUSED, UNKNOWN, or by how much the AS path grows."""
        if self.closed:
            return REFUSED
        if any(not known(policy) for policy in (*self.exports, *self.imports)):
            return UNKNOWN
        sent = _passed(self.exports, prefix, (_BEFORE,), self.leaving)
        if sent is None:
            return REFUSED
        path = self.leaving.local_as or _SENDER, *sent.as_path
        got = _passed(self.imports, prefix, path, self.entering)
        if got is None:
            return REFUSED
        usual = {_SENDER, self.leaving.local_as, self.entering.local_as}
        if got.as_path[-1:] != (_BEFORE,) or any(each not in usual for each in got.as_path[:-1]):
            return UNKNOWN
        return UNKNOWN if kept_back(sent) or kept_back(got) else len(got.as_path) - 1


def kept_back(attributes: PathAttributes) -> bool:
    """Whether a community tells routers not to tell the route on."""
    return any(each in _WELL_KNOWN for each in attributes.communities)


def known(policy: Policy) -> bool:
    """Whether its answer depends on the prefix and the session alone, and changes nothing that matters to others."""
    return policy.reads <= _READS and policy.writes <= _WRITES and not policy.unmodelled


def _passed(policies: Sequence[Policy], prefix: Prefix, path: Path, context: Context) -> PathAttributes | None:
    """A route with this path after all policies, or None: each must accept (as NeighbourFamily has it)."""
    found: PathAttributes | None = interned(PathAttributes(as_path=path))
    for policy in policies:
        found = policy.apply(prefix, found, context) if found is not None else None
    return found


@dataclass(slots=True)
class Doors:
    """Every different door of a network. Door 0 is open to all and not among `known`: door n is `known[n - 1]`."""

    family: str
    known: list[Door] = field(default_factory=list)
    _numbers: dict[Door, int] = field(default_factory=dict)

    def of(self, told: Told, sender: BgpInstance, receiver: BgpInstance) -> int:
        """The number of the door between two nodes."""
        exports = told.sending.families[self.family].exports
        imports = told.receiving.families[self.family].imports
        if (sender.ebgp_requires_policy and not exports) or (receiver.ebgp_requires_policy and not imports):
            return self._number(Door((), (), Context(), Context(), closed=True))
        if not exports and not imports:
            return 0
        asked = frozenset[str]().union(*(policy.reads | policy.writes for policy in (*exports, *imports)))
        leaving = _context(asked, told.sender, told.sending, sender.asn, receiver.asn, "out")
        entering = _context(asked, told.receiver, told.receiving, receiver.asn, sender.asn, "in")
        return self._number(Door(exports, imports, leaving, entering))

    def _number(self, door: Door) -> int:
        if door not in self._numbers:
            self.known.append(door)
            self._numbers[door] = len(self.known)
        return self._numbers[door]


def _context(asked: Set[str], node: str, neighbour: Neighbour, own: int, other: int, direction: str) -> Context:
    """What the policies of one side may know. Fields that nobody asks for are left out, so that doors are few."""
    by_path = "as_path" in asked
    return Context(
        node=node if "node" in asked else "",
        peer=neighbour.address if "peer" in asked else None,
        peer_as=other if by_path or "peer_as" in asked else None,
        local_as=own if by_path or "local_as" in asked else None,
        interface=neighbour.interface if "interface" in asked else None,
        direction=direction,
    )
