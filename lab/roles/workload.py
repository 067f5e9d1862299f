"""A workload: a guest with a /32 (and a /128) of its own, whose only neighbour is the compute that carries it.

Its IPv4 gateway is an address nobody owns, 169.254.1.1, for which the compute answers by proxy ARP; its IPv6 gateway is
fe80::1, which the compute puts on the tap. Both are as Calico does it.
"""

from collections.abc import Sequence

from lab.node import RunningNode
from lab.roles import Surroundings
from lab.roles.plain import prepare
from lab.roles.plain import start as start_services
from lab.runtimes import StandIn
from sim.topology.facts import Workload
from sim.topology.model import Node

__all__ = ["GATEWAY6", "prepare", "start"]

GATEWAY = "169.254.1.1"
GATEWAY6 = "fe80::1"


def start(node: RunningNode, declared: Node, lab: Surroundings) -> Sequence[StandIn]:
    """The way out, then the services."""
    commands = [
        f"route replace {GATEWAY} dev eth0 proto boot scope link",
        f"route replace default via {GATEWAY} dev eth0 proto boot",
    ]
    if _fact(declared, lab).address6:
        commands.append(f"route replace default via {GATEWAY6} dev eth0 proto boot")
    node.run(["ip", "-batch", "-"], stdin="\n".join(commands).encode())
    return start_services(node, declared, lab)


def _fact(declared: Node, lab: Surroundings) -> Workload:
    """What the compute's facts say about this guest."""
    compute = lab.topology.node(declared.parent or "")
    return next(each for each in compute.facts.workloads if each.name == declared.name)
