"""FRR that a node's image starts by itself, as FRR's own images do: watchfrr and its daemons, which are left running.

They found the same files when they started. What is to be known is that they have read them; and a later push goes to
the daemons that run. Which of them run is read by FRR's script when the node starts, and then only.
"""

import time

from harness.appliers import Work
from harness.appliers.daemons import START_TIMEOUT_S
from harness.appliers.frr_daemons import BINARIES, DAEMONS_FILE, Daemon
from lab.node import RunningNode
from sim.errors import NodeFailed

_SUPERVISORS = frozenset(f"{BINARIES}/{name}" for name in ("docker-start", "frrinit.sh", "watchfrr"))
_STARTING = frozenset(f"{BINARIES}/{name}" for name in ("frrinit.sh", "watchfrr.sh"))
"""Scripts that start daemons, and end once these have been told frr.conf by `vtysh -b`."""
_LOOK_S = 0.5


def is_supervised(node: RunningNode) -> bool:
    """Whether something other than a push has started FRR here, or is about to."""
    return any(not _SUPERVISORS.isdisjoint(each.argv) for each in node.processes())


def wait_until_started(work: Work, daemons: list[Daemon]) -> None:
    """Wait until the image's script is through: all daemons accept, and it has loaded their configuration."""
    deadline = time.monotonic() + START_TIMEOUT_S
    while waiting := _still(work.node, daemons):
        if time.monotonic() > deadline:
            words = f"the image's own FRR is not up after {START_TIMEOUT_S:.0f} s: {waiting}"
            raise NodeFailed(words, work.node.name)


def refuse_new_daemons(work: Work) -> None:
    """PushRejected where `daemons` is another than the one that the running ones were started by."""
    if DAEMONS_FILE in work.changed and not work.boot:
        words = "the image's own script reads it when the node starts: stop the node and start it again"
        raise work.rejected(DAEMONS_FILE, words)


def _still(node: RunningNode, daemons: list[Daemon]) -> str:
    """What is not yet as it should be."""
    for daemon in daemons:
        try:
            node.connect(daemon.vty, timeout_s=_LOOK_S).close()
        except ConnectionError:
            return f"{daemon.label} does not listen"
    at_work = [each for each in node.processes() if not _STARTING.isdisjoint(each.argv)]
    return f"{' '.join(at_work[0].argv)} is at work" if at_work else ""
