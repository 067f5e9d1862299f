"""A part of a network: some of its nodes, and the links between them (containerlab's --node-filter)."""

from collections.abc import Collection, Mapping

from sim.dataclasses import replace
from sim.topology.boot import Stage
from sim.topology.model import Node, Topology


def only(topology: Topology, names: Collection[str]) -> Topology:
    """The topology with these nodes (and their workloads) alone. TopologyError where one is not in it.

    A link stays if all its nodes do; what a node waits for, if that is there.
    """
    chosen = {topology.node(name).name for name in names}
    kept = {name: node for name, node in topology.nodes.items() if (node.parent or name) in chosen or name in chosen}
    return replace(
        topology,
        nodes={name: _among(node, kept) for name, node in kept.items()},
        links=tuple(link for link in topology.links if all(end.node in kept for end in link.endpoints)),
    )


def without(topology: Topology, names: Collection[str]) -> Topology:
    """The topology without these nodes and their workloads; see `only`."""
    gone = {topology.node(name).name for name in names}
    return only(topology, [name for name, node in topology.nodes.items() if not {name, node.parent} & gone])


def _among(node: Node, nodes: Mapping[str, Node]) -> Node:
    """A node that waits for nobody who is not among these."""
    if not node.stages:
        return node
    stages: dict[str, Stage] = {
        name: replace(stage, wait_for=tuple(wait for wait in stage.wait_for if wait.node in nodes))
        for name, stage in node.stages.items()
    }
    return replace(node, stages=stages)
