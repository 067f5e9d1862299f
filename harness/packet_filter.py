"""What an observed iptables ruleset does with the first packet of a conversation: read from the tool's own words.

Only the filter table's chains, as `iptables-save` prints them, first match wins, user chains followed. A match that
this file does not know may or may not hold: the walk goes on past such a rule, and says so. nftables is not read.
"""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from ipaddress import ip_address, ip_network

from sim.dataclasses import dataclass, field
from sim.snapshot import FilterRule

_ENDS = {"ACCEPT": True, "DROP": False, "REJECT": False}
_GOES_ON = {"LOG", "NFLOG", "MARK", "CONNMARK", "COUNT", "SETCLASS", "POLICE", "ULOG", "TRACE"}
_ALIASES = {
    "--source": "-s",
    "--destination": "-d",
    "--in-interface": "-i",
    "--out-interface": "-o",
    "--protocol": "-p",
    "--destination-port": "--dport",
    "--source-port": "--sport",
    "--destination-ports": "--dports",
    "--source-ports": "--sports",
    "--jump": "-j",
    "--state": "--ctstate",
}
_HARMLESS = {"--comment", "--reject-with", "--log-prefix", "--log-level", "--icmp-type"}
_PROTOCOL_NUMBERS = {"89": "ospf", "ospfigp": "ospf", "6": "tcp", "17": "udp", "1": "icmp"}


@dataclass(frozen=True, slots=True)
class Packet:
    """The first packet of a conversation as it comes in at an interface."""

    source: str
    destination: str
    protocol: str
    interface: str
    dport: int | None = None
    sport: int | None = None  # None: an ephemeral one, which a rule must not count on


@dataclass(frozen=True, slots=True)
class Ruling:
    """What a ruleset does: `accepted`, the `rule` that decided (or the chain's policy), and what was unsure."""

    accepted: bool
    rule: str
    unsure: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Rule:
    text: str
    target: str
    matches: tuple[tuple[str, str, bool], ...]  # option, value, negated


@dataclass(slots=True)
class _Walk:
    packet: Packet
    chains: Mapping[str, Sequence[_Rule]]
    unsure: list[str] = field(default_factory=list)


def rule_on(packet: Packet, rules: Sequence[FilterRule], chain: str = "INPUT") -> Ruling:
    """What the filter table does with a packet that comes into `chain`."""
    family = "ipv4" if ip_address(packet.source).version == 4 else "ipv6"
    chains: dict[str, list[_Rule]] = {}
    policy = True
    for each in rules:
        if each.family == family and each.table == "filter":
            if each.text.startswith("-A "):
                chains.setdefault(each.chain, []).append(_parsed(each.text))
            elif each.chain == chain:
                policy = not {"DROP", "REJECT"} & set(each.text.split())
    walk = _Walk(packet, chains)
    rule = _decide(walk, chain, depth=0)
    if rule is None:
        return Ruling(policy, f"the policy of {chain}", tuple(walk.unsure))
    return Ruling(_ENDS[rule.target], rule.text, tuple(walk.unsure))


def _decide(walk: _Walk, chain: str, depth: int) -> _Rule | None:
    """The rule that ends the packet's way in this chain; None where it falls out at the end."""
    for rule in walk.chains.get(chain, ()) if depth < 32 else ():
        holds = _matches(rule, walk.packet)
        if holds is None:
            walk.unsure.append(rule.text)
        if not holds or rule.target in _GOES_ON:
            continue
        if rule.target == "RETURN":
            return None
        if rule.target in _ENDS:
            return rule
        inner = _decide(walk, rule.target, depth + 1)
        if inner is not None:
            return inner
    return None


def _parsed(text: str) -> _Rule:
    words = shlex.split(text)[2:]
    matches: list[tuple[str, str, bool]] = []
    target, negated, index = "", False, 0
    while index < len(words):
        word = _ALIASES.get(words[index], words[index])
        value = words[index + 1] if index + 1 < len(words) else ""
        if word == "!":
            negated, index = True, index + 1
            continue
        if word in ("-j", "-g"):
            target = value
        elif word == "--syn":
            index -= 1  # a flag without a value; the first packet of a conversation is a SYN
        elif word == "--tcp-flags":
            matches.append((word, " ".join(words[index + 1 : index + 3]), negated))
            index += 1
        elif word not in ("-m", "--match", *_HARMLESS) and not target:
            matches.append((word, value, negated))
        negated, index = False, index + 2
    return _Rule(text, target, tuple(matches))


def _matches(rule: _Rule, packet: Packet) -> bool | None:
    """Whether every match of the rule holds; None where that is not known."""
    known = True
    for option, value, negated in rule.matches:
        holds = _holds(option, value, packet)
        if holds is None:
            known = False
        elif holds is negated:
            return False
    return True if known else None


def _holds(option: str, value: str, packet: Packet) -> bool | None:
    if option in ("-s", "-d"):
        address = packet.source if option == "-s" else packet.destination
        return any(ip_address(address) in ip_network(each, strict=False) for each in value.split(","))
    if option == "-i":
        return packet.interface.startswith(value[:-1]) if value.endswith("+") else packet.interface == value
    if option == "-o":
        return False  # a packet for the node itself leaves by no interface
    if option == "-p":
        return value == "all" or _PROTOCOL_NUMBERS.get(value, value) == packet.protocol
    if option in ("--dport", "--dports"):
        return packet.dport is not None and _in_ports(packet.dport, value)
    if option in ("--sport", "--sports"):
        return packet.sport is not None and _in_ports(packet.sport, value)
    if option == "--ports":
        return any(port is not None and _in_ports(port, value) for port in (packet.dport, packet.sport))
    if option == "--ctstate":
        return "NEW" in value.split(",")
    if option == "--tcp-flags":
        return value.endswith(" SYN")
    return None


def _in_ports(port: int, written: str) -> bool:
    return any(low <= port <= high for low, high in _ranges(written))


def _ranges(written: str) -> Iterator[tuple[int, int]]:
    for each in written.split(","):
        low, colon, high = each.partition(":")
        yield int(low or 0), int(high or 65535) if colon else int(low)
