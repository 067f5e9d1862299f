"""A node's packet filter with its counters, in the words of the tool that owns each table.

First the kernel is asked over netlink which nftables tables there are (iptables' own are among them), so that a node
without a filter costs no process. Tables of the older x_tables are told by `/proc/net/ip_tables_names`.
"""

import re
import struct
from collections.abc import Iterator, Mapping
from errno import EINVAL, EOPNOTSUPP
from socket import AF_INET, AF_INET6, AF_NETLINK, SOCK_RAW
from typing import Literal

from harness import netlink
from lab.node import RunningNode
from sim.errors import CommandFailed, ProbeError
from sim.snapshot import FilterRule

Family = Literal["ipv4", "ipv6"]
NETLINK_NETFILTER = 12
NFT_MSG_GETTABLE = 0x0A01  # NFNL_SUBSYS_NFTABLES << 8 | 1
XTABLES = frozenset(("raw", "mangle", "nat", "filter", "security"))
_TOOLS: Mapping[int, tuple[Family, str]] = {AF_INET: ("ipv4", "iptables"), AF_INET6: ("ipv6", "ip6tables")}
_LEGACY = {"ipv4": "/proc/net/ip_tables_names", "ipv6": "/proc/net/ip6_tables_names"}
NFT_FAMILIES = {1: "inet", 2: "ip", 3: "arp", 5: "netdev", 7: "bridge", 10: "ip6"}
_BLOCK = re.compile(r"(table|chain|set|map|flowtable|counter|quota|limit|ct \S+) .*\{$")
_COUNTER = re.compile(r"counter packets (\d+) bytes (\d+)")
_POLICY = re.compile(r"^:(\S+) (DROP|REJECT) \[(\d+):(\d+)\]$")
_COUNTED = re.compile(r"^\[(\d+):(\d+)\] (-A (\S+) .*)$")


def observe_filters(node: RunningNode) -> tuple[FilterRule, ...]:
    """All rules of a node. ProbeError where a tool answers something else than it should."""
    try:
        return tuple(_observe(node))
    except (ValueError, KeyError, struct.error, OSError) as error:
        raise ProbeError(f"packet filter: {error!r}", node.name) from error
    except CommandFailed as error:
        raise ProbeError(error.text, node.name) from None


def _observe(node: RunningNode) -> Iterator[FilterRule]:
    tables = tables_of(node)
    for number, (family, tool) in _TOOLS.items():
        if any(owner == number and name in XTABLES for owner, name in tables):
            yield from saved(node.run([f"{tool}-save", "-c"]).text, family)
        if node.read(_LEGACY[family]):
            yield from saved(node.run([f"{tool}-legacy-save", "-c"]).text, family)
    others = {(owner, name) for owner, name in tables if not (owner in _TOOLS and name in XTABLES)}
    if others:
        yield from listed(node.run(["nft", "list", "ruleset"]).text, others)


def tables_of(node: RunningNode) -> set[tuple[int, str]]:
    """The nftables tables of a node, iptables' own among them: family number and name."""
    with node.socket(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER) as asked:
        asked.settimeout(10.0)
        asked.send(netlink.message(NFT_MSG_GETTABLE, netlink.DUMP, 1, bytes(4)))
        found: set[tuple[int, str]] = set()
        while True:
            for kind, _, body in netlink.messages(asked.recv(1 << 16)):
                if kind == netlink.DONE:
                    return found
                if kind == netlink.ERROR:
                    number = -struct.unpack_from("=i", body)[0]
                    if number in (EINVAL, EOPNOTSUPP):
                        return found  # a kernel without nf_tables
                    raise OSError(number, "the kernel does not tell its nftables tables")
                found.add((body[0], netlink.attributes(body[4:])[1].rstrip(b"\0").decode()))


def saved(text: str, family: Family) -> Iterator[FilterRule]:
    """The rules of `iptables-save -c`. A chain's policy is told as `-P INPUT DROP` where it lets nothing pass."""
    table = ""
    for line in text.splitlines():
        if line.startswith("*"):
            table = line[1:]
        elif policy := _POLICY.match(line):
            text = f"-P {policy[1]} {policy[2]}"
            yield FilterRule(family, table, policy[1], text, int(policy[3]), int(policy[4]))
        elif matched := _COUNTED.match(line):
            yield FilterRule(family, table, matched[4], matched[3], int(matched[1]), int(matched[2]))


def listed(ruleset: str, tables: set[tuple[int, str]]) -> Iterator[FilterRule]:
    """The rules of `nft list ruleset` that stand in `tables`; the table is told with its family, `inet filter`.

    nft counts only where a rule says `counter`. A chain's hook and policy are told as a rule of their own.
    """
    wanted = {f"{NFT_FAMILIES.get(number, number)} {name}" for number, name in tables}
    blocks: list[str] = []
    for line in _statements(ruleset):
        if line == "}":
            blocks.pop()
        elif line.endswith("{"):
            blocks.append(line.removesuffix("{").strip())
        elif len(blocks) == 2 and blocks[1].startswith("chain ") and blocks[0].removeprefix("table ") in wanted:
            counter = _COUNTER.search(line)
            packets, octets = (int(counter[1]), int(counter[2])) if counter else (0, 0)
            text = _COUNTER.sub("counter", line)
            yield FilterRule("nft", blocks[0].removeprefix("table "), blocks[1].split()[1], text, packets, octets)


def _statements(ruleset: str) -> Iterator[str]:
    """The lines of a ruleset, stripped; a set that nft wraps over several lines is one."""
    whole = ""
    for line in filter(None, map(str.strip, ruleset.splitlines())):
        whole = f"{whole} {line}".strip()
        opens, closes = whole.count("{"), whole.count("}")
        if opens == closes or whole == "}" or (opens == 1 and not closes and _BLOCK.match(whole)):
            yield whole
            whole = ""
