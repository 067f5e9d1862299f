"""The shipped topologies on paper against what `fabriclab observe --json` said of them (2026-11-25, kernel 6.18).

A record holds, by node: interfaces (addresses without link-local ones, up, MTU, master), routes of protocols kernel and
boot in the main table (metric, source, next hops), the sysctls that are not 0, and what declared services listen on.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from sim.devices import read_devices
from sim.links import KernelRoute, Links, solve_links
from sim.topology.reader import read_topology

ROOT = Path(__file__).resolve().parents[2]
RECORDS = sorted(Path(__file__).parent.glob("recorded/hosts/*.json"))
FACES = tuple[Links, dict[str, Any]]


@pytest.fixture(params=RECORDS, ids=lambda path: path.stem, scope="module")
def solved(request: pytest.FixtureRequest) -> FACES:
    name = request.param.stem
    topology = read_topology(ROOT / f"topologies/{name}/{name}.clab.yml")
    return solve_links(topology, read_devices(topology)), json.loads(request.param.read_text())


def test_every_interface_is_as_it_was_seen(solved: FACES) -> None:
    links, record = solved
    for node, seen in record.items():
        told = {face.name: [_texts(face), face.up, face.mtu_bytes, face.master] for face in links.faces[node].values()}
        assert told == seen["interfaces"], node


def _texts(face: Any) -> list[str]:
    return sorted(str(each) for each in face.addresses if each.version == 4 or not each.address.is_link_local)


def test_every_route_of_the_kernel_and_of_scripts_is_as_it_was_seen(solved: FACES) -> None:
    links, record = solved
    for node, seen in record.items():
        told: dict[str, list[Any]] = {}
        for route in sorted(links.kernel_routes(node), key=lambda route: route.metric):
            told.setdefault(str(route.prefix), _route(route))
        assert told == seen["routes"], node


def _route(route: KernelRoute) -> list[Any]:
    hops = [[str(hop.via) if hop.via else None, hop.interface] for hop in route.hops]
    return [route.protocol, route.metric, str(route.source) if route.source else None, hops]


def test_every_kernel_parameter_that_steers_is_as_it_was_seen(solved: FACES) -> None:
    links, record = solved
    for node, seen in record.items():
        told = {key: value for key, value in links.sysctls(node).items() if value != "0"}
        assert told == seen["sysctls"], node


def test_every_declared_service_listens_where_it_was_seen(solved: FACES) -> None:
    links, record = solved
    for node, seen in record.items():
        told = sorted([each.protocol, each.address, each.port] for each in links.devices[node].listeners)
        assert told == seen["services"], node


def test_every_line_of_the_shipped_files_is_understood(solved: FACES) -> None:
    links, _ = solved
    hosts = ("/etc/network/", "/etc/sysconfig/network", "/etc/sysctl")
    for device in links.devices.values():
        strange = [
            path for path, each in device.understood.items() if path.startswith(hosts) and each.known < each.lines
        ]
        assert not strange, device.node
