"""The files of /etc/sysconfig/network-scripts -> devices with their values, routes and rules, each with its line."""

import re
from collections.abc import Iterator, Mapping

from sim.dataclasses import dataclass, field
from sim.dialects import Source
from sim.errors import ConfigError, Place
from sim.shell import assignment

SCRIPTS = "/etc/sysconfig/network-scripts/"
NETWORK = "/etc/sysconfig/network"
# Backups and leftovers, which RHEL's own scripts pass over.
_LEFTOVER = re.compile(r"(~|\.(bak|orig|old|rpmnew|rpmorig|rpmsave))$")


@dataclass(frozen=True, slots=True)
class Value:
    """A value and where it stands."""

    text: str
    place: Place


@dataclass(frozen=True, slots=True)
class Command:
    """Arguments for `ip route add` or `ip rule add`."""

    words: str
    version: int
    place: Place


@dataclass(frozen=True, slots=True)
class Ifcfg:
    """One ifcfg file with the route and rule files of its device."""

    device: str
    place: Place
    values: Mapping[str, Value]
    routes: tuple[Command, ...] = ()
    rules: tuple[Command, ...] = ()
    paths: tuple[str, ...] = field(default=())  # files that were read for it

    def get(self, key: str) -> str:
        """A value's text; empty and missing are the same, as in the scripts."""
        found = self.values.get(key)
        return found.text if found else ""

    def at(self, key: str) -> Place:
        """Where a key stands; the file, where it does not."""
        found = self.values.get(key)
        return found.place if found else self.place

    def yes(self, key: str) -> bool:
        """Whether a key says yes."""
        return self.get(key).lower() in ("yes", "y", "true", "t", "1", "on")

    def no(self, key: str) -> bool:
        """Whether a key says no."""
        return self.get(key).lower() in ("no", "n", "false", "f", "0")

    def numbered(self, key: str) -> list[str]:
        """The suffixes of `IPADDR`, `IPADDR0`, `IPADDR1` ..., in order."""
        found = [name.removeprefix(key) for name in self.values if re.fullmatch(rf"{key}\d*", name)]
        return sorted(found, key=lambda suffix: int(suffix or -1))


def read_ifcfgs(files: Mapping[str, Source]) -> list[Ifcfg]:
    """Every device's files in the order of RHEL's network service: by name, lo first."""
    paths = [path for path in sorted(files) if path.startswith(f"{SCRIPTS}ifcfg-") and not _LEFTOVER.search(path)]
    return sorted((_ifcfg(files, path) for path in paths), key=lambda each: each.device != "lo")


def read_network(files: Mapping[str, Source]) -> Mapping[str, Value]:
    """/etc/sysconfig/network."""
    return assignments(files[NETWORK]) if NETWORK in files else {}


def is_leftover(path: str) -> bool:
    """Whether nobody reads the file."""
    return bool(_LEFTOVER.search(path))


def assignments(source: Source) -> dict[str, Value]:
    """KEY=value lines. ConfigError at a line that a shell would not take as one assignment."""
    values: dict[str, Value] = {}
    for place, line in _content(source):
        try:
            key, value = assignment(line)
        except ValueError as error:
            raise ConfigError(f"{line!r}: {error}", place) from error
        values[key] = Value(value, place)
    return values


def _content(source: Source) -> Iterator[tuple[Place, str]]:
    for number, raw in enumerate(source.text.splitlines(), 1):
        line = raw.strip()
        if line and not line.startswith("#"):
            yield source.at(number), line


def _ifcfg(files: Mapping[str, Source], path: str) -> Ifcfg:
    values = assignments(files[path])
    suffix = path.removeprefix(f"{SCRIPTS}ifcfg-")
    device = values["DEVICE"].text if "DEVICE" in values else suffix
    read = [path]
    routes: list[Command] = []
    rules: list[Command] = []
    for name in dict.fromkeys((device, suffix)):
        for stem, into in (("route", routes), ("route6", routes), ("rule", rules), ("rule6", rules)):
            source = files.get(f"{SCRIPTS}{stem}-{name}")
            if source:
                read.append(source.path)
                numbered = stem == "route" and re.search(r"^\s*ADDRESS\d+=", source.text, re.M)
                into += _numbered(source, device) if numbered else _commands(source, 6 if stem.endswith("6") else 4)
    return Ifcfg(device, files[path].at(0), values, tuple(routes), tuple(rules), tuple(read))


def _commands(source: Source, version: int) -> list[Command]:
    return [Command(line, version, place) for place, line in _content(source)]


def _numbered(source: Source, device: str) -> list[Command]:
    """ADDRESSn, NETMASKn, GATEWAYn, METRICn, as handle_file() of RHEL's ifup-routes reads them."""
    values = assignments(source)
    found = []
    for key in (key for key in values if key.startswith("ADDRESS")):
        number = key.removeprefix("ADDRESS")
        mask = values.get(f"NETMASK{number}") or values.get(f"PREFIX{number}")
        words = f"{values[key].text}/{mask.text if mask else 32}"
        words += f" via {values[f'GATEWAY{number}'].text}" if f"GATEWAY{number}" in values else ""
        words += f" dev {device}"
        words += f" metric {values[f'METRIC{number}'].text}" if f"METRIC{number}" in values else ""
        found.append(Command(words, 4, values[key].place))
    return found
