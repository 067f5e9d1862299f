"""Networks kept apart: a matrix of who reaches what, against the intended one, and the control plane as well."""

from collections.abc import Iterable, Iterator, Sequence
from ipaddress import ip_network
from typing import Any

from harness.parameters import NodeName, Opening, Place, Port, Prefix, Target
from harness.verdict import Verdict, failed, passed
from harness.witness import Witness
from sim.flow import Disposition, Flow, Trace
from sim.snapshot import NodeState, Snapshot

Cell = tuple[str, str, str]
_PROTOCOLS = {"tcp": "tcp", "udp": "udp"}


def separation(
    witness: Witness,
    sources: list[Place],
    destinations: list[Target],
    ports: list[Port],
    allowed: list[Opening],
    management: list[Prefix] | None = None,
    transport: list[NodeName] | None = None,
    refused_is_open: bool = False,
) -> Verdict:
    """Of all sources x destinations x ports exactly those under `allowed` get through; all others are tried too.

    Control plane: none of the `management` prefixes (nor a part of one) is in any routing table or BGP table of the
    `transport` nodes, beyond what their own interfaces are connected to. A cell that is not allowed must not be
    delivered; that a host itself refuses it (nobody listens) counts as closed unless `refused_is_open`.
    """
    cells = [
        (s, d, p) for s in sources for d in destinations for p in ports if s.partition(":")[0] != d.partition(":")[0]
    ]
    wanted = set(_cells(allowed))
    probes = dict(zip(cells, witness.traces([_flow(cell) for cell in cells]), strict=True))
    closed = [cell for cell in cells if cell in wanted and not probes[cell].delivered]
    opened = [cell for cell in cells if cell not in wanted and _through(probes[cell], refused_is_open)]
    leaks = list(_leaks(witness.snapshot(), management or [], transport or []))
    evidence = {
        "matrix": _matrix(cells, probes, wanted, {*closed, *opened}, (sources, destinations, ports)),
        "leaks": leaks,
    }
    findings = [f"open: {_told(opened)}"] if opened else []
    findings += [f"closed, though allowed: {_told(closed)}"] if closed else []
    findings += [f"management prefixes in transport tables: {'; '.join(leaks[:6])}"] if leaks else []
    if findings:
        return failed("; ".join(findings), **evidence)
    clean = f"; no management prefix in the tables of {len(transport)} nodes" if management and transport else ""
    tried = len(cells) - len(wanted.intersection(cells))
    return passed(f"{len(cells) - tried} of {len(cells)} cells open as intended, {tried} closed{clean}", **evidence)


def _cells(allowed: Iterable[Opening]) -> Iterator[Cell]:
    for each in allowed:
        yield from ((s, d, p) for s in each.from_ for d in each.to for p in each.ports)


def _flow(cell: Cell) -> Flow:
    source, destination, port = cell
    protocol, _, number = port.partition("/")
    if protocol == "icmp":
        return Flow(source, destination, "icmp")
    return Flow(source, destination, "tcp" if protocol == "tcp" else "udp", dport=int(number))


def _through(trace: Trace, refused_is_open: bool) -> bool:
    return trace.delivered or (refused_is_open and trace.disposition is Disposition.REFUSED)


def _told(cells: Sequence[Cell]) -> str:
    shown = ", ".join(f"{source} -> {destination} {port}" for source, destination, port in cells[:8])
    return shown + (f" and {len(cells) - 8} more" if len(cells) > 8 else "")


def _matrix(
    cells: Sequence[Cell],
    probes: dict[Cell, Trace],
    wanted: set[Cell],
    wrong: set[Cell],
    axes: tuple[Sequence[str], Sequence[str], Sequence[str]],
) -> dict[str, Any]:
    return {
        "sources": list(axes[0]),
        "destinations": list(axes[1]),
        "ports": list(axes[2]),
        "cells": [
            {
                "from": cell[0],
                "to": cell[1],
                "port": cell[2],
                "found": str(probes[cell].disposition),
                "expected": "open" if cell in wanted else "closed",
                "ok": cell not in wrong,
            }
            for cell in cells
        ],
    }


def _leaks(snapshot: Snapshot, management: Sequence[str], transport: Sequence[str]) -> Iterator[str]:
    for node in transport:
        state = snapshot.nodes[node]
        for kind, prefix in sorted(_learnt(state)):
            if any(_overlaps(prefix, each) for each in management):
                yield f"{node} has {prefix} in its {kind}"


def _learnt(state: NodeState) -> set[tuple[str, str]]:
    """Every prefix that a node knows from others: its BGP tables, and routes no interface of its own explains."""
    tables = [
        ("FIB", state.fib),
        *((f"table {name}", table) for name, table in state.tables.items() if name != "local"),
    ]
    routes = {(kind, prefix) for kind, table in tables for prefix, route in table.items() if route.protocol != "kernel"}
    return routes | {("BGP table", prefix) for prefix in state.bgp_prefixes}


def _overlaps(prefix: str, management: str) -> bool:
    """Whether a prefix is the management prefix, a part of it, or a supernet other than the default route."""
    found, kept = ip_network(prefix), ip_network(management)
    return found.version == kept.version and found.prefixlen > 0 and found.overlaps(kept)
