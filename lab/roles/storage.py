"""The instance storage backend of a compute, and what it makes exist: volumes, listeners, peers and firewall openings.

One fact (`storage`) switches it. A local backend is a volume on the compute and nothing in the network. A remote one
makes its servers (`storage_servers`) listen on their address in the compute's transport network, and opens exactly
those ports between the two, on that interface. Everything is worked out afresh from the topology and the kernel at each
start: what an earlier backend had and this one has not, goes.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Interface

from lab.node import RunningNode
from lab.roles import Surroundings, openings, volumes
from lab.runtimes import StandIn
from sim.errors import NodeFailed
from sim.topology.facts import Service
from sim.topology.model import Node


@dataclass(frozen=True, slots=True)
class Backend:
    """What a backend makes exist. `listeners` are its servers' TCP ports by name; `ports` the same for a firewall."""

    listeners: tuple[tuple[str, int], ...] = ()
    ports: str = ""
    folder: bool = False
    volume_group: bool = False


BACKENDS = {
    "local-file": Backend(folder=True),
    "local-lvm": Backend(volume_group=True),
    "ceph-rbd": Backend(
        listeners=(("ceph-mon", 6789), ("ceph-osd-0", 6800), ("ceph-osd-1", 6801), ("ceph-osd-2", 6802)),
        ports="6789,6800:6802",
    ),
    "nfs": Backend(listeners=(("rpcbind", 111), ("nfsd", 2049)), ports="111,2049"),
}


@dataclass(frozen=True, slots=True)
class _Bond:
    """A compute and one of its storage servers: the backend, and each side's interface and address."""

    backend: str
    client: tuple[str, IPv4Interface]
    server: tuple[str, IPv4Interface]


def served(node: RunningNode, declared: Node, lab: Surroundings) -> list[Service]:
    """The services that make this node the storage server of others."""
    bonds = {(bond.backend, bond.server[1].ip) for bond in _as_server(node, declared, lab)}
    return [
        Service(name=name, address=address, port=port)
        for backend, address in sorted(bonds)
        for name, port in BACKENDS[backend].listeners
    ]


def settle(node: RunningNode, declared: Node, lab: Surroundings) -> Sequence[StandIn]:
    """Have exactly the firewall openings and volumes that the backends of this node and its clients ask for."""
    inward = {
        _opening("INPUT", "-s", bond.client, "-i", bond.server[0], bond) for bond in _as_server(node, declared, lab)
    }
    outward = {
        _opening("OUTPUT", "-d", bond.server, "-o", bond.client[0], bond) for bond in _as_client(node, declared, lab)
    }
    openings.settle(node, sorted(inward | outward))
    backend = BACKENDS.get(declared.facts.storage or "")
    volumes.keep_folder(node, wanted=bool(backend and backend.folder))
    return volumes.keep_group(node, lab, wanted=bool(backend and backend.volume_group))


def lacking(declared: Node) -> Sequence[StandIn]:
    """What this machine cannot give to the node's backend."""
    backend = BACKENDS.get(declared.facts.storage or "")
    return volumes.lacking(declared.name) if backend and backend.volume_group else ()


def _opening(chain: str, side: str, peer: tuple[str, IPv4Interface], way: str, interface: str, bond: _Bond) -> str:
    """One rule, in the words and order of iptables-save."""
    match = f"-p tcp -m multiport --dports {BACKENDS[bond.backend].ports}"
    comment = f'-m comment --comment "{openings.MARK} {bond.backend}"'
    return f"-A {chain} {side} {peer[1].ip}/32 {way} {interface} {match} {comment} -j ACCEPT"


def _as_server(node: RunningNode, declared: Node, lab: Surroundings) -> Iterator[_Bond]:
    for client in lab.topology.nodes.values():
        if declared.name in client.facts.storage_servers and _is_remote(client) and client.name in lab.nodes:
            yield _bond(lab.nodes[client.name], client, node, declared)


def _as_client(node: RunningNode, declared: Node, lab: Surroundings) -> Iterator[_Bond]:
    if _is_remote(declared):
        for name in declared.facts.storage_servers:
            if name in lab.nodes:
                yield _bond(node, declared, lab.nodes[name], lab.topology.node(name))


def _is_remote(client: Node) -> bool:
    return client.facts.storage is not None and bool(BACKENDS[client.facts.storage].listeners)


def _bond(client: RunningNode, client_declared: Node, server: RunningNode, server_declared: Node) -> _Bond:
    """Where client and server meet: on the network of the client's storage interface."""
    interface = client_declared.facts.storage_interface
    if interface is None:
        raise NodeFailed(
            f"storage {client_declared.facts.storage} needs `storage_interface` in config.vars", client.name
        )
    own = [each for each in _addresses(client) if each[0] == interface]
    there = [each for each in _addresses(server) if server_declared.facts.storage_interface in (None, each[0])]
    for near in own:
        for far in there:
            if far[1].ip in near[1].network:
                return _Bond(str(client_declared.facts.storage), near, far)
    networks = ", ".join(str(near[1]) for near in own) or "no address"
    raise NodeFailed(
        f"storage server {server.name} has no address on the network of {interface} ({networks})", client.name
    )


def _addresses(node: RunningNode) -> list[tuple[str, IPv4Interface]]:
    shown = json.loads(node.run(["ip", "-4", "-j", "address", "show"]).stdout or b"[]")
    return [
        (face["ifname"], IPv4Interface(f"{each['local']}/{each['prefixlen']}"))
        for face in shown
        for each in face.get("addr_info", ())
    ]
