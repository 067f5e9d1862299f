"""What a node's kernel starts with in the lab, before any file of the node is read.

Each node of a kind that may be a router starts as one; the reverse path filter is off, IPv6 on, and the ECMP hash seed
follows from the node's name: the first four bytes of its SHA-256, big-endian, never 0. The topology's own `sysctls`
win.
"""

from hashlib import sha256

from sim.sysctls import dotted
from sim.topology.model import Kind, Node

_FORWARDERS = (Kind.LINUX, Kind.FRR, Kind.CUMULUS)


def hash_seed(node: str) -> int:
    """A node's ECMP hash seed (net.ipv4.fib_multipath_hash_seed)."""
    return int.from_bytes(sha256(node.encode()).digest()[:4], "big") or 1


def first_sysctls(node: Node) -> dict[str, str]:
    """The kernel parameters of a node at birth, keys as a Device has them."""
    if node.kind is Kind.HOST:
        return {}
    given = {
        "net.ipv4.conf.all.forwarding": "1" if node.kind in _FORWARDERS else "0",
        "net.ipv4.conf.all.rp_filter": "0",
        "net.ipv4.conf.default.rp_filter": "0",
        "net.ipv4.fib_multipath_hash_seed": str(hash_seed(node.name)),
    }
    return given | {dotted(key): value for key, value in node.sysctls.items()}
