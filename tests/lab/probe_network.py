"""A small network of bare namespaces to try the probes on: each node is a program that unshared its network and waits.

Everything is made by `ip` from the outside with `nsenter`; a node ends with its program, and takes its devices along.
"""

import array
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

from lab.node import Completed
from sim.errors import CommandFailed, NodeFailed
from sim.topology.model import Endpoint, Link, LinkType, Node, Topology

AGENT = """
import array, os, socket, sys
os.unshare(0x40000000) if hasattr(os, "unshare") else __import__("ctypes").CDLL(None).unshare(0x40000000)
line = socket.socket(fileno=int(sys.argv[1]))
line.send(b"up")
while wanted := line.recv(64):
    made = socket.socket(*map(int, wanted.split()))
    line.sendmsg([b"."], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [made.fileno()]))])
    made.close()
"""


class BareNode:
    """A RunningNode, as far as probes need one."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._line, theirs = socket.socketpair()
        self._lock = threading.Lock()
        argv = [sys.executable, "-c", AGENT, str(theirs.fileno())]
        self.program = subprocess.Popen(argv, pass_fds=[theirs.fileno()])
        theirs.close()
        assert self._line.recv(8) == b"up"
        self.run(["ip", "link", "set", "lo", "up"])
        self.sysctl(net__ipv6__conf__default__accept_dad=0)  # addresses serve at once

    def socket(self, family: int, kind: int, protocol: int = 0) -> socket.socket:
        if self.program.poll() is not None:
            raise NodeFailed("is halted", self.name)
        with self._lock:
            self._line.send(f"{int(family)} {int(kind)} {protocol}".encode())
            _, ancillary, _, _ = self._line.recvmsg(8, socket.CMSG_SPACE(4))
        number = array.array("i", ancillary[0][2])[0]
        return socket.socket(fileno=number)

    def run(
        self,
        argv: Sequence[str],
        *,
        stdin: bytes = b"",
        env: Mapping[str, str] | None = None,
        timeout_s: float = 60.0,
        check: bool = True,
    ) -> Completed:
        inside = ["nsenter", "-t", str(self.program.pid), "-n", *argv]
        done = subprocess.run(inside, input=stdin, capture_output=True, timeout=timeout_s, check=False)
        if check and done.returncode:
            raise CommandFailed(f"{' '.join(argv)}: {done.stderr.decode().strip()}", self.name)
        return Completed(tuple(argv), done.returncode, done.stdout, done.stderr)

    def read(self, path: str) -> bytes | None:
        inside = Path(path.replace("/proc/net/", f"/proc/{self.program.pid}/net/"))
        if path.startswith("/proc/sys/"):
            done = self.run(["cat", path], check=False)
            return done.stdout if done.status == 0 else None
        return inside.read_bytes() if inside.exists() else None

    def sysctl(self, **values: int) -> None:
        for name, value in values.items():
            self.run(["sysctl", "-qw", f"{name.replace('__', '.')}={value}"])

    def end(self) -> None:
        self._line.close()
        self.program.kill()
        self.program.wait()


class Network:
    """Bare nodes and cables; a context manager. It has `node`, as a lab has."""

    def __init__(self, *names: str) -> None:
        self.nodes = {name: BareNode(name) for name in names}
        self.links: list[Link] = []

    def node(self, name: str) -> BareNode:
        if name not in self.nodes:
            raise NodeFailed("is halted", name)
        return self.nodes[name]

    def cable(self, one: str, other: str, *addresses: str, mtu: int = 1500) -> None:
        """Join `a:eth1` and `b:eth1`, the addresses alternating between the two ends."""
        (a, here), (b, there) = one.split(":"), other.split(":")
        pid = str(self.nodes[b].program.pid)
        self.nodes[a].run(["ip", "link", "add", here, "type", "veth", "peer", "name", there, "netns", pid])
        for number, address in enumerate(addresses):
            node, device = (a, here) if number % 2 == 0 else (b, there)
            extra = ["nodad"] if ":" in address else []
            self.nodes[node].run(["ip", "addr", "add", address, "dev", device, *extra])
        for node, device in ((a, here), (b, there)):
            self.nodes[node].run(["ip", "link", "set", device, "mtu", str(mtu), "up"])
        self.links.append(Link(LinkType.VETH, (Endpoint(a, here), Endpoint(b, there)), mtu_bytes=mtu))

    def topology(self, **nodes: Node) -> Topology:
        known = {name: nodes.get(name, Node(name)) for name in self.nodes}
        return Topology("bare", Path("bare.clab.yml"), known, tuple(self.links))

    def __enter__(self) -> "Network":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for node in self.nodes.values():
            node.end()


def chain() -> Network:
    """a - r1 - r2 - b: two hosts, two routers, static routes, IPv4 10.0.N.0/24 and IPv6 2001:db8:N::/64."""
    net = Network("a", "r1", "r2", "b")
    net.cable("a:eth1", "r1:eth1", "10.0.1.2/24", "10.0.1.1/24", "2001:db8:1::2/64", "2001:db8:1::1/64")
    net.cable("r1:eth2", "r2:eth1", "10.0.2.1/24", "10.0.2.2/24", "2001:db8:2::1/64", "2001:db8:2::2/64")
    net.cable("r2:eth2", "b:eth1", "10.0.3.1/24", "10.0.3.2/24", "2001:db8:3::1/64", "2001:db8:3::2/64")
    for router in ("r1", "r2"):
        net.node(router).sysctl(net__ipv4__ip_forward=1, net__ipv6__conf__all__forwarding=1)
    for node, prefix, gateway in (
        ("a", "default", "10.0.1.1"),
        ("b", "default", "10.0.3.1"),
        ("r1", "10.0.3.0/24", "10.0.2.2"),
        ("r2", "10.0.1.0/24", "10.0.2.1"),
        ("a", "::/0", "2001:db8:1::1"),
        ("b", "::/0", "2001:db8:3::1"),
        ("r1", "2001:db8:3::/64", "2001:db8:2::2"),
        ("r2", "2001:db8:1::/64", "2001:db8:2::1"),
    ):
        net.node(node).run(["ip", "route", "add", prefix, "via", gateway])
    return net


def listen(node: BareNode, port: int, address: str = "0.0.0.0", kind: int = socket.SOCK_STREAM) -> socket.socket:
    """A listening socket on a node; keep the reference."""
    sock = node.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, kind)
    sock.bind((address, port))
    if kind == socket.SOCK_STREAM:
        sock.listen(64)
    return sock
