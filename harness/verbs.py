"""What the short verbs of the command line do: each a function that returns a value with its JSON form.

`console.py` draws these values. The longer verbs have files of their own: verifying, capturing, terminal, graphs.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from harness.evidence import trace_evidence
from lab.lab import Lab
from sim.errors import InputError
from sim.flow import Flow, Trace
from sim.snapshot import Snapshot
from sim.topology.model import Topology

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Answer:
    """A verb's answer: what the table and the JSON document say alike."""

    content: Mapping[str, Any] = field(default_factory=dict)
    exit_status: int = 0

    def to_json(self) -> Mapping[str, Any]:
        """The JSON document."""
        return self.content


def deploy(network: Topology, *, runtime: str, bare: bool, progress: Progress) -> Answer:
    """Bring a lab up, or apply the difference to the one that runs under that name."""
    from harness.deploy import apply, bring_up

    require(runtime, ("namespaces",), "--runtime")
    started = time.monotonic()
    if network.name in Lab.list():
        lab = Lab.find(network.name)
        changed = apply(lab, network, progress=progress)
        what = "changed" if changed else "unchanged"
    else:
        lab, what = bring_up(network, bare=bare, progress=progress, runtime=runtime), "deployed"
    return Answer(inspect(lab).content | {"what": what, "took_s": round(time.monotonic() - started, 2)})


def destroy(text: str | None, name: str | None) -> Answer:
    """End one lab, or (None) all of them. A lab that is not running is no error: nothing of it is there."""
    from harness import labs

    names = Lab.list() if text is None else [name or labs.name_of(text)]
    gone = [each for each in names if each in Lab.list()]
    for each in gone:
        Lab.find(each).destroy()
    return Answer({"destroyed": gone, "not_running": [each for each in names if each not in gone]})


def list_labs() -> Answer:
    """Every running lab with its file and how many of its nodes run."""
    return Answer({"labs": [_lab_line(Lab.find(name)) for name in Lab.list()]})


def _lab_line(lab: Lab) -> dict[str, Any]:
    states = lab.states()
    running = sum(state == "running" for state in states.values())
    return {"name": lab.topology.name, "file": str(lab.topology.file), "nodes": len(states), "running": running}


def inspect(lab: Lab) -> Answer:
    """A lab's nodes, links, states, addresses and stand-ins."""
    from harness.observe import observe as ask

    topology, states, seen = lab.topology, lab.states(), ask(lab)
    nodes = [
        {
            "name": node.name,
            "kind": str(node.kind),
            "role": node.group,
            "state": states.get(node.name, "missing"),
            "addresses": {
                face.name: list(face.addresses)
                for face in (seen.nodes[node.name].interfaces.values() if node.name in seen.nodes else ())
                if face.addresses and face.name != "lo"
            },
        }
        for node in topology.nodes.values()
    ]
    return Answer(
        {
            "name": topology.name,
            "file": str(topology.file),
            "nodes": nodes,
            "links": [
                {"type": str(link.type), "endpoints": [str(end) for end in link.endpoints]} for link in topology.links
            ],
            "stand_ins": [{"node": each.node, "wanted": each.wanted, "given": each.given} for each in lab.stand_ins()],
        }
    )


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


def execute(node: Any, command: Sequence[str], timeout_s: float) -> Ran:
    """Run a program on a node to its end, without a shell."""
    done = node.run(command, timeout_s=timeout_s, check=False)
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
    from harness.probes import Prober

    return Traced(Prober(lab, lab.topology).trace(asked, size_bytes=size, via=via))


def schema(of: str) -> Mapping[str, Any]:
    """The JSON schema of a topology or a scenario file."""
    require(of, ("topology", "scenario"), "fabriclab schema")
    if of == "topology":
        from sim.topology.schema import topology_schema

        return topology_schema()
    from harness.scenario import scenario_schema

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
