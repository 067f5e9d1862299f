"""/etc/sysctl.conf and /etc/sysctl.d/*.conf (sysctl.d(5)): kernel parameters, in the order in which they are written.

Files by name, /etc/sysctl.conf last (Debian's 99-sysctl.conf); then once more the keys of interfaces, which udev writes
when an interface appears. `forwarding` of `all` written on the way takes back what an interface had before, so that a
file's order counts. Keys outside of `net` are the machine's and steer no packet.
"""

import re
from collections.abc import Iterator, Mapping

from sim.dataclasses import dataclass
from sim.device import Device, Understood
from sim.dialects import Source
from sim.errors import ConfigError, Place
from sim.snapshot import Note
from sim.sysctls import dotted, written
from sim.topology.model import Node

_INTERFACE_KEY = re.compile(r"net\.(ipv4|ipv6|mpls)\.(conf|neigh)\.(?P<interface>[^.]+)\.[^.]+")


@dataclass(frozen=True, slots=True)
class Setting:
    """One `key = value`, the key with dots between its parts and slashes for dots inside one."""

    key: str
    value: str
    place: Place

    @property
    def interface(self) -> str | None:
        """The interface whose key it is, if it is one's."""
        found = _INTERFACE_KEY.fullmatch(self.key)
        return found["interface"] if found and found["interface"] not in ("all", "default") else None


class SysctlFiles:
    """systemd-sysctl, before the interfaces come up."""

    name, order = "sysctl", 10

    def claims(self, path: str) -> bool:
        """Files that systemd-sysctl reads."""
        return path == "/etc/sysctl.conf" or (path.startswith("/etc/sysctl.d/") and path.endswith(".conf"))

    def parse(self, node: Node, files: Mapping[str, Source]) -> Device:
        """The parameters as they are once all were written. ConfigError at a line without a value."""
        settings: list[Setting] = []
        understood: dict[str, Understood] = {}
        for path in _in_order(files):
            lines = list(read_settings(files[path]))
            settings += lines
            understood[path] = Understood(len(lines), sum("*" not in each.key for each in lines))
        patterns = [each for each in settings if "*" in each.key]
        notes = tuple(
            Note(each.place, f"{each.key}: patterns are not modelled", node.name, policy=True) for each in patterns
        )
        return Device(node.name, sysctls=settled(settings), notes=notes, understood=understood)


class SysctlOfInterfaces:
    """The same files once more, as udev does it for each new interface: only the keys of interfaces."""

    name, order = "sysctl of interfaces", 30

    def claims(self, path: str) -> bool:
        """The same files."""
        return SysctlFiles().claims(path)

    def parse(self, node: Node, files: Mapping[str, Source]) -> Device:
        """What the files say of interfaces by name."""
        settings = [each for path in _in_order(files) for each in read_settings(files[path])]
        return Device(node.name, sysctls=settled([each for each in settings if each.interface is not None]))


def _in_order(files: Mapping[str, Source]) -> list[str]:
    return sorted(files, key=lambda path: (path == "/etc/sysctl.conf", path))


def read_settings(source: Source) -> Iterator[Setting]:
    """The settings of a file. ConfigError at a line that is none."""
    for number, raw in enumerate(source.text.splitlines(), 1):
        line = raw.strip()
        if line and line[0] not in "#;":
            key, equals, value = line.removeprefix("-").partition("=")
            if not equals or not key.strip():
                raise ConfigError(f"{line!r}: expected key = value", source.at(number))
            yield Setting(dotted(key.strip()), value.strip(), source.at(number))


def settled(settings: list[Setting]) -> dict[str, str]:
    """What is left when all were written, one after another."""
    sysctls: dict[str, str] = {}
    for each in settings:
        if each.key.startswith("net.") and "*" not in each.key:
            sysctls = written(sysctls, each.key, each.value)
    return sysctls


DIALECTS = (SysctlFiles(), SysctlOfInterfaces())
