"""Firewall openings that a role adds to a node's own rules: known by their comment, kept at the top of their chain.

A firewall push replaces them together with everything else; the role puts them back. A filter written for nftables
alone is not opened: there an accept in one table does not overrule a drop in another.
"""

from collections.abc import Sequence

from lab.node import RunningNode

MARK = "storage"
_RECORD = "/run/fabriclab/openings"


def settle(node: RunningNode, wanted: Sequence[str]) -> None:
    """Have exactly the `wanted` rules (as iptables-save writes them) under our comment in the filter table."""
    if not wanted and node.read(_RECORD) is None:
        return
    node.write({_RECORD: "\n".join(wanted).encode()})
    change = replacement(node.run(["iptables-save", "-t", "filter"]).text.splitlines(), wanted)
    if change:
        node.run(["iptables-restore", "--noflush"], stdin=change.encode())


def replacement(have: Sequence[str], wanted: Sequence[str]) -> str:
    """What iptables-restore must be given to get from the filter table `have` to one with `wanted`; else empty."""
    ours = [line for line in have if f'--comment "{MARK} ' in line]
    lines = [line.replace("-A", "-D", 1) for line in ours if line not in wanted]
    lines += [line.replace("-A", "-I", 1) for line in wanted if line not in ours]
    return "\n".join(["*filter", *lines, "COMMIT", ""]) if lines else ""
