"""The same routers under mininet (Debian's package, its own Python): plain nodes and links, FRR started by hand.

Each node gets its files and an empty run directory by mininet's private directories; FRR's daemons go to the background
as its own script would start them, on all nodes side by side.
"""

import os
import shlex
import socket
from pathlib import Path

from mininet.net import Mininet  # type: ignore[import-not-found]

from bench.clos import COMMANDS, Clos
from bench.fib import watch
from lab.enclosure import linux


class WithMininet:
    """A Mininet network of hosts that run FRR."""

    def __init__(self, fabric: Clos, folder: Path) -> None:
        self.fabric = fabric
        self.folder = folder
        Mininet.inited = True  # its init raises limits of the whole machine, which plain hosts do not need
        self.net = Mininet(controller=None)

    def up(self) -> dict[str, socket.socket]:
        """Start every router; netlink sockets in their namespaces."""
        for router in self.fabric.routers:
            files, run = self.folder / "configs" / router / "etc" / "frr", self.folder / "run" / router
            self.net.addHost(router, ip=None, privateDirs=[("/etc/frr", str(files)), ("/run/frr", str(run))])
        for cable in self.fabric.cables:
            (near, near_name, _), (far, far_name, _) = cable.near, cable.far
            self.net.addLink(self.net[near], self.net[far], intfName1=near_name, intfName2=far_name)
        self.net.build()
        self._everywhere(_START)
        return {host.name: _channel(host.pid) for host in self.net.hosts}

    def _everywhere(self, line: str) -> None:
        for host in self.net.hosts:
            host.sendCmd(line)
        for host in self.net.hosts:
            host.waitOutput()

    def down(self) -> None:
        """End the daemons, then the network."""
        self._everywhere("kill -9 $(cat /run/frr/*.pid)")
        self.net.stop()


_START = "; ".join(
    ["sysctl -qw net.ipv4.ip_forward=1", *(f"{shlex.join(argv)} -d" for argv in COMMANDS), "vtysh -b >/dev/null 2>&1"]
)


def _channel(pid: int) -> socket.socket:
    home, there = (os.open(f"/proc/{each}/ns/net", os.O_RDONLY) for each in ("self", pid))
    try:
        linux.setns(there)
        return watch(socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0))
    finally:
        linux.setns(home)
        os.close(home)
        os.close(there)
