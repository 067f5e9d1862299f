"""A topology's `exec` lines: commands that run on a node after its files were applied.

What iproute2, sysctl and (through the dialect of its files) vtysh leave behind is known; a shell's `-c` is read where
it holds nothing but such commands. Anything else is a note at the node.
"""

import shlex
from collections.abc import Iterator, Sequence
from itertools import pairwise

from sim.dataclasses import replace
from sim.device import Device
from sim.errors import ConfigError, Place
from sim.iproute import carried_out, noted
from sim.sysctls import dotted, written
from sim.topology.model import Node

_SHELLS = ("sh", "bash", "/bin/sh", "/bin/bash", "ash")
_SILENT = (
    "sleep",
    "echo",
    "true",
    "ping",
    "cat",
    "touch",
    "mkdir",
    "chmod",
    "ethtool",
    "date",
    "hostname",
    "vtysh",
    "ls",
)
"""Programs that change nothing a packet would notice; what vtysh configures is read with the daemon's files."""


def executed(node: Node, device: Device) -> Device:
    """The node's device after its `exec` lines. ConfigError at the node for one that cannot succeed."""
    place = node.place or Place(node.name)
    for line in node.commands:
        for command in _commands(_split(line, place)):
            device = _run(device, command, place)
    return device


def vtysh_lines(node: Node) -> list[str]:
    """Configuration lines that the node's `exec` lines give to FRR: `vtysh -c 'configure terminal' -c ...`."""
    found: list[str] = []
    for line in node.commands:
        for command in _commands(_split(line, node.place or Place(node.name))):
            told = [word for option, word in pairwise(command) if option == "-c"]
            if command[:1] == ["vtysh"] and told and told[0].split()[0].startswith("conf"):
                found += [word for word in told[1:] if word.split()[0] not in ("end", "exit", "write")]
    return found


def _split(line: str, place: Place) -> list[str]:
    try:
        return shlex.split(line)
    except ValueError as error:
        raise ConfigError(f"exec {line!r}: {str(error).lower()}", place) from error


def _commands(words: Sequence[str]) -> Iterator[list[str]]:
    """The commands of a line: itself, or those that a shell's `-c` holds, one after another."""
    if len(words) == 3 and words[0] in _SHELLS and words[1] in ("-c", "-ec", "-lc"):
        reader = shlex.shlex(words[2], posix=True, punctuation_chars=";&|<>()$`\n")
        reader.whitespace_split = True
        yield from _separated(list(reader))
    elif words:
        yield list(words)


def _separated(words: Sequence[str]) -> Iterator[list[str]]:
    command: list[str] = []
    for word in (*words, ";"):
        if word in (";", "&&"):
            if command:
                yield command
            command = []
        else:
            command.append(word)


def _run(device: Device, command: list[str], place: Place) -> Device:
    program = command[0].rpartition("/")[2]
    if program == "ip":
        return carried_out(device, command, place)
    if program == "sysctl" and all("=" in word for word in command[1:] if not word.startswith("-")):
        return _sysctl(device, [word for word in command[1:] if "=" in word])
    return device if program in _SILENT else noted(device, command, place)


def _sysctl(device: Device, settings: Sequence[str]) -> Device:
    sysctls = dict(device.sysctls)
    for setting in settings:
        key, _, value = setting.partition("=")
        sysctls = written(sysctls, dotted(key.strip()), value.strip())
    return replace(device, sysctls=sysctls)
