"""Bridges and bonds of /etc/network/interfaces: who is a port of what, and in which VLANs."""

import re
from collections.abc import Iterable, Mapping

from sim.dataclasses import replace
from sim.device import Device
from sim.device.interfaces import InterfaceConfig
from sim.dialects.ifupdown.stanzas import Line
from sim.errors import ConfigError, Place

_RANGE = re.compile(r"(?P<head>[^\s\[]*?)(?:\[(?P<a>\d+)-(?P<b>\d+)\](?P<tail>\S*)|(?P<low>\d+)-(?P<high>\d+))")


def described(config: InterfaceConfig, said: Mapping[str, Line]) -> InterfaceConfig:
    """An interface with its members, and its VLANs as a port or as a bridge."""
    members = next((said[key] for key in ("bridge-ports", "bond-slaves", "bond-ports") if key in said), None)
    aware = said["bridge-vlan-aware"].value.lower() in ("yes", "on", "1") if "bridge-vlan-aware" in said else False
    return replace(
        config,
        members=tuple(ports(members.value)) if members else (),
        vlan_aware=aware,
        access_vlan=_vlan(said["bridge-access"]) if "bridge-access" in said else None,
        vlans=tuple(vlans(said["bridge-vids"].value, said["bridge-vids"].place)) if "bridge-vids" in said else (),
        untagged_vlan=_vlan(said["bridge-pvid"]) if "bridge-pvid" in said else None,
    )


def joined(device: Device, lines: Mapping[str, Iterable[Line]]) -> Device:
    """The device, in which ports have what their bridge says of them (`bridge-port-vids`, `bridge-port-pvids`)."""
    interfaces = dict(device.interfaces)
    for line in (line for each in lines.values() for line in each):
        if line.key not in ("bridge-port-vids", "bridge-port-pvids"):
            continue
        for word in line.value.split():
            port, equals, value = word.partition("=")
            if not equals:
                raise ConfigError(f"{line.key} {word!r}: expected PORT=VLANS", line.place)
            config = interfaces.get(port) or InterfaceConfig(port)
            numbers = tuple(vlans(value.replace(",", " "), line.place))
            if line.key == "bridge-port-vids":
                interfaces[port] = replace(config, vlans=numbers)
            else:
                interfaces[port] = replace(config, untagged_vlan=numbers[0])
    return replace(device, interfaces=interfaces)


def ports(text: str) -> Iterable[str]:
    """Names in a list of ports: `swp1 swp2`, `glob swp1-4`, `swp[1-4]`; `none` is nobody."""
    globbing = False
    for word in text.split():
        if word in ("none", "glob", "noregex", "regex", "all"):
            globbing = word == "glob"
            continue
        found = _RANGE.fullmatch(word)
        if found and (found["a"] or globbing):
            low, high = int(found["a"] or found["low"]), int(found["b"] or found["high"])
            yield from (f"{found['head']}{number}{found['tail'] or ''}" for number in range(low, high + 1))
        else:
            yield word


def vlans(text: str, place: Place) -> Iterable[int]:
    """Numbers in a list of VLANs: `10 20-30`."""
    for word in text.replace(",", " ").split():
        low, dash, high = word.partition("-")
        if not low.isdecimal() or (dash and not high.isdecimal()) or not 0 < int(low) <= int(high or low) < 4096:
            raise ConfigError(f"{word!r} is no VLAN, nor a range of VLANs", place)
        yield from range(int(low), int(high or low) + 1)


def _vlan(line: Line) -> int:
    numbers = tuple(vlans(line.value, line.place))
    if len(numbers) != 1:
        raise ConfigError(f"{line.key} {line.value!r}: expected one VLAN", line.place)
    return numbers[0]
