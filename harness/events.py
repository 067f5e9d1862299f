"""events: what happens in a running lab, as it happens, for as long as somebody reads.

Kernels tell their news themselves, on a socket per node. Routing daemons and the runtime do not: they are asked again
when a kernel had news, and every second otherwise. A node that comes back, or is added by another command, is heard
from then on.
"""

import json
import selectors
import sys
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from socket import AF_INET, AF_INET6, AF_NETLINK, AF_UNSPEC, NETLINK_ROUTE, SOCK_RAW, SOL_SOCKET, socket

from harness.bell import QUIET_S, listen
from harness.event import Ear, Event
from harness.observers import netlink as nl
from harness.observers.bird import bird_sessions
from harness.observers.frr import frr_sessions
from harness.observers.kernel import dump
from lab import naming
from lab.lab import Lab
from lab.node import RunningNode
from sim.dataclasses import dataclass, field
from sim.errors import LabError
from sim.snapshot import Session

ASK_EVERY_S = 1.0
SO_NETNS_COOKIE = 71
RTNLGRP_NEXTHOP = 32
_ACTIONS = {"running": "start", "halted": "stop", "failed": "die", "missing": "destroy"}
_RECEIVE_BYTES = 1 << 16
_ANSWERS_WITHIN_S = 10.0


def show(lab: Lab, names: Sequence[str], as_json: bool, initial_state: bool) -> None:
    """Write events to standard output, one line each, until Ctrl-C or the lab's end."""
    for name in names:
        lab.topology.node(name)
    with suppress(KeyboardInterrupt):
        for event in events(lab, names, initial_state):
            text = json.dumps(event.to_json(), ensure_ascii=False) if as_json else str(event)
            sys.stdout.write(text + "\n")
            sys.stdout.flush()


def events(lab: Lab, names: Collection[str] = (), initial_state: bool = False) -> Iterator[Event]:
    """The events of a lab, or of these nodes of it; ends with the lab. `initial_state`: first what there is now."""
    stream = _Stream(lab, names)
    try:
        while Lab.runs(lab.name):
            with suppress(LabError):  # a node, or the lab, that goes away in the middle of a look: the next one tells
                for event in stream.look():
                    if initial_state or not stream.is_new:
                        yield event
                stream.is_new = False
                yield from stream.wait(ASK_EVERY_S)
        yield Event("lab", "destroy", lab.name)
    finally:
        stream.close()


@dataclass(slots=True)
class _Watched:
    """A node that runs: where its kernel tells news, and the sessions it had."""

    ear: Ear
    listening: socket
    sessions: dict[str, Session] = field(default_factory=dict)
    rang: bool = False


