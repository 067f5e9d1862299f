"""Which lab a person means: a topology file, its folder, or the name of a running lab."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sim.topology.model import Topology
from sim.topology.reader import read_topology

if TYPE_CHECKING:  # the verbs of the paper network need no lab
    from lab.lab import Lab


def name_of(text: str) -> str:
    """The lab's name that a topology file, a folder or a name stands for."""
    return text if _names_a_lab(text) else read_topology(Path(text)).name


def running(text: str, name: str | None = None) -> "Lab":
    """The running lab of a topology file or folder, or of that name. LabError lists those that run."""
    from lab.lab import Lab

    return Lab.find(name or name_of(text))


def read(
    text: str, name: str | None = None, allow_outside_binds: bool = False, variables: Sequence[Path] = ()
) -> Topology:
    """The topology of a file or folder; of a running lab's name, the one that it was deployed from.

    `variables` are files for a template.
    """
    if _names_a_lab(text) and _runs(text):
        return running(text, text).topology
    return read_topology(Path(text), name=name, allow_outside_binds=allow_outside_binds, variables=variables)


def _names_a_lab(text: str) -> bool:
    """Whether `text` is a name; also where a folder is called as a running lab is, and holds no topology."""
    if not looks_like_a_path(text):
        return True
    return not is_topology(Path(text)) and _runs(text)


def _runs(name: str) -> bool:
    from lab.lab import Lab

    return name in Lab.names()


def looks_like_a_path(text: str) -> bool:
    """Whether `text` is a file or folder rather than a lab's name."""
    return "/" in text or text.endswith((".yml", ".yaml")) or Path(text).exists()


def is_topology(path: Path) -> bool:
    """Whether a path is a topology file, or a folder that holds one."""
    return path.name.endswith((".clab.yml", ".clab.yaml")) or (path.is_dir() and any(path.glob("*.clab.y*ml")))


def filtered(network: Topology, text: str | None) -> Topology:
    """The part of a network that a `--node-filter` leaves: these nodes, and the links between them; None: all of it."""
    from sim.topology.selection import only

    return network if text is None else only(network, names_in(text))


def names_in(text: str) -> list[str]:
    """The names of a `--node-filter`."""
    return [name for name in (each.strip() for each in text.split(",")) if name]
