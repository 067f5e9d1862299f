"""A lab of one box under test, its cables ending at another, for appliers to act on."""

import itertools
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from harness.push import PushResult, push
from lab.lab import Lab
from lab.node import RunningNode
from sim.topology.reader import read_topology

_NUMBER = itertools.count()
_TOPOLOGY = """
name: box
topology:
  nodes:
    box: {kind: linux, network-mode: none}
    far: {kind: linux, network-mode: none}
  links:
"""


class Box:
    """A node with cables eth0, eth1, eth0.912, swp1 and swp2."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.node: RunningNode = lab.nodes["box"]

    def push(self, files: Mapping[str, str], *, boot: bool = False) -> PushResult:
        """Push text files."""
        encoded = {path: text.encode() for path, text in files.items()}
        return push(self.node, self.lab.topology.nodes["box"], encoded, runtime=self.lab.runtime, boot=boot)

    def says(self, *argv: str) -> str:
        """What a command prints."""
        return self.node.run(argv).text

    def running(self) -> dict[str, int]:
        """Programs and their pids."""
        return {each.name: each.pid for each in self.node.processes()}


@contextmanager
def box_up(folder: Path) -> Iterator[Box]:
    """The box, for as long as the block lasts."""
    links = "".join(
        f'    - endpoints: ["box:{name}", "far:{name}"]\n' for name in ["eth0", "eth1", "eth0.912", "swp1", "swp2"]
    )
    file = folder / "box.clab.yml"
    file.write_text(_TOPOLOGY + links)
    with Lab.deploy(read_topology(file, name=f"box-{os.getpid()}-{next(_NUMBER)}")) as lab:
        yield Box(lab)
