"""The paper that goes with a Stage: its network solved as it is now, and solved once for as long as nothing changes."""

from collections.abc import Callable
from typing import Any

from harness.actions import Stage
from sim.dataclasses import replace
from sim.device import Device
from sim.device.interfaces import InterfaceConfig
from sim.device.static import StaticRoute
from sim.devices import read_devices
from sim.left_behind import left_behind
from sim.paper import Paper
from sim.solve import solve
from sim.topology.model import Topology

Killed = tuple[str, str]  # a node, and a daemon of it


class Papers:
    """Solves a Stage's network on demand. Files are read again only when the drawing itself has changed."""

    def __init__(self, stage: Stage, told: Callable[[Topology], Topology] = lambda drawn: drawn) -> None:
        """`told` adds to a drawing what only a running lab knows."""
        self._stage, self._told = stage, told
        self._read: tuple[Topology, dict[str, Device]] | None = None
        self._solved: tuple[object, Paper] | None = None
        self._left: dict[Killed, tuple[StaticRoute, ...]] = {}

    def paper(self) -> Paper:
        """The network as the actions so far have left it. ConfigError where a file is wrong."""
        stage = self._stage
        downs, stops = tuple(stage.down.items()), tuple(stage.stopped)
        state = (id(stage.drawn), downs, stops, frozenset(stage.killed), tuple(stage.mtus.items()))
        if self._solved is None or self._solved[0] != state:
            self._bury()
            self._solved = state, solve(stage.topology, self._devices())
        return self._solved[1]

    def _bury(self) -> None:
        """Note what daemons that were just killed leave in their kernels: what they had put there before."""
        self._left = {each: routes for each, routes in self._left.items() if each in self._stage.killed}
        fresh = [each for each in self._stage.killed if each not in self._left]
        if fresh:
            before = self._solved[1] if self._solved else solve(self._stage.topology, self._devices())
            for node, daemon in fresh:
                state = before.snapshot.nodes.get(node)
                self._left[node, daemon] = left_behind(state, daemon) if state is not None else ()

    def _devices(self) -> dict[str, Device]:
        """Devices of the nodes that have power, without the daemons that were killed, and with what was switched."""
        stage = self._stage
        if self._read is None or self._read[0] is not stage.drawn:
            self._read = stage.drawn, read_devices(self._told(stage.drawn))
        devices = {name: device for name, device in self._read[1].items() if name in stage.topology.nodes}
        for (node, daemon), routes in self._left.items():
            if node in devices:
                devices[node] = _without(devices[node], daemon, routes)
        for end, mtu_bytes in stage.mtus.items():
            _switch(devices, end, mtu_bytes=mtu_bytes)
        for end in stage.down.values():
            _switch(devices, end, up=False)
        return devices


def _without(device: Device, daemon: str, routes: tuple[StaticRoute, ...]) -> Device:
    return replace(device, daemons=device.daemons - {daemon}, statics=(*device.statics, *routes))


def _switch(devices: dict[str, Device], end: str, **changes: Any) -> None:
    """Change what an interface, `node:interface`, is told to be."""
    node, _, interface = end.partition(":")
    if node in devices:
        config = devices[node].interfaces.get(interface) or InterfaceConfig(interface)
        faces = {**devices[node].interfaces, interface: replace(config, **changes)}
        devices[node] = replace(devices[node], interfaces=faces)
