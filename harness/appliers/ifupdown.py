"""/etc/network/interfaces and interfaces.d, by the node's real ifupdown2: `ifup -a` at boot, `ifreload -a` after.

Where the host has the classic ifupdown instead, a copy of ifupdown2 unpacked for labs serves. Devices that
the files ask for and that ifupdown2 could not make where the kernel lacks them (dummy, VLAN) are made beforehand.
"""

import re
from collections.abc import Iterator

from harness.appliers import Work
from lab.programs import IFUPDOWN2, IFUPDOWN2_FOLDERS, Program
from sim.errors import HostError

CONF = "/etc/network/interfaces"
_STARTER = """
import os, sys
folder = next((each for each in {places!r} if os.path.exists(each + "/__main__.py")), None)
if folder is None:
    sys.exit({absent})
sys.path.insert(0, folder)
sys.argv[0] = {verb!r}
exec(compile(open(folder + "/__main__.py").read(), folder + "/__main__.py", "exec"))
"""
"""ifupdown2 wherever it is; it looks at its own name to know what it is asked."""
_ABSENT = 87
_LINE = re.compile(r"(?P<path>/\S+): line ?(?P<line>\d+): (?P<words>.+)$")
_IFACE = re.compile(r"^\s*iface\s+(?P<name>\S+)", re.MULTILINE)
_VLAN = re.compile(r"^(?P<parent>[A-Za-z0-9_-]+)\.(?P<id>\d{1,4})$")
_HARMLESS = ("brctl", "modprobe")


class Ifupdown:
    """ifupdown2, as Debian and Cumulus Linux have it."""

    name, order = "ifupdown2", 20

    def claims(self, path: str) -> bool:
        """interfaces, what it sources, and the scripts and policies beside them."""
        return path.startswith("/etc/network/")

    def needs(self, path: str) -> tuple[Program, ...]:
        """ifupdown2, for the file that it reads first."""
        return (IFUPDOWN2,) if path == CONF else ()

    def check(self, work: Work) -> None:
        """`ifreload --syntax-check`."""
        if CONF in work.files:
            self._run(work, "ifreload", "-a", "--syntax-check")

    def apply(self, work: Work) -> None:
        """Bring the interfaces up, or to the changed files."""
        if CONF in work.files:
            self._make_devices(work)
            told = len(work.notes)
            self._run(work, *(("ifup", "-a") if work.boot else ("ifreload", "-a")))
            if work.boot and len(work.notes) > told:  # ifup warns of a bad value and goes on: is it the file's fault?
                self.check(work)
            if plugged := _hotplugged(work):
                self._run(work, "ifup", "--allow", "hotplug", *plugged)
        elif CONF in work.before:
            work.note(f"{CONF} is gone: its interfaces stay as they are")

    def _make_devices(self, work: Work) -> None:
        if not work.devices:
            return
        present = set(work.node.run(["ls", "/sys/class/net"]).text.split())
        for name, kind in wanted_devices(work):
            if name not in present:
                work.devices.device(work.node.name, name, kind)

    def _run(self, work: Work, verb: str, *options: str) -> None:
        program = _STARTER.format(places=IFUPDOWN2_FOLDERS, verb=verb, absent=_ABSENT)
        done = work.node.run(["/usr/bin/python3", "-c", program, *options], check=False, timeout_s=120.0)
        if done.status == _ABSENT:
            raise HostError(
                "ifupdown2 is not installed; `make setup` unpacks it, or apt install ifupdown2", work.node.name
            )
        words = [line.strip() for line in done.stderr.decode(errors="replace").splitlines() if line.strip()]
        if done.status:
            raise self._rejection(work, words)
        for line in words:
            if not any(harmless in line for harmless in _HARMLESS):
                work.note(f"{verb}: {line}")

    def _rejection(self, work: Work, words: list[str]) -> Exception:
        errors = [line for line in words if line.startswith("error: ")] or words
        first = errors[0] if errors else "it ended with an error"
        if found := _LINE.search(first):
            return work.rejected(found["path"], found["words"], int(found["line"]))
        path, line = _quoted(work, first)
        return work.rejected(path, first.removeprefix("error: ").removeprefix("warning: "), line)


def _interface_files(work: Work) -> Iterator[str]:
    return (path for path in sorted(work.files) if path == CONF or path.startswith("/etc/network/interfaces.d/"))


def _hotplugged(work: Work) -> list[str]:
    """Interfaces that a real host brings up when the kernel finds them, which it has by now."""
    lines = (line.split() for path in _interface_files(work) for line in work.text(path).splitlines())
    return [name for words in lines if words[:1] == ["allow-hotplug"] for name in words[1:]]


def wanted_devices(work: Work) -> Iterator[tuple[str, str]]:
    """Devices that the files ask for by name, and of which kind."""
    for path in _interface_files(work):
        for stanza in re.split(r"^(?=\s*(?:auto|iface|allow-\S+|source)\b)", work.text(path), flags=re.MULTILINE):
            found = _IFACE.match(stanza)
            if found and (
                re.search(r"^\s*link-type\s+dummy\s*$", stanza, re.MULTILINE) or found["name"].startswith("dummy")
            ):
                yield found["name"], "dummy"
            elif found and _VLAN.match(found["name"]):
                yield found["name"], "vlan"


def _quoted(work: Work, words: str) -> tuple[str, int]:
    """The line that a complaint without a number means: the one that shares most of its text (an address, a value)."""
    words = re.sub(r"addon '\S+':", "", words)
    said, values = {word.strip("\"'`,;:()[]") for word in words.split()}, set(re.findall(r"'(\S+)'", words))
    best = (0, CONF, 0)
    for path in _interface_files(work):
        for number, line in enumerate(work.text(path).splitlines(), 1):
            common = said.intersection(line.split())
            shared = sum(len(word) for word in common if word in values or re.search(r"[\d/]", word))
            best = max(best, (shared, path, number), key=lambda each: each[0])
    return best[1:]


APPLIERS = (Ifupdown(),)
