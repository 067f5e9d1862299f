"""A workload's policy as packet filter rules on its compute, as Calico's Felix shapes its chains.

    FORWARD -> felix-FORWARD -> felix-from-<tap>   only the workload's own source address goes out
                             -> felix-to-<tap>     what its policy lets in; everything else is dropped

Felix only forbids: what it lets pass goes back to FORWARD, where the compute's own rules judge it. Its jump stands
first in FORWARD. The first rule of felix-FORWARD tells by a digest which policy the chains are of.
"""

import hashlib
from collections.abc import Iterator, Sequence

from sim.address import Address
from sim.dialects.iptables.rule import Context, read_rule
from sim.dialects.iptables.saved import TOOLS, TableText
from sim.dialects.iptables.words import split
from sim.errors import Place
from sim.filters import Chain, PacketFilter, Rule, Table
from sim.topology.facts import Opening, Workload

_FIRST = "-A FORWARD -j felix-FORWARD"
_ANSWERS = "-m conntrack --ctstate RELATED,ESTABLISHED -j RETURN"
_ICMP = {4: "icmp", 6: "ipv6-icmp"}


def guarded(workloads: Sequence[Workload], filters: PacketFilter, place: Place) -> PacketFilter:
    """The compute's filter with its workloads' policies, for IPv4 and, where a workload has such an address, IPv6."""
    for version in (4, 6):
        guests = [each for each in workloads if _address(each, version)]
        if guests:
            filters |= PacketFilter((_with(filters, list(_rules(guests, version)), version, place),))
    return filters


def _with(filters: PacketFilter, wanted: Sequence[str], version: int, place: Place) -> Table:
    """The filter table with Felix' chains."""
    tool, family = TOOLS[version]
    have = next((each for each in filters.tables if (each.tool, each.name) == (tool, "filter")), None)
    chains = dict((have or TableText("filter", version).table()).chains)
    digest = hashlib.sha256("\n".join(wanted).encode()).hexdigest()[:16]
    mark = f'-A felix-FORWARD -m comment --comment "policy {digest}"'
    made: dict[str, list[Rule]] = {name: [] for name in sorted({line.split()[1] for line in wanted})}
    for line in (mark, *wanted):
        made[line.split()[1]].append(_rule(line, version, place))
    forward = chains["FORWARD"]
    chains["FORWARD"] = Chain("FORWARD", (_rule(_FIRST, version, place), *forward.rules), forward.hook)
    return Table(tool, family, "filter", chains | {name: Chain(name, tuple(rules)) for name, rules in made.items()})


def _rule(line: str, version: int, place: Place) -> Rule:
    words = split(line)
    made, _ = read_rule(words[2:], Context(version, "filter", words[1], place))
    return made[0]


def _rules(guests: Sequence[Workload], version: int) -> Iterator[str]:
    """The rules of all chains in iptables' words."""
    yield f"-A felix-FORWARD {_ANSWERS}"
    for guest in guests:
        tap, address = guest.tap, _address(guest, version)
        yield f"-A felix-FORWARD -i {tap} -j felix-from-{tap}"
        yield f"-A felix-FORWARD -o {tap} -j felix-to-{tap}"
        yield f"-A felix-from-{tap} ! -s {address} -j DROP"
        for opening in guest.policy:
            yield from _opened(tap, opening, version)
        yield f"-A felix-to-{tap} -j DROP"


def _opened(tap: str, opening: Opening, version: int) -> Iterator[str]:
    if opening.source and opening.source.version != version:
        return
    protocol = _ICMP[version] if opening.protocol == "icmp" else opening.protocol
    source = f"-s {opening.source} " if opening.source else ""
    port = f"-m {protocol} --dport {opening.port} " if opening.port and opening.protocol != "icmp" else ""
    yield f"-A felix-to-{tap} {source}-p {protocol} {port}-j RETURN"


def _address(guest: Workload, version: int) -> Address | None:
    found = guest.address if version == 4 else guest.address6
    return Address(int(found), version) if found else None
