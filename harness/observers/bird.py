"""What BIRD says over its control socket: sessions of BGP, OSPF and BFD, its router id, and the prefixes of BGP.

BIRD should run where the node was given a configuration file for it; one that its image brings asks for nothing.
`bgp_prefixes` are those that came in by BGP and those it announces. Parsing is pure: numbered lines in, values out.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from socket import socket

from harness.observers.routing import DAEMON_DOWN, EVERY_PEER, Adjacency, Routing
from harness.push import pushed_paths
from lab.node import RunningNode
from sim.dataclasses import dataclass
from sim.errors import ProbeError
from sim.snapshot import Session

CONFIGS = ("/etc/bird/bird.conf", "/etc/bird.conf")
CONTROL = "/run/bird/bird.ctl"
_TIMEOUT_S = 20.0
_CHUNK_BYTES = 1 << 18
_FAILURES = ("8", "9")  # reply codes 8xxx: runtime error, 9xxx: syntax error
_ROUTE = re.compile(r"^(\S*)\s+\S+ \[(\S+) ")


@dataclass(frozen=True, slots=True)
class Protocol:
    """A protocol instance: its name and kind (BGP, OSPF, BFD ...), its state, and its detail lines by their label."""

    name: str
    kind: str
    state: str
    info: str
    details: Sequence[tuple[str, str]] = ()

    def detail(self, label: str) -> str | None:
        """The first detail of that label."""
        return next((value for key, value in self.details if key == label), None)


def observe_bird(node: RunningNode) -> Routing:
    """Ask BIRD if it should run. ProbeError where an answer makes no sense."""
    return _ask(node, lambda bird: bird.observe())


def bird_sessions(node: RunningNode) -> Routing:
    """The same without its tables, which may be large."""
    return _ask(node, lambda bird: bird.sessions(bird.protocols()))


def _ask(node: RunningNode, question: Callable[["_Bird"], Routing]) -> Routing:
    config = next((path for path in CONFIGS if node.read(path) is not None), None)
    if config is None:
        return Routing()
    try:
        with node.connect(CONTROL) as control:
            control.settimeout(_TIMEOUT_S)
            return question(_Bird(control, node.name))
    except ConnectionError:
        if config not in pushed_paths(node):
            return Routing()
        session = Session("bgp", EVERY_PEER, DAEMON_DOWN, up=False, daemon="bird")
        return Routing(sessions=(session,), notes=(f"bird does not answer; {config} asks for it",))
    except TimeoutError:
        raise ProbeError(f"bird did not answer within {_TIMEOUT_S:g} s", node.name) from None
    except (IndexError, ValueError) as error:
        raise ProbeError(f"bird: an answer that this observer does not understand ({error!r})", node.name) from error


class _Bird:
    """A conversation over the control socket."""

    def __init__(self, control: socket, where: str) -> None:
        self._control, self._where = control, where
        self._answer("its greeting")

    def ask(self, command: str) -> list[str]:
        """The lines of an answer, without their codes."""
        self._control.sendall(command.encode() + b"\n")
        return self._answer(command)

    def _answer(self, command: str) -> list[str]:
        heard = b""
        while not is_whole(heard):
            chunk = self._control.recv(_CHUNK_BYTES)
            if not chunk:
                raise ConnectionError("bird hung up")
            heard += chunk
        lines = heard.decode(errors="replace").splitlines()
        if lines[-1][0] in _FAILURES:
            raise ProbeError(f"bird: {command!r}: {lines[-1][5:]}", self._where)
        return [line[1:] if line[0] in " +" else line[5:] for line in lines if line]

    def protocols(self) -> list[Protocol]:
        return protocols(self.ask("show protocols all"))

    def sessions(self, found: Sequence[Protocol]) -> Routing:
        up = [each for each in found if each.state == "up"]
        sessions = [bgp_session(each) for each in found if each.kind == "BGP"]
        adjacencies: list[Adjacency] = []
        for each in (each for each in up if each.kind == "OSPF"):
            faces = self.ask(f"show ospf interface {each.name}")
            adjacencies += ospf_adjacencies(faces, self.ask(f"show ospf neighbors {each.name}"))
        for each in (each for each in up if each.kind == "BFD"):
            sessions += bfd_sessions(self.ask(f"show bfd sessions {each.name}"))
        return Routing(tuple(sessions), tuple(adjacencies))

    def observe(self) -> Routing:
        found = self.protocols()
        speakers = [each.name for each in found if each.state == "up" and each.kind == "BGP"]
        learnt = prefixes(self.ask("show route table all"), speakers) if speakers else set()
        announced = (prefixes(self.ask(f"show route export {name}")) for name in speakers)
        own = router_id(self.ask("show status"))
        return self.sessions(found) | Routing(router_ids=own, bgp_prefixes=frozenset(learnt.union(*announced)))


def is_whole(heard: bytes) -> bool:
    """Whether an answer has come to its end: a line whose code is followed by a space, and not only continued."""
    last = heard.rpartition(b"\n")[0].rpartition(b"\n")[2]
    return heard.endswith(b"\n") and bool(re.match(rb"(0|8|9)\d{3} ", last))


def protocols(lines: Sequence[str]) -> list[Protocol]:
    """`show protocols all`, without codes."""
    found: list[tuple[list[str], list[tuple[str, str]]]] = []
    for line in lines[1:]:
        if line and not line[0].isspace():
            found.append((line.split(maxsplit=5), []))
        elif found and ":" in line:
            label, _, value = line.strip().partition(":")
            found[-1][1].append((label, value.strip()))
    return [_protocol(words, details) for words, details in found]


def _protocol(words: Sequence[str], details: Sequence[tuple[str, str]]) -> Protocol:
    name, kind, _table, state = words[:4]
    info = words[5] if len(words) > 5 else ""
    return Protocol(name, kind, state, info.strip(), tuple(details))


def bgp_session(told: Protocol) -> Session:
    """A BGP instance as a session. BIRD's `Neighbor address` may carry an interface: `fe80::1%eth0`."""
    address, _, interface = (told.detail("Neighbor address") or told.name).partition("%")
    routes = [value for label, value in told.details if label == "Routes"]
    state = told.detail("BGP state") or "Down"
    remote = told.detail("Neighbor AS")
    return Session(
        protocol="bgp",
        peer=address,
        state=state,
        up=state == "Established",
        remote_as=int(remote) if remote and remote.isdigit() else None,
        local=told.detail("Source address"),
        interface=interface or None,
        daemon="bird",
        prefixes_received=sum(int(each.split()[0]) for each in routes) if state == "Established" else None,
    )


