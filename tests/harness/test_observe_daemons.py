"""Daemons that are down, hang up or talk nonsense, and the OSPF sessions that a drawing asks for."""

import socket
import threading
from pathlib import Path
from typing import Any, cast

import pytest

from harness.observe import _Observed, ospf_sessions
from harness.observers.bird import observe_bird
from harness.observers.frr import observe_frr
from harness.observers.kernel import Kernel
from harness.observers.routing import DAEMON_DOWN, Adjacency, Routing
from harness.push import RECORD
from harness.segments import Segments
from lab.node import RunningNode
from sim.errors import ProbeError
from sim.snapshot import Interface, Session
from sim.topology.model import Endpoint, Kind, Link, LinkType, Node, Topology


class Box:
    """A node with files, whose daemon answers every question with the same bytes (None: it does not run)."""

    name = "leaf1"

    def __init__(self, files: dict[str, bytes], answer: bytes | None) -> None:
        self.files, self.answer = files, answer

    def read(self, path: str) -> bytes | None:
        return self.files.get(path)

    def connect(self, path: str, timeout_s: float = 0.0) -> socket.socket:
        if self.answer is None:
            raise ConnectionError(f"{path}: Connection refused")
        ours, theirs = socket.socketpair()
        threading.Thread(target=self.serve, args=(theirs,), daemon=True).start()
        return ours

    def serve(self, peer: socket.socket) -> None:
        with peer:
            if not self.answer:
                return
            if b"ready" in self.answer:
                peer.sendall(b"0001 BIRD 2.0.12 ready.\n")
            while heard := peer.recv(4096):
                peer.sendall(b"\0\0\0\0" if heard == b"enable\0" else self.answer.replace(b"ready", b""))


FRR = {"/etc/frr/daemons": b"bgpd=yes\nospfd=no\nzebra=yes\n"}
BIRD = {"/etc/bird/bird.conf": b"router id 10.0.0.1;\n", RECORD: b'{"files": ["/etc/bird/bird.conf"]}'}


def frr_of(answer: bytes | None, files: dict[str, bytes] = FRR) -> Routing:
    return observe_frr(cast(RunningNode, Box(files, answer)))


def bird_of(answer: bytes | None) -> Routing:
    return observe_bird(cast(RunningNode, Box(BIRD, answer)))


def test_a_node_without_daemons_has_no_sessions_and_no_notes() -> None:
    assert frr_of(None, {}) == Routing()
    assert observe_bird(cast(RunningNode, Box({}, None))) == Routing()


def test_a_configuration_that_an_image_brings_asks_for_no_daemon() -> None:
    of_the_image = {path: content for path, content in BIRD.items() if path != RECORD}
    assert observe_bird(cast(RunningNode, Box(of_the_image, None))) == Routing()


@pytest.mark.parametrize("answer", [None, b""])
def test_a_daemon_that_is_down_or_hangs_up_is_told_as_a_session_that_is_not_up(answer: bytes | None) -> None:
    for found in (frr_of(answer), bird_of(answer)):
        assert [(each.protocol, each.peer, each.state, each.up) for each in found.sessions] == [
            ("bgp", "*", DAEMON_DOWN, False)
        ]
        assert len(found.notes) == 1


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"{ not json\0\0\0\0", "leaf1: bgpd: 'show bgp vrf all neighbors json' answered no JSON"),
        (b"% Unknown command\0\0\0\2", "leaf1: bgpd: 'show bgp vrf all neighbors json': % Unknown command"),
        (b'{"default": 7}\0\0\0\0', "leaf1: bgpd: an answer that this observer does not understand"),
        (b'{"default": {"e1": {"bgpState": "Idle", "addressFamilyInfo": 3}}}\0\0\0\0', "leaf1: bgpd: an answer"),
    ],
)
def test_an_answer_of_frr_that_makes_no_sense_is_an_error_with_node_and_command(answer: bytes, words: str) -> None:
    with pytest.raises(ProbeError) as raised:
        frr_of(answer)
    assert str(raised.value).startswith(words)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"ready9001 syntax error\n", "leaf1: bird: 'show protocols all': syntax error"),
        (b"ready2002-Name\n1002-rr1 BGP\n0000 \n", "leaf1: bird: an answer that this observer does not understand"),
    ],
)
def test_an_answer_of_bird_that_makes_no_sense_is_an_error_with_node_and_command(answer: bytes, words: str) -> None:
    with pytest.raises(ProbeError) as raised:
        bird_of(answer)
    assert str(raised.value).startswith(words)


