"""Volumes of the local storage backends: a folder of the node's own, or a real LVM volume group on a loop file.

A volume group is the machine's, not the node's: it is named after lab and node, made only by root on a kernel with the
device mapper, and its undoing is recorded before it is made. Elsewhere it is told as not available.
"""

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from lab.node import RunningNode
from lab.roles import Surroundings
from lab.runtimes import StandIn
from sim.errors import NodeFailed

INSTANCES = "/var/lib/nova/instances"
GROUP_BYTES = 1 << 30  # sparse
_TOOLS = ("losetup", "vgcreate", "vgremove", "vgs")
_DETACH = 'losetup -j "$1" | cut -d: -f1 | xargs -r losetup -d; rm -f "$1"'


def keep_folder(node: RunningNode, *, wanted: bool) -> None:
    """Have the folder of instance disks, or not."""
    if wanted:
        node.run(["mkdir", "-p", INSTANCES])
    elif node.run(["test", "-d", INSTANCES], check=False).status == 0:
        node.run(["rm", "-r", INSTANCES])


def lacking(name: str) -> Sequence[StandIn]:
    """What this machine lacks for the volume group of node `name`."""
    missing = _missing()
    return [StandIn(name, "vg_ext (LVM volume group)", f"not available: {missing}")] if missing else ()


def keep_group(node: RunningNode, lab: Surroundings, *, wanted: bool) -> Sequence[StandIn]:
    """Have the node's volume group, or not; tells where this machine cannot."""
    if not wanted and not _image(lab, node.name).exists():
        return ()
    if missing := lacking(node.name):
        return missing if wanted else ()
    make, undo = commands(_group(lab, node.name), _image(lab, node.name))
    if not wanted:
        for argv in reversed(undo):
            _on_the_machine(argv, node.name)
    elif not _image(lab, node.name).exists():
        for argv in undo:
            lab.external(argv)
        with open(_image(lab, node.name), "wb") as image:
            image.truncate(GROUP_BYTES)
        device = _on_the_machine(make[0], node.name).strip()
        _on_the_machine([*make[1], device], node.name)
    return ()


def commands(group: str, image: Path) -> tuple[list[list[str]], list[list[str]]]:
    """What makes a volume group on a loop file (the second wants the device that the first prints), and what undoes it,
    to be run last first."""
    make = [["losetup", "--find", "--show", str(image)], ["vgcreate", "--yes", group]]
    undo = [["sh", "-c", _DETACH, "sh", str(image)], ["vgremove", "--force", "--yes", group]]
    return make, undo


def _missing() -> str:
    """The first thing that this machine lacks, or nothing."""
    if "device-mapper" not in Path("/proc/misc").read_text():
        return "this kernel has no device mapper"
    if os.geteuid():
        return "a volume group needs root"
    absent = [tool for tool in _TOOLS if not shutil.which(tool)]
    return f"{', '.join(absent)} not found; install lvm2" if absent else ""


def _group(lab: Surroundings, node: str) -> str:
    return f"fabriclab-{lab.topology.name}-{node}-vg_ext"


def _image(lab: Surroundings, node: str) -> Path:
    return Path("/var/tmp") / f"{_group(lab, node)}.img"


def _on_the_machine(argv: Sequence[str], node: str) -> str:
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NodeFailed(f"{' '.join(argv)}: {done.stderr.strip() or done.stdout.strip()}", node)
    return done.stdout