def ospf_adjacencies(faces: Sequence[str], neighbors: Sequence[str]) -> Iterator[Adjacency]:
    """`show ospf interface` and `show ospf neighbors` of one instance; stub interfaces want no neighbour."""
    own = dict(_ospf_interfaces(faces))
    rows = [line.split() for line in neighbors if re.match(r"\d+\.\d+\.\d+\.\d+\s", line)]
    for name, state in own.items():
        if state not in ("Loopback", "Stub"):
            seen = (row for row in rows if row[4] == name)
            yield Adjacency(name, tuple(_ospf_session(row, state) for row in seen), "bird")


def _ospf_interfaces(lines: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Each interface and its state; a stub says so behind its state."""
    name = ""
    for line in lines:
        if line.startswith("Interface "):
            name = line.split()[1]
        elif line.strip().startswith("State:"):
            yield name, "Stub" if "stub" in line else line.split()[1]


def _ospf_session(row: Sequence[str], own: str) -> Session:
    """Router id, priority, state/role, dead time, interface, address."""
    state, _, role = row[2].partition("/")
    return Session(
        protocol="ospf",
        peer=row[5],
        state=row[2],
        up=state == "Full" or (state == "2-Way" and role == "Other" and own == "DROther"),
        interface=row[4],
        daemon="bird",
    )


def bfd_sessions(lines: Sequence[str]) -> Iterator[Session]:
    """`show bfd sessions` of one instance."""
    for row in (line.split() for line in lines if re.match(r"[0-9a-f.:]+\s", line)):
        interface = None if row[1] == "---" else row[1]
        yield Session("bfd", row[0], row[2], up=row[2] == "Up", interface=interface, daemon="bird")


def prefixes(lines: Sequence[str], origins: Sequence[str] | None = None) -> set[str]:
    """The prefixes of `show route`, only those of the protocols `origins` if given. A further route of the same prefix
    stands under it, indented."""
    found, current = set(), ""
    for line in lines:
        matched = _ROUTE.match(line)
        if matched:
            current = matched[1] or current
            if origins is None or matched[2] in origins:
                found.add(current)
    return found


def router_id(lines: Sequence[str]) -> dict[str, str]:
    """`show status`."""
    told = next((line for line in lines if line.startswith("Router ID is ")), None)
    return {"bird": told.rpartition(" ")[2]} if told else {}
