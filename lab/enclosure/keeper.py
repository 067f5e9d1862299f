"""The keeper: a lab's first process. It owns every namespace, makes the nodes and the cables, and ends with everything.

`lab.enclosure.enclosing` starts it. It serves the client (`lab.runtimes.namespaces`) on `keeper.sock` in its folder.
A node is a child of it (its agent, listening on `n/<node>`), kept with a descriptor of its network namespace and a
netlink socket inside it. A node that something else carries (a container) is *adopted*: the keeper gets its namespace,
cables it, and ends nothing.

The keeper's own network namespace is the lab's `host` side: the management bridge lives there. A node named `host`,
whose agent shares it, is made when somebody needs it first.
"""

from __future__ import annotations

import errno
import marshal
import os
import resource
import select
import signal
from _socket import socket
from collections.abc import Callable

from lab.enclosure import agent, linux, messages, netlink
from lab.enclosure.loop import Loop

TYPE_CHECKING = False  # the typing module, and what it loads, would be in every node's memory
if TYPE_CHECKING:
    from typing import Any

HOST = "host"
_AT_ONCE = 3 * (os.cpu_count() or 1)  # nodes in the making: more of them only wait for each other in the kernel
_ANOTHERS = -1  # in the place of a pid: the node's processes are not this keeper's


class _Node:
    """A node's handles: its agent's pid, its network namespace and a netlink socket in it; of one that was adopted, a
    pidfd of its first process.

    No dataclass: that module brings a quarter of the memory that every agent would share with the keeper.
    """

    __slots__ = ("life", "namespace", "parked", "pid", "rtnl")

    def __init__(self, pid: int, namespace: int, rtnl: netlink.Rtnl, life: int = -1) -> None:
        self.pid = pid
        self.life = life
        self.namespace = namespace
        self.rtnl = rtnl
        self.parked: dict[str, str] = {}  # interface -> its name in the keeper's namespace, while halted

    @property
    def halted(self) -> bool:
        return self.pid == 0


