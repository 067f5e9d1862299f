"""The floor: the same daemons from the same files, started as barely as possible.

For each router a child in new network and mount namespaces with its files bound over /etc/frr and an empty /run/frr;
veths born in place by netlink; zebra, then bgpd and staticd, then `vtysh -b`. Nothing isolates the routers' processes,
nothing watches them, and no answer of theirs is read.
"""

import os
import signal
import socket
import subprocess
import time
from pathlib import Path

from bench.clos import BGPD, STATICD, ZEBRA, Clos
from bench.fib import watch
from lab.enclosure import linux, netlink

_LOOK_S = 0.01


class Floor:
    """A loop of namespaces and execs."""

    def __init__(self, fabric: Clos, folder: Path) -> None:
        self.fabric = fabric
        self.folder = folder
        self.children: dict[str, int] = {}

    def up(self) -> dict[str, socket.socket]:
        """Start every router; netlink sockets in their namespaces."""
        home = os.open("/proc/self/ns/net", os.O_RDONLY)
        spaces, channels, rtnls = {}, {}, {}
        waiting, go = os.pipe()
        for router in self.fabric.routers:
            linux.unshare(linux.NEWNET)
            spaces[router] = os.open("/proc/self/ns/net", os.O_RDONLY)
            channels[router] = watch(socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0))
            rtnls[router] = netlink.Rtnl()
            rtnls[router].do(netlink.change("lo", up=True))
            self.children[router] = self._fork(router, waiting, go)
        linux.setns(home)
        for number, cable in enumerate(self.fabric.cables):
            ends = [(name, 0, None, spaces[router]) for router, name, _ in (cable.near, cable.far)]
            rtnls[cable.near[0]].do(netlink.veth(ends[0], ends[1], 10 + 2 * number))
            for router, name, _ in (cable.near, cable.far):
                rtnls[router].do(netlink.change(name, up=True))
        os.close(go)
        for pid in self.children.values():
            os.waitpid(pid, 0)
        return channels

    def _fork(self, router: str, waiting: int, go: int) -> int:
        pid = os.fork()
        if not pid:
            try:
                os.close(go)
                _become(self.folder / "configs" / router / "etc" / "frr", waiting)
            finally:
                os._exit(0)
        return pid

    def down(self) -> None:
        """Kill every process of the box but this one."""
        os.kill(-1, signal.SIGKILL)


def _become(files: Path, waiting: int) -> None:
    """In a router's child: its folders, its daemons, its configuration."""
    linux.unshare(linux.NEWNS)
    linux.mount("tmpfs", "/run/frr", "tmpfs")
    linux.bind(str(files), "/etc/frr")
    Path("/proc/sys/net/ipv4/ip_forward").write_text("1")
    os.read(waiting, 1)
    _spawn(ZEBRA)
    _wait("/run/frr/zserv.api")
    _spawn(BGPD)
    _spawn(STATICD)
    _wait("/run/frr/bgpd.vty")
    _wait("/run/frr/staticd.vty")
    subprocess.run(["vtysh", "-b"], check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _spawn(argv: tuple[str, ...]) -> None:
    null = os.open("/dev/null", os.O_RDWR)
    actions = [(os.POSIX_SPAWN_DUP2, null, number) for number in range(3)]
    os.posix_spawn(argv[0], argv, os.environ, file_actions=actions)


def _wait(path: str) -> None:
    while True:
        with socket.socket(socket.AF_UNIX) as made:
            if made.connect_ex(path) == 0:
                return
        time.sleep(_LOOK_S)
