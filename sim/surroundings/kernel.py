"""What a node's kernel starts with in the lab, before any file of the node is read.

Each node of a kind that may be a router starts as one; the reverse path filter is off, IPv6 on, and the ECMP hash seed
follows from the node's name: the first four bytes of its SHA-256, big-endian, never 0. The topology's own `sysctls`
win.
"""

from collections.abc import Iterable
from hashlib import sha256

from sim.sysctls import dotted, slashed
from sim.topology.model import Kind, Node

_FORWARDERS = (Kind.LINUX, Kind.FRR, Kind.CUMULUS)


def hash_seed(node: str) -> int:
    """A node's ECMP hash seed (net.ipv4.fib_multipath_hash_seed)."""
    return int.from_bytes(sha256(node.encode()).digest()[:4], "big") or 1


def first_sysctls(node: Node, cabled: Iterable[str] = ()) -> dict[str, str]:
    """The kernel parameters of a node at birth, keys as a Device has them.

    `cabled` interfaces come later than these, and copy what `default` has.
    """
    if node.kind is Kind.HOST:
        return {}
    given = {
        "net.ipv4.conf.all.forwarding": "1" if node.kind in _FORWARDERS else "0",
        "net.ipv4.conf.all.rp_filter": "0",
        "net.ipv4.conf.default.rp_filter": "0",
        "net.ipv4.fib_multipath_hash_seed": str(hash_seed(node.name)),
    }
    wanted = {dotted(key): value for key, value in node.sysctls.items()}
    copied = {
        key.replace(".default.", f".{slashed(name)}."): value
        for key, value in wanted.items()
        if ".conf.default." in key and not key.endswith(".forwarding")
        for name in cabled
    }
    return given | wanted | copied
