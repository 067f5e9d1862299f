"""/etc/frr/daemons: which of FRR's daemons a node runs, and how each is started.

The file is shell that FRR's own script sources: `bgpd=yes`, `bgpd_options="..."`, `ospfd_instances=1,2`. Read
here as assignments only. Every option is kept but those that choose users and the background, since a node's daemons
run as its root, in the foreground. zebra and staticd always run, as with FRR's script; watchfrr never.
"""

import shlex
from collections.abc import Collection

from harness.appliers import Work
from sim.dataclasses import dataclass
from sim.shell import assignment
from sim.topology.model import Kind

DAEMONS_FILE = "/etc/frr/daemons"
CONF = "/etc/frr/frr.conf"
BINARIES = "/usr/lib/frr"
_ORDER = """
    zebra mgmtd bgpd ripd ripngd ospfd ospf6d isisd babeld pimd pim6d ldpd nhrpd eigrpd sharpd pbrd staticd bfdd
    fabricd vrrpd pathd
"""
KNOWN = _ORDER.split()
"""In the order of FRR's script: zebra first."""
_ALWAYS = ("zebra", "mgmtd", "staticd")
_WITH_ARGUMENT = ("-u", "--user", "-g", "--group", "-i", "--pid_file")
_WITHOUT = ("-d", "--daemon")


@dataclass(frozen=True, slots=True)
class Daemon:
    """One daemon to run; `instance` for those that may run several times (ospfd)."""

    name: str
    options: tuple[str, ...] = ()
    instance: str | None = None

    @property
    def argv(self) -> list[str]:
        """Its command line, in the foreground as the node's root."""
        instance = ("-n", self.instance) if self.instance else ()
        return [f"{BINARIES}/{self.name}", *self.options, *instance, "-u", "root", "-g", "root"]

    @property
    def label(self) -> str:
        """Its name with its instance, as FRR names its sockets."""
        return f"{self.name}-{self.instance}" if self.instance else self.name

    @property
    def vty(self) -> str:
        """The socket that says it is up."""
        return f"/run/frr/{self.label}.vty"


def wanted_daemons(work: Work, installed: Collection[str]) -> list[Daemon]:
    """The daemons that the node's files ask for and its FRR has, zebra first."""
    if DAEMONS_FILE not in work.files:
        work.note(f"no {DAEMONS_FILE}: zebra and staticd run, as on a fresh installation")
    values = assignments(work)
    common = shlex.split(values.get("frr_global_options", "")) + _profile(work, values)
    found: list[Daemon] = []
    for name in KNOWN:
        if name in _ALWAYS and name not in installed:
            continue
        if name in _ALWAYS or values.get(name, "no") not in ("", "no", "0"):
            found += _instances(work, name, values, common, installed)
    return found


def _instances(
    work: Work, name: str, values: dict[str, str], common: list[str], installed: Collection[str]
) -> list[Daemon]:
    if name not in installed:
        work.note(f"{DAEMONS_FILE}: {name} is not in this host's FRR: not started")
        return []
    options = _kept(common + shlex.split(values.get(f"{name}_options", "")))
    instances = values.get(f"{name}_instances", "").replace(",", " ").split()
    return [Daemon(name, options, each) for each in instances] or [Daemon(name, options)]


def _profile(work: Work, values: dict[str, str]) -> list[str]:
    """FRR's script: the profile named, else datacenter where /etc/cumulus exists, else traditional."""
    cumulus = work.declared.kind is Kind.CUMULUS or any(path.startswith("/etc/cumulus/") for path in work.files)
    return ["-F", values.get("frr_profile") or ("datacenter" if cumulus else "traditional")]


def _kept(options: list[str]) -> tuple[str, ...]:
    kept: list[str] = []
    words = iter(options)
    for word in words:
        if word in _WITH_ARGUMENT:
            next(words, None)
        elif word not in _WITHOUT and not word.startswith(("--user=", "--group=", "--pid_file=")):
            kept.append(word)
    return tuple(kept)


def assignments(work: Work) -> dict[str, str]:
    """The file's variables. PushRejected at a line that is no assignment; names nobody reads are told."""
    values: dict[str, str] = {}
    if DAEMONS_FILE not in work.files:
        return values
    for number, line in enumerate(work.text(DAEMONS_FILE).splitlines(), 1):
        if line.strip() and not line.lstrip().startswith("#"):
            name, value = _assignment(work, number, line)
            values[name] = value
            if not _is_read(name):
                work.note(f"{DAEMONS_FILE}:{number}: nothing in FRR reads {name!r}")
    return values


def _assignment(work: Work, number: int, line: str) -> tuple[str, str]:
    try:
        return assignment(line)
    except ValueError as error:
        raise work.rejected(DAEMONS_FILE, f"{line.strip()!r}: {error}", number) from error


def _is_read(name: str) -> bool:
    daemon, _, rest = name.partition("_")
    if daemon in (*KNOWN, "watchfrr", "all", "frr", "vtysh", "valgrind") and rest in _SUFFIXES:
        return True
    return name in ("MAX_FDS", "FRR_NO_ROOT", "vtysh_enable", "frr_profile", "frr_global_options", "valgrind_enable")


_SUFFIXES = ("", "options", "instances", "wrap", "enable", "debug")
