"""BIRD's filters as Policies: `filter`, `where`, `all` and `none`.

A filter that ends without a verdict, or with a runtime error, refuses the route, as BIRD does (it logs the error).
"""

from collections.abc import Iterable, Iterator, Set
from functools import cached_property
from typing import Any

from sim.address import Prefix
from sim.dataclasses import dataclass, field, fields, is_dataclass
from sim.errors import Place
from sim.policies.bird_attributes import FIELDS, Subject
from sim.policies.bird_commands import Command, Decide, Decided, EditAttribute, Empty, SetAttribute
from sim.policies.bird_terms import Constant, Get, Member, Returned, Run
from sim.policies.bird_values import FilterError, PrefixSet
from sim.policy import Context
from sim.route import PathAttributes


@dataclass(frozen=True)
class BirdFilter:
    """A filter with its body; equal bodies are equal policies, whatever their names."""

    name: str
    body: tuple[Command, ...]
    unmodelled: tuple[Place, ...] = ()
    place: Place | None = field(default=None, compare=False)

    def __hash__(self) -> int:
        return hash(self.name)

    @cached_property
    def _nodes(self) -> tuple[Any, ...]:
        return tuple(_nodes(self.body, set()))

    @cached_property
    def reads(self) -> Set[str]:
        """Every attribute that it names; `prefix_length` where it counts a prefix's bits."""
        named = {node.attribute.reads for node in self._nodes if isinstance(node, (Get, EditAttribute))}
        lengths = {
            "prefix_length"
            for node in self._nodes
            if isinstance(node, Member) and isinstance(node.term, Get) and node.term.attribute.name == "net"
        }
        return frozenset(named | lengths | ({"protocol"} if "origin" in named else set()))

    @cached_property
    def writes(self) -> Set[str]:
        """Fields that it may change; what BIRD keeps beside is `others`."""
        changed = (n.attribute for n in self._nodes if isinstance(n, (SetAttribute, EditAttribute, Empty)))
        return frozenset(name for each in changed for name in _written(each.name))

    def boundaries(self) -> Iterable[Prefix]:
        """Prefixes and prefix sets that it names."""
        for node in self._nodes:
            if isinstance(node, Constant) and isinstance(node.of, Prefix):
                yield node.of
            elif isinstance(node, Constant) and isinstance(node.of, PrefixSet):
                for pattern in node.of.patterns:
                    yield from pattern.corners()

    def apply(self, prefix: Prefix, attributes: PathAttributes, context: Context) -> PathAttributes | None:
        """What the route becomes, or None where it is refused."""
        subject = Subject(prefix, attributes, context, {})
        run = Run(subject)
        try:
            for command in self.body:
                command.run(run)
        except Decided as decided:
            return subject.result() if decided.accepted else None
        except (Returned, FilterError):
            return None
        return None


def _written(name: str) -> set[str]:
    if name not in FIELDS:
        return {"others"}
    return {FIELDS[name][0], "others"}


def _nodes(of: Any, seen: set[int]) -> Iterator[Any]:
    """Every node below, functions included, each once."""
    if isinstance(of, tuple):
        for each in of:
            yield from _nodes(each, seen)
    elif is_dataclass(of) and not isinstance(of, type) and id(of) not in seen:
        seen.add(id(of))
        yield of
        for each in fields(of):
            value = getattr(of, each.name)
            if isinstance(value, tuple) or is_dataclass(value):
                yield from _nodes(value, seen)


ALL = BirdFilter("all", (Decide(True),))
NONE = BirdFilter("none", (Decide(False),))
