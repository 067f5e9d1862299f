"""RHEL's /etc/sysconfig/network-scripts, as the network service of RHEL 6 and 7 brings devices up.

Devices come first (bridges before their ports), then all addresses, then routes and rules. A device without NOZEROCONF
gets the zeroconf route, whose metric is 1000 and the interface's number: the number is not the file's to know, so the
route carries ZEROCONF_METRIC here and `sim.surroundings` completes it.
"""

from collections.abc import Mapping

from sim.dataclasses import replace
from sim.device import Device, Understood
from sim.device.interfaces import InterfaceConfig
from sim.dialects import Source
from sim.dialects.ifcfg.files import NETWORK, SCRIPTS, Ifcfg, is_leftover, read_ifcfgs, read_network
from sim.dialects.ifcfg.interfaces import interface, strange_keys
from sim.dialects.ifcfg.routes import routed
from sim.snapshot import Note
from sim.topology.model import Node


class IfcfgFiles:
    """RHEL's network service."""

    name, order = "ifcfg", 21

    def claims(self, path: str) -> bool:
        """ifcfg, route and rule files, and /etc/sysconfig/network."""
        return path.startswith(SCRIPTS) or path == NETWORK

    def parse(self, node: Node, files: Mapping[str, Source]) -> Device:
        """Interfaces, routes and rules; ConfigError at a line that the scripts or `ip` refuse."""
        every = read_ifcfgs(files)
        network = read_network(files)
        started = [each for each in every if not each.no("ONBOOT")]
        device = Device(node.name, interfaces=_interfaces(started))
        for each in started:
            device = routed(device, each, network)
        notes = (*_orphans(files, every), *(note for each in every for note in strange_keys(each)))
        mine = tuple(replace(note, node=node.name) for note in (*device.notes, *notes))
        return replace(device, notes=mine, understood=_understood(files, every))


def _interfaces(started: list[Ifcfg]) -> dict[str, InterfaceConfig]:
    found = {each.device: interface(each) for each in started}
    for each in started:
        for key in ("BRIDGE", "MASTER"):
            master = each.get(key)
            if master in found:
                found[master] = replace(found[master], members=(*found[master].members, each.device))
    return found


def _orphans(files: Mapping[str, Source], every: list[Ifcfg]) -> list[Note]:
    """Route and rule files of devices without an ifcfg file: nobody reads them."""
    read = {path for each in every for path in each.paths}
    stems = tuple(f"{SCRIPTS}{stem}-" for stem in ("route", "route6", "rule", "rule6"))
    return [
        Note(source.at(0), f"there is no ifcfg file for {path.rpartition('/')[2]}: nothing reads it")
        for path, source in files.items()
        if path.startswith(stems) and path not in read and not is_leftover(path)
    ]


def _understood(files: Mapping[str, Source], every: list[Ifcfg]) -> dict[str, Understood]:
    strange: dict[str, int] = {}
    for each in every:
        strange[each.paths[0]] = len(strange_keys(each))
    return {
        path: Understood(lines, lines - strange.get(path, 0))
        for path, source in files.items()
        if (lines := sum(bool(line.strip()) and not line.lstrip().startswith("#") for line in source.text.splitlines()))
    }


DIALECTS = (IfcfgFiles(),)
