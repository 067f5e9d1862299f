"""Reads FRR texts as one node's files."""

from sim.device import Device
from sim.device.bgp import BgpInstance, Neighbour
from sim.devices import parse_files
from sim.topology.model import Kind, Node

CONF = "/etc/frr/frr.conf"


def device(text: str, daemons: str = "", kind: Kind = Kind.LINUX) -> Device:
    """The Device of a node with this frr.conf (lines as written, indentation free)."""
    files = {CONF: text} | ({"/etc/frr/daemons": daemons} if daemons else {})
    return parse_files(Node("r1", kind), files)


def bgp(text: str) -> BgpInstance:
    """Its one BGP instance."""
    (instance,) = device(text).bgp
    return instance


def neighbour(text: str, key: str) -> Neighbour:
    """A neighbour by address or interface."""
    return next(each for each in bgp(text).neighbours if key in (str(each.address), each.interface))
