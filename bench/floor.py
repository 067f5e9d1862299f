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
_AT_ONCE = 8  # routers that boot side by side; on two processors 8 were faster than all, and than 2


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
        turns, turn = os.pipe()
        for router in self.fabric.routers:
            linux.unshare(linux.NEWNET)
            spaces[router] = os.open("/proc/self/ns/net", os.O_RDONLY)
            channels[router] = watch(socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0))
            rtnls[router] = netlink.Rtnl()
            rtnls[router].do(netlink.change("lo", up=True))
            self.children[router] = self._fork(router, turns, turn)
        linux.setns(home)
        for number, cable in enumerate(self.fabric.cables):
            ends = [(name, 0, None, spaces[router]) for router, name, _ in (cable.near, cable.far)]
            rtnls[cable.near[0]].do(netlink.veth(ends[0], ends[1], 10 + 2 * number))
            router, name, _ = cable.far
            rtnls[router].do(netlink.change(name, up=True))
        os.write(turn, b"." * _AT_ONCE)
        for pid in self.children.values():
            os.waitpid(pid, 0)
        return channels

    def _fork(self, router: str, turns: int, turn: int) -> int:
        pid = os.fork()
        if not pid:
            try:
                _prepare(self.folder / "configs" / router / "etc" / "frr")
                os.read(turns, 1)
                _boot()
                os.write(turn, b".")
            finally:
                os._exit(0)
        return pid

    def down(self) -> None:
        """Kill every process of the box but this one."""
        os.kill(-1, signal.SIGKILL)


def _prepare(files: Path) -> None:
    """In a router's child: its folders."""
    linux.unshare(linux.NEWNS)
    linux.mount("tmpfs", "/run/frr", "tmpfs")
    linux.bind(str(files), "/etc/frr")
    Path("/proc/sys/net/ipv4/ip_forward").write_text("1")


def _boot() -> None:
    """In a router's child: its daemons, its configuration."""
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
