"""Policies of one place, applied one after another with a memory: each distinct route is computed once.

What a chain reads decides what is remembered: a policy that never looks at the prefix answers once per record of
attributes. `id` serves as the attributes' key, because records are interned and live as long as the program.
"""

from collections.abc import Sequence

from sim.address import Address, Prefix
from sim.policy import Context, Policy
from sim.route import PathAttributes

CONTEXT_FIELDS = frozenset(Context.__dataclass_fields__)


class Chain:
    """Policies that must all accept, and the place where they stand."""

    def __init__(self, policies: Sequence[Policy], context: Context) -> None:
        self.policies = tuple(policies)
        self.context = context
        self.reads: frozenset[str] = frozenset().union(*(policy.reads for policy in policies))
        self.writes: frozenset[str] = frozenset().union(*(policy.writes for policy in policies))
        self._by_prefix = "prefix" in self.reads
        self._hop = "next_hop" in self.reads
        self._known: dict[tuple[Prefix | None, int], PathAttributes | None] = {}

    def apply(
        self, prefix: Prefix, attributes: PathAttributes, next_hop: Address | None = None
    ) -> PathAttributes | None:
        """What becomes of a route. The result's `next_hop` is that of the input unless a policy has set another; it is
        filled in for policies that read it and left out for others."""
        if not self.policies:
            return attributes
        if self._hop and next_hop is not None and attributes.next_hop is None:
            attributes = attributes.having(next_hop=next_hop)
        key = (prefix if self._by_prefix else None, id(attributes))
        if key in self._known:
            return self._known[key]
        self._known[key] = result = self._through(prefix, attributes)
        return result

    def _through(self, prefix: Prefix, attributes: PathAttributes) -> PathAttributes | None:
        for policy in self.policies:
            result = policy.apply(prefix, attributes, self.context)
            if result is None:
                return None
            attributes = result
        return attributes

    def reads_session(self) -> bool:
        """Whether its answers depend on which session of a node it stands at."""
        return not self.reads.isdisjoint(("peer", "peer_as", "local", "interface"))
