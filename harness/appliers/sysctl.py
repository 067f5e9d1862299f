"""sysctl: /etc/sysctl.conf and /etc/sysctl.d/*.conf, in the order and syntax of sysctl.d(5).

Twice, as on a real host: before the interfaces come up (systemd-sysctl), and once more for the keys of interfaces that
exist only then (udev runs it for each new device). Only `net.*` is written, of which a network namespace shows what is
its own; anything else would reach the machine and is told instead.
"""

import re
from collections.abc import Iterator

from harness.appliers import Work
from lab.programs import SYSCTL, Program
from sim.dataclasses import dataclass

_OF_INTERFACE = re.compile(r"net/(ipv4|ipv6|mpls)/(conf|neigh)/(?P<interface>[^/]+)/")
_COMPLAINT = re.compile(r'^sysctl: (?:setting key|permission denied on key|reading key) [\'"](?P<key>[^\'"]+)[\'"]')


@dataclass(frozen=True, slots=True)
class Setting:
    """One line: a key with `/` between its parts (`net/ipv4/conf/eth0.912/rp_filter`), and where it stands."""

    key: str
    value: str
    path: str
    line: int
    optional: bool  # written as `-key = value`: a failure is no failure

    @property
    def interface(self) -> str | None:
        """The interface whose key it is, if it is one's."""
        found = _OF_INTERFACE.match(self.key)
        return found["interface"] if found and found["interface"] not in ("all", "default") else None


def is_sysctl(path: str) -> bool:
    """Whether systemd-sysctl would read the file."""
    return path == "/etc/sysctl.conf" or (path.startswith("/etc/sysctl.d/") and path.endswith(".conf"))


def settings(work: Work) -> Iterator[Setting]:
    """Every setting in the order of application: files by name, /etc/sysctl.conf last (Debian's 99-sysctl.conf)."""
    paths = sorted(filter(is_sysctl, work.files), key=lambda path: (path == "/etc/sysctl.conf", path))
    for path in paths:
        for number, raw in enumerate(work.text(path).splitlines(), 1):
            line = raw.strip()
            if line and line[0] not in "#;":
                yield _setting(work, path, number, line)


def _setting(work: Work, path: str, number: int, line: str) -> Setting:
    optional = line.startswith("-")
    key, equals, value = line.removeprefix("-").partition("=")
    if not equals or not key.strip():
        raise work.rejected(path, f"{line!r} is not 'key = value'", number)
    return Setting(_slashed(key.strip()), value.strip(), path, number, optional)


def _slashed(key: str) -> str:
    """sysctl.d(5): if the first separator is a slash the key stands as it is, otherwise dots and slashes swap."""
    first = re.search(r"[./]", key)
    if first and first[0] == "/":
        return key.removeprefix("/proc/sys/")
    return key.translate(str.maketrans("./", "/."))


class Sysctl:
    """The pass before the interfaces come up, or (`late`) the one after."""

    def __init__(self, name: str, order: int, *, late: bool) -> None:
        self.name, self.order, self.late = name, order, late

    def claims(self, path: str) -> bool:
        """Sysctl files; the late pass also follows interface files, which may have made devices."""
        return is_sysctl(path) or (self.late and path.startswith(("/etc/network/", "/etc/sysconfig/network")))

    def needs(self, path: str) -> tuple[Program, ...]:
        """sysctl, once."""
        return () if self.late else (SYSCTL,)

    def check(self, work: Work) -> None:
        """Every line has a key and a value."""
        list(settings(work))

    def apply(self, work: Work) -> None:
        """Write the keys of this pass with the node's own sysctl."""
        mine = [each for each in settings(work) if self._now(each, work)]
        if not mine:
            return
        lines = "".join(f"{each.key} = {each.value}\n" for each in mine)
        done = work.node.run(["sysctl", "-q", "-p", "-"], stdin=lines.encode(), check=False)
        if done.status:
            self._judge(work, mine, done.stderr.decode(errors="replace").splitlines())

    def _now(self, setting: Setting, work: Work) -> bool:
        if not setting.key.startswith("net/"):
            if not self.late:
                work.note(
                    f"{setting.path}:{setting.line}: {setting.key.replace('/', '.')} is the machine's, not a "
                    "network namespace's: not applied"
                )
            return False
        return not self.late or setting.interface is not None

    def _judge(self, work: Work, mine: list[Setting], words: list[str]) -> None:
        """A key this kernel lacks, or does not let a namespace set, is told; a value it refuses is a rejection."""
        by_path = {f"/proc/sys/{each.key}": each for each in mine}
        by_key = {each.key: each for each in mine}
        for line in words:
            if missing := re.match(r"sysctl: cannot stat (?P<path>\S+): ", line):
                self._missing(work, by_path.get(missing["path"]), line)
            elif (refused := _COMPLAINT.match(line)) and (setting := by_key.get(_slashed(refused["key"]))):
                self._refused(work, setting, line)
            elif line.strip():
                raise work.rejected(mine[0].path, line)

    def _missing(self, work: Work, setting: Setting | None, words: str) -> None:
        if setting and setting.interface and not self.late:
            return  # the late pass finds the interface, or tells
        where = f"{setting.path}:{setting.line}: " if setting else ""
        work.note(f"{where}{words}: not applied")

    def _refused(self, work: Work, setting: Setting, words: str) -> None:
        mode = work.node.run(["stat", "-c", "%a", f"/proc/sys/{setting.key}"], check=False).text.strip()
        if setting.optional or not re.search("[2367]", mode):
            work.note(f"{setting.path}:{setting.line}: {words}: not applied")
        else:
            raise work.rejected(setting.path, words, setting.line)


APPLIERS = (Sysctl("sysctl", 10, late=False), Sysctl("sysctl of interfaces", 30, late=True))
