"""What may fail, and every set of K of them."""

from collections.abc import Iterator, Sequence
from itertools import combinations, islice
from math import comb
from typing import Literal

from sim.dataclasses import dataclass
from sim.errors import InputError
from sim.topology.model import Link, LinkType, Topology

What = Literal["links", "nodes", "both"]


@dataclass(frozen=True, slots=True, order=True)
class Element:
    """A cable or a node that may fail. `name` as a user would write it: `leaf1:eth1 - spine1:eth1`, or `spine1`."""

    kind: Literal["link", "node"]
    number: int  # of the link in the topology, or of the node in its order
    name: str

    def __str__(self) -> str:
        return self.name


Failure = tuple[Element, ...]


def elements(topology: Topology, what: What) -> tuple[Element, ...]:
    """The links between nodes of the topology, its nodes (workloads fail with their compute), or both."""
    links = [Element("link", number, str(link)) for number, link in enumerate(topology.links) if _cable(link)]
    nodes = [
        Element("node", number, name)
        for number, (name, node) in enumerate(topology.nodes.items())
        if node.parent is None and _routes(node.kind)
    ]
    if what not in ("links", "nodes", "both"):
        raise InputError(f"unknown {what!r}; known: links, nodes, both")
    return (*(links if what != "nodes" else ()), *(nodes if what != "links" else ()))


def _cable(link: Link) -> bool:
    return link.type in (LinkType.VETH, LinkType.VXLAN) and len(link.endpoints) == 2


def _routes(kind: str) -> bool:
    return kind != "host"


def failures(found: Sequence[Element], size: int) -> Iterator[Failure]:
    """Every set of so many elements."""
    return combinations(found, size)


def how_many(found: Sequence[Element], size: int) -> int:
    """The number of such sets."""
    return comb(len(found), size)


def chunks(sets: Iterator[Failure], size: int) -> Iterator[tuple[Failure, ...]]:
    """The sets, so many at a time."""
    while chunk := tuple(islice(sets, size)):
        yield chunk
