"""The packet filter of a node as counters: which dropping rule moved while a probe was sent.

iptables counts every rule and chain policy; nftables only rules that say `counter`. An nftables rule or policy that
drops without counting can be suspected, never convicted: `silent` lists those.
"""

import re
import struct
from collections import Counter
from ipaddress import ip_address, ip_network
from socket import AF_INET, AF_INET6

from harness.observers.filters import XTABLES, tables_of
from lab.node import RunningNode
from sim.dataclasses import dataclass, field
from sim.errors import CommandFailed, ProbeError

SAVED = re.compile(r"^\[(?P<packets>\d+):\d+\] (?P<text>-A (?P<chain>\S+).*)$")
POLICY = re.compile(r"^:(?P<chain>\S+) DROP \[(?P<packets>\d+):\d+\]$")
FROM = re.compile(r"(?P<no>! )?-s (?P<prefix>[0-9a-f.:]+(/\d+)?)(?= |$)")
TO = re.compile(r"(?P<no>! )?-d (?P<prefix>[0-9a-f.:]+(/\d+)?)(?= |$)")
PROTOCOL = re.compile(r"(?<!! )-p ((?:ipv6-)?icmp(?:v6)?|tcp|udp)\b")
DPORT = re.compile(r"(?<!! )--dport (\d+)(?![\d:])")
TOOLS = {  # iptables' name, and where the kernel names the tables of the older x_tables
    4: (AF_INET, "iptables", "/proc/net/ip_tables_names"),
    6: (AF_INET6, "ip6tables", "/proc/net/ip6_tables_names"),
}
BUILT_IN = ("PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING")
DROPS = re.compile(r"-j (DROP|REJECT)\b")
NFT_DROPS = re.compile(r"\b(drop|reject)\b")
NFT_COUNTER = re.compile(r"\bcounter packets (\d+) bytes \d+ ?")
NFT_HOOK = re.compile(r"\bhook (\w+) .*policy drop;")
IPTABLES_OWN = re.compile(r"^table ip6? (filter|nat|mangle|raw|security) ")


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule, or a chain's policy, that drops or rejects. `text` is the tool's own words."""

    tool: str
    table: str
    chain: str
    text: str

    def __str__(self) -> str:
        return f"{self.tool} {self.table}: {self.text}"

    def fits(self, source: str, destination: str, chains: tuple[str, ...]) -> bool:
        """Whether a packet between these addresses, which passes those of the built-in chains, can have met it."""
        if self.chain in BUILT_IN and self.chain not in chains:
            return False
        return _holds(FROM.search(self.text), source) and _holds(TO.search(self.text), destination)

    def is_about(self, protocol: str, dport: int) -> bool:
        """Whether a packet of that protocol to that port can have met it, as far as the rule names a single one."""
        named, port = PROTOCOL.search(self.text), DPORT.search(self.text)
        right = named is None or named[1].removeprefix("ipv6-").removesuffix("v6") == protocol
        return right and (port is None or int(port[1]) == dport)


@dataclass(slots=True)
class Counters:
    """The packets that each dropping rule has taken so far."""

    taken: Counter[Rule] = field(default_factory=Counter)
    silent: list[Rule] = field(default_factory=list)

    def since(self, before: "Counters") -> dict[Rule, int]:
        """The rules that took packets since, and how many."""
        return {rule: more for rule, packets in self.taken.items() if (more := packets - before.taken[rule]) > 0}


def _holds(found: re.Match[str] | None, address: str) -> bool:
    """Whether the address lies in the prefix that a rule asks for (`! -s` excludes it), if it asks for any."""
    if found is None:
        return True
    inside = ip_address(address) in ip_network(found["prefix"], strict=False)
    return inside != bool(found["no"])


def read_counters(node: RunningNode, version: int) -> Counters:
    """The dropping rules of a node for IPv4 or IPv6 with their counters. ProbeError if its tools can not tell."""
    found = Counters()
    family, tool, names = TOOLS[version]
    tables = _tables(node)
    xtables = {(owner, name) for owner, name in tables if owner in (AF_INET, AF_INET6) and name in XTABLES}
    if any(owner == family for owner, _ in xtables) or node.read(names):
        _read_iptables(_tell(node, [f"{tool}-save", "-c"]), tool, found)
    if tables - xtables:
        _read_nft(_tell(node, ["nft", "list", "ruleset"]), found)
    return found


def _tables(node: RunningNode) -> set[tuple[int, str]]:
    """Asked over netlink first: a program that has nothing to tell need not be started."""
    try:
        return tables_of(node)
    except (OSError, ValueError, KeyError, struct.error) as error:
        raise ProbeError(f"cannot read the packet filter: {error!r}", node.name) from error


def _tell(node: RunningNode, argv: list[str]) -> str:
    try:
        done = node.run(argv, check=False)
    except CommandFailed:
        return ""  # the node has no such program, so nothing has been loaded by it
    if done.status == 127:
        return ""
    if done.status:
        raise ProbeError(f"cannot read the packet filter: {argv[0]}: {done.words}", node.name)
    return done.text


def _read_iptables(text: str, tool: str, found: Counters) -> None:
    table = ""
    for line in text.splitlines():
        if line.startswith("*"):
            table = line[1:]
        elif policy := POLICY.match(line):
            rule = Rule(tool, table, policy["chain"], f"policy of {policy['chain']} DROP")
            found.taken[rule] += int(policy["packets"])
        elif (saved := SAVED.match(line)) and DROPS.search(line):
            found.taken[Rule(tool, table, saved["chain"], saved["text"])] += int(saved["packets"])


def _read_nft(text: str, found: Counters) -> None:
    """The native tables of `nft list ruleset`; those that iptables keeps there have been read already."""
    table, chain = "", ""
    for line in (raw.strip() for raw in text.splitlines()):
        if line.startswith("table "):
            table = "" if IPTABLES_OWN.match(line) else line[6:].rstrip(" {")
        elif line.startswith("chain "):
            chain = line[6:].rstrip(" {")
        elif table and (hook := NFT_HOOK.search(line)):
            found.silent.append(Rule("nft", table, hook[1].upper(), f"policy of chain {chain} drop"))
        elif table and NFT_DROPS.search(line) and not line.startswith("type "):
            counted = NFT_COUNTER.search(line)
            rule = Rule("nft", table, chain.upper(), f"{chain}: {NFT_COUNTER.sub('', line)}")
            if counted:
                found.taken[rule] += int(counted[1])
            else:
                found.silent.append(rule)