class _Stream:
    """Everything that is listened to."""

    def __init__(self, lab: Lab, names: Collection[str]) -> None:
        self._lab, self._names = lab, names
        self._states: dict[str, str] = {}
        self.is_new = True  # until the first look is over
        self._watched: dict[str, _Watched] = {}
        self._selector = selectors.DefaultSelector()
        self._record = lab.record_number()

    def wait(self, longest_s: float) -> Iterator[Event]:
        """What kernels tell until they pause, or nothing after `longest_s`."""
        end = time.monotonic() + longest_s
        rung = self._selector.select(longest_s)
        while rung:
            for key, _ in rung:
                yield from self._hear(key.data, self._watched[key.data])
            left = end - time.monotonic()
            rung = self._selector.select(min(QUIET_S, left)) if left > 0 else []

    def _hear(self, name: str, watched: _Watched) -> Iterator[Event]:
        watched.rang = True
        while True:
            try:
                datagram = watched.listening.recv(_RECEIVE_BYTES)
            except BlockingIOError:
                return
            except OSError:  # ENOBUFS: more news than the socket holds
                yield Event("lab", "overrun", name, self._common(name))
                return
            yield from watched.ear.hear(datagram)

    def look(self) -> Iterator[Event]:
        """What the runtime and the daemons say, where it is new. The first look tells everything as it is."""
        if self._lab.record_number() != self._record:  # another command changed what the lab consists of
            self._lab = Lab.find(self._lab.name)
            self._record = self._lab.record_number()
        states = self._lab.states()
        now = {name: state for name, state in states.items() if not self._names or name in self._names}
        yield from self._power(now)
        yield from self._ask_routes()
        asked = self._lab.each(_sessions, self._watched)
        for name, sessions in asked.items():
            yield from self._compare(name, self._watched[name], sessions)

    def _power(self, now: Mapping[str, str]) -> Iterator[Event]:
        """Nodes whose state is another one, and those that were off and on again since the last look."""
        for name in {**self._states, **now}:
            old, new = self._states.get(name), now.get(name, "missing")
            again = old == new == "running" and self._is_another(name)
            if again or new != "running":
                self._forget(name)
            if again:
                yield self._node(name, "stop")
            if again or new != old:
                yield self._node(name, new if self.is_new else _ACTIONS[new])
            if new == "running" and name not in self._watched:
                yield from self._attend(name)
            self._states[name] = new

    def _is_another(self, name: str) -> bool:
        """Whether a node that had news has another network namespace than the one that is listened to."""
        watched = self._watched[name]
        if not watched.rang:
            return False
        watched.rang = False
        with _asking(self._lab.runtime.node(name)) as fresh:
            return _namespace(fresh) != _namespace(watched.listening)

    def _attend(self, name: str) -> Iterator[Event]:
        node = self._lab.runtime.node(name)
        watched = self._watched[name] = _Watched(Ear(name, self._common(name)), listen(node, RTNLGRP_NEXTHOP))
        self._selector.register(watched.listening, selectors.EVENT_READ, name)
        with _asking(node) as asked:
            yield from watched.ear.know([nl.link(body) for body in dump(asked, nl.RTM_GETLINK, AF_UNSPEC, 1)])
            yield from watched.ear.now_routed(_routes(asked), known=True)

    def _ask_routes(self) -> Iterator[Event]:
        """What kernels took out without a word."""
        for name, watched in self._watched.items():
            if watched.ear.missed:
                with _asking(self._lab.runtime.node(name)) as asked:
                    yield from watched.ear.now_routed(_routes(asked))

    def _forget(self, name: str) -> None:
        if watched := self._watched.pop(name, None):
            self._selector.unregister(watched.listening)
            watched.listening.close()

    def _compare(self, name: str, watched: _Watched, now: Mapping[str, Session]) -> Iterator[Event]:
        """Sessions that came, went, or are in another state."""
        before, watched.sessions = watched.sessions, dict(now)
        for key in {**before, **now}:
            old, new = before.get(key), now.get(key)
            if old is None or new is None or (old.state, old.up) != (new.state, new.up):
                session = new or old
                assert session is not None
                action = "delete" if new is None else "update" if old else "create"
                yield Event("session", action, name, self._common(name) | _told(session))

    def _node(self, name: str, action: str) -> Event:
        return Event("node", action, name, self._common(name))

    def _common(self, name: str) -> dict[str, str]:
        return {"lab": self._lab.name, "name": naming.long_name(self._lab.topology, name)}

    def close(self) -> None:
        """Listen no more."""
        for name in list(self._watched):
            self._forget(name)
        self._selector.close()


def _asking(node: RunningNode) -> socket:
    """A socket on which a node's kernel answers."""
    asking = node.socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE)
    asking.settimeout(_ANSWERS_WITHIN_S)
    return asking


def _routes(asked: socket) -> list[nl.RouteMessage]:
    families = (AF_INET, AF_INET6)
    return [nl.route(body) for family in families for body in dump(asked, nl.RTM_GETROUTE, family, int(family))]


def _namespace(held: socket) -> int:
    """The number of a socket's network namespace, never given twice."""
    return int.from_bytes(held.getsockopt(SOL_SOCKET, SO_NETNS_COOKIE, 8), sys.byteorder)


def _sessions(node: RunningNode) -> dict[str, Session]:
    """Every session that a node's daemons tell, by what makes it the same."""
    routing = frr_sessions(node) | bird_sessions(node)
    found = [*routing.sessions, *(each for adjacency in routing.adjacencies for each in adjacency.sessions)]
    return {f"{each.daemon} {each.protocol} {each.vrf} {each.peer} {each.interface}": each for each in found}


def _told(session: Session) -> dict[str, str]:
    told = {
        "protocol": session.protocol,
        "peer": session.peer,
        "session": session.state,
        "state": "up" if session.up else "down",
        "daemon": session.daemon,
    }
    told |= {"ifname": session.interface} if session.interface else {}
    return told | ({"vrf": session.vrf} if session.vrf != "default" else {})
