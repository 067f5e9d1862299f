"""Links: the solved network below routing. Interfaces, who shares a segment with whom, connected routes.

    links = solve_links(topology, devices)
    links.faces["leaf1"]["swp1"].up
    links.across("leaf1", "swp1")            # ends of other nodes on the same segment
    links.connected("leaf1")                 # connected routes
    links.kernel_routes("leaf1")             # those, and what scripts added
    links.sysctls("leaf1")                   # what its kernel shows of the parameters that steer
    links.answering("leaf1", "swp1", next_hop)  # who answers its ARP or ND
    links.without(link)                      # the same with a cable pulled: only what it touches is looked at again

A cable between two interfaces that stand for themselves is a segment without further ado; only where a bridge, bond or
VLAN is involved are frames followed (`sim.links.wires`).
"""

from sim.links.connected import Connected
from sim.links.face import End, Face
from sim.links.kernel import Hop, KernelRoute
from sim.links.network import Links, solve_links

__all__ = ["Connected", "End", "Face", "Hop", "KernelRoute", "Links", "solve_links"]
