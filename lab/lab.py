"""Lab: a deployed Topology, the only thing with a life.

    with Lab.deploy(read_topology("topologies/dev01")) as lab:
        lab.nodes["gw"].run(["ip", "route"])

A lab survives the command that made it and is found again by name; leaving the `with` block destroys it. What runs on
the nodes is pushed by `harness.deploy`: here they come up cabled and empty. All concurrency lives in `each`,
`in_order` and `Ahead`.
"""

import json
import os
import subprocess
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from threading import Event
from types import MappingProxyType, TracebackType
from typing import Any, Self, TypeVar

from lab import hanging, management
from lab.ahead import Ahead
from lab.difference import Difference, between, cables, touches
from lab.environment import as_made
from lab.journal import Journal, process_started
from lab.keys import Keys
from lab.node import RunningNode
from lab.runtimes import DEFAULT, NO_FILES, Files, Runtime, StandIn, carrier
from sim.errors import FabricError, LabError
from sim.topology.files import node_files
from sim.topology.model import Endpoint, Kind, Link, Topology
from sim.topology.record import from_record, to_record

Result = TypeVar("Result")
Step = tuple[str, str]
"""A node, and what is done on it."""
WORKERS = 16
NO_PORTS: Mapping[str, management.Port] = MappingProxyType({})
_TOLD = "/run/fabriclab/stand-ins.json"


