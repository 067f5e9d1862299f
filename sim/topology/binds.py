"""Binds and other paths of a node: text -> places on disk, kept inside the topology's folder unless that is waived."""

import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from sim.topology.declared import Declared
from sim.topology.model import Bind

_ALREADY_THERE = ("/lib", "/lib64", "/usr", "/bin", "/sbin", "/boot")
"""Folders of the host that every node sees: binding one of their paths onto itself asks for nothing."""
_MADE_BY_CONTAINERLAB = ("ansible-inventory.yml", "nornir-simple-inventory.yml", "topology-data.json")


def binds(node: Declared) -> Iterator[Bind]:
    """The node's binds, in the order in which they are copied. TopologyError names the bind's line."""
    for index, text in enumerate(node.section.binds or ()):
        where = ("binds", index)
        parts = node.magic(text).split(":")
        if len(parts) not in (2, 3) or not all(parts[:2]):
            raise node.error(f"found {text!r}; expected source:/path/on/the/node", *where)
        source, destination = parts[0], _destination(node, parts[1], where)
        if source.rstrip("/") == destination and destination.startswith(_ALREADY_THERE):
            continue
        yield Bind(inside(node, source, where), destination, ":".join(parts[2:]), node.place(*where))


def _destination(node: Declared, text: str, where: tuple[str | int, ...]) -> str:
    path = PurePosixPath(text)
    if not path.is_absolute() or ".." in path.parts or len(path.parts) < 2:
        raise node.error(f"found destination {text!r}; expected an absolute path on the node without '..'", *where)
    return "/" + "/".join(path.parts[1:])


def inside(node: Declared, text: str, where: tuple[str | int, ...]) -> Path:
    """The existing file or folder that a path means, relative to the topology's folder."""
    if text.endswith(_MADE_BY_CONTAINERLAB):
        raise node.error(f"{text!r} is made by containerlab; nothing here makes it; take it out", *where)
    try:
        path = Path(os.path.normpath(node.origin.folder / Path(text).expanduser()))
        found = Path(os.path.realpath(path))
        exists, readable = found.exists(), found.is_file() or found.is_dir()
    except (OSError, ValueError, RuntimeError) as error:  # a name too long; no such user behind ~
        raise node.error(f"found source {text!r}: {error}; expected a file or folder", *where) from error
    if not exists:
        raise node.error(f"no file or folder {text!r} beside the topology file; make it, or correct the path", *where)
    if not readable:
        raise node.error(f"{text!r} is neither a file nor a folder; only these are copied", *where)
    if not node.origin.outside_binds and not found.is_relative_to(node.origin.folder):
        raise node.error(f"{text!r} leaves the topology's folder; move it there, or pass --allow-outside-binds", *where)
    return path
