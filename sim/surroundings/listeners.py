"""Services that a node declares, as the sockets that they listen on."""

import shlex
from collections.abc import Iterable, Iterator

from sim.address import InterfaceAddress
from sim.snapshot import Listener
from sim.topology.facts import Service
from sim.topology.model import Node

SSH_PORT = 22
_UDP = ("udp", "dns")
_RESPONDER = "responder"
_WILDCARDS = ("0.0.0.0", "::")


def declared_listeners(node: Node, management: Iterable[InterfaceAddress]) -> Iterator[Listener]:
    """The listeners of the node's services; one without an address listens on every address of both families.

    An SSH server is on the node's `management` addresses.
    """
    for own in management if node.facts.ssh else ():
        yield Listener("tcp", str(own.address), SSH_PORT, "sshd")
    for service in node.facts.services:
        for address in (str(service.address),) if service.address else _WILDCARDS:
            yield Listener("udp" if service.protocol in _UDP else "tcp", address, service.port, _program(service))


def _program(service: Service) -> str:
    """What runs: the lab's own small responder, unless the service names a command."""
    return shlex.split(service.command)[0].rpartition("/")[2] if service.command else _RESPONDER
