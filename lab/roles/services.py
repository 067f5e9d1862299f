"""A node's services: each is a process, the lab's responder or the command that its declaration names.

What was started is written on the node itself, in `/run/fabriclab/services.json`, so that it goes when the node goes.
"""

import json
import shlex
import signal
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any

from lab.node import RESPONDER, RunningNode
from sim.errors import CommandFailed, NodeFailed
from sim.topology.facts import Service

STARTS_WITHIN_S = 60.0
ENDS_WITHIN_S = 10.0
_RECORD = "/run/fabriclab/services.json"
_BETWEEN_LOOKS_S = 0.02  # nothing tells when another process begins to listen
_TCP_LISTEN, _UDP_UNCONNECTED = "0A", "07"  # net/tcp_states.h, as /proc/net/tcp and udp show them


def keep_running(node: RunningNode, declared: Sequence[Service]) -> None:
    """Have exactly these services run: end those no longer declared, start those that do not run, leave the others."""
    wanted = {_key(service): service for service in declared}
    have = _running(node)
    gone = [pid for key, pid in have.items() if key not in wanted]
    _end(node, gone)
    kept = {key: pid for key, pid in have.items() if key in wanted}
    missing = [key for key in wanted if key not in kept]
    for key in missing:
        kept[key] = _start(node, wanted[key])
        _remember(node, kept)
    if gone and not missing:
        _remember(node, kept)
    for key in missing:
        if wanted[key].command:
            _await_listening(node, wanted[key], kept[key])


def _key(service: Service) -> str:
    """A service as text: what differs in any word of its declaration is another service."""
    return service.model_dump_json()


def _running(node: RunningNode) -> dict[str, int]:
    """The recorded services whose process still lives."""
    recorded: Mapping[str, int] = json.loads(node.read(_RECORD) or b"{}")
    alive = {process.pid for process in node.processes()} if recorded else set()
    return {key: pid for key, pid in recorded.items() if pid in alive}


def _remember(node: RunningNode, running: Mapping[str, int]) -> None:
    node.write({_RECORD: json.dumps(running).encode()})


def _start(node: RunningNode, service: Service) -> int:
    try:
        return node.spawn(_argv(service), log=_log(service))
    except CommandFailed as error:
        words = _last_words(node, service) or error.text
        raise NodeFailed(f"service {service.name!r} did not start: {words}", node.name) from None


def _argv(service: Service) -> list[str]:
    """The command split as a POSIX shell would, run without one; or the responder."""
    return shlex.split(service.command) if service.command else [RESPONDER, json.dumps([_responding(service)])]


def _responding(service: Service) -> dict[str, Any]:
    return service.model_dump(mode="json", include={"name", "address", "port", "protocol"})


def _log(service: Service) -> str:
    return f"/var/log/fabriclab/{service.name}.log"


def _last_words(node: RunningNode, service: Service) -> str:
    """The last line of the service's log."""
    lines = (node.read(_log(service)) or b"").decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else ""


def _await_listening(node: RunningNode, service: Service, pid: int) -> None:
    """Wait until a real daemon listens on its port; NodeFailed, with its own last words, if it ends or is too slow."""
    deadline = time.monotonic() + STARTS_WITHIN_S
    while not _listens(node, service):
        ended = pid not in {process.pid for process in node.processes()}
        if ended and not _listens(node, service):
            what = "ended before it listened"
        elif time.monotonic() > deadline:
            what = f"did not listen on port {service.port} within {STARTS_WITHIN_S:g} s"
        else:
            threading.Event().wait(_BETWEEN_LOOKS_S)
            continue
        words = _last_words(node, service) or "it said nothing"
        raise NodeFailed(f"service {service.name!r} {what}: {words}", node.name)


def _listens(node: RunningNode, service: Service) -> bool:
    protocol, state = ("udp", _UDP_UNCONNECTED) if service.protocol in ("udp", "dns") else ("tcp", _TCP_LISTEN)
    tables = [node.read(f"/proc/net/{protocol}"), node.read(f"/proc/net/{protocol}6")]
    return any(listens(table.decode(), service.port, state) for table in tables if table)


def listens(table: str, port: int, state: str) -> bool:
    """Whether a `/proc/net/tcp`-like table holds a socket with this local port in this state."""
    rows = (line.split() for line in table.splitlines()[1:])
    return any(int(row[1].rpartition(":")[2], 16) == port and row[3] == state for row in rows)


def _end(node: RunningNode, pids: Sequence[int]) -> None:
    """End processes, and wait until their ports are free again."""
    for number, within_s in ((signal.SIGTERM, ENDS_WITHIN_S), (signal.SIGKILL, ENDS_WITHIN_S)):
        deadline = time.monotonic() + within_s
        for pid in pids:
            node.signal(pid, number)
        while pids:
            alive = {process.pid for process in node.processes()}
            pids = [pid for pid in pids if pid in alive]
            if not pids or time.monotonic() > deadline:
                break
            threading.Event().wait(_BETWEEN_LOOKS_S)
    if pids:
        raise NodeFailed(f"processes {', '.join(map(str, pids))} do not end", node.name)
