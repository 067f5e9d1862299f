"""nftables: /etc/nftables.conf, and what it includes from /etc/nftables.d/ or /etc/nftables/, as `nft -f` loads it.

The language is also that of `nft list ruleset`. Tables of the families bridge, arp and netdev are read, and noted: the
model asks no filter below IP.
"""

from collections.abc import Mapping

from sim.dataclasses import replace
from sim.device import Device, Understood
from sim.dialects import Source
from sim.filters import PacketFilter, Table
from sim.filters.model import VERSIONS
from sim.snapshot import Note
from sim.topology.model import Node

CONF = "/etc/nftables.conf"


class Nftables:
    """nft's files."""

    name, order = "nftables", 40

    def claims(self, path: str) -> bool:
        """The file of nftables.service and its usual includes."""
        return path == CONF or path.startswith(("/etc/nftables.d/", "/etc/nftables/"))

    def parse(self, node: Node, files: Mapping[str, Source]) -> Device:
        """The ruleset that the file makes; without it, what lies beside is not loaded."""
        if CONF not in files:
            return Device(node.name)
        from sim.dialects.nftables.ruleset import Ruleset  # most networks have no such file

        ruleset = Ruleset(files)
        ruleset.read(files[CONF])
        tables = ruleset.made()
        notes = [replace(note, node=node.name, policy=note.text.endswith("not modelled")) for note in ruleset.notes]
        notes += [_below(node, files[CONF], table) for table in tables if table.family not in VERSIONS]
        understood = {
            path: Understood(len(lines), len(lines - _doubtful(files[path], notes)))
            for path, lines in ruleset.lines.items()
        }
        return Device(node.name, filter=PacketFilter(tuple(tables)), notes=tuple(notes), understood=understood)


def _below(node: Node, source: Source, table: Table) -> Note:
    text = f"table {table.family} {table.name} filters below IP, which is not modelled"
    return Note(source.at(0), text, node.name, policy=True)


def _doubtful(source: Source, notes: list[Note]) -> set[int]:
    """The lines of a file of which a policy note speaks."""
    places = (note.place for note in notes if note.policy)
    return {place.line for place in places if not isinstance(place, str) and place.file == source.origin}


DIALECTS = (Nftables(),)
