"""Roles: what a node runs beside its configuration. One file per role, named as the topology's `group`.

The folder is the index: a group with a file here that can `start` has that role; a node of any other group, or of none,
is `plain` (a Cumulus-like switch: `gateway`); a workload is a `workload`. A role is a module with two functions, both
idempotent.
"""

from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Protocol, cast

from lab.keys import Keys
from lab.management import Port
from lab.node import RunningNode
from lab.runtimes import StandIn
from sim.topology.model import Kind, Node, Topology

_FILES = frozenset(file.stem for file in Path(__file__).parent.glob("*.py")) - {"__init__"}


class Surroundings(Protocol):
    """What a role may know of the lab around its node (`lab.lab.Lab` is one)."""

    topology: Topology
    keys: Keys

    @property
    def ports(self) -> Mapping[str, Port]:
        """Who is where on the management network, by node."""
        ...

    @property
    def nodes(self) -> Mapping[str, RunningNode]:
        """The nodes that run."""
        ...

    def external(self, undo: Sequence[str]) -> None:
        """Record, before it is made, the command that undoes something outside of the lab."""
        ...


class Role(Protocol):
    """What a node runs beside its configuration. Both functions tell what stands in for what."""

    def prepare(self, node: RunningNode, declared: Node, lab: Surroundings) -> Sequence[StandIn]:
        """Before the node's files are pushed."""
        ...

    def start(self, node: RunningNode, declared: Node, lab: Surroundings) -> Sequence[StandIn]:
        """After every push. What runs as declared is left alone. NodeFailed where something cannot run."""
        ...


def role_of(declared: Node) -> Role | None:
    """The role of a node; None for a bridge, which runs nothing."""
    if declared.kind is Kind.BRIDGE:
        return None
    name = "workload" if declared.kind is Kind.WORKLOAD else declared.group
    module = import_module(f"lab.roles.{name}") if name in _FILES else None
    otherwise = "gateway" if declared.kind is Kind.CUMULUS else "plain"
    return cast(Role, module if hasattr(module, "start") else import_module(f"lab.roles.{otherwise}"))
