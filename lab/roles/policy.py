"""A workload's policy as packet filter rules, in the shape of Felix' chains.

    FORWARD -> felix-FORWARD -> felix-from-<tap>   only the workload's own source address goes out
                             -> felix-to-<tap>     what its policy lets in; everything else is dropped

Felix only forbids: what it lets pass goes back to FORWARD, where the compute's own rules judge it. The jump is kept
first in FORWARD, also after the compute's firewall was pushed again. Rules that stand already are not touched, nor
their counters.
"""

import hashlib
from collections.abc import Iterator, Sequence
from ipaddress import IPv4Address, IPv6Address

from lab.node import RunningNode
from sim.topology.facts import Opening, Workload

_JUMP = "-A FORWARD -j felix-FORWARD"
_ESTABLISHED = "-m conntrack --ctstate RELATED,ESTABLISHED -j RETURN"
_SAVE = {4: ["iptables-save", "-t", "filter"], 6: ["ip6tables-save", "-t", "filter"]}
_RESTORE = {4: ["iptables-restore", "--noflush"], 6: ["ip6tables-restore", "--noflush"]}
_ICMP = {4: "icmp", 6: "ipv6-icmp"}


def enforce(node: RunningNode, workloads: Sequence[Workload]) -> None:
    """Hold the workloads' policies on their compute, for IPv4 and, where a workload has such an address, IPv6."""
    for version in (4, 6):
        guests = [each for each in workloads if _address(each, version)]
        if not guests:
            continue
        have = node.run(_SAVE[version]).text.splitlines()
        change = replacement(have, list(rules(guests, version)))
        if change:
            node.run(_RESTORE[version], stdin=change.encode())


def rules(workloads: Sequence[Workload], version: int) -> Iterator[str]:
    """The rules of all chains, as iptables-save writes them."""
    yield f"-A felix-FORWARD {_ESTABLISHED}"
    for workload in workloads:
        tap, address = workload.tap, _address(workload, version)
        yield f"-A felix-FORWARD -i {tap} -j felix-from-{tap}"
        yield f"-A felix-FORWARD -o {tap} -j felix-to-{tap}"
        yield f"-A felix-from-{tap} ! -s {address} -j DROP"
        for opening in workload.policy:
            yield from _opened(tap, opening, version)
        yield f"-A felix-to-{tap} -j DROP"


def _opened(tap: str, opening: Opening, version: int) -> Iterator[str]:
    if opening.source and opening.source.version != version:
        return
    protocol = _ICMP[version] if opening.protocol == "icmp" else opening.protocol
    source = f"-s {opening.source} " if opening.source else ""
    port = f"-m {protocol} --dport {opening.port} " if opening.port and opening.protocol != "icmp" else ""
    yield f"-A felix-to-{tap} {source}-p {protocol} {port}-j RETURN"


def replacement(have: Sequence[str], wanted: Sequence[str]) -> str:
    """What iptables-restore must be given to get from the filter table `have` to `wanted`; else empty."""
    mark = f'-A felix-FORWARD -m comment --comment "policy {_digest(wanted)}"'
    forward = [line for line in have if line.startswith("-A FORWARD")]
    if mark in have and forward[:1] == [_JUMP]:
        return ""
    old = {line[1:].split()[0] for line in have if line.startswith(":felix-")}
    new = {line.split()[1] for line in wanted}
    lines = ["*filter", *(f":{chain} - [0:0]" for chain in sorted(old | new))]  # naming a chain also empties it
    lines += [line.replace("-A", "-D", 1) for line in forward if line == _JUMP]
    lines += [_JUMP.replace("-A FORWARD", "-I FORWARD 1"), mark, *wanted]
    lines += [f"-X {chain}" for chain in sorted(old - new)]
    return "\n".join([*lines, "COMMIT", ""])


def _digest(wanted: Sequence[str]) -> str:
    return hashlib.sha256("\n".join(wanted).encode()).hexdigest()[:16]


def _address(workload: Workload, version: int) -> IPv4Address | IPv6Address | None:
    return workload.address if version == 4 else workload.address6
