"""Remote instance storage: what it makes listen, and what it opens between a compute and its storage servers.

The two meet on the network of the compute's `storage_interface`. Only there, and only for the backend's ports, are the
filters of both opened: at the server what comes from the compute, at the compute what goes to the server.
"""

from collections.abc import Iterator, Mapping

from sim.address import InterfaceAddress
from sim.dataclasses import dataclass, replace
from sim.device import Device
from sim.errors import ConfigError
from sim.snapshot import Listener
from sim.surroundings.added_rules import with_rules
from sim.topology.model import Node, Topology

_PORTS = {"ceph-rbd": (6789, 6800, 6801, 6802), "nfs": (111, 2049)}
"""What each remote backend listens on: Ceph's monitor and three OSDs; rpcbind and nfsd."""
_WRITTEN = {"ceph-rbd": "6789,6800:6802", "nfs": "111,2049"}


@dataclass(frozen=True, slots=True)
class _Bond:
    """A compute and one of its servers, each with the interface and address at which they meet."""

    backend: str
    client: str
    client_at: tuple[str, InterfaceAddress]
    server: str
    server_at: tuple[str, InterfaceAddress]


def with_storage(topology: Topology, devices: Mapping[str, Device]) -> dict[str, Device]:
    """The devices with what their storage asks for. ConfigError at a compute that shares no network with its server."""
    changed = dict(devices)
    listening: set[tuple[str, str, str]] = set()
    for bond in _bonds(topology, devices):
        listening.add((bond.server, bond.backend, str(bond.server_at[1].address)))
        inward = _opening("INPUT", f"-s {bond.client_at[1].address}/32 -i {bond.server_at[0]}", bond.backend)
        outward = _opening("OUTPUT", f"-d {bond.server_at[1].address}/32 -o {bond.client_at[0]}", bond.backend)
        for name, rule in ((bond.server, inward), (bond.client, outward)):
            changed[name] = with_rules(changed[name], (rule,), 4, topology.nodes[name].place)
    for name, backend, address in sorted(listening):
        more = tuple(Listener("tcp", address, port, "responder") for port in _PORTS[backend])
        changed[name] = replace(changed[name], listeners=(*changed[name].listeners, *more))
    return changed


def _opening(chain: str, match: str, backend: str) -> str:
    ports = f"-p tcp -m multiport --dports {_WRITTEN[backend]}"
    return f'-A {chain} {match} {ports} -m comment --comment "storage {backend}" -j ACCEPT'


def _bonds(topology: Topology, devices: Mapping[str, Device]) -> Iterator[_Bond]:
    for client in topology.nodes.values():
        if client.facts.storage in _PORTS:
            for name in client.facts.storage_servers:
                if name in topology.nodes:
                    yield _bond(client, topology.nodes[name], devices)


def _bond(client: Node, server: Node, devices: Mapping[str, Device]) -> _Bond:
    near = [each for each in _addresses(devices[client.name]) if each[0] == client.facts.storage_interface]
    wanted = server.facts.storage_interface
    far = [each for each in _addresses(devices[server.name]) if wanted in (None, each[0])]
    for one in near:
        for two in far:
            if one[1].network.holds(two[1].address):
                return _Bond(str(client.facts.storage), client.name, one, server.name, two)
    text = f"nodes.{client.name}: storage server {server.name} has no address on the network of its storage_interface"
    raise ConfigError(f"{text} ({client.facts.storage_interface})", client.place)


def _addresses(device: Device) -> list[tuple[str, InterfaceAddress]]:
    return [
        (name, each) for name, config in device.interfaces.items() for each in config.addresses if each.version == 4
    ]
