"""Which suite routes on a node: one file per suite below this folder; a node without a daemon has none.

A suite is loaded where a node has it: a fabric of one kind of router need not wait for the other's filter language.
"""

from collections.abc import Mapping

from sim.device import Device
from sim.routing import Port, Suite
from sim.routing.values import Course


def suites_of(device: Device, ports: Mapping[str, Port], course: Course = Course.PLAIN) -> list[Suite]:
    """The suites that a node's files start. `course`: the way that events take."""
    found: list[Suite] = []
    if "zebra" in device.daemons:
        from sim.routing.frr.suite import FrrSuite

        found.append(FrrSuite(device, ports, course))
    if "bird" in device.daemons:
        from sim.routing.bird.suite import BirdSuite

        found.append(BirdSuite(device, ports, course is Course.CONTRARY))
    return found
