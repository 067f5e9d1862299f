"""The files a node receives: binds, what kind frr writes, dns, and overlays -> `{path on the node: bytes}`."""

import errno
import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from sim.errors import Place, TopologyError
from sim.topology.frr_kind import frr_files
from sim.topology.model import Bind, Kind, Node, Topology

_LARGEST_BYTES = 16 << 20
_MOST_FILES = 5_000
_MOST_BYTES = 64 << 20
Bases = tuple[str, ...] | None
"""The folders, without links in their paths, that files may come from; None: from anywhere."""


def node_files(topology: Topology, node: Node | str) -> dict[str, bytes]:
    """What the node's disk receives, by absolute path. A later bind wins over an earlier one, an overlay over all.

    TopologyError, at the bind, where a file cannot be read, leaves the topology's folder or is unreasonably large.
    """
    declared = topology.node(node) if isinstance(node, str) else node
    if declared.kind in (Kind.WORKLOAD, Kind.BRIDGE, Kind.HOST):
        return {}
    files = {"/etc/resolv.conf": _resolver(declared)} if declared.dns else {}
    for bind in declared.binds:
        files |= _copied(topology, bind)
    for folder in topology.overlays:
        for name in _names_in(folder, declared):
            files |= _overlaid(topology, folder, name)
    if declared.kind is Kind.FRR:
        files = frr_files(declared, files, _startup(topology, declared))
    _check_size(declared, files)
    return files


def author_path(topology: Topology, node: Node, path: str) -> str:
    """Where the author keeps the file that a node has at `path`: relative to the topology's folder, if it is below it.

    `node:path` for a file that nobody wrote (what kind frr makes).
    """
    sources = [f"{folder}/{name}{path}" for folder in topology.overlays for name in (node.group, node.name) if name]
    for bind in reversed(node.binds):
        if path == bind.destination or path.startswith(f"{bind.destination.rstrip('/')}/"):
            sources.insert(0, f"{bind.source}{path[len(bind.destination.rstrip('/')) :]}")
    found = next((source for source in reversed(sources) if os.path.isfile(source)), None)
    if found is None:
        return f"{node.name}:{path}"
    return found.removeprefix(f"{topology.file.parent}/")


def _check_size(node: Node, files: Mapping[str, bytes]) -> None:
    size = sum(map(len, files.values()))
    if len(files) > _MOST_FILES or size > _MOST_BYTES:
        text = f"{len(files)} files of {size} bytes; expected at most {_MOST_FILES} of {_MOST_BYTES}; bind less"
        raise TopologyError(f"nodes.{node.name}.binds: {text}", node.place)


def _copied(topology: Topology, bind: Bind) -> dict[str, bytes]:
    bases, source = _bases(topology), str(bind.source)
    if not os.path.isdir(source):
        return {bind.destination: _content(source, bases, bind.place)}
    return {f"{bind.destination}/{name}": content for name, content in _tree(source, bases, bind.place)}


def _names_in(overlay: Path, node: Node) -> tuple[str, ...]:
    """Which of the overlay's folders are the node's: its group's, then its own. A group's name can be `..`, too."""
    try:
        there = {each.name for each in overlay.iterdir()}
    except OSError as error:
        raise TopologyError(f"cannot be read: {error.strerror}; put the overlay back", Place(str(overlay))) from error
    return tuple(name for name in dict.fromkeys((node.group, node.name)) if name in there and name)


def _overlaid(topology: Topology, overlay: Path, name: str) -> dict[str, bytes]:
    """The files of `overlay/name`; links in it may lead to files beside the overlay, and to the topology's."""
    folder = str(overlay / name)
    bases = None if topology.outside_binds else (os.path.realpath(overlay.parent), str(topology.file.parent))
    return {f"/{below}": content for below, content in _tree(folder, bases, Place(folder))}


def _tree(folder: str, bases: Bases, place: Place | None) -> Iterator[tuple[str, bytes]]:
    """Every file below a folder, by its path there. In a folder that is inside, only links can lead out."""
    inside = bases is not None and _is_inside(folder, bases)
    for path in _below(folder, place):
        yield path[len(folder) + 1 :], _content(path, None if inside and not os.path.islink(path) else bases, place)


def _below(folder: str, place: Place | None) -> Iterator[str]:
    """Every file below a folder, in order; links to folders are not followed."""
    count = 0
    for root, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            count += 1
            if count > _MOST_FILES:
                raise TopologyError(f"{folder} holds more than {_MOST_FILES} files; bind a part of it", place)
            yield f"{root}/{name}"


def _content(path: str, bases: Bases, place: Place | None) -> bytes:
    try:
        if bases and not _is_inside(path, bases):
            raise TopologyError(
                f"{path} leads out of the topology's folder; pass --allow-outside-binds to follow it", place
            )
        size = _size(path)
        if size is None:
            raise TopologyError(f"{path} is no longer a file; only files are copied", place)
        if size > _LARGEST_BYTES:
            raise TopologyError(f"{path} holds more than {_LARGEST_BYTES} bytes; bind something smaller", place)
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise TopologyError(f"{path} cannot be read: {error.strerror}; expected a readable file", place) from error


def _is_inside(path: str, bases: Sequence[str]) -> bool:
    real = os.path.realpath(path)
    return any(real == base or real.startswith(f"{base.rstrip('/')}/") for base in bases)


def _size(path: str) -> int | None:
    """Bytes of a file; None for what is none, or leads nowhere."""
    try:
        found = os.stat(path)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
            return None
        raise
    return found.st_size if stat.S_ISREG(found.st_mode) else None


def _startup(topology: Topology, node: Node) -> bytes | None:
    if node.startup_config:
        return _content(str(node.startup_config), _bases(topology), node.place)
    return None if node.startup_text is None else node.startup_text.encode()


def _bases(topology: Topology) -> Bases:
    return None if topology.outside_binds else (str(topology.file.parent),)


def _resolver(node: Node) -> bytes:
    lines = [f"nameserver {server}" for server in node.dns.get("servers") or ()]
    for word in ("search", "options"):
        if node.dns.get(word):
            lines.append(" ".join([word, *node.dns[word]]))
    return "".join(f"{line}\n" for line in lines).encode()
