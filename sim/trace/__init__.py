"""Trace: a Flow's way through the solved network, with the answer's way back.

    trace(paper, Flow("server1", "mgmt", "tcp", dport=22)).why

The packet goes from node to node as Linux would take it: filters on every hook, connection tracking and translation,
policy rules and routes, reverse-path filter, neighbours. Where a route has several next hops, every one is walked: the
flow is DELIVERED only if it is over all of them. `trace_on` does the same on anything that is a Ground.
"""

from sim.trace.ground import Ground, Site
from sim.trace.paper import PaperGround, ground_of, trace
from sim.trace.tracing import trace_on

__all__ = ["Ground", "PaperGround", "Site", "ground_of", "trace", "trace_on"]