# --- which OSPF sessions are asked for


def cable(*ends: str) -> Link:
    return Link(LinkType.VETH, tuple(Endpoint(node, face) for node, _, face in (end.partition(":") for end in ends)))


def drawn(*links: Link, bridges: tuple[str, ...] = ()) -> Segments:
    names = {end.node for link in links for end in link.endpoints}
    nodes = {name: Node(name, kind=Kind.BRIDGE if name in bridges else Kind.FRR) for name in sorted(names)}
    return Segments(Topology("t", Path("t"), nodes, links))


def speaking(faces: dict[str, str], *adjacencies: Adjacency, masters: dict[str, str] | None = None) -> _Observed:
    masters = masters or {}
    shown = {name: Interface(name, (f"{address}/24",)) for name, address in faces.items()}
    shown |= {port: Interface(port, master=master) for port, master in masters.items()}
    return _Observed(Kernel(shown, {}, {}, (), {}), Routing(adjacencies=adjacencies), (), ())


def with_neighbour(interface: str, peer: str) -> Adjacency:
    return Adjacency(interface, (Session("ospf", peer, "Full/DR", True, interface=interface),))


def told(name: str, found: dict[str, Any], segments: Segments) -> list[tuple[str, str]]:
    return [(each.peer, each.state) for each in ospf_sessions(name, found, segments)]


def test_two_ends_of_a_cable_that_speak_ospf_are_to_see_each_other() -> None:
    segments = drawn(cable("a:e1", "b:e1"))
    found = {"a": speaking({"e1": "10.0.0.1"}, Adjacency("e1")), "b": speaking({"e1": "10.0.0.2"}, Adjacency("e1"))}
    assert told("a", found, segments) == [("10.0.0.2", "Down")]
    found["a"] = speaking({"e1": "10.0.0.1"}, with_neighbour("e1", "10.0.0.2"))
    assert told("a", found, segments) == [("10.0.0.2", "Full/DR")]


def test_where_the_other_end_is_passive_or_gone_no_session_is_asked_for() -> None:
    segments = drawn(cable("a:e1", "b:e1"))
    assert told("a", {"a": speaking({"e1": "10.0.0.1"}, Adjacency("e1")), "b": speaking({})}, segments) == []
    assert told("a", {"a": speaking({"e1": "10.0.0.1"}, Adjacency("e1"))}, segments) == []


def test_on_a_bridge_every_speaker_is_to_see_every_other() -> None:
    links = (cable("a:e1", "br:p1"), cable("b:e1", "br:p2"), cable("br2:p1", "br:p3"), cable("c:e1", "br2:p2"))
    segments = drawn(*links, bridges=("br", "br2"))
    found = {
        "a": speaking({"e1": "10.0.0.1"}, with_neighbour("e1", "10.0.0.2")),
        "b": speaking({"e1": "10.0.0.2"}, Adjacency("e1")),
        "c": speaking({"e1": "10.0.0.3"}, Adjacency("e1")),
    }
    assert told("a", found, segments) == [("10.0.0.2", "Full/DR"), ("10.0.0.3", "Down")]


def test_a_bridge_device_and_a_vlan_speak_for_their_ports() -> None:
    segments = drawn(cable("a:swp1", "b:eth1"))
    masters = {"swp1": "br912"}
    found = {
        "a": speaking({"br912": "10.0.0.1"}, Adjacency("br912"), masters=masters),
        "b": speaking({"eth1": "10.0.0.2"}, Adjacency("eth1")),
    }
    assert told("a", found, segments) == [("10.0.0.2", "Down")]
    assert told("b", found, segments) == [("10.0.0.1", "Down")]
    assert list(segments.across("a", "swp1.7")) == [("b", "eth1.7")]
