"""What an engine that has come to rest can tell besides the Snapshot."""

from collections.abc import Iterable, Iterator

from sim.address import Prefix
from sim.device import Finding
from sim.errors import Place
from sim.explanation import Loser, Why
from sim.paper import Unsettled
from sim.routing import Explaining, Suite
from sim.routing.engine import Engine
from sim.routing.kernel import Kernel, used
from sim.routing.meeting import Failure
from sim.routing.ospf.adjacency import Adjacency
from sim.routing.unsettled import unsettled


class Settlement:
    """A solved network's engine, asked afterwards (`sim.paper.Solution`)."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def unsettled(self) -> tuple[Unsettled, ...]:
        """Found by another run, where anything hangs on the order of events."""
        return unsettled(self._engine)

    def why(self, node: str, prefix: Prefix, table: str = "main") -> Why | None:
        """What the node itself says."""
        suites = [suite for (name, _), suite in self._engine.suites.items() if name == node]
        return explain(self._engine.kernels[node], suites, prefix, table)

    def findings(self) -> tuple[Finding, ...]:
        """Sessions that one side or both ask for, and whose ends do not agree."""
        return tuple(dict.fromkeys((*sessions(self._engine.failures), *self._adjacencies())))

    def _adjacencies(self) -> Iterator[Finding]:
        for domain in self._engine.domains:
            yield from adjacencies(domain.adjacencies)


def explain(kernel: Kernel, suites: Iterable[Suite], prefix: Prefix, table: str = "main") -> Why | None:
    """A node's suite's own words for its route; of a route without one, that it is the kernel's."""
    owners = kernel.tables.get(table, {}).get(prefix)
    for suite in suites:
        if isinstance(suite, Explaining) and (not owners or suite.daemon in owners):
            found = suite.why(table, prefix)
            if found is not None:
                return found
    if not owners:
        return None
    route = used(owners)
    others = (each for each in owners.values() if each is not route)
    losers = tuple(Loser(f"{each.protocol} metric {each.metric}", "kernel metric") for each in others)
    return Why(f"{route.protocol} metric {route.metric}", "kernel metric" if losers else "only route", losers)


def sessions(failures: Iterable[Failure]) -> Iterator[Finding]:
    """BGP sessions that are not up, with the reason, where their neighbour stands in the file."""
    for failure in failures:
        if failure.disagree:
            end = failure.end
            peer = end.interface or end.peer
            place = end.place or Place(end.node)
            yield Finding(place, "session", f"BGP session of {end.node} with {peer}: {failure.why}")


def adjacencies(found: Iterable[Adjacency]) -> Iterator[Finding]:
    """OSPF neighbours that hear each other and do not become adjacent."""
    for each in found:
        if each.why:
            place = Place(each.router.node)
            yield Finding(place, "session", f"OSPF on {each.circuit.node}:{each.circuit.port}: {each.why}")
