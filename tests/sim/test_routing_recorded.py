"""FRR networks on paper against what `fabriclab observe` said of them with real FRR 8.4.4 (2026-11-25, kernel 6.18).

A record is two files: a network (cables, and the frr.conf of each node), and by node its routes and sessions with the
number of paths accepted. Timers are left out of the configurations, and what is random in a lab out of the records.
"""

import json
from pathlib import Path

import pytest

from sim.device import Device
from sim.devices import parse_files
from sim.paper import Paper
from sim.snapshot import NextHop, Route, RouteType, Session
from sim.solve import solve
from sim.surroundings import Surroundings
from sim.topology.model import Kind, Node, Topology
from tests.sim.networks import cabled

RECORDS = sorted(Path(__file__).parent.glob("recorded/routing/*.txt"))
DAEMONS = "zebra=yes\nbgpd=yes\nospfd=yes\nospf6d=yes\nbfdd=yes\n"


def network(text: str) -> tuple[Topology, dict[str, Device]]:
    """A record's network."""
    head, *nodes = text.split("\nnode ")
    lines = [line.split() for line in head.splitlines()]
    drawn = cabled(*(f"{words[1]} {words[2]}" for words in lines if words[0] == "cable"))
    bridges = {words[1] for words in lines if words[0] == "bridge"}
    known = {
        name: Node(
            name,
            kind=Kind.BRIDGE if name in bridges else Kind.LINUX,
            network_mode="none",
            exec=tuple(" ".join(words[2:]) for words in lines if words[:2] == ["exec", name]),
        )
        for name in drawn.nodes
    }
    topology = Topology(drawn.name, drawn.file, known, drawn.links)
    around, devices = Surroundings(topology), {name: Device(name) for name in known}
    for each in nodes:
        name, _, conf = each.partition("\n")
        files = {"/etc/frr/frr.conf": f"frr version 8.4\n{conf}", "/etc/frr/daemons": DAEMONS}
        devices[name] = parse_files(known[name], files)
    return topology, {
        name: around.after(known[name], around.before(known[name], said) | said) for name, said in devices.items()
    }


@pytest.fixture(params=RECORDS, ids=lambda path: path.stem, scope="module")
def solved(request: pytest.FixtureRequest) -> tuple[Paper, dict[str, dict[str, dict[str, str]]]]:
    topology, devices = network(request.param.read_text())
    return solve(topology, devices), json.loads(request.param.with_suffix(".json").read_text())


Solved = tuple[Paper, dict[str, dict[str, dict[str, str]]]]


def test_every_route_is_as_it_was_seen(solved: Solved) -> None:
    paper, record = solved
    for node, seen in record.items():
        found = paper.snapshot.nodes[node].fib
        assert {prefix: told(route) for prefix, route in found.items()} == seen["routes"], node


def test_every_session_is_as_it_was_seen(solved: Solved) -> None:
    paper, record = solved
    for node, seen in record.items():
        found = dict(session(each) for each in paper.snapshot.nodes[node].sessions)
        assert found == seen["sessions"], node


def told(route: Route) -> str:
    """A route as a record has it."""
    if route.type is not RouteType.UNICAST:
        return f"{route.protocol} {route.type}"
    return f"{route.protocol} " + ", ".join(sorted(map(hop, route.next_hops)))


def hop(each: NextHop) -> str:
    via = each.via or "on link"
    return f"{'link-local' if via.startswith('fe80') else via} {each.interface}"


def session(each: Session) -> tuple[str, str]:
    count = f" {each.prefixes_received}" if each.up and each.protocol == "bgp" else ""
    return f"{each.protocol} {each.peer}", ("up" if each.up else "down") + count
