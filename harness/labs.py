"""Which lab a person means: a topology file, its folder, or the name of a running lab."""

from pathlib import Path

from lab.lab import Lab
from sim.errors import LabError
from sim.topology.model import Topology
from sim.topology.reader import read_topology


def running(text: str, name: str | None = None) -> Lab:
    """The running lab of a topology file or folder, or of that name. LabError says how to start one that is not."""
    if name is None and not looks_like_a_path(text):
        return find(text, text)
    return find(name or read(text).name, text)


def find(name: str, text: str) -> Lab:
    """The running lab called `name`; `text` is what the user wrote, for the error."""
    if name in Lab.list():
        return Lab.find(name)
    known = ", ".join(Lab.list()) or "none"
    raise LabError(f"this lab is not running (running: {known}); start it with: fabriclab deploy {text}", name)


def read(text: str, name: str | None = None, allow_outside_binds: bool = False) -> Topology:
    """The topology of a file or folder; of a running lab's name, the one that it was deployed from."""
    if not looks_like_a_path(text) and text in Lab.list():
        return Lab.find(text).topology
    return read_topology(Path(text), name=name, allow_outside_binds=allow_outside_binds)


def looks_like_a_path(text: str) -> bool:
    """Whether `text` is a file or folder rather than a lab's name."""
    return "/" in text or text.endswith((".yml", ".yaml")) or Path(text).exists()
