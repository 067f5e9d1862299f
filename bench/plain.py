"""The baseline of the simulator: shortest AS paths in plain Python, one search per prefix, and a count of RIB entries.

    python -m bench.plain FOLDER

Reads the files as `fabriclab solve` does, and knows nothing but AS numbers, cables and the AS loop rule: no policy, no
sessions, no attribute. It is right on generated fabrics only, where all equal paths have the same AS numbers.
"""

import sys
from collections.abc import Mapping, Sequence

from sim.address import Prefix
from sim.device import Device
from sim.devices import read_devices
from sim.topology.model import Topology
from sim.topology.reader import read_topology

Graph = Mapping[str, Sequence[str]]


def main() -> None:
    """Read, search, count."""
    topology = read_topology(sys.argv[1])
    devices = read_devices(topology)
    asn = {name: device.bgp[0].asn for name, device in devices.items()}
    near = _near(topology)
    told = sum(_next_hops(node, near, asn) for node, device in devices.items() for _ in _networks(device))
    print(f"RIB entries {told + sum(len(_connected(device)) for device in devices.values())}")


def _near(topology: Topology) -> Graph:
    near: dict[str, list[str]] = {name: [] for name in topology.nodes}
    for link in topology.links:
        one, two = link.endpoints
        near[one.node].append(two.node)
        near[two.node].append(one.node)
    return near


def _networks(device: Device) -> list[Prefix]:
    return [each.prefix for family in device.bgp[0].families.values() for each in family.networks]


def _connected(device: Device) -> set[Prefix]:
    """Networks of cables: those of lo bring no route of the main table."""
    return {
        each.network for name, face in device.interfaces.items() if name != "lo" for each in face.addresses
    }  # fmt: skip


def _next_hops(origin: str, near: Graph, asn: Mapping[str, int]) -> int:
    """How many next hops all other routers have towards one: level by level, each with the AS numbers of its path."""
    paths: dict[str, frozenset[int]] = {origin: frozenset((asn[origin],))}
    level, found = [origin], 0
    while level:
        fresh: dict[str, frozenset[int]] = {}
        for node in level:
            for other in near[node]:
                if other not in paths and asn[other] not in paths[node]:
                    fresh[other] = paths[node] | {asn[other]}
                    found += 1
        paths |= fresh
        level = list(fresh)
    return found


if __name__ == "__main__":
    main()
