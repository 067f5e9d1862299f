"""What a network of the level engine can tell besides its Snapshot: a node is set up alone when it is asked about."""

from sim.address import Prefix
from sim.device import Finding
from sim.explanation import Why
from sim.fast.network import FastNetwork
from sim.paper import Unsettled


class FastSolution:
    """A `sim.paper.Solution`. Nothing here hangs on the order of events: such networks are not for this engine."""

    def __init__(self, network: FastNetwork) -> None:
        self._network = network

    def unsettled(self) -> tuple[Unsettled, ...]:
        """None."""
        return ()

    def why(self, node: str, prefix: Prefix, table: str = "main") -> Why | None:
        """The node's own words."""
        from sim.routing.settlement import explain  # a network that is only counted needs none of it

        alone = self._network.alone(node)
        return explain(alone.kernels[node], alone.suites.values(), prefix, table)

    def findings(self) -> tuple[Finding, ...]:
        """Sessions whose ends do not agree."""
        from sim.routing.settlement import sessions

        failures = (each for failed in self._network.down.values() for each in failed)
        return tuple(dict.fromkeys(sessions(failures)))
