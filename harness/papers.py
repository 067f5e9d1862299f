"""The paper that goes with a Stage: its network solved as it is now, and solved once for as long as nothing changes."""

from dataclasses import replace

from harness.actions import Stage
from sim.device import Device
from sim.device.interfaces import InterfaceConfig
from sim.devices import read_devices
from sim.paper import Paper
from sim.solve import solve
from sim.topology.model import Topology


class Papers:
    """Solves a Stage's network on demand. Files are read again only when the drawing itself has changed."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._read: tuple[Topology, dict[str, Device]] | None = None
        self._solved: tuple[object, Paper] | None = None

    def paper(self) -> Paper:
        """The network as the actions so far have left it. ConfigError where a file is wrong."""
        stage = self._stage
        state = (
            id(stage.drawn),
            frozenset(stage.down),
            tuple(stage.stopped),
            frozenset(stage.killed),
            tuple(stage.mtus.items()),
        )
        if self._solved is None or self._solved[0] != state:
            self._solved = state, solve(stage.topology, self._devices())
        return self._solved[1]

    def _devices(self) -> dict[str, Device]:
        """Devices of the nodes that have power, without the daemons that were killed, with the MTUs that were set."""
        stage = self._stage
        if self._read is None or self._read[0] is not stage.drawn:
            self._read = stage.drawn, read_devices(stage.drawn)
        devices = {name: device for name, device in self._read[1].items() if name in stage.topology.nodes}
        for node, daemon in stage.killed:
            if node in devices:
                devices[node] = replace(devices[node], daemons=devices[node].daemons - {daemon})
        for end, mtu_bytes in stage.mtus.items():
            node, _, interface = end.partition(":")
            if node in devices:
                devices[node] = _with_mtu(devices[node], interface, mtu_bytes)
        return devices


def _with_mtu(device: Device, interface: str, mtu_bytes: int) -> Device:
    config = device.interfaces.get(interface) or InterfaceConfig(interface)
    return replace(device, interfaces={**device.interfaces, interface: replace(config, mtu_bytes=mtu_bytes)})
