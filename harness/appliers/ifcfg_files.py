"""The files of /etc/sysconfig/network-scripts: shell assignments, route and rule lines, read without a shell.

`ifcfg-*` and `/etc/sysconfig/network` hold KEY=value; `route-*` and `route6-*` either ADDRESS0=, NETMASK0=, GATEWAY0=
or arguments of `ip route add`; `rule-*` and `rule6-*` arguments of `ip rule add`.
"""

import re
from collections.abc import Iterator, Mapping

from harness.appliers import Work
from sim.dataclasses import dataclass, field
from sim.shell import assignment

SCRIPTS = "/etc/sysconfig/network-scripts/"
NETWORK = "/etc/sysconfig/network"
# Backups and leftovers that RHEL's own scripts leave out.
_LEFTOVER = re.compile(r"(~|\.(bak|orig|old|rpmnew|rpmorig|rpmsave))$")


@dataclass(frozen=True, slots=True)
class Value:
    """A value and the line it stands on."""

    text: str
    line: int


@dataclass(frozen=True, slots=True)
class Ifcfg:
    """One ifcfg file, with the lines of the route and rule files of its device."""

    path: str
    values: Mapping[str, Value]
    routes: tuple["Line", ...] = ()
    rules: tuple["Line", ...] = ()
    device: str = field(default="")

    def get(self, key: str, default: str = "") -> str:
        """A key's value; empty and missing are the same, as in the scripts."""
        found = self.values.get(key)
        return (found.text if found else "") or default

    def line(self, key: str) -> int:
        """Where a key stands (0: nowhere)."""
        return self.values[key].line if key in self.values else 0

    def yes(self, key: str) -> bool:
        """Whether a key says yes."""
        return self.get(key).lower() in ("yes", "y", "true", "t", "1")

    def no(self, key: str) -> bool:
        """Whether a key says no."""
        return self.get(key).lower() in ("no", "n", "false", "f", "0")

    def numbered(self, key: str) -> Iterator[tuple[str, str]]:
        """`IPADDR`, `IPADDR0`, `IPADDR1` ... as (key, suffix)."""
        suffixes = sorted(
            (name.removeprefix(key) for name in self.values if re.fullmatch(rf"{key}\d*", name)), key=_number
        )
        return ((key + suffix, suffix) for suffix in suffixes)


def _number(suffix: str) -> int:
    return int(suffix) if suffix else -1


@dataclass(frozen=True, slots=True)
class Line:
    """Arguments for `ip route` or `ip rule`, and where they stand."""

    family: int  # 4 or 6
    arguments: str
    path: str
    line: int


def read_ifcfgs(work: Work) -> list[Ifcfg]:
    """Every ifcfg file, in the order in which RHEL's network service brings devices up: by name, lo first."""
    paths = [path for path in work.files if path.startswith(f"{SCRIPTS}ifcfg-") and not _LEFTOVER.search(path)]
    found = [_read(work, path) for path in sorted(paths)]
    _refuse_orphans(work, {each.device for each in found})
    return sorted(found, key=lambda each: each.device != "lo")


def read_network(work: Work) -> Mapping[str, Value]:
    """/etc/sysconfig/network."""
    return assignments(work, NETWORK) if NETWORK in work.files else {}


def _read(work: Work, path: str) -> Ifcfg:
    values = assignments(work, path)
    suffix = path.removeprefix(f"{SCRIPTS}ifcfg-")
    device = values["DEVICE"].text if "DEVICE" in values else suffix
    names = dict.fromkeys((device, suffix))
    routes = [line for name in names for line in _routes(work, name, device)]
    rules = [
        line
        for name in names
        for stem, family in (("rule", 4), ("rule6", 6))
        for line in _lines(work, stem, name, family)
    ]
    return Ifcfg(path, values, tuple(routes), tuple(rules), device)


def _refuse_orphans(work: Work, devices: set[str]) -> None:
    """A route or rule file of a device that has no ifcfg file is never read: say so."""
    for path in sorted(work.files):
        found = re.match(rf"{SCRIPTS}(?:route|rule)6?-(.+)$", path)
        if (
            found
            and found[1] not in devices
            and f"{SCRIPTS}ifcfg-{found[1]}" not in work.files
            and not _LEFTOVER.search(path)
        ):
            work.note(f"{path}: there is no ifcfg-{found[1]}, so nothing reads it")


def assignments(work: Work, path: str) -> dict[str, Value]:
    """KEY=value lines. PushRejected at a line the shell would not take as one assignment."""
    values: dict[str, Value] = {}
    for number, raw in _content(work, path):
        try:
            key, value = assignment(raw)
        except ValueError as error:
            raise work.rejected(path, f"{raw!r}: {error}", number) from error
        values[key] = Value(value, number)
    return values


def _content(work: Work, path: str) -> Iterator[tuple[int, str]]:
    for number, raw in enumerate(work.text(path).splitlines(), 1):
        if raw.strip() and not raw.lstrip().startswith("#"):
            yield number, raw.strip()


def _lines(work: Work, stem: str, name: str, family: int) -> Iterator[Line]:
    path = f"{SCRIPTS}{stem}-{name}"
    if path in work.files:
        for number, line in _content(work, path):
            yield Line(family, line, path, number)


def _routes(work: Work, name: str, device: str) -> Iterator[Line]:
    path = f"{SCRIPTS}route-{name}"
    if path in work.files and re.search(r"^\s*ADDRESS\d+=", work.text(path), re.MULTILINE):
        yield from _numbered_routes(work, path, device)
    else:
        yield from _lines(work, "route", name, 4)
    yield from _lines(work, "route6", name, 6)


def _numbered_routes(work: Work, path: str, device: str) -> Iterator[Line]:
    """ADDRESSn/NETMASKn/GATEWAYn, as handle_file() of RHEL's ifup-routes reads them."""
    values = assignments(work, path)
    for key in (key for key in values if key.startswith("ADDRESS")):
        suffix = key.removeprefix("ADDRESS")
        mask = values.get(f"NETMASK{suffix}") or values.get(f"PREFIX{suffix}") or Value("32", 0)
        via = f" via {values[f'GATEWAY{suffix}'].text}" if f"GATEWAY{suffix}" in values else ""
        metric = f" metric {values[f'METRIC{suffix}'].text}" if f"METRIC{suffix}" in values else ""
        yield Line(4, f"{values[key].text}/{mask.text}{via} dev {device}{metric}", path, values[key].line)
