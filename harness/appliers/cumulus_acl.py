"""Cumulus ACLs: /etc/cumulus/acl/policy.conf and policy.d/*.rules, applied to the kernel as cl-acltool does.

A rules file has variables (`INGRESS_INTF = swp+`, used as `$INGRESS_INTF`) and the sections [iptables], [ip6tables] and
[ebtables], each line of which is a rule in that tool's words. Rules go to the built-in chains in the order of the file
names; a list of chains (`INPUT,FORWARD`) or interfaces (`swp1,swp2`) is one rule each. No Debian package does this, so
it is done here, and the rules are restored by the node's own iptables-restore, ip6tables-restore and ebtables-restore.

What only a switch's hardware can do (POLICE, SETCLASS, SPAN ...) is told, and the rule left out.
"""

import fnmatch
import re
from collections.abc import Iterator

from harness.appliers import Work
from harness.appliers.iptables import TABLES, failing_line
from lab.programs import IPTABLES, Program
from sim.dataclasses import dataclass

FOLDER = "/etc/cumulus/acl/"
POLICY = f"{FOLDER}policy.conf"
_DEFAULT_INCLUDE = f"{FOLDER}policy.d/*.rules"
_TOOLS = ("iptables", "ip6tables", "ebtables")
_VARIABLE = re.compile(r"^(?P<name>\w+)\s*=\s*(?P<value>.*)$")
_HARDWARE = re.compile(r"-j\s+(POLICE|TRICOLORPOLICE|SETCLASS|SETQOS|SPAN|ERSPAN)\b", re.IGNORECASE)
_LIST = re.compile(r"(?:^|\s)(?:-A|--append|-i|-o|--in-interface|--out-interface)\s+(?P<list>\S+,\S+)")
_TABLE = re.compile(r"\s*(?:-t|--table)\s+(?P<table>\S+)\s*")


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule with its variables filled in: the tool and table it belongs to, and where it stands."""

    tool: str
    table: str
    text: str
    path: str
    line: int


class CumulusAcl:
    """cl-acltool -i."""

    name, order = "cumulus acl", 44

    def claims(self, path: str) -> bool:
        """Everything below /etc/cumulus/acl."""
        return path.startswith(FOLDER)

    def needs(self, path: str) -> tuple[Program, ...]:
        """The tool of nearly every rule."""
        return (IPTABLES,) if path.endswith(".rules") else ()

    def check(self, work: Work) -> None:
        """The rules as `--test` sees them."""
        self._install(work, ["--test"])

    def apply(self, work: Work) -> None:
        """Replace the tables with the rules of all files; a tool that no file names any more is emptied."""
        self._install(work, [])

    def _install(self, work: Work, options: list[str]) -> None:
        found = list(rules(work))
        previous = {rule.tool for rule in rules(work.backwards())}
        for tool in _TOOLS:
            mine = [rule for rule in found if rule.tool == tool]
            if (mine or tool in previous) and not (tool == "ebtables" and options):
                _restore(work, tool, mine, options)


def rules(work: Work) -> Iterator[Rule]:
    """Every rule, in the order in which cl-acltool installs them. PushRejected at a line it could not read."""
    for path in _rule_files(work):
        yield from _rules_of(work, path)


def _rule_files(work: Work) -> list[str]:
    """What policy.conf includes, in its order; without it, policy.d/*.rules by name."""
    patterns = [_DEFAULT_INCLUDE]
    if POLICY in work.files:
        patterns = [line.split()[1] for line in work.text(POLICY).splitlines() if re.match(r"include\s+\S", line)]
    found = [path for pattern in patterns for path in sorted(work.files) if fnmatch.fnmatchcase(path, pattern)]
    return list(dict.fromkeys(found))


def _rules_of(work: Work, path: str) -> Iterator[Rule]:
    variables: dict[str, str] = {}
    section = ""
    for number, raw in enumerate(work.text(path).splitlines(), 1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        if line.startswith("["):
            section = line.strip("[]")
            if section not in _TOOLS:
                raise work.rejected(path, f"section {line} is none of [iptables], [ip6tables], [ebtables]", number)
        elif not line.startswith("-") and (found := _VARIABLE.match(line)):
            variables[found["name"]] = found["value"].strip().strip("\"'")
        elif section and line.startswith("-"):
            yield from _rule(work, section, _filled(work, line, variables, path, number), path, number)
        else:
            raise work.rejected(path, f"{line!r} is neither a variable nor a rule below a section", number)


def _filled(work: Work, line: str, variables: dict[str, str], path: str, number: int) -> str:
    def value(found: re.Match[str]) -> str:
        if found[1] not in variables:
            raise work.rejected(path, f"variable ${found[1]} is not set", number)
        return variables[found[1]]

    return re.sub(r"\$\{?(\w+)\}?", value, line)


def _rule(work: Work, tool: str, text: str, path: str, number: int) -> Iterator[Rule]:
    if hardware := _HARDWARE.search(text):
        work.note(f"{path}:{number}: {hardware[1]} is done by a switch's hardware: rule left out")
        return
    found = _TABLE.search(text)
    table = found["table"] if found else "filter"
    for one in _spelled_out(_TABLE.sub(" ", text).strip()):
        yield Rule(tool, table, one, path, number)


def _spelled_out(text: str) -> Iterator[str]:
    """A rule for each chain and each interface that the line lists."""
    found = _LIST.search(text)
    if not found:
        yield text
        return
    for name in found["list"].split(","):
        yield from _spelled_out(f"{text[: found.start('list')]}{name}{text[found.end('list') :]}")


def _restore(work: Work, tool: str, mine: list[Rule], options: list[str]) -> None:
    """One restore per tool, and its complaint given back to the line of the rules file."""
    lines: list[tuple[str, Rule | None]] = []
    for table in sorted({"filter", *(rule.table for rule in mine)}):
        lines.append((f"*{table}", None))
        lines += [
            (f":{chain} ACCEPT" + ("" if tool == "ebtables" else " [0:0]"), None) for chain in _chains(tool, table)
        ]
        lines += [(rule.text, rule) for rule in mine if rule.table == table]
        lines += [] if tool == "ebtables" else [("COMMIT", None)]
    text = "".join(f"{line}\n" for line, _ in lines).encode()
    done = work.node.run([f"{tool}-restore", *options], stdin=text, check=False)
    if done.status:
        number = failing_line([line for line, _ in lines], done.words)
        rule = lines[number - 1][1] if number else None
        words = done.words.partition("\nError occurred")[0] + (f" ({rule.text})" if rule else "")
        raise work.rejected(rule.path if rule else FOLDER, words, rule.line if rule else 0)


def _chains(tool: str, table: str) -> tuple[str, ...]:
    if tool == "ebtables" and table == "nat":
        return ("PREROUTING", "OUTPUT", "POSTROUTING")
    return TABLES.get(table, ())


APPLIERS = (CumulusAcl(),)
