"""Names and numbers that follow from other names, so that a lab comes up the same each time."""

import hashlib

from sim.topology.model import Topology


def mac_address(lab: str, node: str, interface: str) -> str:
    """A locally administered MAC under containerlab's prefix `aa:c1:ab`, the same for each deploy of the same lab."""
    digest = hashlib.sha256(f"{lab}\0{node}\0{interface}".encode()).digest()
    return "aa:c1:ab:" + ":".join(f"{byte:02x}" for byte in digest[:3])


def hash_seed(node: str) -> int:
    """A node's ECMP hash seed (net.ipv4.fib_multipath_hash_seed), from its name: 32 bits, never 0.

    Namespaces share the machine's seed by default, which polarises a fabric: every tier makes the same choice.
    """
    return int.from_bytes(hashlib.sha256(node.encode()).digest()[:4], "big") or 1


def long_name(topology: Topology, node: str) -> str:
    """The name containerlab gives a node's container: `clab-<lab>-<node>`, or as the file's `prefix` says."""
    match topology.prefix:
        case "":
            return node
        case "__lab-name":
            return f"{topology.name}-{node}"
        case prefix:
            return f"{prefix}-{topology.name}-{node}"


def sysctl_path(key: str) -> str:
    """A sysctl's path below /proc/sys. Dots and slashes trade places where the first separator is a dot (sysctl(8))."""
    first = next((letter for letter in key if letter in "./"), "/")
    return key if first == "/" else key.translate(str.maketrans("./", "/."))
