"""A node's packet filter with its counters, in the words of the tool that owns each table.

First the kernel is asked over netlink which nftables tables there are (iptables' own are among them), so that a node
without a filter costs no process. Tables of the older x_tables are told by `/proc/net/ip_tables_names`.
"""

import json
import re
import struct
from collections.abc import Iterator, Mapping
from errno import EINVAL, EOPNOTSUPP
from socket import AF_INET, AF_INET6, AF_NETLINK, SOCK_RAW
from typing import Any, Literal

from harness.observers import netlink as nl
from lab.node import RunningNode
from sim.errors import ProbeError
from sim.snapshot import FilterRule

Family = Literal["ipv4", "ipv6"]
NETLINK_NETFILTER = 12
NFT_MSG_GETTABLE = 0x0A01  # NFNL_SUBSYS_NFTABLES << 8 | 1
XTABLES = frozenset(("raw", "mangle", "nat", "filter", "security"))
_TOOLS: Mapping[int, tuple[Family, str]] = {AF_INET: ("ipv4", "iptables"), AF_INET6: ("ipv6", "ip6tables")}
_LEGACY = {"ipv4": "/proc/net/ip_tables_names", "ipv6": "/proc/net/ip6_tables_names"}
_NFT_FAMILIES = {1: "inet", 2: "ip", 3: "arp", 5: "netdev", 7: "bridge", 10: "ip6"}
_COUNTED = re.compile(r"^\[(\d+):(\d+)\] (-A (\S+) .*)$")


def observe_filters(node: RunningNode) -> tuple[FilterRule, ...]:
    """All rules of a node. ProbeError where a tool answers something else than it should."""
    try:
        return tuple(_observe(node))
    except (ValueError, KeyError, struct.error, OSError) as error:
        raise ProbeError(f"packet filter: {error!r}", node.name) from error


def _observe(node: RunningNode) -> Iterator[FilterRule]:
    tables = _tables(node)
    for number, (family, tool) in _TOOLS.items():
        if any(owner == number and name in XTABLES for owner, name in tables):
            yield from saved(node.run([f"{tool}-save", "-c"]).text, family)
        if node.read(_LEGACY[family]):
            yield from saved(node.run([f"{tool}-legacy-save", "-c"]).text, family)
    others = {(owner, name) for owner, name in tables if not (owner in _TOOLS and name in XTABLES)}
    if others:
        yield from listed(json.loads(node.run(["nft", "-j", "list", "ruleset"]).text), others)


def _tables(node: RunningNode) -> set[tuple[int, str]]:
    """The nftables tables of a node: family number and name."""
    with node.socket(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER) as asked:
        asked.settimeout(10.0)
        asked.send(struct.pack("=IHHIIBBH", 20, NFT_MSG_GETTABLE, nl.NLM_F_REQUEST_DUMP, 1, 0, 0, 0, 0))
        found: set[tuple[int, str]] = set()
        while True:
            for kind, body in nl.messages(asked.recv(1 << 16)):
                if kind == nl.NLMSG_DONE:
                    return found
                if kind == nl.NLMSG_ERROR:
                    number = -struct.unpack_from("=i", body)[0]
                    if number in (EINVAL, EOPNOTSUPP):
                        return found  # a kernel without nf_tables
                    raise OSError(number, "the kernel does not tell its nftables tables")
                found.add((body[0], nl.attributes(body[4:])[1].rstrip(b"\0").decode()))


def saved(text: str, family: Family) -> Iterator[FilterRule]:
    """The rules of `iptables-save -c`."""
    table = ""
    for line in text.splitlines():
        if line.startswith("*"):
            table = line[1:]
        elif matched := _COUNTED.match(line):
            yield FilterRule(family, table, matched[4], matched[3], int(matched[1]), int(matched[2]))


def listed(ruleset: Mapping[str, Any], tables: set[tuple[int, str]]) -> Iterator[FilterRule]:
    """The rules of `nft -j list ruleset` that stand in `tables`; the table is told with its family, `inet filter`."""
    wanted = {(_NFT_FAMILIES.get(number, str(number)), name) for number, name in tables}
    for entry in ruleset["nftables"]:
        rule = entry.get("rule")
        if rule and (rule["family"], rule["table"]) in wanted:
            counters = [each["counter"] for each in rule["expr"] if isinstance(each.get("counter"), dict)]
            packets, octets = (sum(each[key] for each in counters) for key in ("packets", "bytes"))
            text = json.dumps([each for each in rule["expr"] if "counter" not in each])
            yield FilterRule("nft", f"{rule['family']} {rule['table']}", rule["chain"], text, packets, octets)
