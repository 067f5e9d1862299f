"""What the Tab key offers: topology paths, running labs, nodes, endpoints, scenarios.

A file that can not be read offers nothing: an error has no place on a command line that is still being typed.
"""

import os
from collections.abc import Iterator, MutableMapping
from pathlib import Path
from typing import Any

from sim.errors import FabricError

INVENTORIES = ("ansible", "nornir", "topology-data", "ssh-config")
"""What `fabriclab inventory` writes."""


def inventories(incomplete: str) -> list[str]:
    """The forms of an inventory."""
    return [each for each in INVENTORIES if each.startswith(incomplete)]


def topologies(incomplete: str) -> list[str]:
    """Topology folders and files below the current folder, and running labs."""
    return [*_paths(incomplete, ".clab.yml"), *running_labs(incomplete)]


def running_labs(incomplete: str) -> list[str]:
    """Names of running labs."""
    from lab.lab import Lab

    return [name for name in Lab.names() if name.startswith(incomplete)]


def scenarios(incomplete: str) -> list[str]:
    """Scenario files and folders, topology folders, and running labs."""
    return [*_paths(incomplete, ".yml"), *running_labs(incomplete)]


def nodes(ctx: Any, incomplete: str) -> list[str]:
    """Nodes of the topology that stands earlier on the line."""
    return [name for name in _nodes(ctx) if name.startswith(incomplete)]


def endpoints(ctx: Any, incomplete: str) -> list[str]:
    """Endpoints of that topology: `leaf1:eth1`."""
    topology = _topology(ctx)
    ends = [str(end) for link in topology.links for end in link.endpoints] if topology else []
    return [end for end in ends if end.startswith(incomplete)]


def _nodes(ctx: Any) -> Iterator[str]:
    topology = _topology(ctx)
    return iter(topology.nodes if topology else ())


def _topology(ctx: Any) -> Any:
    from harness import labs

    text = ctx.params.get("topology") or _typed_topology(os.environ)
    try:
        return labs.read(text) if text else None
    except (FabricError, OSError):
        return None


def _typed_topology(environ: MutableMapping[str, str]) -> str | None:
    """TOPOLOGY as the line has it. After an option that still lacks its value (`--from`), nothing of it is parsed."""
    line = environ.get("COMP_WORDS") or environ.get("_TYPER_COMPLETE_ARGS", "")
    words = [word for word in line.split() if not word.startswith("-")]
    return words[2] if len(words) > 2 else None


def join_at_colons(environ: MutableMapping[str, str]) -> str:
    """Undo that bash ends a word at each colon: `gw : swp1` is one word again, here `gw:swp1`.

    What bash will not replace of the current word, here `gw:`, is returned: no answer may begin with it.
    """
    words, current = environ.get("COMP_WORDS", "").split("\n"), int(environ.get("COMP_CWORD", "0"))
    joined: list[str] = []
    at = 0
    for number, word in enumerate(words):
        if joined and (word.startswith(":") or joined[-1].endswith(":")):
            joined[-1] += word
        else:
            joined.append(word)
        if number == current:
            at = len(joined) - 1
    environ.update(COMP_WORDS="\n".join(joined), COMP_CWORD=str(at if current < len(words) else current))
    before, colon, _ = joined[at].rpartition(":")
    return before + colon


def _paths(incomplete: str, ending: str) -> list[str]:
    """Folders and files that continue `incomplete`; a folder that is the only one is opened."""
    parent, _, start = incomplete.rpartition("/")
    folder = Path(parent or ("/" if incomplete.startswith("/") else "."))
    prefix = f"{parent}/" if "/" in incomplete else ""
    try:
        entries = sorted(folder.iterdir())
    except OSError:
        return []
    found = [entry for entry in entries if entry.name.startswith(start) and not entry.name.startswith(".")]
    return [
        f"{prefix}{entry.name}" + ("/" if entry.is_dir() else "")
        for entry in found
        if entry.is_dir() or entry.name.endswith(ending)
    ]
