"""The same routers in a lab, through the function behind `fabriclab deploy`."""

import socket
from pathlib import Path

from bench import usage
from bench.clos import COMMANDS, Clos
from bench.fib import watch
from harness.deploy import bring_up
from lab.lab import Lab
from sim.topology.reader import read_topology


class WithFabriclab:
    """A Lab."""

    lab: Lab

    def __init__(self, fabric: Clos, folder: Path) -> None:
        self.fabric = fabric
        self.folder = folder

    def up(self) -> dict[str, socket.socket]:
        """Deploy; netlink sockets in the routers' namespaces."""
        self.lab = bring_up(read_topology(self.folder))
        nodes = self.lab.nodes
        return {name: watch(node.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)) for name, node in nodes.items()}

    def down(self) -> None:
        """Destroy."""
        self.lab.destroy()

    def extras(self) -> dict[str, float]:
        """Memory beside the daemons, in MB per node; then, that the daemons are those of the other contestants."""
        kept = usage.memory_kb(usage.interpreters())
        for name, node in self.lab.nodes.items():
            running = sorted(each.argv for each in node.processes())
            if running != sorted(COMMANDS):
                raise AssertionError(f"{name} runs {running}")
        return {f"{name}_mb": value / 1024 / len(self.fabric.routers) for name, value in kept.items()}
