"""Lab: a deployed Topology, the only thing with a life.

    with Lab.deploy(read_topology("topologies/dev01")) as lab:
        lab.nodes["gw"].run(["ip", "route"])

A lab survives the command that made it and is found again by name; leaving the `with` block destroys it. What runs on
the nodes is pushed by `harness.deploy`: here they come up cabled and empty. Work on many nodes at once is `LabNodes`'.
"""

import os
import subprocess
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any, Self

from lab import hanging, management
from lab.ahead import Ahead
from lab.difference import Difference, between, cables, of_another_image, touches
from lab.environment import as_made
from lab.journal import Journal, process_started
from lab.keys import Keys
from lab.lab_nodes import LabNodes
from lab.node import RunningNode
from lab.runtimes import DEFAULT, NO_FILES, Files, carrier
from sim.errors import LabError
from sim.topology.files import node_files
from sim.topology.model import Endpoint, Kind, Link, Topology
from sim.topology.record import from_record, to_record

NO_PORTS: Mapping[str, management.Port] = MappingProxyType({})


class Lab(LabNodes):
    """A deployed topology."""

    def __init__(
        self,
        topology: Topology,
        journal: Journal,
        runtime: str = DEFAULT,
        ports: Mapping[str, management.Port] = NO_PORTS,
    ) -> None:
        super().__init__(topology, carrier(runtime, journal))
        self.carried_by = runtime
        """The runtime's name."""
        self._journal = journal
        self._ports = dict(ports) or _plan(topology)
        self.keys = Keys(journal.folder)
        self._unbooted: set[str] = set()  # made on a running lab, and without what they should run

    @property
    def name(self) -> str:
        """The lab's name."""
        return self.topology.name

    @property
    def folder(self) -> Path:
        """The lab's own folder on this machine, which goes when the lab goes."""
        return self._journal.folder

    @property
    def ports(self) -> Mapping[str, management.Port]:
        """Who is where on the management network, by node."""
        return self._ports

    # --- its life

    @classmethod
    def deploy(
        cls,
        topology: Topology,
        progress: Callable[[str], None] = lambda _: None,
        runtime: str = DEFAULT,
        ahead: Ahead | None = None,
        *,
        bare: bool = False,
    ) -> Self:
        """Create every node and cable. LabError if the lab runs already; on any failure nothing is left behind.

        `progress` is told each stage in a few words; `ahead` is what is done meanwhile. `bare` nodes find none of their
        files when they start. InputError where there is no such runtime, HostError where the kernel lacks what a
        link is.
        """
        hanging.refuse_lacking(topology.links)
        journal = Journal(topology.name)
        lab = cls(topology, journal, runtime)
        with journal.locked(wait=journal.is_abandoned()) as lock:
            if journal.is_up():
                raise LabError(
                    "this lab is running already; `fabriclab destroy` it, or deploy under another name", topology.name
                )
            if journal.is_in_the_making():
                raise LabError("another command is bringing this lab up", topology.name)
            _end(journal)
            journal.write(lab._record("deploying"))
            try:
                files = NO_FILES if bare or lab.runtime.of_this_machine else _files(topology)
                lab._create(lock, progress, files, ahead or Ahead())
            except BaseException:
                _end(journal)
                journal.remove()
                raise
        return lab

    def _create(self, lock: int, progress: Callable[[str], None], files: Files, ahead: Ahead) -> None:
        progress("enclosure")
        self.runtime.start(lock)
        nodes = [as_made(self.topology, node) for node in self.topology.nodes.values()]
        progress(f"{len(nodes)} nodes")
        self.runtime.create([node for node in nodes if node.name in ahead.names], files)
        with ahead.begun(self.runtime):
            self.runtime.create([node for node in nodes if node.name not in ahead.names], files)
            progress(f"{len(self.topology.links)} links")
            self._open_bridge(self.topology)
            self.runtime.wire(self.topology.links)
            self._manage(list(self.topology.nodes))

    def _open_bridge(self, topology: Topology) -> None:
        """Have the management network's bridge there, for the cables that lead to it."""
        bridge = topology.management.bridge
        if management.is_needed(topology) and self.host.run(["ip", "link", "show", bridge], check=False).status:
            management.open_bridge(self.host, topology.management)

    def _manage(self, names: Collection[str]) -> None:
        """Bring the management network, and these nodes onto it."""
        if not management.is_needed(self.topology):
            return
        host, net = self.host, self.topology.management
        ports = [self._ports[name] for name in names if name in self._ports]
        self.runtime.wire([management.cable(net, port) for port in ports])
        self._write_hosts()
        self.each(lambda node: management.route_out(node, net), [port.node for port in ports if not port.by_dhcp])
        for process in host.processes():
            if process.name == "dnsmasq":
                host.signal(process.pid, 9)
        management.serve_dhcp(host, self.name, net, list(self._ports.values()))

    def _write_hosts(self) -> None:
        def write(node: RunningNode) -> None:
            declared = self.topology.nodes[node.name]
            hostname = (declared.hostname or declared.name).encode() + b"\n"
            hosts = management.hosts_file(declared, self._ports, self.topology)
            node.write({"/etc/hosts": hosts, "/etc/hostname": hostname})

        self.each(write, list(self._ports))

    @classmethod
    def find(cls, name: str) -> Self:
        """The running lab of that name; LabError lists those that run."""
        journal = Journal(name)
        record = journal.read() if journal.exists else None
        if record is None or journal.keeper_pid() is None:
            if journal.exists:
                raise LabError("this lab's first process has ended; `fabriclab destroy` clears what is left", name)
            known = ", ".join(cls.names()) or "none"
            raise LabError(f"this lab is not running (running: {known}); `fabriclab deploy` starts one", name)
        topology = from_record(record["topology"])
        ports = {each["node"]: management.Port(**each) for each in record["ports"]}
        lab = cls(topology, journal, record.get("runtime", DEFAULT), ports)
        lab._unbooted = set(record.get("unbooted", ()))
        lab.runtime.remember(list(topology.nodes.values()), [*topology.links, *lab._management_cables()])
        return lab

    @staticmethod
    def names() -> list[str]:
        """The labs that run, or have left something to destroy."""
        return Journal.names()

    @classmethod
    def runs(cls, name: str) -> bool:
        """Whether a lab of that name was brought up to its end and has not ended since."""
        return Journal(name).is_up()

    def is_running(self) -> bool:
        """Whether the lab was brought up to its end."""
        return self._journal.is_up()

    def mark_booted(self, names: Collection[str]) -> None:
        """These nodes run what they should: until then, a later `deploy` takes them for failed and makes them anew."""
        if not self._unbooted.isdisjoint(names):
            self._unbooted -= set(names)
            self._journal.write(self._record("running"))

    def mark_running(self) -> None:
        """The lab is up with all that it should run: a later `deploy` finds it instead of starting over."""
        self._journal.write(self._record("running"))

    def record_number(self) -> int:
        """Another number each time that a command writes down what the lab consists of; 0 when the lab is gone."""
        return self._journal.number()

    def _record(self, state: str) -> dict[str, Any]:
        by = (os.getpid(), process_started(os.getpid()))
        ports = [asdict(port) for port in self._ports.values()]
        made = {"ports": ports, "unbooted": sorted(self._unbooted)}
        return {"state": state, "by": by, "runtime": self.carried_by, "topology": to_record(self.topology), **made}

    def destroy(self) -> None:
        """End everything. Nothing stays behind."""
        self.runtime.destroy()
        self.destroy_by_name(self.name)

    @staticmethod
    def destroy_by_name(name: str) -> bool:
        """End a lab in whatever state it is, running, half made or killed; whether there was anything."""
        journal = Journal(name)
        if not journal.exists:
            return False
        journal.end_keeper()  # a command at work on the lab fails at once, and gives up the lock that it holds
        with journal.locked():
            _end(journal)
            journal.remove()
        return True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.destroy()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep other commands that change this lab out."""
        with self._journal.locked(wait=False):
            yield

    def external(self, undo: Sequence[str]) -> None:
        """Say, before making something outside of the enclosure (a loop device), which command undoes it.

        The commands run in reverse order when the lab ends; one that finds nothing to undo may fail.
        """
        self._journal.append("external", {"undo": list(undo)})

    @contextmanager
    def life(self) -> Iterator[int]:
        """A descriptor that can be read from once the lab has ended, however it ends."""
        pid = self._journal.keeper_pid()
        if pid is None:
            raise LabError("this lab's first process has ended; `fabriclab destroy` clears what is left", self.name)
        handle = os.pidfd_open(pid)
        try:
            yield handle
        finally:
            os.close(handle)

    # --- its changes

    def set_link(self, endpoint: str, *, up: bool | None = None, mtu_bytes: int | None = None) -> None:
        """Change the end `node:interface`: up, down, or its MTU in bytes."""
        self.runtime.set_link(self._endpoint(endpoint), up=up, mtu_bytes=mtu_bytes)

    def _endpoint(self, text: str) -> Endpoint:
        node, _, interface = text.partition(":")
        if node in self._ports and interface == "eth0":
            return Endpoint(node, interface)
        return next(end for end in self.topology.link_at(text).endpoints if text in end.names)

    def halt(self, name: str) -> None:
        """Pull a node's power. Its workloads lose theirs."""
        for each in self._with_workloads(name):
            self.runtime.halt(each)

    def restart(self, name: str) -> None:
        """Give a halted node its power back: it is empty until `harness.deploy` boots it. The names that came back."""
        self._unbooted |= set(self._with_workloads(name))
        if self.is_running():
            self.mark_running()
        for each in self._with_workloads(name):
            self.runtime.restart(as_made(self.topology, self.topology.nodes[each]), _files(self.topology))
        self._readdress(self._with_workloads(name))

    def _readdress(self, names: Collection[str]) -> None:
        net = self.topology.management
        managed = [name for name in names if name in self._ports]
        self._write_hosts()
        self.each(lambda node: management.route_out(node, net), [n for n in managed if not self._ports[n].by_dhcp])

    def difference(self, wanted: Topology) -> Difference:
        """What `apply` would do."""
        broken = {name for name, state in self.states().items() if state in ("failed", "missing")}
        others = set() if self.runtime.of_this_machine else of_another_image(self.topology, wanted)
        return between(self.topology, wanted, broken | self._unbooted | others)

    def apply(self, wanted: Topology) -> Difference:
        """Make the running lab the wanted topology: nodes and cables. Files are `harness.deploy.apply`'s business.

        Should it fail halfway, the lab counts as the wanted one with nodes missing: applying the old one goes back.
        """
        hanging.refuse_lacking(wanted.links)
        found = self.difference(wanted)
        old, new = cables(self.topology), cables(wanted)
        again = [name for name in found.changed if self._stays_cabled(name, wanted)]
        anew = [name for name in found.changed if name not in again]
        gone, made = {*found.removed, *anew}, [*found.added, *anew]
        left = {name: port for name, port in self._ports.items() if name not in {*gone, *again}}
        ports = _plan(wanted, left)
        self.runtime.unwire([link for key, link in old.items() if key in found.unwired or touches(link, gone)])
        self.runtime.unwire([link for link in self._management_cables() if touches(link, {*gone, *again})])
        self.runtime.remove(list(gone))
        for name in again:
            self.runtime.halt(name)
        if wanted.management != self.topology.management:
            self.host.run(["ip", "link", "delete", self.topology.management.bridge], check=False)
        self.topology, self._ports = wanted, ports
        self._unbooted |= {*made, *again}
        self._journal.write(self._record("running"))
        files = _files(wanted)
        self.runtime.create([as_made(wanted, wanted.nodes[name]) for name in made], files)
        for name in again:
            self.runtime.restart(as_made(wanted, wanted.nodes[name]), files)
        self._open_bridge(wanted)
        fresh = [link for key, link in new.items() if key in found.wired or touches(link, set(made))]
        self.runtime.wire(fresh)
        self.runtime.wire([link for link in new.values() if link not in fresh], missing_only=True)
        self._manage([*made, *again])
        return found

    def _stays_cabled(self, name: str, wanted: Topology) -> bool:
        """Whether a node can be made anew with its cables in place, so that its neighbours keep their interfaces."""
        kinds = {self.topology.nodes[name].kind, wanted.nodes[name].kind}
        return Kind.HOST not in kinds and self.states()[name] != "missing"

    def _management_cables(self) -> list[Link]:
        net = self.topology.management
        return [management.cable(net, port) for port in self._ports.values()]


def _files(topology: Topology) -> dict[str, dict[str, bytes]]:
    return {name: dict(node_files(topology, node)) for name, node in topology.nodes.items()}


def _plan(topology: Topology, kept: Mapping[str, management.Port] = NO_PORTS) -> dict[str, management.Port]:
    return management.plan(topology, _files(topology), kept) if management.is_needed(topology) else {}


def _end(journal: Journal) -> None:
    """End what a lab may have running, undo what it made outside, and clear what it left, its folder excepted."""
    record = journal.read() or {}
    carrier(record.get("runtime", DEFAULT), journal).destroy()
    for line in reversed(journal.lines("external")):
        with suppress(OSError):  # a program that is gone from the machine undoes nothing, and hinders no other
            subprocess.run(line["undo"], check=False, capture_output=True)
    journal.clear()
