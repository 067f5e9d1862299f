"""/etc/network/interfaces and interfaces.d of Debian and Cumulus Linux, as ifupdown2 brings them up at boot."""

from collections.abc import Mapping

from sim.device import Device, Understood
from sim.dialects import Source
from sim.dialects.ifupdown.meaning import meant
from sim.dialects.ifupdown.stanzas import CONF, Interfaces, Reader
from sim.topology.model import Node


class Ifupdown:
    """ifupdown2."""

    name, order = "ifupdown", 20

    def claims(self, path: str) -> bool:
        """The main file, and those that it may source."""
        return path == CONF or path.startswith("/etc/network/interfaces.d/")

    def parse(self, node: Node, files: Mapping[str, Source]) -> Device:
        """Interfaces, addresses and routes; ConfigError at a line that ifup refuses."""
        found = Reader(files).read()
        device = meant(node.name, found)
        return device | Device(node.name, understood=_understood(found, device, files))


def _understood(found: Interfaces, device: Device, files: Mapping[str, Source]) -> dict[str, Understood]:
    origins = {source.origin: path for path, source in files.items()}
    strange: dict[str, int] = {}
    for note in device.notes:
        path = origins.get(getattr(note.place, "file", ""), "")
        strange[path] = strange.get(path, 0) + 1
    return {path: Understood(count, count - strange.get(path, 0)) for path, count in found.lines.items()}


DIALECTS = (Ifupdown(),)
