"""A node as a container engine is to make it: the body of a create request (Docker Engine API, ContainerCreate).

Named and labelled as containerlab does, so that tools which look for its labs find ours. No network of the engine's:
cables are ours. No host path is mounted, and nothing is privileged. What an image brings (entrypoint, command, user,
health check) stays unless the file says otherwise.
"""

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sim.topology.boot import STAGES, Healthcheck
from sim.topology.container import Container, is_idle
from sim.topology.model import Node

OURS = "fabriclab.lab"
"""The label by which a lab's containers are found again: its folder on this machine, which no other lab has."""

GATE = "/run/fabriclab-gate"
"""A pipe in a container that is not to begin yet: its first process waits there, and needs a shell for that."""

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
    return is_idle(" ".join(_own_words(node, image)))


def waits(node: Node) -> bool:
    """Whether what a container runs by itself must wait for another node, or for a time."""
    return bool(node.startup_delay_s or (STAGES[0] in node.stages and node.stages[STAGES[0]].wait_for))


def held(body: Mapping[str, Any], node: Node, image: Mapping[str, Any]) -> dict[str, Any]:
    """A body whose container's first process becomes what it should be only when somebody has written to GATE there."""
    return {
        **body,
        "Entrypoint": ["/bin/sh", "-c", f'read _ < {GATE}; exec "$@"', "sh", *_own_words(node, image)],
        "Cmd": [],
    }


def _own_words(node: Node, image: Mapping[str, Any]) -> list[str]:
    """The command line of a container's first process."""
    entrypoint = shlex.split(node.container.entrypoint) or image.get("Entrypoint") or []
    command = shlex.split(node.container.command) or ([] if node.container.entrypoint else image.get("Cmd")) or []
    return [*entrypoint, *command]


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
