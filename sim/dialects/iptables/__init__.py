"""iptables: files in iptables-save's format, as RHEL (/etc/sysconfig) and Debian (/etc/iptables) keep them."""

from collections.abc import Mapping

from sim.dataclasses import replace
from sim.device import Device, Understood
from sim.dialects import Source
from sim.filters import PacketFilter, Table
from sim.snapshot import Note
from sim.topology.model import Node

FILES: Mapping[str, int] = {  # in the order in which a booting host restores them; of one table, the last counts
    "/etc/sysconfig/iptables": 4,
    "/etc/sysconfig/ip6tables": 6,
    "/etc/iptables/rules.v4": 4,
    "/etc/iptables/rules.v6": 6,
}


class Iptables:
    """iptables-restore's files."""

    name, order = "iptables", 42

    def claims(self, path: str) -> bool:
        """The files of both distributions."""
        return path in FILES

    def parse(self, node: Node, files: Mapping[str, Source]) -> Device:
        """The tables of all files; each replaces the table of that name in an earlier one."""
        filters, notes = PacketFilter(), list[Note]()
        understood: dict[str, Understood] = {}
        for path in (path for path in FILES if path in files):
            from sim.dialects.iptables.saved import read_saved  # many networks have no such file

            source = files[path]
            tables, found, lines, known = read_saved(source.text, source.origin, FILES[path])
            filters |= PacketFilter(tuple[Table, ...](tables))
            notes += found
            understood[path] = Understood(lines, known)
        mine = tuple(replace(note, node=node.name, policy=_decides(note)) for note in notes)
        return Device(node.name, filter=filters, notes=mine, understood=understood)


def _decides(note: Note) -> bool:
    """Whether a packet's fate may depend on it: a match or target that is not modelled."""
    return note.text.endswith("not modelled")


DIALECTS = (Iptables(),)
