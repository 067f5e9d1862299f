"""Rules that a role adds to a node's own packet filter: written as iptables-save has them, read by iptables' dialect.

`-A` to a chain of the node's own goes before what stands there, as a role inserts it; chains that the text declares are
new ones.
"""

from collections.abc import Iterable

from sim.dataclasses import replace
from sim.device import Device
from sim.dialects.iptables.saved import read_saved
from sim.errors import Place
from sim.filters import Chain, PacketFilter, Table


def with_rules(device: Device, lines: Iterable[str], version: int, place: Place | None) -> Device:
    """The device with rules (and `:chain - [0:0]` lines) added to its filter table."""
    text = "\n".join(("*filter", *lines, "COMMIT", ""))
    tables, _, _, _ = read_saved(text, device.node, version)
    added = tables[0]
    had = next((table for table in device.filter.tables if _same(table, added)), None)
    table = _joined(had, added, place)
    others = tuple(each for each in device.filter.tables if not _same(each, added))
    return replace(device, filter=PacketFilter((*others, table)))


def _same(one: Table, two: Table) -> bool:
    return (one.tool, one.family, one.name) == (two.tool, two.family, two.name)


def _joined(had: Table | None, added: Table, place: Place | None) -> Table:
    chains = dict(had.chains) if had else {}
    for name, chain in added.chains.items():
        rules = tuple(replace(rule, place=place) for rule in chain.rules)
        old = chains.get(name)
        chains[name] = Chain(name, (*rules, *(old.rules if old else ())), old.hook if old else chain.hook)
    return replace(had or added, chains=chains)
