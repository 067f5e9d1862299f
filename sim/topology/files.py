"""The files a node receives: binds, what kind frr writes, dns, and overlays -> `{path on the node: bytes}`."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from sim.errors import Place, TopologyError
from sim.topology.frr_kind import frr_files
from sim.topology.model import Bind, Kind, Node, Topology

_LARGEST_BYTES = 16 << 20
_MOST_FILES = 5_000
_MOST_BYTES = 64 << 20


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


def _check_size(node: Node, files: Mapping[str, bytes]) -> None:
    size = sum(map(len, files.values()))
    if len(files) > _MOST_FILES or size > _MOST_BYTES:
        text = f"{len(files)} files of {size} bytes; expected at most {_MOST_FILES} of {_MOST_BYTES}; bind less"
        raise TopologyError(f"nodes.{node.name}.binds: {text}", node.place)


def _copied(topology: Topology, bind: Bind) -> dict[str, bytes]:
    bases = _bases(topology)
    if not bind.source.is_dir():
        return {bind.destination: _content(bind.source, bases, bind.place)}
    return {
        f"{bind.destination}/{found.relative_to(bind.source)}": _content(found, bases, bind.place)
        for found in _below(bind.source, bind.place)
    }


def _names_in(overlay: Path, node: Node) -> tuple[str, ...]:
    """Which of the overlay's folders are the node's: its group's, then its own. A group's name can be `..`, too."""
    try:
        there = {each.name for each in overlay.iterdir()}
    except OSError as error:
        raise TopologyError(f"cannot be read: {error.strerror}; put the overlay back", Place(str(overlay))) from error
    return tuple(name for name in dict.fromkeys((node.group, node.name)) if name in there and name)


def _overlaid(topology: Topology, overlay: Path, name: str) -> dict[str, bytes]:
    """The files of `overlay/name`; links in it may lead to files beside the overlay, and to the topology's."""
    folder, place = overlay / name, Place(str(overlay / name))
    bases = None if topology.outside_binds else (Path(os.path.realpath(overlay.parent)), topology.file.parent)
    return {f"/{found.relative_to(folder)}": _content(found, bases, place) for found in _below(folder, place)}


def _below(folder: Path, place: Place | None) -> Iterator[Path]:
    """Every file below a folder, in order; links to folders are not followed."""
    count = 0
    for root, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            count += 1
            if count > _MOST_FILES:
                raise TopologyError(f"{folder} holds more than {_MOST_FILES} files; bind a part of it", place)
            yield Path(root, name)


def _content(path: Path, bases: tuple[Path, ...] | None, place: Place | None) -> bytes:
    try:
        if bases and not any(Path(os.path.realpath(path)).is_relative_to(base) for base in bases):
            raise TopologyError(
                f"{path} leads out of the topology's folder; pass --allow-outside-binds to follow it", place
            )
        if not path.is_file():
            raise TopologyError(f"{path} is no longer a file; only files are copied", place)
        if path.stat().st_size > _LARGEST_BYTES:
            raise TopologyError(f"{path} holds more than {_LARGEST_BYTES} bytes; bind something smaller", place)
        return path.read_bytes()
    except OSError as error:
        raise TopologyError(f"{path} cannot be read: {error.strerror}; expected a readable file", place) from error


def _startup(topology: Topology, node: Node) -> bytes | None:
    if node.startup_config:
        return _content(node.startup_config, _bases(topology), node.place)
    return None if node.startup_text is None else node.startup_text.encode()


def _bases(topology: Topology) -> tuple[Path, ...] | None:
    return None if topology.outside_binds else (topology.file.parent,)


def _resolver(node: Node) -> bytes:
    lines = [f"nameserver {server}" for server in node.dns.get("servers") or ()]
    for word in ("search", "options"):
        if node.dns.get(word):
            lines.append(" ".join([word, *node.dns[word]]))
    return "".join(f"{line}\n" for line in lines).encode()
