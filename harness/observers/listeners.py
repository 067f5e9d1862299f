"""What listens on a node, as the kernel tells it through ss(8).

The examiner's own instruments hold sockets in the nodes' namespaces. Those are known by their inode, which is the same
on both sides, and are not told.
"""

import os
import re
import stat
from collections.abc import Collection, Iterator
from contextlib import suppress
from pathlib import Path

from lab.node import RunningNode
from sim.errors import CommandFailed, ProbeError
from sim.snapshot import Listener

COMMAND = ("ss", "-H", "-ltunpe")
_INODE = re.compile(r"\bino:(\d+)")
_PROGRAM = re.compile(r'users:\(\("([^"]*)"')


def observe_listeners(node: RunningNode, own: Collection[int]) -> tuple[Listener, ...]:
    """Listening TCP and unconnected UDP sockets, without those of the inodes `own`. ProbeError where ss errs."""
    try:
        return tuple(sorted(set(parse(node.run(COMMAND).text, own))))
    except ValueError as error:
        raise ProbeError(f"{' '.join(COMMAND)}: {error}", node.name) from None
    except CommandFailed as error:
        raise ProbeError(error.text, node.name) from None


def own_sockets() -> frozenset[int]:
    """The inodes of this process' sockets. A lab's examiner holds hundreds: ask once per look, not once per node."""
    found = set()
    for descriptor in Path("/proc/self/fd").iterdir():
        with suppress(OSError):  # closed meanwhile
            status = os.fstat(int(descriptor.name))
            if stat.S_ISSOCK(status.st_mode):
                found.add(status.st_ino)
    return frozenset(found)


def parse(text: str, without: Collection[int] = ()) -> Iterator[Listener]:
    """The lines of `ss -H -ltunpe`, except sockets with an inode in `without`.

    A dual-stack wildcard (`*`) listens on both families, so it is told twice. The interface that a socket is tied to
    (`10.0.0.1%eth1`) is left out.
    """
    for line in text.splitlines():
        words = line.split()
        if len(words) < 6 or words[0] not in ("tcp", "udp"):
            raise ValueError(f"{line!r} is no line of a listening socket")
        inode = _INODE.search(line)
        if inode and int(inode[1]) in without:
            continue
        bound, _, port = words[4].rpartition(":")
        address = bound.partition("%")[0].strip("[]")
        program = _PROGRAM.search(line)
        for each in ("0.0.0.0", "::") if address == "*" else (address,):
            yield Listener("tcp" if words[0] == "tcp" else "udp", each, int(port), program[1] if program else "")
