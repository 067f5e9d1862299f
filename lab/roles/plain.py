"""A node of no particular role runs what its facts declare: services, its part in others' storage, an SSH server."""

from collections.abc import Sequence

from lab.node import RunningNode
from lab.roles import Surroundings, services, ssh, storage
from lab.runtimes import StandIn
from sim.topology.model import Node


def prepare(node: RunningNode, declared: Node, lab: Surroundings) -> Sequence[StandIn]:
    """Nothing is needed before the files."""
    return ()


def start(node: RunningNode, declared: Node, lab: Surroundings) -> Sequence[StandIn]:
    """The node's services, its part in other nodes' storage, and its SSH server."""
    wanted = [*declared.facts.services, *storage.served(node, declared, lab), *ssh.served(node, declared, lab)]
    services.keep_running(node, wanted)
    return storage.settle(node, declared, lab)
