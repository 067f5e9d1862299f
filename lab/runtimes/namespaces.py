"""The embedded runtime: Linux namespaces on this machine, as root or as an ordinary user.

This is the client's side. The keeper (`lab.enclosure.keeper`) does the work; here a Topology's nodes and links become
its requests, and a node's agent becomes a RunningNode.
"""

import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from typing import Any

from lab import hanging, naming
from lab.enclosure import keeper
from lab.enclosure.client import PROJECT, Agents, NamespaceNode, program
from lab.journal import Journal
from lab.node import RunningNode
from lab.runtimes import NO_FILES, Files, StandIn
from sim.errors import HostError, NodeFailed, TopologyError
from sim.topology.container import is_idle
from sim.topology.interfaces import stitch_names
from sim.topology.model import Endpoint, Kind, Link, LinkType, Node

_STAND_INS = {"dummy": ["dummy", "ifb"], "bridge": ["bridge"], "ifb": ["ifb"]}
_VLAN_NAME = re.compile(r".+\.\d+$")
_FORWARDING = "net/ipv4/ip_forward"  # a new namespace has what the machine has; a lab is the same on any machine
_FORWARDERS = (Kind.LINUX, Kind.FRR, Kind.CUMULUS)


class Namespaces:
    """A lab carried by Linux namespaces."""

    of_this_machine = True

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._kinds: dict[str, Kind] = {}
        self._cables: dict[str, list[Link]] = {}
        self._agents = Agents(journal.folder)
        self._has_host = False

    def start(self, lock: int) -> None:
        """Start the keeper, which keeps `lock` until all is on disk; see Runtime."""
        ready, told = os.pipe()
        tools = PROJECT / ".tools"
        arguments = [str(self._journal.folder), str(tools) if tools.is_dir() else "", str(told), str(lock)]
        argv = [*program("enclosing"), *arguments]
        with subprocess.Popen(argv, pass_fds=(told, lock), stdin=subprocess.DEVNULL, cwd="/") as starter:
            try:
                os.close(told)
                with os.fdopen(ready, "rb") as file:
                    words = file.read().decode()
            except BaseException:
                starter.kill()  # from here on either the keeper's pid is on disk or there is no keeper
                starter.wait()
                raise
        if words != "ready" or starter.returncode:
            raise HostError(f"cannot enclose a lab: {words or 'the first process ended'}; see `fabriclab preflight`")

    def _host(self) -> str:
        """The name of the agent of the lab's host side, started when it is needed first: many labs never do."""
        if not self._has_host:
            self._ask("create", nodes={keeper.HOST: self._plan(Node(name=keeper.HOST, kind=Kind.HOST))})
            self._has_host = True
        return keeper.HOST

    def remember(self, nodes: Sequence[Node], links: Sequence[Link]) -> None:
        """Take up a lab that runs already."""
        self._kinds.update({node.name: node.kind for node in nodes})
        for link in links:
            self._note(link)

    def create(self, nodes: Sequence[Node], files: Files = NO_FILES) -> None:
        """Create these nodes; see Runtime. TopologyError at a command of an image, which there is none of."""
        for node in nodes:
            _refuse_command(node)
        self._kinds.update({node.name: node.kind for node in nodes})
        self._ask("create", nodes={node.name: self._plan(node) for node in nodes if node.kind is not Kind.HOST})

    def remove(self, names: Sequence[str]) -> None:
        """Remove nodes; see Runtime."""
        self._ask("remove", names=[name for name in names if self._kinds.pop(name, Kind.HOST) is not Kind.HOST])
        for name in names:
            self._agents.forget(name)
            for link in self._cables.pop(name, []):
                self._strike(link)

    def wire(self, links: Sequence[Link], *, missing_only: bool = False) -> None:
        """Cable; see Runtime."""
        cables = [link for link in links if hanging.is_cable(link) or hanging.is_stitched(link)]
        self._ask("wire", links=[self._ends(link) for link in cables], missing_only=missing_only)
        if hung := [link for link in links if link.type.hangs]:
            self._hang(hung, missing_only)
        for link in () if missing_only else links:
            if link.type is LinkType.DUMMY:
                self._dummy(link)
            self._take_up(link)

    def _take_up(self, link: Link) -> None:
        """Keep in mind a cable that is there now."""
        self._note(link)
        if link.type is LinkType.VETH:
            for end in link.endpoints:
                if _VLAN_NAME.match(end.interface):
                    given = "a veth under that name, a cable of its own: no tag on the wire"
                    self._tell(StandIn(end.node, f"{end.interface} (vlan)", given))

    def unwire(self, links: Sequence[Link]) -> None:
        """Take cables out; see Runtime."""
        ends = [self._end(link, link.endpoints[0]) for link in links]
        ends += [{"node": self._host(), "name": stitch_names(link)[1]} for link in links if hanging.is_stitched(link)]
        self._ask("unwire", ends=ends)
        for link in links:
            self._strike(link)

    def _hang(self, links: Sequence[Link], missing_only: bool) -> None:
        """Make what stands on the host side, now that its interfaces are there."""
        self._host()
        devices = [self._hung(link) for link in links if len(link.endpoints) == 1]
        absent = self._ask("hang", devices=devices, missing_only=missing_only)["absent"]
        for link in () if missing_only else links:
            if hanging.is_stitched(link):
                hanging.stitch(self.host(), link)
            if stand_in := hanging.told(link, absent, self.host()):
                self._tell(stand_in)

    def _hung(self, link: Link) -> dict[str, Any]:
        end = self._end(link, link.endpoints[0])
        if hanging.is_stitched(link):
            end = {"node": self._host(), "name": stitch_names(link)[1], "mtu": link.mtu_bytes}
        return {**end, **hanging.standing(link)}

    def set_link(self, endpoint: Endpoint, *, up: bool | None = None, mtu_bytes: int | None = None) -> None:
        """Change one end; see Runtime.

        Setting an end down makes the kernel forget what a pulled cable would not: its static routes and IPv6 addresses.
        They are kept on the node and put back when the end comes up.
        """
        node = self.node(endpoint.node)
        if up is False:
            _keep_for_later(node, endpoint.interface)
        self._ask("change", node=self._place(endpoint.node), name=endpoint.interface, up=up, mtu_bytes=mtu_bytes)
        if up:
            _put_back(node, endpoint.interface)

    def device(self, node: str, name: str, kind: str) -> StandIn | None:
        """Make a virtual device; see Runtime."""
        if kind == "vlan":
            self._vlan(node, name)
            return None
        if kind not in _STAND_INS:
            raise HostError(f"{name}: there is no stand-in for a {kind} device, and this kernel has none", node)
        given = self._ask("device", node=self._place(node), name=name, kinds=_STAND_INS[kind])["kind"]
        if given == kind:
            return None
        if given is None:
            raise HostError(f"{name}: this kernel has no {kind} device, nor {' or '.join(_STAND_INS[kind][1:])}", node)
        stand_in = StandIn(node, f"{name} ({kind})", f"an {given} device under that name")
        self._tell(stand_in)
        return stand_in

    def _vlan(self, node: str, name: str) -> None:
        parent, _, tag = name.rpartition(".")
        argv = ["ip", "link", "add", "link", parent, "name", name, "type", "vlan", "id", tag]
        if self.node(node).run(argv, check=False).status:
            advice = f"cable {node}:{name} as a link of its own in the topology file"
            raise HostError(f"{name}: this kernel has no vlan device for {parent}; {advice}", node)

    def halt(self, name: str) -> None:
        """Pull a node's power; see Runtime."""
        if self._place(name) == keeper.HOST:
            raise NodeFailed("stands for the machine itself, which has no power to pull", name)
        ends = [end.interface for link in self._cables.get(name, []) for end in link.endpoints if end.node == name]
        self._ask("halt", name=name, interfaces=[end for end in ends if self._is_cable(name, end)])
        self._agents.forget(name)

    def restart(self, node: Node, files: Files = NO_FILES) -> None:
        """Give a halted node its power back; see Runtime."""
        self._kinds[node.name] = node.kind
        self._ask("restart", name=node.name, plan=self._plan(node), ends=self._ends_of(node.name))
        self._make_dummies(node.name)

    def node(self, name: str) -> RunningNode:
        """The running node; see Runtime."""
        return NamespaceNode(name, self._place(name), self._agents)

    def host(self) -> RunningNode:
        """The lab's host side; see Runtime."""
        return self.node(keeper.HOST)

    def stand_ins(self) -> Sequence[StandIn]:
        """What stands in for what."""
        found = dict.fromkeys(StandIn(**line) for line in self._journal.lines("stand-ins"))
        return [each for each in found if each.node in self._kinds]

    def states(self) -> Mapping[str, str]:
        """Each node's state; see Runtime."""
        found = self._ask("states")
        places = {name: self._place(name) for name in self._kinds}
        return {name: found[place]["state"] if place in found else "missing" for name, place in places.items()}

    def hang_up(self) -> None:
        """Let go of every node: calls in progress fail, and the programs that they wait for end."""
        self._agents.hang_up()

    def destroy(self) -> None:
        """End everything; see Runtime."""
        self._agents.close()
        self._journal.end_keeper()

    # --- what the keeper is told

    def _ask(self, request: str, descriptors: Sequence[int] = (), **arguments: Any) -> dict[str, Any]:
        answer = self._agents.ask_keeper(request, arguments, descriptors)
        if "errno" in answer:
            raise NodeFailed(f"{request}: {answer['error']}", answer.get("culprit") or self._journal.name)
        return answer

    def _place(self, name: str) -> str:
        """The name of the agent that carries a node."""
        if name == keeper.HOST:
            return self._host()
        if name not in self._kinds:
            raise NodeFailed(f"no such node in this lab; known: {', '.join(self._kinds)}", name)
        return self._host() if self._kinds[name] is Kind.HOST else name

    def _plan(self, node: Node) -> dict[str, Any]:
        forwards = "1" if node.kind in _FORWARDERS else "0"
        sysctls = {
            _FORWARDING: forwards,
            "net/ipv4/conf/all/rp_filter": "0",
            "net/ipv4/conf/default/rp_filter": "0",
            "net/ipv6/conf/all/disable_ipv6": "0",
            "net/ipv6/conf/default/disable_ipv6": "0",
            "net/ipv4/ping_group_range": "0 0",
            "net/ipv4/fib_multipath_hash_seed": str(naming.hash_seed(node.name)),
        }
        wanted = {naming.sysctl_path(key): value for key, value in node.sysctls.items()}
        return {
            "hostname": node.hostname or node.name,
            "env": node.env,
            "sysctls": {_FORWARDING: "0"} if node.kind is Kind.HOST else sysctls | wanted,
            "wanted": list(wanted),
            "bridge": node.name if node.kind is Kind.BRIDGE else None,
        }

    def _ends(self, link: Link) -> list[dict[str, Any]]:
        near = self._end(link, link.endpoints[0])
        match link.type:
            case LinkType.VXLAN_STITCH if len(link.endpoints) == 1:
                return [near, {"node": self._host(), "name": stitch_names(link)[0], "mtu": link.mtu_bytes}]
            case LinkType.VETH | LinkType.VXLAN:
                return [near, self._end(link, link.endpoints[1])]
            case LinkType.MGMT_NET:
                bridge = link.vars["bridge"]
                return [
                    near,
                    {"node": self._host(), "name": link.far_interface, "mtu": link.mtu_bytes, "bridge": bridge},
                ]
            case _:
                return [near, {"node": self._host(), "name": link.far_interface, "mtu": link.mtu_bytes}]

    def _end(self, link: Link, end: Endpoint) -> dict[str, Any]:
        return {
            "node": self._place(end.node),
            "name": end.interface,
            "mtu": link.mtu_bytes,
            "mac": end.mac or naming.mac_address(self._journal.name, end.node, end.interface),
            "addresses": list(end.addresses),
            "bridge": end.node if self._kinds[end.node] is Kind.BRIDGE else None,
            "alias": end.alias,
            "altname": end.altname,
        }

    def _ends_of(self, name: str) -> list[dict[str, Any]]:
        """The ends of cables that a node has."""
        links = [link for link in self._cables.get(name, []) if link.type is not LinkType.DUMMY]
        return [self._end(link, end) for link in links for end in link.endpoints if end.node == name]

    def _make_dummies(self, name: str) -> None:
        for link in self._cables.get(name, []):
            if link.type is LinkType.DUMMY:
                self._dummy(link)

    def _dummy(self, link: Link) -> None:
        end = link.endpoints[0]
        self.device(end.node, end.interface, "dummy")
        lines = [f"link set {end.interface} mtu {link.mtu_bytes}"]
        lines += [f"address add {address} dev {end.interface}" for address in end.addresses]
        self.node(end.node).run(["ip", "-batch", "-"], stdin="\n".join(lines).encode())

    def _is_cable(self, name: str, interface: str) -> bool:
        links = self._cables[name]
        return all(link.type is not LinkType.DUMMY for link in links if str(link.endpoints[0]) == f"{name}:{interface}")

    def _note(self, link: Link) -> None:
        for end in link.endpoints:
            self._cables.setdefault(end.node, []).append(link)

    def _strike(self, link: Link) -> None:
        for end in link.endpoints:
            cables = self._cables.get(end.node, [])
            self._cables[end.node] = [each for each in cables if each != link]

    def _tell(self, stand_in: StandIn) -> None:
        self._journal.append("stand-ins", {"node": stand_in.node, "wanted": stand_in.wanted, "given": stand_in.given})


