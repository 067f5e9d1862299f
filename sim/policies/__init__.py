"""Policies of the routing daemons: one file per idea, each a pure function of a route (sim.policy)."""
