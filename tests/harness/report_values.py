"""A report as a run would make it, without a run: each outcome and each kind of evidence once."""

from datetime import UTC, datetime
from pathlib import Path

from harness.evidence import trace_evidence
from harness.play import StepResult
from harness.report import Report
from harness.run import ScenarioResult
from harness.story import Scenario, Step
from harness.verdict import Verdict, errored, failed, passed, skipped
from lab.runtimes import StandIn
from sim.errors import Place
from sim.flow import Disposition, Flow, Hop, Trace
from sim.topology.model import Topology
from sim.topology.reader import read_topology

ROOT = Path(__file__).resolve().parents[2]
DEV01 = ROOT / "topologies/dev01/dev01.clab.yml"

THROUGH = (
    Hop("tester", None, "eth0"),
    Hop("campus-core", "eth2", "eth1"),
    Hop("campus", "eth2", "eth1"),
    Hop("gw", "swp1", "swp2"),
    Hop("master", "eth1", None),
)
PORTS = ["tcp/80", "tcp/443", "tcp/5000", "tcp/3306", "tcp/5672", "tcp/2379", "udp/53", "icmp"]


def trace(disposition: Disposition, hops: int, where: str | None = None, why: str = "") -> Trace:
    flow = Flow("tester", "129.177.31.126", "tcp", dport=5000)
    return Trace(flow, disposition, (THROUGH[:hops],), where, why, "129.177.31.126" if hops == 5 else None, 0.00041)


def matrix() -> dict[str, object]:
    sources, destinations = ["tester", "world", "stranger"], ["129.177.31.126", "192.168.10.20"]
    wanted = {("tester", "129.177.31.126", port) for port in ("tcp/80", "tcp/443", "tcp/5000", "icmp")}
    wanted |= {("stranger", "129.177.31.126", port) for port in PORTS[:3]}
    leaky = {("stranger", "192.168.10.20", "tcp/3306"), ("stranger", "192.168.10.20", "tcp/2379")}
    dead = {("tester", "129.177.31.126", "tcp/443")}
    cells = []
    for source in sources:
        for to in destinations:
            for port in PORTS:
                cell = (source, to, port)
                is_open = (cell in wanted or cell in leaky) and cell not in dead
                cells.append(
                    {
                        "from": source,
                        "to": to,
                        "port": port,
                        "found": "delivered" if is_open else "denied_in",
                        "expected": "open" if cell in wanted else "closed",
                        "ok": is_open == (cell in wanted),
                    }
                )
    return {"sources": sources, "destinations": destinations, "ports": PORTS, "cells": cells}


def spread(counts: list[int]) -> dict[str, object]:
    total = sum(counts)
    members = [
        {
            "next_hop": f"spine{at}:eth1",
            "count": count,
            "due": 1 / len(counts),
            "share": count / total,
            "interval": [max(0.0, count / total - 0.012), min(1.0, count / total + 0.012)],
        }
        for at, count in enumerate(counts, 1)
    ]
    return {
        "node": "leaf1",
        "prefix": "10.0.4.0/24",
        "flows": total,
        "lost": 0,
        "mismatches": 0,
        "members": members,
        "effective_width": 1.99,
        "p_value": 0.43,
        "control": "the same judge rejects one member carrying all",
    }


def step(line: int, name: str, verdict: Verdict, verb: str = "expect", looks: int = 1, **written: object) -> StepResult:
    place = Place(str(ROOT / "scenarios/dev01/story.yml"), line)
    return StepResult(Step(verb, name, written, place, written=written), verdict, 0.021 * line, looks)  # type: ignore[arg-type]


def story(name: str, verdict: Verdict, *steps: StepResult, fails: str | None = None) -> ScenarioResult:
    twin = ROOT / "scenarios/dev01/story.yml" if fails else None
    scenario = Scenario(
        name, ROOT / "scenarios/dev01/story.yml", DEV01, tuple(s.step for s in steps), None, {}, twin, fails
    )
    given = (
        StandIn("master", "dummy0 (dummy)", "an ifb device under that name"),
        StandIn("compute-01", "eth0.912 (vlan)", "a cable of its own under that name; no tag on the wire"),
        StandIn("compute-02", "eth0.912 (vlan)", "a cable of its own under that name; no tag on the wire"),
    )
    return ScenarioResult(scenario, verdict, steps, 3.2, given)


def results() -> tuple[ScenarioResult, ...]:
    table = [
        {"node": "gw", "protocol": "bgp", "peer": "172.17.16.20", "state": "Established", "up": True},
        {"node": "campus", "protocol": "ospf", "peer": "129.177.1.2", "state": "Full", "up": True},
    ]
    open_ = failed(
        "2 cells open that should be closed: stranger -> 192.168.10.20 tcp/3306, tcp/2379; closed, though allowed:"
        " tester -> 129.177.31.126 tcp/443",
        matrix=matrix(),
        leaks=["compute-01 has 192.168.10.0/24 in its BGP table"],
    )
    died = trace(Disposition.DENIED_IN, 5, "master", "-A INPUT -i eth1 -p tcp --dport 5000 -j DROP, password = hunter2")
    return (
        story(
            "the outside tester meets what was promised",
            passed("4 of 4 expectations hold"),
            step(5, "sessions", passed("all 9 sessions are up", table=table), looks=14, within="60s"),
            step(6, "unique", passed("12 router ids and 61 addresses are unique")),
            step(
                7,
                "delivered",
                passed(
                    "tester -> master tcp/5000: delivered", traces=trace_evidence([trace(Disposition.DELIVERED, 5)])
                ),
            ),
            step(
                8,
                "route",
                passed("gw 129.177.31.126/32: via 172.17.16.20", table=["via master:eth1 (static)"]),
                node="gw",
            ),
        ),
        story(
            "management and transport stay apart",
            failed("separation: 2 cells open that should be closed (and 1 more)"),
            step(4, "separation", open_, sources=["tester", "world", "stranger"]),
            step(
                9, "delivered", failed("tester -> master tcp/5000: denied_in at master", traces=trace_evidence([died]))
            ),
        ),
        story(
            "two ways, evenly used",
            passed("1 of 1 expectations hold"),
            step(3, "link.down", passed("done"), verb="do", link="leaf1:eth1"),
            step(
                4, "ecmp", passed("10000 flows over 2 next hops: 4943, 5057", spread=spread([4943, 5057])), node="leaf1"
            ),
        ),
        story(
            "the reflector leaks the management net",
            passed("fails as it should: management prefixes in transport tables"),
            step(4, "separation", failed("management prefixes in transport tables: compute-01 has 192.168.10.0/24")),
            fails="management prefixes",
        ),
        story("the instrument breaks", errored("mtu: node gw: no socket"), step(4, "mtu", errored("gw: no socket"))),
        story(
            "local-lvm holds instances", skipped("no device mapper"), step(4, "delivered", skipped("no device mapper"))
        ),
    )


def report(found: tuple[ScenarioResult, ...] | None = None) -> Report:
    network: Topology = read_topology(DEV01)
    return Report(
        results=results() if found is None else found,
        networks={"dev01": network},
        started=datetime(2026, 11, 22, 20, 15, tzinfo=UTC),
        took_s=12.4,
        labs=("dev01",),
        environment={"kernel": "Linux 6.18 x86_64", "FRR": "8.4.4", "BIRD": "2.0.12"},
    )