Carrier = Namespaces


def _refuse_command(node: Node) -> None:
    for key, words in (("entrypoint", node.container.entrypoint), ("cmd", node.container.command)):
        if not is_idle(words):
            advice = "name what listens in config.vars.services, with its command, or use --runtime docker"
            raise TopologyError(f"{node.name}: {key}: {words!r} is not run: there is no image; {advice}", node.place)


_KEPT = "/run/fabriclab/link-{}.batch"


def _keep_for_later(node: RunningNode, interface: str) -> None:
    """Note, as commands for `ip -batch`, what the interface would lose by being set down; once, should it be down."""
    path = _KEPT.format(interface)
    if node.read(path) is not None:
        return
    lines = [f"-6 address replace {text} dev {interface} nodad" for text in _global_ipv6(node, interface)]
    for family in ("-4", "-6"):
        shown = node.run(["ip", family, "route", "show", "table", "all", "dev", interface], check=False).text
        lines += [
            f"{family} route replace {line.strip()} dev {interface}"
            for line in shown.splitlines()
            if re.search(r"proto (boot|static|dhcp)\b", line) or ("proto" not in line and "linkdown" not in line)
        ]
    node.write({path: "\n".join(lines).encode() + b"\n"})


def _global_ipv6(node: RunningNode, interface: str) -> list[str]:
    shown = node.run(["ip", "-6", "-o", "address", "show", "dev", interface, "scope", "global"], check=False).text
    return [line.split()[3] for line in shown.splitlines()]


def _put_back(node: RunningNode, interface: str) -> None:
    path = _KEPT.format(interface)
    kept = node.read(path)
    for family in ("-4", "-6") if kept else ():  # a line of a batch is a command: the family is the program's option
        lines = [line[3:] for line in (kept or b"").splitlines() if line.startswith(family.encode())]
        node.run(["ip", family, "-force", "-batch", "-"], stdin=b"\n".join(lines) + b"\n", check=False)
    if kept:
        node.write({path: None})
