"""A node of no particular role runs the services that its facts declare, and those that make it a storage server."""

from collections.abc import Sequence

from lab.node import RunningNode
from lab.roles import Surroundings, services, storage
from lab.runtimes import StandIn
from sim.topology.model import Node


def prepare(node: RunningNode, declared: Node, lab: Surroundings) -> Sequence[StandIn]:
    """Nothing is needed before the files."""
    return ()


def start(node: RunningNode, declared: Node, lab: Surroundings) -> Sequence[StandIn]:
    """The node's services, and its part in other nodes' storage."""
    services.keep_running(node, [*declared.facts.services, *storage.served(node, declared, lab)])
    return storage.settle(node, declared, lab)