class Keeper:
    """The loop of a lab's first process."""

    def __init__(self, folder: str, tools: str | None) -> None:
        self.folder = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        limits = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (limits[1], limits[1]))  # two descriptors a node; shells grant 1024
        self.given = {"scratch": f"{folder}/scratch", "etc": f"{folder}/base/etc", "tools": tools, "open_files": limits}
        self.home = {part: os.open(f"/proc/self/ns/{part}", os.O_RDONLY | os.O_CLOEXEC) for part in ("net", "pid")}
        self.rtnl = netlink.Rtnl()
        self.rtnl.do(netlink.change("lo", up=True))
        self.nodes: dict[str, _Node] = {}
        self.parking = 0
        self.next_index = 10  # the same number never twice in a lab, see netlink.veth
        self.loop = Loop()
        listening = messages.listen("keeper.sock")
        self.loop.register(listening.fileno(), lambda: self.accept(listening))
        self.culprit = ""  # the node or the end that a request was at when it failed

    def serve(self) -> None:
        """Answer until killed."""
        while True:
            self.loop.turn()

    def accept(self, listening: socket) -> None:
        """A command connected."""
        channel = messages.accept(listening)
        self.loop.register(channel.fileno(), lambda: self.answer(channel))

    def answer(self, channel: socket) -> None:
        """Carry out one request."""
        try:
            message, descriptors = messages.receive(channel)
        except messages.Gone:
            self.loop.unregister(channel.fileno())
            channel.close()
            return
        with os.fdopen(descriptors[0], "rb") as file:
            arguments = marshal.load(file)
        if descriptors[1:]:
            arguments["descriptors"] = descriptors[1:]
        request: Callable[..., dict[str, Any] | None] = getattr(self, f"do_{message['do']}")
        self.culprit = ""
        try:
            result = request(**arguments) or {}
        except OSError as error:
            result = {"errno": error.errno or 5, "error": str(error), "culprit": self.culprit}
        try:
            messages.send(channel, result)
        except messages.Gone:
            return

    # --- nodes

    def do_create(self, nodes: dict[str, dict[str, Any]]) -> None:
        """Create nodes, a few side by side; wait until every agent is ready. OSError of the first that failed.

        Between two forks little is done: of a page that this process writes to then, the agent before keeps a copy.
        """
        started: list[tuple[str, int, int]] = []
        words: list[bytes] = []
        for name, plan in nodes.items():
            if name == HOST and HOST in self.nodes:
                continue
            if len(started) - len(words) == _AT_ONCE:
                words.append(messages.heard(started[len(words)][2]))
            started.append(self.start(name, plan))
        while len(words) < len(started):
            words.append(messages.heard(started[len(words)][2]))
        self.admit({name: (pid, said) for (name, pid, _), said in zip(started, words, strict=True)})

    def start(self, name: str, plan: dict[str, Any]) -> tuple[str, int, int]:
        """Fork an agent into a pid namespace of its own; its name, its pid, and what tells when it is ready."""
        self.culprit = name
        ready, told = os.pipe2(os.O_CLOEXEC)
        linux.unshare(linux.NEWPID)
        pid = os.fork()
        if not pid:
            agent.become(name, told, plan | self.given | {"shares_network": name == HOST})
        linux.setns(self.home["pid"])
        os.close(told)
        return name, pid, ready

    def admit(self, agents: dict[str, tuple[int, bytes]]) -> None:
        """Take up the namespaces of agents that are ready; OSError of the first that said something else."""
        failed = {}
        for name, (pid, words) in agents.items():
            if words == b"ready":
                self.nodes[name] = self.handles(pid)
            else:
                os.waitpid(pid, 0)
                failed[name] = words.decode() or "its first process ended at once"
        for self.culprit, reason in failed.items():
            raise OSError(reason)

    def handles(self, pid: int) -> _Node:
        """A node's handles, taken from its first process."""
        namespace = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        return _Node(pid, namespace, self.rtnl_in(namespace))

    def rtnl_in(self, namespace: int) -> netlink.Rtnl:
        """A netlink socket in a network namespace."""
        linux.setns(namespace)
        try:
            return netlink.Rtnl()
        finally:
            linux.setns(self.home["net"])

    def do_adopt(self, nodes: dict[str, list[dict[str, Any]]], descriptors: list[int]) -> None:
        """Take up nodes that something else carries, each with a descriptor of its network namespace and one of its
        first process (pidfd_open(2)). One that was halted gets these ends of its cables back.
        """
        handles = iter(descriptors)
        for name, ends in nodes.items():
            self.culprit = name
            parked = self.nodes[name].parked if name in self.nodes else {}
            namespace, life = next(handles), next(handles)
            self.nodes[name] = _Node(_ANOTHERS, namespace, self.rtnl_in(namespace), life)
            self.plug_in(self.nodes[name], parked, ends)

    def do_remove(self, names: list[str]) -> None:
        """Remove nodes; the far ends of their cables go with their namespaces."""
        for name in names:
            self.culprit = name
            node = self.nodes.pop(name, None)
            if node is None:
                continue
            self.kill(node)
            self.rtnl.try_each([netlink.delete(parked) for parked in node.parked.values()])
            if os.path.exists(f"n/{name}"):
                os.remove(f"n/{name}")

    @staticmethod
    def kill(node: _Node) -> None:
        """End a node's first process, and with it all of the node's. One that is halted has none.

        Of one that was adopted only the handles are let go.
        """
        if node.halted:
            return
        if node.pid == _ANOTHERS:
            os.close(node.life)
        else:
            os.kill(node.pid, signal.SIGKILL)
            os.waitpid(node.pid, 0)
        node.pid = 0
        node.rtnl.close()
        os.close(node.namespace)

    def do_halt(self, name: str, interfaces: list[str]) -> None:
        """Pull a node's power; its cables' ends wait here, dark, so that the neighbours keep theirs."""
        self.culprit = name
        node = self.nodes[name]
        if node.halted:
            return
        for interface in interfaces:
            self.parking += 1
            parked = f"parked{self.parking}"
            try:
                node.rtnl.move(interface, self.home["net"], parked)
            except OSError as error:
                if error.errno != errno.ENODEV:
                    raise
            else:
                node.parked[interface] = parked
        self.kill(node)
        if os.path.exists(f"n/{name}"):
            os.remove(f"n/{name}")

    def do_restart(self, name: str, plan: dict[str, Any], ends: list[dict[str, Any]]) -> None:
        """Give a halted node its power and its cables back; the plan may be another one."""
        self.culprit = name
        if not self.nodes[name].halted:
            return
        parked = self.nodes[name].parked
        _, pid, ready = self.start(name, plan)
        self.admit({name: (pid, messages.heard(ready))})
        self.plug_in(self.nodes[name], parked, ends)

    def plug_in(self, node: _Node, parked: dict[str, str], ends: list[dict[str, Any]]) -> None:
        """Put cables that waited here back into a node."""
        for interface, waiting in parked.items():
            self.rtnl.move(waiting, node.namespace, interface)
        for end in ends:
            if end["name"] in parked:
                self.dress(node, end)

    def do_states(self) -> dict[str, Any]:
        """Each node's state: "failed" is one whose first process was killed from outside."""
        return {name: {"state": _state(node)} for name, node in self.nodes.items()}

    # --- cables

    def do_wire(self, links: list[list[dict[str, Any]]], missing_only: bool) -> None:
        """Make veths, both ends in place; then set them up, enslave and address them."""
        for near, far in links:
            if missing_only and (self.has(near) or self.has(far)):
                continue
            self.culprit = f"{near['node']}:{near['name']}"
            ends = [(end["name"], end["mtu"], end.get("mac"), self.nodes[end["node"]].namespace) for end in (near, far)]
            self.rtnl.do(netlink.veth(ends[0], ends[1], self.next_index))
            self.next_index += 2
            for end in (near, far):
                if end is far or end.get("bridge") or end.get("addresses") or end.get("alias"):
                    self.dress(self.nodes[end["node"]], end)

    def do_hang(self, devices: list[dict[str, Any]], missing_only: bool) -> dict[str, Any]:
        """Make macvlans and vxlans that stand on this namespace, each born in its node; then address them.

        Answers which interfaces of ours were named and not there: what a macvlan stands on is made, an empty bridge.
        """
        absent = []
        for end in devices:
            if missing_only and self.has(end):
                continue
            self.culprit = f"{end['node']}:{end['name']}"
            parent = None
            if end["parent"]:
                try:
                    parent = self.rtnl.index(end["parent"])
                except OSError:
                    absent.append(end["parent"])
            near = (end["name"], end["mtu"], end.get("mac"), self.nodes[end["node"]].namespace)
            if end["remote"] is None:
                if parent is None:
                    self.rtnl.do(netlink.bridge(end["parent"]))
                    parent = self.rtnl.index(end["parent"])
                self.rtnl.do(netlink.macvlan(near, parent, end["mode"], self.next_index))
            else:
                tunnel = (end["vni"], bytes(end["remote"]), end["port"], end["source_port"])
                self.rtnl.do(netlink.vxlan(near, *tunnel, parent, self.next_index))
            self.next_index += 2
            if end.get("bridge") or end.get("addresses") or end.get("alias"):
                self.dress(self.nodes[end["node"]], end)
        return {"absent": absent}

    def do_dress(self, ends: list[dict[str, Any]]) -> None:
        """Give ends of cables that somebody else made what ours are born with."""
        for end in ends:
            self.culprit = f"{end['node']}:{end['name']}"
            self.dress(self.nodes[end["node"]], end)

    def has(self, end: dict[str, Any]) -> bool:
        """Whether one end of a cable is there, be it in a node that is halted."""
        node = self.nodes[end["node"]]
        if node.halted:
            return end["name"] in node.parked
        try:
            return node.rtnl.index(end["name"]) > 0
        except OSError:
            return False

    def dress(self, node: _Node, end: dict[str, Any]) -> None:
        """Set one end up, put it into its bridge, give it its addresses."""
        master = node.rtnl.index(end["bridge"]) if end.get("bridge") else None
        requests = [netlink.change(end["name"], up=True, master=master)]
        if end.get("addresses"):
            index = node.rtnl.index(end["name"])
            requests += [netlink.address(index, text) for text in end["addresses"]]
        node.rtnl.do(*requests)
        if end.get("alias"):
            node.rtnl.try_each(netlink.known_as(node.rtnl.index(end["name"]), end["alias"], end["altname"]))

    def do_unwire(self, ends: list[dict[str, Any]]) -> None:
        """Take cables out; one end named is enough. One that is not there is out already."""
        for end in ends:
            node = self.nodes.get(end["node"])
            if node is None:
                continue
            self.culprit = f"{end['node']}:{end['name']}"
            rtnl, name = (self.rtnl, node.parked.pop(end["name"], "")) if node.halted else (node.rtnl, end["name"])
            try:
                rtnl.do(netlink.delete(name))
            except OSError as error:
                if error.errno != errno.ENODEV:
                    raise

    def do_change(self, node: str, name: str, up: bool | None, mtu_bytes: int | None) -> None:
        """Change one end."""
        self.culprit = f"{node}:{name}"
        self.nodes[node].rtnl.do(netlink.change(name, up=up, mtu_bytes=mtu_bytes))

    def do_device(self, node: str, name: str, kinds: list[str]) -> dict[str, Any]:
        """Make a device of the first of these kinds that the kernel has."""
        self.culprit = f"{node}:{name}"
        rtnl = self.nodes[node].rtnl
        for kind in kinds:
            try:
                rtnl.do(netlink.bridge(name) if kind == "bridge" else netlink.device(name, kind))
            except OSError as error:
                if error.errno != 95:  # EOPNOTSUPP: the kernel has no such device
                    raise
            else:
                return {"kind": kind}
        return {"kind": None}


def _state(node: _Node) -> str:
    if node.halted:
        return "halted"
    if node.pid == _ANOTHERS:
        return "failed" if select.select([node.life], [], [], 0)[0] else "running"
    ended = os.waitid(os.P_PID, node.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    return "failed" if ended else "running"