class Lab:
    """A deployed topology."""

    def __init__(
        self,
        topology: Topology,
        journal: Journal,
        runtime: str = DEFAULT,
        ports: Mapping[str, management.Port] = NO_PORTS,
    ) -> None:
        self.topology = topology
        self.runtime: Runtime = carrier(runtime, journal)
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
        with journal.locked(wait=cls._is_abandoned(journal)) as lock:
            if cls._is_up(journal):
                raise LabError(
                    "this lab is running already; `fabriclab destroy` it, or deploy under another name", topology.name
                )
            if cls._is_in_the_making(journal):
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

    @staticmethod
    def _is_up(journal: Journal) -> bool:
        record = journal.read()
        return record is not None and record["state"] == "running" and journal.keeper_pid() is not None

    @staticmethod
    def _is_in_the_making(journal: Journal) -> bool:
        """Whether a command other than this one is about to bring the lab up."""
        record = journal.read()
        if record is None or record["state"] != "deploying" or journal.keeper_pid() is None:
            return False
        return record["by"][0] != os.getpid() and _runs(record["by"])

    @staticmethod
    def _is_abandoned(journal: Journal) -> bool:
        """Whether the command that brought the lab up was killed on the way. Who started the keeper for it may hold the
        lab's lock for a moment more, and lets go by itself.
        """
        record = journal.read()
        return record is not None and record["state"] == "deploying" and not _runs(record["by"])

    @classmethod
    def runs(cls, name: str) -> bool:
        """Whether a lab of that name was brought up to its end and has not ended since."""
        return cls._is_up(Journal(name))

    def is_running(self) -> bool:
        """Whether the lab was brought up to its end."""
        return self._is_up(self._journal)

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

    # --- its nodes

    @property
    def nodes(self) -> Mapping[str, RunningNode]:
        """The running nodes by name, in the file's order; a halted one is not among them."""
        states = self.states()
        return {name: self.runtime.node(name) for name in self.topology.nodes if states.get(name) == "running"}

    @property
    def host(self) -> RunningNode:
        """The lab's host side: the namespace that carries the management network."""
        return self.runtime.host()

    def states(self) -> Mapping[str, str]:
        """Each node's state: running, halted, failed (its first process was killed) or missing (never made)."""
        return self.runtime.states()

    def stand_ins(self) -> tuple[StandIn, ...]:
        """What stands in for what: devices of the runtime's making, and what roles told."""
        told = self.each(lambda node: node.read(_TOLD))
        of_roles = (StandIn(name, *pair) for name, text in told.items() if text for pair in json.loads(text))
        return tuple(dict.fromkeys((*self.runtime.stand_ins(), *of_roles)))

    def tell(self, name: str, stand_ins: Sequence[StandIn]) -> None:
        """Keep what a node's role says stands in for what, in place of what it said before."""
        node = self.runtime.node(name)
        if stand_ins or node.read(_TOLD):
            node.write({_TOLD: json.dumps([(each.wanted, each.given) for each in stand_ins]).encode()})

    def each(
        self,
        work: Callable[[RunningNode], Result],
        names: Collection[str] | None = None,
        at_once: int = WORKERS,
    ) -> dict[str, Result]:
        """Do something on many nodes at once (all that run, or these, begun in that order); results by name.

        The first FabricError, in that order, is raised after all have finished.
        """
        running = self.nodes
        chosen = {name: running[name] for name in (running if names is None else names) if name in running}
        with ThreadPoolExecutor(max_workers=at_once) as pool:
            futures = {name: pool.submit(work, node) for name, node in chosen.items()}
            try:
                wait(futures.values())
            except BaseException:  # interrupted: who waits on a node waits no longer
                pool.shutdown(wait=False, cancel_futures=True)
                self.runtime.hang_up()
                raise
        return {name: future.result() for name, future in futures.items()}

    def in_order(self, steps: Mapping[Step, Collection[Step]], work: Callable[[Step, Event], None]) -> None:
        """Carry out steps of nodes side by side, each as soon as those that it needs are over.

        A node has one step under way at a time. After the first failure no step begins; those under way are told by the
        event that `work` is given, and the failure is raised when they have ended.
        """
        ahead = {step: set(needed) & steps.keys() for step, needed in steps.items()}
        stopped, running = Event(), dict[Future[None], Step]()
        with ThreadPoolExecutor(max_workers=len({node for node, _ in steps}) or 1) as pool:
            try:
                while ahead or running:
                    for step in [step for step, needed in ahead.items() if not needed]:
                        del ahead[step]
                        running[pool.submit(work, step, stopped)] = step
                    for future in wait(running, return_when=FIRST_COMPLETED).done:
                        over = running.pop(future)
                        future.result()
                        for needed in ahead.values():
                            needed.discard(over)
            except BaseException as error:
                stopped.set()
                if not isinstance(error, FabricError):  # interrupted: who waits on a node waits no longer
                    self.runtime.hang_up()
                raise

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

    def _with_workloads(self, name: str) -> list[str]:
        self.topology.node(name)
        return [name, *(node.name for node in self.topology.nodes.values() if node.parent == name)]

    def _readdress(self, names: Collection[str]) -> None:
        net = self.topology.management
        managed = [name for name in names if name in self._ports]
        self._write_hosts()
        self.each(lambda node: management.route_out(node, net), [n for n in managed if not self._ports[n].by_dhcp])

    def difference(self, wanted: Topology) -> Difference:
        """What `apply` would do."""
        broken = {name for name, state in self.states().items() if state in ("failed", "missing")}
        return between(self.topology, wanted, broken | self._unbooted | self._of_another_image(wanted))

    def _of_another_image(self, wanted: Topology) -> set[str]:
        """Nodes whose image or container would be another; none where nodes run this machine's own programs."""
        have = {} if self.runtime.of_this_machine else self.topology.nodes
        both = ((have[name], node) for name, node in wanted.nodes.items() if name in have)
        return {new.name for old, new in both if (old.image, old.container) != (new.image, new.container)}

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


def _runs(process: Sequence[Any]) -> bool:
    """Whether a process, told by its pid and when it was started, still runs."""
    pid, started = process
    return bool(process_started(pid) == started)


def _end(journal: Journal) -> None:
    """End what a lab may have running, undo what it made outside, and clear what it left, its folder excepted."""
    record = journal.read() or {}
    carrier(record.get("runtime", DEFAULT), journal).destroy()
    for line in reversed(journal.lines("external")):
        with suppress(OSError):  # a program that is gone from the machine undoes nothing, and hinders no other
            subprocess.run(line["undo"], check=False, capture_output=True)
    journal.clear()
