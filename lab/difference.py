"""What separates a running lab from the topology that is wanted of it: nodes to make or remove, and cables."""

from collections.abc import Collection
from dataclasses import dataclass

from sim.topology.model import Link, Node, Topology


@dataclass(frozen=True, slots=True)
class Difference:
    """What separates a running lab from a topology. `changed` nodes, failed ones too, keep only their cables."""

    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    wired: tuple[str, ...] = ()
    unwired: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return any((self.added, self.removed, self.changed, self.wired, self.unwired))


def between(have: Topology, want: Topology, broken: Collection[str]) -> Difference:
    """What brings a lab from one topology to another. `broken` nodes are made anew even where nothing else changed."""
    moved = want.management != have.management
    old, new = cables(have), cables(want)
    return Difference(
        added=tuple(name for name in want.nodes if name not in have.nodes),
        removed=tuple(name for name in have.nodes if name not in want.nodes),
        changed=tuple(
            name
            for name, node in want.nodes.items()
            if name in have.nodes
            and (_shape(node) != _shape(have.nodes[name]) or name in broken or (node.managed and moved))
        ),
        wired=tuple(key for key in new if key not in old),
        unwired=tuple(key for key in old if key not in new),
    )


def _shape(node: Node) -> tuple[object, ...]:
    """What of a node cannot change without making it anew."""
    return (
        node.kind,
        node.hostname,
        node.env,
        node.labels,
        node.sysctls,
        node.network_mode,
        node.mgmt_ipv4,
        node.mgmt_ipv6,
        node.parent,
        node.exec,
        node.stages,
    )


def cables(topology: Topology) -> dict[str, Link]:
    """A topology's cables by what makes them the same: ends, type, MTU, what they stand on."""
    return {f"{link} {link.type} {link.mtu_bytes} {link.endpoints} {link.underlay}": link for link in topology.links}


def touches(link: Link, names: Collection[str]) -> bool:
    """Whether a cable has an end on one of these nodes."""
    return any(end.node in names for end in link.endpoints)


def of_another_image(old: Topology, wanted: Topology) -> set[str]:
    """Nodes whose image or container would be another."""
    both = ((old.nodes[name], node) for name, node in wanted.nodes.items() if name in old.nodes)
    return {new.name for was, new in both if (was.image, was.container) != (new.image, new.container)}
