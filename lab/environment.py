"""What a node is told of itself, as containerlab tells it: labels, and the environment of its programs.

It depends on the whole lab (who else is in it, how many cables a node has), so it is made when the node is, and is no
part of the Topology: a node need not be made anew because another joins the lab.
"""

import getpass
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from lab import naming
from sim.topology.git import NONE, checked_out
from sim.topology.model import Kind, Node, Topology

_SYSTEMS = (Kind.LINUX, Kind.FRR, Kind.CUMULUS)
_NEVER_BY_PROXY = ("localhost", "127.0.0.1", "::1", "*.local")
_NO_PROXY = ("no_proxy", "NO_PROXY")


def as_made(topology: Topology, node: Node) -> Node:
    """The node as its runtime makes it, with containerlab's labels and environment. The author's own variables win."""
    if node.kind not in _SYSTEMS:
        return node
    labels = {**node.labels, **_labels(topology, node)}
    told = {f"CLAB_LABEL_{variable(key)}": value for key, value in labels.items()}
    interfaces = sum(end.node == node.name for link in topology.links_of(node.name) for end in link.endpoints)
    proxies = dict.fromkeys(_NO_PROXY, ",".join(_no_proxy(topology, node)))
    return replace(node, labels=labels, env={**told, "CLAB_INTFS": str(interfaces), **node.env, **proxies})


def variable(label: str) -> str:
    """A label's name as part of a variable's: `rack-row` -> `RACK_ROW`."""
    return re.sub("[^A-Z0-9]", "_", label.upper())


def _labels(topology: Topology, node: Node) -> Mapping[str, str]:
    folder = topology.file.parent / f"clab-{topology.name}"
    branch, commit = checked_out(topology.file.parent)
    from_git = {"clab-git-branch": branch, "clab-git-hash": commit} if branch != NONE else {}
    return {
        "containerlab": topology.name,
        "clab-node-name": node.name,
        "clab-node-longname": naming.long_name(topology, node.name),
        "clab-node-kind": str(node.kind),
        "clab-node-type": "",
        "clab-node-group": node.group or "",
        "clab-node-lab-dir": str(folder / node.name),
        "clab-topo-file": str(topology.file),
        "clab-owner": os.environ.get("SUDO_USER") or _user(),
    } | from_git


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user without a name
        return str(os.geteuid())


def _no_proxy(topology: Topology, node: Node) -> Iterator[str]:
    """Whom a node reaches without a proxy: what the author says, itself, every node, and the management network."""
    said = next((node.env[name] for name in _NO_PROXY if name in node.env), "")
    nodes = [each for each in topology.nodes.values() if each.kind in _SYSTEMS]
    fixed = [address for each in nodes for address in (each.mgmt_ipv4, each.mgmt_ipv6) if address]
    net = topology.management
    known = (*_NEVER_BY_PROXY, *sorted([*(each.name for each in nodes), *fixed]), net.ipv4_subnet, net.ipv6_subnet)
    yield from dict.fromkeys((*(word for word in said.split(",") if word), *known))
