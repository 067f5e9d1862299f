"""What the short verbs of the command line do: each a function that returns a value with its JSON form.

`console.py` draws these values. The longer verbs have files of their own: verifying, capturing, terminal, graphs.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from ipaddress import ip_address
from typing import Any

from harness.answer import Answer
from harness.evidence import trace_evidence
from lab.lab import Lab
from lab.node import RunningNode
from lab.runtimes import DEFAULT
from sim.dataclasses import asdict, dataclass
from sim.errors import FabricError, InputError, LabError, NodeFailed
from sim.flow import Flow, Trace
from sim.snapshot import Snapshot
from sim.topology.model import Topology

Progress = Callable[[str], None]
FOREVER_S = 1e6


def deploy(network: Topology, *, runtime: str | None, bare: bool, progress: Progress, tolerant: bool = False) -> Answer:
    """Bring a lab up, or apply the difference to the one that runs under that name.

    `tolerant`: a command of the topology that fails is a warning.
    """
    from harness.commands import Failure, refuse
    from harness.deploy import apply, bring_up

    started, failures = time.monotonic(), list[Failure]()
    complain = failures.append if tolerant else refuse
    running = Lab.find(network.name) if Lab.runs(network.name) else None
    if running and runtime not in (None, running.carried_by):
        advice = f"`fabriclab destroy` it, or deploy under another name for --runtime {runtime}"
        raise LabError(f"this lab runs already, carried by {running.carried_by}; {advice}", network.name)
    if running and not bare:
        lab, what = running, "changed" if apply(running, network, progress, complain) else "unchanged"
    else:
        lab = bring_up(network, bare=bare, progress=progress, runtime=runtime or DEFAULT, complain=complain)
        what = "deployed"
    took = round(time.monotonic() - started, 2)
    warnings = [asdict(failure) for failure in failures]
    return Answer(_shape(lab) | {"nodes": _nodes(lab), "what": what, "took_s": took, "warnings": warnings})


def plan(lab: Lab, network: Topology, nodes: Sequence[str]) -> Answer:
    """What `push` would change: a difference per file, secrets masked."""
    from harness import automation
    from harness.push_diff import plan as compare
    from harness.secrets import masked

    files = _files(lab, network, nodes)
    found = lab.each(lambda node: compare(node, files[node.name]), files.keys())
    changes = [{"name": name, "differences": each} for name, each in found.items()]
    asked = [
        {"command": masked(command)} for command in automation.commands(lab, [network.node(name) for name in files])
    ]
    return Answer({"dry_run": True, "nodes": changes, "commands": asked})


def push(lab: Lab, network: Topology, nodes: Sequence[str], progress: Progress) -> Answer:
    """Put changed files on nodes and apply them; then run the push commands of these nodes, changed or not."""
    from harness import automation
    from harness.deploy import push_files

    with lab.held():
        found = push_files(lab, _files(lab, network, nodes))
        ran = automation.run(lab, [network.node(name) for name in found], progress)
    said = [{"command": each.command, "output": each.output} for each in ran]
    return Answer({"dry_run": False, "nodes": [_pushed(result) for result in found.values()], "commands": said})


def _pushed(result: Any) -> dict[str, Any]:
    names = ("written", "removed", "acted", "notes")
    return {"name": result.node} | {name: list(getattr(result, name)) for name in names}


def _files(lab: Lab, network: Topology, nodes: Sequence[str]) -> dict[str, Mapping[str, bytes]]:
    from sim.topology.files import node_files

    chosen = [network.node(name) for name in nodes] if nodes else list(network.nodes.values())
    running = lab.nodes
    absent = [node.name for node in chosen if node.name not in running]
    if nodes and absent:
        raise NodeFailed("this node does not run in the lab; fabriclab deploy brings it up", absent[0])
    return {node.name: node_files(network, node) for node in chosen if node.name in running}


def destroy(text: str | None, name: str | None) -> Answer:
    """End one lab, or (None) all of them, in whatever state. A lab that is not there is no error.

    Of several, one that can not be ended (its container engine does not answer) keeps none of the others.
    """
    from harness import labs

    names = Lab.names() if text is None else [name or labs.name_of(text)]
    gone, trouble = {}, []
    for each in names:
        try:
            gone[each] = Lab.destroy_by_name(each)
        except FabricError as error:
            trouble.append(error)
    if trouble:
        raise trouble[0]
    found = {True: "destroyed", False: "not_running"}
    return Answer({word: [each for each in names if gone[each] is there] for there, word in found.items()})


def destroy_nodes(lab: Lab, names: Sequence[str]) -> Answer:
    """End some nodes of a lab, and the lab with its last one."""
    from harness.deploy import apply
    from sim.topology.selection import without

    rest = without(lab.topology, names)
    if rest.nodes:
        apply(lab, rest)
    else:
        lab.destroy()
    return Answer({"destroyed": list(names), "not_running": []})


def list_labs() -> Answer:
    """Every running lab with its file and how many of its nodes run."""
    return Answer({"labs": [_line(name) for name in Lab.names()]})


def _line(name: str) -> dict[str, Any]:
    """A lab in the list. One that was killed while it came up has left something to destroy, and no more."""
    try:
        lab = Lab.find(name)
        states = lab.states()
    except LabError:
        return {"name": name, "file": "", "state": "broken", "nodes": 0, "running": 0}
    running = sum(state == "running" for state in states.values())
    state = "running" if lab.is_running() else "deploying"
    return {"name": name, "file": str(lab.topology.file), "state": state, "nodes": len(states), "running": running}


def inspect(lab: Lab) -> Answer:
    """A lab's nodes, links, states, addresses and stand-ins."""
    from harness import automation, inventories
    from harness.observe import observe as ask

    seen, health = ask(lab), _health(lab)
    nodes = _nodes(lab)
    for node in nodes:
        node["health"] = health.get(node["name"])
        faces = seen.nodes[node["name"]].interfaces.values() if node["name"] in seen.nodes else ()
        node["addresses"] = {face.name: list(face.addresses) for face in faces if face.addresses and face.name != "lo"}
        node["ssh"] = inventories.has_ssh(lab, lab.topology.nodes[node["name"]])
    config = str(automation.write(lab).ssh_config) if any(node["ssh"] for node in nodes) else None
    return Answer(_shape(lab) | {"nodes": nodes, "ssh_config": config})


