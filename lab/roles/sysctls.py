"""Kernel parameters that a role sets where the node's own sysctl files do not."""

from collections.abc import Iterable

from lab.node import RunningNode

_FILES = ("/etc/sysctl.conf", "/etc/sysctl.d")


def set_undecided(node: RunningNode, parameters: Iterable[str]) -> None:
    """Set each `key=value` (keys with slashes as separators) whose key no sysctl file of the node sets."""
    taken = decided(node)
    wanted = [each for each in parameters if each.split("=")[0] not in taken]
    if wanted:
        node.run(["sysctl", "-q", "-w", *wanted])


def decided(node: RunningNode) -> frozenset[str]:
    """The keys that the node's sysctl files set, in their form with slashes."""
    lines = node.run(["grep", "-rhsE", r"^[ \t]*-?net[./]", *_FILES], check=False).text.splitlines()
    return frozenset(with_slashes(line.split("=")[0].strip().lstrip("-")) for line in lines)


def with_slashes(key: str) -> str:
    """A sysctl's name with slashes as separators; where a dot comes first, the two change places (sysctl.d(5))."""
    dot, slash = key.find("."), key.find("/")
    return key if dot < 0 or 0 <= slash < dot else key.translate(str.maketrans("./", "/."))
