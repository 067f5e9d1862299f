"""A packet filter as a Snapshot tells it: line by line, each as its own tool prints it.

As `harness.observers.filters` reads them: of an iptables chain its policy only where that lets nothing pass (`-P INPUT
DROP`), then its rules, chain by chain; of an nftables chain its line of hook and policy, then its rules.
"""

from collections.abc import Iterator, Mapping
from typing import Literal

from sim.filters.model import Chain, Hook, Table
from sim.snapshot import FilterRule

_ORDER = ("raw", "mangle", "nat", "filter", "security")  # in which iptables-save prints the tables
_FAMILIES: Mapping[str, Literal["ipv4", "ipv6"]] = {"iptables": "ipv4", "ip6tables": "ipv6"}


def filter_rules(tables: tuple[Table, ...]) -> tuple[FilterRule, ...]:
    """Every line of the tables, iptables' first."""
    found: list[FilterRule] = []
    for tool in ("iptables", "ip6tables", "nft"):
        for table in (table for table in tables if table.tool == tool):
            found += _nft(table) if tool == "nft" else _iptables(table)
    return tuple(found)


def _iptables(table: Table) -> Iterator[FilterRule]:
    family = _FAMILIES[table.tool]
    for name, chain in table.chains.items():
        if chain.hook and chain.hook.drops:
            yield FilterRule(family, table.name, name, f"-P {name} DROP")
    for name, chain in table.chains.items():
        for rule in chain.rules:
            yield FilterRule(family, table.name, name, rule.text)


def _nft(table: Table) -> Iterator[FilterRule]:
    title = f"{table.family} {table.name}"
    for name, chain in table.chains.items():
        if chain.hook:
            yield FilterRule("nft", title, name, hook_text(chain, chain.hook))
        for rule in chain.rules:
            if rule.text:
                yield FilterRule("nft", title, name, rule.text)


def hook_text(chain: Chain, hook: Hook) -> str:
    """`type filter hook input priority filter; policy drop;`."""
    return (
        f"type {hook.kind} hook {hook.point} priority {priority_text(hook)}; "
        f"policy {'drop' if hook.drops else 'accept'};"
    )


_NAMED = {-300: "raw", -150: "mangle", 0: "filter", 50: "security"}


def priority_text(hook: Hook) -> str:
    """A priority as nft prints it: by name where one is within 10 of it (std_prios, nftables 1.0.6)."""
    names = dict(_NAMED)
    names |= {-100: "dstnat"} if hook.point == "prerouting" else {}
    names |= {100: "srcnat"} if hook.point == "postrouting" else {}
    near = min(names, key=lambda value: abs(value - hook.priority))
    away = hook.priority - near
    if abs(away) > 10:
        return str(hook.priority)
    return names[near] if not away else f"{names[near]} {'+' if away > 0 else '-'} {abs(away)}"