def _health(lab: Lab) -> dict[str, str]:
    """What the healthchecks of running nodes say now."""
    from harness.health import complaint

    checks = {name: node.healthcheck for name, node in lab.topology.nodes.items() if node.healthcheck}
    said = lab.each(lambda node: complaint(node, checks[node.name]), checks.keys()) if checks else {}
    return {name: "healthy" if words is None else f"unhealthy: {words}" for name, words in said.items()}


def _shape(lab: Lab) -> dict[str, Any]:
    topology = lab.topology
    return {
        "name": topology.name,
        "file": str(topology.file),
        "links": [
            {"type": str(link.type), "endpoints": [str(end) for end in link.endpoints]} for link in topology.links
        ],
        "stand_ins": [{"node": each.node, "wanted": each.wanted, "given": each.given} for each in lab.stand_ins()],
    }


def _nodes(lab: Lab) -> list[dict[str, Any]]:
    states = lab.states()
    return [
        {"name": node.name, "kind": str(node.kind), "role": node.group, "state": states.get(node.name, "missing")}
        for node in lab.topology.nodes.values()
    ]


@dataclass(frozen=True, slots=True)
class Ran:
    """A command that ran on a node."""

    node: str
    argv: Sequence[str]
    status: int
    stdout: bytes
    stderr: bytes

    def to_json(self) -> Mapping[str, Any]:
        """The JSON document; bytes that are no text are replaced."""
        return {
            "node": self.node,
            "argv": list(self.argv),
            "status": self.status,
            "stdout": self.stdout.decode(errors="replace"),
            "stderr": self.stderr.decode(errors="replace"),
        }


def execute(node: RunningNode, command: Sequence[str], timeout_s: float | None) -> Ran:
    """Run a program on a node to its end, without a shell, and keep what it says."""
    done = node.run(command, timeout_s=timeout_s or FOREVER_S, check=False)
    return Ran(node.name, command, done.status, done.stdout, done.stderr)


def observe(lab: Lab, nodes: Sequence[str]) -> Snapshot:
    """The Snapshot of a lab, or of some of its nodes."""
    from harness.observe import observe as ask

    for name in nodes:
        lab.topology.node(name)
    return ask(lab, nodes=nodes or None)


def flow(source: str, destination: str, protocol: str, sport: int | None, dport: int | None) -> Flow:
    """The Flow that the options of `trace` describe: icmp, unless a port makes it tcp."""
    chosen = protocol or ("tcp" if dport else "icmp")
    require(chosen, ("icmp", "tcp", "udp"), "--proto")
    if chosen == "icmp" and (sport or dport):
        raise InputError("icmp has no ports; use --proto tcp or udp", "--proto")
    if chosen != "icmp" and dport is None:
        raise InputError(f"{chosen} needs a port; add --dport", "--dport")
    return Flow(source, destination, chosen, sport, dport)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Traced:
    """A Trace as an answer."""

    trace: Trace

    @property
    def delivered(self) -> bool:
        """Whether the flow got there and back."""
        return self.trace.delivered

    def to_json(self) -> Mapping[str, Any]:
        """The JSON document."""
        [plain] = trace_evidence([self.trace])
        return plain


def trace(lab: Lab, asked: Flow, size: int | None, via: str | None) -> Traced:
    """Send one packet and follow it."""
    from harness.probes.prober import Prober

    _check_ends(lab.topology, asked)
    prober = Prober(lab.runtime, lab.topology)
    try:
        return Traced(prober.trace(asked, size_bytes=size, via=via))
    finally:
        prober.close()


def trace_on_paper(network: Topology, asked: Flow, size: int | None, via: str | None) -> Traced:
    """Walk a flow through the solved network."""
    from harness.paper_witness import PaperWitness

    _check_ends(network, asked)
    return Traced(PaperWitness(network).trace(asked, size_bytes=size, via=via))


def _check_ends(network: Topology, asked: Flow) -> None:
    """InputError where an end of a flow is neither an address nor a node (or node:interface) of the network."""
    for end in (asked.source, asked.destination):
        try:
            ip_address(end)
        except ValueError:
            network.node(end.partition(":")[0])


def schema(of: str) -> Mapping[str, Any]:
    """The JSON schema of a topology or a scenario file."""
    require(of, ("topology", "scenario"), "fabriclab schema")
    if of == "topology":
        from sim.topology.schema import topology_schema

        return topology_schema()
    from harness.scenario_schema import scenario_schema

    return scenario_schema()


def preflight() -> Answer:
    """What the host lacks."""
    from lab.preflight import preflight as look

    findings = look()
    serious = any(each.fatal for each in findings)
    content = {"findings": [{"what": each.what, "do": each.do, "fatal": each.fatal} for each in findings]}
    return Answer(content, 3 if serious else 0)


def require(word: str, known: Sequence[str], place: str) -> None:
    """InputError unless `word` is one of the known ones."""
    if word not in known:
        raise InputError(f"unknown {word!r}; known: {', '.join(known)}", place)
