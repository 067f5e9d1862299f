"""Runtime: what carries a lab. One file per runtime, whose class `Carrier` is made of a Journal; this page is the seam.

The folder is the index: a file here is a runtime of that name, and needs no entry elsewhere.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol, runtime_checkable

from lab.journal import Journal
from lab.node import RunningNode
from sim.errors import InputError
from sim.topology.model import Endpoint, Link, Node

DEFAULT = "namespaces"

Files = Mapping[str, Mapping[str, bytes]]
"""Files by node and by absolute path."""
NO_FILES: Files = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class StandIn:
    """A device that the kernel lacks and what takes its place, or a fact of the machine that the reader must know."""

    node: str
    wanted: str  # "dummy0 (dummy)"
    given: str  # "an ifb device under that name"


class Runtime(Protocol):
    """A lab's carrier. Calls come from one thread at a time, except `node`."""

    of_this_machine: bool
    """Whether nodes run this machine's own programs, or those of an image."""

    def start(self, lock: int) -> None:
        """Begin to carry a lab. `lock`, a descriptor, holds the lab's lock; HostError where this machine can not."""
        ...

    def remember(self, nodes: Sequence[Node], links: Sequence[Link]) -> None:
        """Take up a lab that runs already, of these nodes and cables."""
        ...

    def create(self, nodes: Sequence[Node], files: Files = NO_FILES) -> None:
        """Create these nodes, in parallel: up, empty, with loopback, no links. NodeFailed names the culprit.

        `files` are for nodes that start something by themselves, and must find them then; they are pushed anyhow.
        """
        ...

    def remove(self, names: Sequence[str]) -> None:
        """Remove nodes; their links' far ends go too."""
        ...

    def wire(self, links: Sequence[Link], *, missing_only: bool = False) -> None:
        """Cable: both ends born in place under their final names, with MTU, MAC and addresses, up.

        `missing_only`: links that should be there already; those that are, stay as they are.
        """
        ...

    def unwire(self, links: Sequence[Link]) -> None:
        """Take cables out."""
        ...

    def set_link(self, endpoint: Endpoint, *, up: bool | None = None, mtu_bytes: int | None = None) -> None:
        """Change one end: carrier (up=False: both sides lose carrier, as when the cable is pulled), or MTU."""
        ...

    def device(self, node: str, name: str, kind: str) -> StandIn | None:
        """Make a virtual device on a node ("dummy", "vlan" ...): the real one where the kernel has it, else a stand-in,
        which is told. HostError where there is neither."""
        ...

    def halt(self, name: str) -> None:
        """Stop a node as by pulling its power: its processes end, its state is lost, its cables stay in place, dark."""
        ...

    def restart(self, node: Node, files: Files = NO_FILES) -> None:
        """Give a halted node its power back: empty again, its cables back in their ports. `files`: see `create`."""
        ...

    def node(self, name: str) -> RunningNode:
        """The running node; NodeFailed if it is halted or unknown."""
        ...

    def host(self) -> RunningNode:
        """The lab's host side: what carries its management network."""
        ...

    def stand_ins(self) -> Sequence[StandIn]:
        """What stands in for what."""
        ...

    def states(self) -> Mapping[str, str]:
        """Each node's state: running, halted, failed (its first process was killed) or missing (never made)."""
        ...

    def hang_up(self) -> None:
        """Let go of every node: calls in progress fail, and the programs that they wait for end."""
        ...

    def destroy(self) -> None:
        """End everything. Nothing stays behind; calling it again does nothing."""
        ...


@runtime_checkable
class Holding(Protocol):
    """A runtime whose nodes may run something by themselves, which waits if they are to wait for others."""

    def begin(self, name: str) -> None:
        """Let a node run what it runs by itself. One that does already is left alone."""
        ...


def names() -> list[str]:
    """The runtimes there are."""
    return sorted(file.stem for file in Path(__file__).parent.glob("*.py") if file.stem != "__init__")


def carrier(name: str, journal: Journal) -> Runtime:
    """A runtime by name, for the lab of this journal; InputError where there is none of that name."""
    if name not in names():
        raise InputError(f"no runtime named {name!r}; known: {', '.join(names())}", "--runtime")
    made: Runtime = _carrier(name)(journal)
    return made


def of_this_machine(name: str) -> bool:
    """Whether a runtime's nodes run this machine's own programs; False where there is none of that name."""
    return name in names() and bool(_carrier(name).of_this_machine)


def _carrier(name: str) -> Any:
    return import_module(f"lab.runtimes.{name}").Carrier
