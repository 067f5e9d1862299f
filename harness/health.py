"""A node's healthcheck, asked as Docker asks it: a command on the node, again and again until it is sure.

We differ from Docker in one thing: a node is asked while somebody waits for it, and when somebody looks (`inspect`),
and not by a clock in between.
"""

import threading
import time

from harness.appliers import one_line
from lab.node import RunningNode
from sim.errors import CommandFailed, NodeFailed
from sim.topology.boot import Healthcheck


def complaint(node: RunningNode, check: Healthcheck) -> str | None:
    """What the test says against the node now; None where it is healthy."""
    try:
        done = node.run(check.argv, timeout_s=check.timeout_s, check=False)
    except CommandFailed as error:  # no such program; it took too long
        return error.text
    return f"status {done.status}: {one_line(done.words)}" if done.status else None


def await_healthy(node: RunningNode, check: Healthcheck, stopped: threading.Event) -> None:
    """Return when the node is healthy, or somebody else has failed. NodeFailed when it is unhealthy for sure."""
    begun, failures = time.monotonic(), 0
    while words := complaint(node, check):
        failures += time.monotonic() - begun >= check.start_period_s
        if failures >= check.retries:
            raise NodeFailed(f"unhealthy: its healthcheck failed {failures} times in a row; last: {words}", node.name)
        if stopped.wait(check.interval_s):
            return
