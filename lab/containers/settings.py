"""A node as a container engine is to make it: the body of a create request (Docker Engine API, ContainerCreate).

Named and labelled as containerlab does, so that tools which look for its labs find ours. No network of the engine's:
cables are ours. No host path is mounted, and nothing is privileged. What an image brings (entrypoint, command, user,
health check) stays unless the file says otherwise.
"""

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sim.topology.boot import Healthcheck
from sim.topology.container import Container, is_idle
from sim.topology.model import Node

OURS = "fabriclab.lab"
"""The label by which a lab's containers are found again: its folder on this machine, which no other lab has."""

CAPABILITIES = (
    "AUDIT_WRITE",  # sshd ends a login on a terminal that it can not put on record
    "CHOWN",  # daemons that give their sockets and logs to their user
    "DAC_OVERRIDE",
    "FOWNER",
    "KILL",
    "NET_ADMIN",  # interfaces, routes, packet filters
    "NET_BIND_SERVICE",
    "NET_RAW",  # OSPF, ping, dhclient
    "SETGID",
    "SETPCAP",
    "SETUID",  # daemons that become their user
    "SYS_ADMIN",  # FRR: zebra enters network namespaces, and bgpd does not start without
    "SYS_CHROOT",
)
"""What a node's processes may do. Half of what Docker grants by default, and what routing daemons need beside it."""

_NANO = 1_000_000_000


def settings(node: Node, folder: Path) -> dict[str, Any]:
    """The request's body for a node with the labels and the environment it is made with. `folder` is the lab's own."""
    wanted = node.container
    body: dict[str, Any] = {
        "Image": node.image,
        "Hostname": node.hostname or node.name,
        "Env": [f"{key}={value}" for key, value in node.env.items()],
        "Labels": {**node.labels, OURS: str(folder)},
        "HostConfig": _host_config(wanted),
        "OpenStdin": True,  # with these two a shell, which many images run, waits instead of ending
        "Tty": True,
    }
    body |= {"User": wanted.user} if wanted.user else {}
    body |= {"Entrypoint": shlex.split(wanted.entrypoint)} if wanted.entrypoint else {}
    body |= {"Cmd": shlex.split(wanted.command)} if wanted.command else {}
    body |= {"Healthcheck": _healthcheck(node.healthcheck)} if node.healthcheck else {}
    return body


def idles(node: Node, image: Mapping[str, Any]) -> bool:
    """Whether a container only keeps itself alive, so that it reads no file when it starts; `image` is its Config."""
    entrypoint = shlex.split(node.container.entrypoint) or image.get("Entrypoint") or []
    command = shlex.split(node.container.command) or ([] if node.container.entrypoint else image.get("Cmd")) or []
    return is_idle(" ".join([*entrypoint, *command]))


def _host_config(wanted: Container) -> dict[str, Any]:
    config = {
        "NetworkMode": "none",
        "CapDrop": ["ALL"],
        "CapAdd": sorted({*CAPABILITIES, *(each.upper().removeprefix("CAP_") for each in wanted.capabilities)}),
        "Privileged": False,
        "RestartPolicy": {"Name": "no"},
        "NanoCpus": int(wanted.cpus * _NANO),
        "CpusetCpus": wanted.cpu_set,
        "Memory": wanted.memory_bytes,
        "ShmSize": wanted.shm_bytes,
    }
    return {key: value for key, value in config.items() if value not in (0, "")}


def _healthcheck(asked: Healthcheck) -> dict[str, Any]:
    return {
        "Test": ["CMD", *asked.argv],
        "Interval": asked.interval_s * _NANO,
        "Timeout": asked.timeout_s * _NANO,
        "Retries": asked.retries,
        "StartPeriod": asked.start_period_s * _NANO,
    }
