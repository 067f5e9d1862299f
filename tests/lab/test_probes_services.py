"""Pages, names, ladders, MTUs and neighbours, asked in a real network."""

import socket
import struct
import threading
from collections.abc import Callable

import pytest
from probe_network import Network, listen

from harness.probes.ladder import Rung
from harness.probes.prober import Prober
from sim.flow import Flow

pytestmark = pytest.mark.kernel


def once(serve: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=serve)
    thread.start()
    return thread


def test_a_page_comes_from_the_address_that_was_asked(net: Network, prober: Prober) -> None:
    with listen(net.node("b"), 80) as service:
        service.settimeout(10)

        def serve() -> None:
            line, _ = service.accept()
            with line:
                line.recv(4096)
                line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")

        thread = once(serve)
        page = prober.http(Flow("a", "b", "tcp", dport=80))
        thread.join()
    assert (page.status, page.body, page.answered_from) == (200, b"hello", "10.0.3.2")


def test_no_page_says_why(prober: Prober) -> None:
    page = prober.http(Flow("a", "b", "tcp", dport=80))
    assert page.status is None
    assert "refused" in page.why


def test_a_name_is_resolved(net: Network, prober: Prober) -> None:
    with listen(net.node("b"), 53, kind=socket.SOCK_DGRAM) as service:
        service.settimeout(10)

        def serve() -> None:
            query, peer = service.recvfrom(512)
            head = query[:2] + struct.pack("!HHHHH", 0x8180, 1, 1, 0, 0)
            service.sendto(head + query[12:] + b"\xc0\x0c" + struct.pack("!HHIH4B", 1, 1, 60, 4, 192, 0, 2, 7), peer)

        thread = once(serve)
        found = prober.dns(Flow("a", "b", "udp", dport=53), "www.example.org")
        thread.join()
    assert (found.code, found.addresses, found.answered_from) == (0, ("192.0.2.7",), "10.0.3.2")
    assert "refused" in prober.dns(Flow("a", "b", "udp", dport=53), "www.example.org").why


@pytest.mark.parametrize("protocol", ["icmp", "udp", "tcp"])
def test_every_router_answers_on_the_ladder(prober: Prober, protocol: str) -> None:
    flow = Flow("a", "b", protocol, dport=None if protocol == "icmp" else 81)  # type: ignore[arg-type]
    assert prober.ladder(flow, highest=5) == (
        Rung(1, "10.0.1.1", "r1"),
        Rung(2, "10.0.2.2", "r2"),
        Rung(3, "10.0.3.2", "b", last=True),
    )


def test_a_ladder_over_ipv6(prober: Prober) -> None:
    assert [rung.node for rung in prober.ladder(Flow("a", "2001:db8:3::2"), highest=4)] == ["r1", "r2", "b"]


def test_the_mtu_of_a_way_is_its_smallest(net: Network, prober: Prober) -> None:
    net.node("r1").run(["ip", "link", "set", "eth2", "mtu", "1400"])
    assert prober.path_mtu(Flow("a", "b"), highest=2000) == 1400


def test_who_answers_for_an_address(net: Network, prober: Prober) -> None:
    [answer] = prober.who_has("a:eth1", "10.0.1.1")
    assert answer in net.node("r1").run(["ip", "link", "show", "eth1"]).text
    [answer] = prober.who_has("a:eth1", "2001:db8:1::1")
    assert answer in net.node("r1").run(["ip", "link", "show", "eth1"]).text
    assert prober.who_has("a:eth1", "10.0.1.99") == ()


def test_an_address_that_two_have_is_seen_twice(net: Network, prober: Prober) -> None:
    r1 = net.node("r1")
    r1.run(["ip", "link", "add", "link", "eth1", "name", "twin", "type", "macvlan", "mode", "bridge"])
    r1.run(["ip", "link", "set", "twin", "up"])
    r1.run(["ip", "addr", "add", "10.0.1.1/24", "dev", "twin"])
    assert len(prober.who_has("a:eth1", "10.0.1.1")) == 2
