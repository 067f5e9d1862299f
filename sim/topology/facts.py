"""Our facts about a node, from `config.vars` of the topology file: services, workloads, storage, ssh, push, frr.

pydantic, because people write them. Unknown keys inside these facts are errors; other keys of `config.vars` are the
user's own and pass unread.
"""

import re
import shlex
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, field_validator

from sim.topology.strict import Strict, meant

Port = Annotated[int, Field(ge=1, le=65535)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,59}$")]
FrrVersion = Annotated[str, Field(pattern=r"^[0-9]+(\.[0-9]+)+")]
InterfaceName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,14}$")]


def _splits(command: str) -> str:
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise ValueError(f"found {command!r}: {str(error).lower()}; expected a command and its arguments") from error
    if not words:
        raise ValueError("found nothing; expected a command and its arguments")
    return command


Command = Annotated[str, AfterValidator(_splits)]
"""A command and its arguments, split as a POSIX shell would, and run without one."""

PLACEHOLDERS = ("inventory", "nornir_inventory", "topology_data", "ssh_config", "lab", "topology", "node", "long_name")
"""What may stand in braces in a `push` command."""


class Service(Strict):
    """Something that listens. Without `command` the lab runs a small responder that speaks `protocol`."""

    name: Name
    address: IPv4Address | IPv6Address | None = None  # None: the wildcard address (workloads: their own)
    port: Port
    protocol: Literal["tcp", "udp", "http", "dns"] = "tcp"
    command: Command | None = (
        None  # a real daemon in the foreground, split as a POSIX shell would, never run by a shell
    )


class Opening(Strict):
    """One thing a workload's policy lets in. No `port` opens the protocol as a whole."""

    protocol: Literal["tcp", "udp", "icmp"]
    port: Port | None = None
    source: IPv4Network | IPv6Network | None = Field(default=None, alias="from")  # None: from anywhere


class Workload(Strict):
    """A guest of a compute: a network namespace behind `tap`, with a /32 (and a /128) routed to it."""

    name: Name
    tap: InterfaceName
    address: IPv4Address
    address6: IPv6Address | None = None
    services: tuple[Service, ...] = ()
    policy: tuple[Opening, ...] = ()  # what may come in; established traffic always may


Backend = Literal["local-lvm", "local-file", "ceph-rbd", "nfs"]


class Facts(Strict):
    """All of them. `storage` is the one line that switches a compute's instance storage backend."""

    services: tuple[Service, ...] = ()
    workloads: tuple[Workload, ...] = ()
    storage: Backend | None = None
    storage_servers: tuple[Name, ...] = ()  # nodes that serve ceph-rbd or nfs to this compute
    storage_interface: InterfaceName | None = None  # the transport interface that storage traffic uses on this node
    ssh: bool = False  # an SSH server on the node's management address
    frr: FrrVersion | None = None  # the FRR that runs on the node, for paper; a lab is asked
    push: Command | None = None  # a command of the user's, run on this machine after the node's files; see PLACEHOLDERS

    @field_validator("push")
    @classmethod
    def _knows_its_placeholders(cls, command: str | None) -> str | None:
        for name in re.findall(r"\{(\w+)\}", command or ""):
            if name not in PLACEHOLDERS:
                hint = meant(name, PLACEHOLDERS) or f"; known: {', '.join(PLACEHOLDERS)}"
                raise ValueError(f"found {{{name}}}{hint}")
        return command
