"""The compute: a host that is the router of its workloads, as Calico's Felix makes it one.

Each workload stands behind a tap. The compute has a /32 (and a /128) route to the tap, with protocol boot, which BIRD
learns; it answers the workload's ARP for its gateway (proxy ARP, at once: the kernel's random delay of up to 0.8 s is
turned off as Calico does); and it holds the workload's policy. Whether the compute forwards IPv4 at all is its own
configuration's decision. IPv6 forwarding, which Linux starts without, is turned on when a workload has an IPv6 address,
unless a sysctl file of the node decides; the same holds for a tap's proxy_arp.
"""

from collections.abc import Iterator, Sequence

from lab.node import RunningNode
from lab.roles import Surroundings, policy, sysctls
from lab.roles.plain import prepare
from lab.roles.plain import start as start_services
from lab.roles.workload import GATEWAY6
from lab.runtimes import StandIn
from sim.topology.facts import Workload
from sim.topology.model import Node

__all__ = ["prepare", "start"]


def start(node: RunningNode, declared: Node, lab: Surroundings) -> Sequence[StandIn]:
    """Ways to the workloads, their policy, then services and storage."""
    workloads = declared.facts.workloads
    if workloads:
        sysctls.set_undecided(node, _parameters(workloads))
        node.run(["ip", "-batch", "-"], stdin="\n".join(_ways(workloads)).encode())
        policy.enforce(node, workloads)
    return start_services(node, declared, lab)


def _parameters(workloads: Sequence[Workload]) -> Iterator[str]:
    for workload in workloads:
        yield f"net/ipv4/conf/{workload.tap}/proxy_arp=1"
        yield f"net/ipv4/neigh/{workload.tap}/proxy_delay=0"
    if any(workload.address6 for workload in workloads):
        yield "net/ipv6/conf/all/forwarding=1"


def _ways(workloads: Sequence[Workload]) -> Iterator[str]:
    for workload in workloads:
        yield f"route replace {workload.address}/32 dev {workload.tap} proto boot scope link"
        if workload.address6:
            yield f"address replace {GATEWAY6}/64 dev {workload.tap} nodad"
            yield f"route replace {workload.address6}/128 dev {workload.tap} proto boot"
