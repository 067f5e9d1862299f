"""Trace: a Flow's way through the solved network, with the answer's way back.

    trace(paper, Flow("server1", "mgmt", "tcp", dport=22)).why

The packet goes from node to node as Linux would take it: filters on every hook, connection tracking and translation,
policy rules and routes, reverse-path filter, neighbours. Where a route has several next hops, every one is walked: the
flow is DELIVERED only if it is over all of them. `trace_on` does the same on anything that is a Ground. `path` tells
the one path of a flow, where the kernels' own hashes are known.
"""

from sim.trace.ground import Ground, Site
from sim.trace.paper import PaperGround, ground_of, path, trace
from sim.trace.tracing import path_on, trace_on

__all__ = ["Ground", "PaperGround", "Site", "ground_of", "path", "path_on", "trace", "trace_on"]
