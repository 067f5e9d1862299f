"""Facts of a node, and the workloads among them: each becomes a node behind its compute's tap."""

from collections.abc import Callable, Mapping, Set
from typing import Any

from pydantic import ValidationError

from sim.dataclasses import replace
from sim.errors import Place, TopologyError
from sim.topology.complaints import complaint
from sim.topology.declared import Declared
from sim.topology.facts import Facts, Workload
from sim.topology.located import Map, Scalar
from sim.topology.model import Endpoint, Kind, Link, LinkType, Node, Topology
from sim.topology.strict import keys, meant

_CARRIERS = (Kind.LINUX, Kind.FRR, Kind.CUMULUS)
RESERVED_NAMES = ("host", "mgmt-net", "macvlan")
_REMOTE_BACKENDS = ("ceph-rbd", "nfs")
_GUEST_MTU_BYTES = 1500


def read_facts(node: Declared) -> Facts:
    """The facts among a node's `config.vars`; TopologyError at the key that is wrong."""
    config = node.tree.get("config")
    tree = config.get("vars") if isinstance(config, Map) else None
    if not isinstance(tree, Map) or not tree.keys() & set(keys(Facts)):
        return Facts()
    return facts_of(tree, node.origin.file, ("nodes", node.name, "config", "vars"))


def facts_of(tree: Mapping[str, Any], file: str, path: tuple[str, ...]) -> Facts:
    """Our keys of a `config.vars` mapping, as Facts; other keys pass unread."""
    try:
        return Facts.model_validate({key: _raw(tree[key]) for key in keys(Facts) if _is_set(tree.get(key))})
    except ValidationError as error:
        raise complaint(error, tree, file, path) from error


def _is_set(value: Any) -> bool:
    return value is not None and not (isinstance(value, Scalar) and value.value is None)


def _raw(value: Any) -> Any:
    """A tree with its scalars as the text they were written as, and without what is null."""
    if isinstance(value, Mapping):
        return {key: _raw(each) for key, each in value.items() if _is_set(each)}
    if isinstance(value, (list, tuple)):
        return [_raw(each) for each in value]
    if isinstance(value, Scalar):
        return value.raw
    return str(value) if isinstance(value, (int, float)) else value


Where = Callable[..., Place]
"""Where a node's key stands: `where("n1", "config", "vars", "storage")`."""


def populated(topology: Topology, used: Mapping[str, str], where: Where) -> Topology:
    """The topology with the workloads that its facts declare, each after its compute; earlier ones are replaced.

    `used` says who uses which endpoint already.
    """
    hosts = {name: node for name, node in topology.nodes.items() if node.kind is not Kind.WORKLOAD}
    links = [link for link in topology.links if not any(end.node not in hosts for end in link.endpoints)]
    taken = dict(used)
    nodes: dict[str, Node] = {}
    for host in hosts.values():
        _check_storage(host, hosts, where)
        _check_ssh(host, where)
        nodes[host.name] = host
        for index, workload in enumerate(host.facts.workloads):
            place = where(host.name, "config", "vars", "workloads", index)
            _check(host, index, hosts.keys() | nodes.keys(), place)
            link = _cable(host, workload, place)
            claim(taken, link, f"workload {workload.name}")
            nodes[workload.name] = _guest(host, workload, place)
            links.append(link)
    return replace(topology, nodes=nodes, links=tuple(links))


def claim(used: "dict[str, str]", link: Link, owner: str) -> None:
    """Take a link's endpoints; TopologyError names both users of one taken twice."""
    taken = [str(end) for end in link.endpoints]
    for end in [*taken, f"host:{link.far_interface}"] if link.far_interface else taken:
        if end in used:
            raise TopologyError(f"{owner}: {end} is already used by {used[end]}", link.place)
        used[end] = owner


def _check_storage(node: Node, nodes: Mapping[str, Node], where: Where) -> None:
    """TopologyError where a storage backend's servers are missing, or are not nodes."""
    facts = node.facts
    for index, server in enumerate(facts.storage_servers):
        if server not in nodes:
            hint = meant(server, nodes) or f"; known: {', '.join(nodes)}"
            place = where(node.name, "config", "vars", "storage_servers", index)
            raise TopologyError(f"nodes.{node.name}: storage_servers: no node named {server!r}{hint}", place)
    if facts.storage in _REMOTE_BACKENDS and not facts.storage_servers:
        text = f"nodes.{node.name}: storage {facts.storage} is served by other nodes; name them in storage_servers"
        raise TopologyError(text, where(node.name, "config", "vars", "storage"))


def _check_ssh(node: Node, where: Where) -> None:
    """TopologyError where an SSH server is wanted of a node that the management network does not reach."""
    if node.facts.ssh and node.network_mode == "none" and node.kind in _CARRIERS:
        text = "ssh is served on the management network; remove network-mode: none, or say ssh: false"
        raise TopologyError(f"nodes.{node.name}: {text}", where(node.name, "config", "vars", "ssh"))


def _check(host: Node, index: int, names: Set[str], place: Place | None) -> None:
    workload, earlier = host.facts.workloads[index], host.facts.workloads[:index]
    if host.kind not in _CARRIERS:
        raise TopologyError(f"nodes.{host.name}: kind {host.kind} carries no workloads; use kind linux", place)
    if workload.name in names or workload.name in RESERVED_NAMES:
        what = "reserved" if workload.name in RESERVED_NAMES else "the name of another node or workload"
        raise TopologyError(f"workload {workload.name} of {host.name}: its name is {what}; choose another", place)
    for other in earlier:
        if other.address == workload.address or (other.address6 and other.address6 == workload.address6):
            text = (
                f"workload {workload.name} of {host.name}: {workload.address} is already {other.name}'s; choose another"
            )
            raise TopologyError(text, place)


def _guest(compute: Node, workload: Workload, place: Place | None) -> Node:
    services = tuple(
        each if each.address else each.model_copy(update={"address": workload.address}) for each in workload.services
    )
    return Node(
        name=workload.name,
        kind=Kind.WORKLOAD,
        hostname=workload.name,
        network_mode="none",
        facts=Facts(services=services),
        parent=compute.name,
        place=place,
    )


def _cable(compute: Node, workload: Workload, place: Place | None) -> Link:
    addresses = [f"{workload.address}/32", *([f"{workload.address6}/128"] if workload.address6 else [])]
    ends = (Endpoint(compute.name, workload.tap), Endpoint(workload.name, "eth0", addresses=tuple(addresses)))
    return Link(LinkType.VETH, ends, mtu_bytes=_GUEST_MTU_BYTES, place=place)
