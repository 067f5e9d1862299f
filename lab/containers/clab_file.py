"""A topology as the file that containerlab is handed: what containers and cables between them are to be.

It is written from what we have read, so that a lab of containerlab's has the same nodes as any other of ours. Left to
us are the management network (with its DHCP), `exec` lines (they follow a node's files) and what is no container.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lab.containers.settings import CAPABILITIES, OURS
from lab.runtimes import Files
from sim.topology.boot import Healthcheck
from sim.topology.model import Endpoint, Kind, Link, LinkType, Node, Topology

_KINDS = {Kind.LINUX: "linux", Kind.FRR: "linux", Kind.CUMULUS: "cvx"}  # kind frr is younger than most containerlabs


def stage(folder: Path, lab: Path, topology: Topology, nodes: Sequence[Node], files: Files) -> Path:
    """Write into `folder` the file for these nodes of a topology, and copies of their files, which it binds; its path.

    Copies, for a node may write to what is mounted in it. `lab` is the lab's folder, by which containers are labelled.
    """
    copies = {node.name: _copy(folder / "files" / node.name, files.get(node.name, {})) for node in nodes}
    cables = [_cable(link) for link in cabled(topology, nodes)]
    written = {
        "name": topology.name,
        "prefix": topology.prefix,
        "mgmt": {"skip-when-unused": True},
        "topology": {"nodes": {node.name: _node(node, lab, copies[node.name]) for node in nodes}, "links": cables},
    }
    path = folder / f"{topology.name}.clab.yml"
    path.write_text(_literally(json.dumps(written, indent=1)))
    return path


def cabled(topology: Topology, nodes: Sequence[Node]) -> list[Link]:
    """The cables that are containerlab's to make: between two of these nodes."""
    names = {node.name for node in nodes}
    return [
        link
        for link in topology.links
        if link.type is LinkType.VETH and names.issuperset(end.node for end in link.endpoints)
    ]


def _copy(folder: Path, files: Mapping[str, bytes]) -> list[str]:
    """Copies of a node's files below `folder`; the binds that show them in their places."""
    for path, content in files.items():
        copy = folder / path.lstrip("/")
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(content)
        copy.chmod(0o755 if content.startswith(b"#!") else 0o644)
    return [f"{folder}{path}:{path}" for path in files]


def _node(node: Node, lab: Path, binds: Sequence[str]) -> dict[str, Any]:
    wanted = node.container
    section = {
        "kind": _KINDS[node.kind],
        "image": node.image,
        "image-pull-policy": wanted.pull_policy,
        "group": node.group,
        "hostname": node.hostname,
        "network-mode": "none",
        "restart-policy": "no",
        "privileged": False,
        "cap-add": sorted({*CAPABILITIES, *wanted.capabilities}),
        "env": dict(node.env),
        "labels": {**node.labels, OURS: str(lab)},
        "binds": list(binds),
        "entrypoint": wanted.entrypoint,
        "cmd": wanted.command,
        "user": wanted.user,
        "cpu": wanted.cpus,
        "cpu-set": wanted.cpu_set,
        "memory": f"{wanted.memory_bytes}b" if wanted.memory_bytes else "",
        "shm-size": f"{wanted.shm_bytes}b" if wanted.shm_bytes else "",
        "healthcheck": _healthcheck(node.healthcheck) if node.healthcheck else {},
    }
    return {key: value for key, value in section.items() if value is False or value}


def _healthcheck(asked: Healthcheck) -> dict[str, Any]:
    return {
        "test": ["CMD", *asked.argv],
        "interval": asked.interval_s,
        "timeout": asked.timeout_s,
        "retries": asked.retries,
        "start-period": asked.start_period_s,
    }


def _cable(link: Link) -> dict[str, Any]:
    return {"type": "veth", "mtu": link.mtu_bytes, "endpoints": [_end(end) for end in link.endpoints]}


def _end(end: Endpoint) -> dict[str, Any]:
    return {"node": end.node, "interface": end.interface} | ({"mac": end.mac} if end.mac else {})


def _literally(text: str) -> str:
    """A text that containerlab, which renders templates and variables first, reads as it stands."""
    return text.replace("{{", '{{"{{"}}').replace("$", "$$")
