"""Which lab a person means: a topology file, its folder, or the name of a running lab."""

from pathlib import Path

from lab.lab import Lab
from sim.topology.model import Topology
from sim.topology.reader import read_topology


def name_of(text: str) -> str:
    """The lab's name that a topology file, a folder or a name stands for."""
    return text if _names_a_lab(text) else read_topology(Path(text)).name


def running(text: str, name: str | None = None) -> Lab:
    """The running lab of a topology file or folder, or of that name. LabError lists those that run."""
    return Lab.find(name or name_of(text))


def read(text: str, name: str | None = None, allow_outside_binds: bool = False) -> Topology:
    """The topology of a file or folder; of a running lab's name, the one that it was deployed from."""
    if _names_a_lab(text) and text in Lab.names():
        return Lab.find(text).topology
    return read_topology(Path(text), name=name, allow_outside_binds=allow_outside_binds)


def _names_a_lab(text: str) -> bool:
    """Whether `text` is a name; also where a folder is called as a running lab is, and holds no topology."""
    if not looks_like_a_path(text):
        return True
    return not is_topology(Path(text)) and text in Lab.names()


def looks_like_a_path(text: str) -> bool:
    """Whether `text` is a file or folder rather than a lab's name."""
    return "/" in text or text.endswith((".yml", ".yaml")) or Path(text).exists()


def is_topology(path: Path) -> bool:
    """Whether a path is a topology file, or a folder that holds one."""
    return path.name.endswith((".clab.yml", ".clab.yaml")) or (path.is_dir() and any(path.glob("*.clab.y*ml")))
