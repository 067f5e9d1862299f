"""Cumulus ACLs: /etc/cumulus/acl/policy.conf and policy.d/*.rules, read as cl-acltool installs them.

A rules file has variables (`INGRESS_INTF = swp+`, used as `$INGRESS_INTF`) and the sections [iptables], [ip6tables] and
[ebtables], each line of which is a rule in that tool's words. Rules go to the built-in chains in the order of the file
names; a list of chains (`INPUT,FORWARD`) or interfaces (`swp1,swp2`) is one rule each. Of what only a switch's hardware
does (POLICE, SETCLASS, SPAN ...) there is a note, and of bridge rules one that says that packets may depend on them.
"""

import fnmatch
import re
from collections.abc import Iterator, Mapping

from sim.dataclasses import dataclass
from sim.device import Device, Understood
from sim.dialects import Source
from sim.dialects.iptables.names import CHAINS
from sim.dialects.iptables.saved import TableText
from sim.dialects.iptables.words import split
from sim.errors import ConfigError, Place
from sim.filters import PacketFilter
from sim.snapshot import Note
from sim.topology.model import Node

FOLDER = "/etc/cumulus/acl/"
POLICY = f"{FOLDER}policy.conf"
_DEFAULT_INCLUDE = f"{FOLDER}policy.d/*.rules"
_VERSIONS = {"iptables": 4, "ip6tables": 6}
_SECTIONS = (*_VERSIONS, "ebtables")
_VARIABLE = re.compile(r"^(?P<name>\w+)\s*=\s*(?P<value>.*)$")
_HARDWARE = re.compile(r"-j\s+(POLICE|TRICOLORPOLICE|SETCLASS|SETQOS|SPAN|ERSPAN)\b", re.IGNORECASE)
_LIST = re.compile(r"(?:^|\s)(?:-A|--append|-i|-o|--in-interface|--out-interface)\s+(?P<list>\S+,\S+)")
_TABLE = re.compile(r"\s*(?:-t|--table)\s+(?P<table>\S+)\s*")


@dataclass(frozen=True, slots=True)
class _Line:
    """A rule with its variables filled in: its section and table, and where it stands."""

    section: str
    table: str
    text: str
    path: str
    place: Place


class CumulusAcl:
    """cl-acltool -i."""

    name, order = "cumulus acl", 44

    def claims(self, path: str) -> bool:
        """Everything below /etc/cumulus/acl."""
        return path.startswith(FOLDER)

    def parse(self, node: Node, files: Mapping[str, Source]) -> Device:
        """The tables that the rules of all files make; each replaces the one that another tool loaded."""
        lines = [line for path in _rule_files(files) for line in _lines(files[path])]
        notes = [note for line in lines if (note := _note(line, node.name))]
        told = {note.place for note in notes}
        tables = []
        for section, version in _VERSIONS.items():
            mine = [line for line in lines if line.section == section and line.place not in told]
            for table in sorted({"filter", *(line.table for line in mine)}) if mine else ():
                text = _table([line for line in mine if line.table == table], table, version)
                tables.append(text.table())
                notes += [_located(note, node.name) for note in text.notes]
        unknown = {note.place for note in notes if note.policy}
        understood = {
            path: Understood(len(mine), sum(line.place not in unknown for line in mine))
            for path in _rule_files(files)
            if (mine := [line for line in lines if line.path == path])
        }
        return Device(node.name, filter=PacketFilter(tuple(tables)), notes=tuple(notes), understood=understood)


def _rule_files(files: Mapping[str, Source]) -> list[str]:
    """What policy.conf includes, in its order; without it, policy.d/*.rules by name."""
    patterns = [_DEFAULT_INCLUDE]
    if POLICY in files:
        lines = files[POLICY].text.splitlines()
        patterns = [line.split()[1] for line in lines if re.match(r"include\s+\S", line)]
    found = [path for pattern in patterns for path in sorted(files) if fnmatch.fnmatchcase(path, pattern)]
    return list(dict.fromkeys(found))


def _lines(source: Source) -> Iterator[_Line]:
    """The rules of one file, with its variables filled in."""
    variables: dict[str, str] = {}
    section = ""
    for number, raw in enumerate(source.text.splitlines(), 1):
        line, place = raw.strip(), source.at(number)
        if not line or line.startswith("#"):
            continue
        if line.startswith("["):
            section = line.strip("[]")
            if section not in _SECTIONS:
                raise ConfigError(f"section {line} is none of [iptables], [ip6tables], [ebtables]", place)
        elif not line.startswith("-") and (found := _VARIABLE.match(line)):
            variables[found["name"]] = found["value"].strip().strip("\"'")
        elif section and line.startswith("-"):
            yield from _rules(section, _filled(line, variables, place), source.path, place)
        else:
            raise ConfigError(f"{line!r} is neither a variable nor a rule below a section", place)


def _filled(line: str, variables: Mapping[str, str], place: Place) -> str:
    def value(found: re.Match[str]) -> str:
        if found[1] not in variables:
            raise ConfigError(f"variable ${found[1]} is not set", place)
        return variables[found[1]]

    return re.sub(r"\$\{?(\w+)\}?", value, line)


def _rules(section: str, text: str, path: str, place: Place) -> Iterator[_Line]:
    """One line as rules: its table told apart, its lists spelled out."""
    found = _TABLE.search(text)
    table = found["table"] if found else "filter"
    if section in _VERSIONS and table not in CHAINS:
        raise ConfigError(f"table {table!r} is not known; known: {', '.join(CHAINS)}", place)
    for one in _spelled_out(_TABLE.sub(" ", text).strip()):
        yield _Line(section, table, one, path, place)


def _spelled_out(text: str) -> Iterator[str]:
    """A rule for each chain and each interface that the line lists."""
    found = _LIST.search(text)
    if not found:
        yield text
        return
    for name in found["list"].split(","):
        yield from _spelled_out(f"{text[: found.start('list')]}{name}{text[found.end('list') :]}")


def _note(line: _Line, node: str) -> Note | None:
    """Of what is not a rule of iptables."""
    if hardware := _HARDWARE.search(line.text):
        return Note(line.place, f"{hardware[1]} is done by a switch's hardware: rule left out", node)
    if line.section == "ebtables":
        return Note(line.place, "rules of ebtables are not modelled", node, policy=True)
    return None


def _located(note: Note, node: str) -> Note:
    return Note(note.place, note.text, node, policy=note.text.endswith("not modelled"))


def _table(lines: list[_Line], name: str, version: int) -> TableText:
    table = TableText(name, version)
    for line in lines:
        words = split(line.text)
        if len(words) < 2 or words[0] not in ("-A", "--append", "-I", "--insert"):
            raise ConfigError(f"Bad argument `{words[0]}'; expected -A CHAIN ...", line.place)
        table.add(words, line.place)
    return table


DIALECTS = (CumulusAcl(),)
