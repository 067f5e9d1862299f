"""Which suite routes on a node: one file per suite below this folder; a node without a daemon has none.

A suite is loaded where a node has it: a fabric of one kind of router need not wait for the other's filter language.
"""

from collections.abc import Mapping

from sim.device import Device
from sim.routing import Port, Suite


def suites_of(device: Device, ports: Mapping[str, Port], contrary: bool = False) -> list[Suite]:
    """The suites that a node's files start. `contrary`: of equal paths the other ones came first (see `Engine`)."""
    found: list[Suite] = []
    if "zebra" in device.daemons:
        from sim.routing.frr.suite import FrrSuite

        found.append(FrrSuite(device, ports, contrary))
    if "bird" in device.daemons:
        from sim.routing.bird.suite import BirdSuite

        found.append(BirdSuite(device, ports, contrary))
    return found
