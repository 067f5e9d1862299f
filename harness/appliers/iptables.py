"""iptables: files in iptables-save's format, restored by the node's own iptables-restore and ip6tables-restore.

Where the distributions keep them: /etc/sysconfig/iptables and ip6tables (RHEL), /etc/iptables/rules.v4 and rules.v6
(Debian). A table that a changed or removed file no longer names is emptied, as restarting the service would.
"""

import re
from collections.abc import Sequence

from harness.appliers import Work
from lab.programs import IP6TABLES, IPTABLES, Program

_LINE = re.compile(r"\bline:? (\d+)")


class Iptables:
    """One address family, one file."""

    def __init__(self, path: str, tool: str) -> None:
        self.name, self.order, self.path, self.tool = f"{tool} ({path})", 42, path, tool

    def claims(self, path: str) -> bool:
        """The file itself."""
        return path == self.path

    def needs(self, path: str) -> tuple[Program, ...]:
        """The tool of its family."""
        return (IPTABLES,) if self.tool == "iptables" else (IP6TABLES,)

    def check(self, work: Work) -> None:
        """What `--test` sees: syntax and options."""
        if self.path in work.files:
            self._restore(work, ["--test"], work.files[self.path])

    def apply(self, work: Work) -> None:
        """Replace the tables that the file names; empty those that only the old file named."""
        text = work.files.get(self.path, b"")
        gone = _tables(work.before.get(self.path, b"")) - _tables(text)
        self._restore(work, [], text + b"".join(_empty(table) for table in sorted(gone)))

    def _restore(self, work: Work, options: list[str], text: bytes) -> None:
        if not text.endswith(b"\n"):
            text += b"\n"
        done = work.node.run([f"{self.tool}-restore", *options], stdin=text, check=False)
        if done.status:
            raise rejection(work, self.path, text, done.words)


def rejection(work: Work, path: str, text: bytes, words: str) -> Exception:
    """The tool's first line, and the line of the file it means."""
    lines = text.decode(errors="replace").splitlines()
    number = failing_line(lines, words)
    quoted = f" ({lines[number - 1].strip()})" if number else ""
    complaint = [line for line in words.splitlines() if "--help" not in line and not line.startswith("Error occurred")]
    return work.rejected(path, "\n".join(complaint) + quoted, number)


def failing_line(lines: Sequence[str], words: str) -> int:
    """The number of the line that a restore tool complains about; 0 where it names none."""
    found = _LINE.search(words)
    number = int(found[1]) if found else 0
    if not 0 < number <= len(lines):
        return 0
    return (_culprit(lines[:number], words) or number) if lines[number - 1].strip() == "COMMIT" else number


def _culprit(lines: Sequence[str], words: str) -> int:
    """What only COMMIT found (a chain that does not exist) stands on the last line with the word it quotes."""
    quoted = re.search(r"'([^']+)'", words)
    return max((at for at, line in enumerate(lines, 1) if quoted and quoted[1] in line.split()), default=0)


def _tables(text: bytes) -> set[str]:
    return {line[1:].strip().decode() for line in text.splitlines() if line.startswith(b"*")}


TABLES = {
    "filter": ("INPUT", "FORWARD", "OUTPUT"),
    "nat": ("PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"),
    "mangle": ("PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"),
    "raw": ("PREROUTING", "OUTPUT"),
    "security": ("INPUT", "FORWARD", "OUTPUT"),
}


def _empty(table: str) -> bytes:
    chains = "".join(f":{chain} ACCEPT [0:0]\n" for chain in TABLES.get(table, ()))
    return f"*{table}\n{chains}COMMIT\n".encode()


APPLIERS = (
    Iptables("/etc/sysconfig/iptables", "iptables"),
    Iptables("/etc/sysconfig/ip6tables", "ip6tables"),
    Iptables("/etc/iptables/rules.v4", "iptables"),
    Iptables("/etc/iptables/rules.v6", "ip6tables"),
)
