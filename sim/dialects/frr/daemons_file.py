"""/etc/frr/daemons: which daemons run, and those of their options that change what they do with routes."""

import shlex
from typing import ClassVar

from sim.dialects import Source
from sim.errors import ConfigError
from sim.topology.frr_kind import DAEMONS

PATH = "/etc/frr/daemons"
_ALWAYS = frozenset({"zebra", "staticd"})
BUILT_MULTIPATH = 256
"""Debian's FRR is built with --enable-multipath=256 (`vtysh --help`, FRR 8.4.4)."""


class DaemonsFile:
    """The assignments of the file; FRR's own script sources it as shell. Equal files are read once."""

    _known: ClassVar[dict[str, dict[str, str]]] = {}

    def __init__(self, source: Source | None) -> None:
        self.values: dict[str, str] = {}
        if source is not None:
            self.values = self._known.get(source.text) or _assignments(source)
            self._known[source.text] = self.values

    @property
    def lines(self) -> int:
        """How many lines say something."""
        return len(self.values)

    @property
    def daemons(self) -> frozenset[str]:
        """Those that run: zebra and staticd always."""
        named = {name for name in DAEMONS if self.values.get(name, "no") not in ("", "no", "0")}
        return frozenset(named) | _ALWAYS

    def profile(self, cumulus: bool) -> str:
        """What FRR's script says with -F: `frr_profile`, else datacenter on a machine with /etc/cumulus."""
        return self.values.get("frr_profile") or ("datacenter" if cumulus else "traditional")

    @property
    def multipath(self) -> int:
        """How many next hops bgpd may use: `-e N`, `--ecmp N`."""
        words = shlex.split(f"{self.values.get('frr_global_options', '')} {self.values.get('bgpd_options', '')}")
        for at, word in enumerate(words):
            value = word.removeprefix("--ecmp=") if word.startswith("--ecmp=") else ""
            if word in ("-e", "--ecmp") and at + 1 < len(words):
                value = words[at + 1]
            if value.isdecimal():
                return min(int(value), BUILT_MULTIPATH)
        return BUILT_MULTIPATH


def _assignments(source: Source) -> dict[str, str]:
    lines = enumerate(map(str.strip, source.text.split("\n")), 1)
    return dict(_assignment(source, number, text) for number, text in lines if text and text[0] != "#")


def _assignment(source: Source, number: int, text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name.replace("_", "a").isalnum():
        raise ConfigError(f"{text!r} is no assignment (NAME=VALUE)", source.at(number))
    if value.isalnum():
        return name, value
    try:
        words = shlex.split(value, comments=True)
    except ValueError as error:
        raise ConfigError(f"{text!r}: {error}", source.at(number)) from error
    if len(words) > 1:
        raise ConfigError(f"{text!r}: a value with blanks needs quotes", source.at(number))
    return name, words[0] if words else ""
