"""LabPool: the labs of one pytest process, kept while the next test can use them."""

from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

from harness import deploy
from harness.run import own_name
from harness.story import Scenario
from lab.lab import Lab
from lab.runtimes import DEFAULT
from sim.topology.model import Topology
from sim.topology.reader import read_topology

KEPT = 2
"""Labs that are kept at most while nobody uses them."""

Key = tuple[str, str, str]


class LabPool:
    """Labs by the network they carry. One that was changed is destroyed when it is given back."""

    def __init__(self, runtime: str = DEFAULT) -> None:
        self._runtime = runtime
        self._labs: OrderedDict[Key, Lab] = OrderedDict()

    def take(self, scenario: Scenario) -> Lab:
        """A lab for a scenario; others may have used it, but nobody has changed it."""
        return self._lab(scenario.network, scenario.draw)

    def give_back(self, scenario: Scenario) -> None:
        """The scenario is over."""
        if scenario.changes:
            self._end(scenario.network)

    def take_topology(self, path: Path) -> Lab:
        """A lab of a topology file."""
        return self._lab((str(path), "", "{}"), lambda name: read_topology(path, name=name))

    def give_back_topology(self, path: Path, whole: bool) -> None:
        """A test is over; `whole` says that it left the network as it was."""
        if not whole:
            self._end((str(path), "", "{}"))

    def _lab(self, key: Key, draw: Callable[[str | None], Topology]) -> Lab:
        if key not in self._labs:
            while len(self._labs) >= KEPT:
                self._labs.popitem(last=False)[1].destroy()
            self._labs[key] = deploy.bring_up(draw(own_name(draw(None).name)), runtime=self._runtime)
        self._labs.move_to_end(key)
        return self._labs[key]

    def _end(self, key: Key) -> None:
        if key in self._labs:
            self._labs.pop(key).destroy()

    def close(self) -> None:
        """End them all."""
        while self._labs:
            self._labs.popitem()[1].destroy()
