"""The gateway, and every other Cumulus-like switch whose group has no role of its own.

Cumulus ships with forwarding on for IPv4 and IPv6, in its own /etc/sysctl.d; a node has only the files that its author
wrote. So IPv6 forwarding, which Linux starts without, is turned on before the files are pushed, and a sysctl file of
the node's has the last word. IPv4 forwarding is on already: the runtime gives it to every node that may be a router.
The ECMP hash policy stays Linux's (layer 3 only) unless a file says otherwise, as on the real box.
"""

from collections.abc import Sequence

from lab.node import RunningNode
from lab.roles import Surroundings, sysctls
from lab.roles.plain import start
from lab.runtimes import StandIn
from sim.topology.model import Node

__all__ = ["prepare", "start"]


def prepare(node: RunningNode, declared: Node, lab: Surroundings) -> Sequence[StandIn]:
    """Forwarding, as Cumulus has it out of the box."""
    sysctls.set_undecided(node, ["net/ipv6/conf/all/forwarding=1"])
    return ()
