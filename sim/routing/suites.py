"""Which suite routes on a node: one file per suite below this folder; a node without a daemon has none."""

from collections.abc import Mapping

from sim.device import Device
from sim.routing import Port, Suite
from sim.routing.bird.suite import BirdSuite
from sim.routing.frr.suite import FrrSuite


def suites_of(device: Device, ports: Mapping[str, Port], contrary: bool = False) -> list[Suite]:
    """The suites that a node's files start. `contrary`: of equal paths the other ones came first (see `Engine`)."""
    found: list[Suite] = []
    if "zebra" in device.daemons:
        found.append(FrrSuite(device, ports, contrary))
    if "bird" in device.daemons:
        found.append(BirdSuite(device, ports, contrary))
    return found
