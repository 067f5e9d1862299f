"""The small services, asked over loopback."""

import json
import signal
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lab.responder import dns_answer, http_answer

PROGRAM = """
import json, sys
from lab.responder import serve
serve(json.loads(sys.argv[1]), lambda: print("ready", flush=True))
"""
ROOT = Path(__file__).parents[2]
Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start() -> Iterator[Start]:
    """Start the responder with services, and end it after the test."""
    started: list[subprocess.Popen[str]] = []

    def _start(*services: dict[str, object]) -> subprocess.Popen[str]:
        argv = [sys.executable, "-c", PROGRAM, json.dumps(services)]
        started.append(subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
        return started[-1]

    yield _start
    for process in started:
        process.kill()
        process.communicate()


def serving(start: Start, protocol: str, address: str | None, name: str = "keystone") -> int:
    """Start one service on a free port; the port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    process = start({"name": name, "address": address, "port": port, "protocol": protocol})
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return port


def everything(peer: socket.socket) -> bytes:
    words = b""
    while chunk := peer.recv(65536):
        words += chunk
    return words


def say_all(peer: socket.socket, words: bytes) -> None:
    peer.sendall(words)
    peer.shutdown(socket.SHUT_WR)


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_http_answers_with_the_service_and_the_node(start: Start, address: str) -> None:
    port = serving(start, "http", address)
    with socket.create_connection((address, port), timeout=5) as peer:
        peer.sendall(b"GET / HTTP/1.1\r\nHost: ")
        peer.sendall(b"x\r\n\r\n")
        head, body = everything(peer).split(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\nServer: fabriclab\r\n")
    assert body == f"keystone on {socket.gethostname()}\n".encode()


def test_tcp_says_its_name_and_then_echoes_more_than_a_buffer_holds(start: Start) -> None:
    port = serving(start, "tcp", None)
    long = bytes(range(256)) * 20000
    with socket.create_connection(("127.0.0.1", port), timeout=5) as peer:
        sender = threading.Thread(target=say_all, args=(peer, long))
        sender.start()
        banner, echo = everything(peer).split(b"\r\n", 1)
        sender.join()
    assert banner == f"keystone {socket.gethostname()}".encode()
    assert echo == long


@pytest.mark.parametrize(("family", "address"), [(socket.AF_INET, "127.0.0.77"), (socket.AF_INET6, "::1")])
def test_a_wildcard_answers_datagrams_from_the_address_asked(start: Start, family: int, address: str) -> None:
    port = serving(start, "udp", None, "syslog")
    with socket.socket(family, socket.SOCK_DGRAM) as peer:
        peer.settimeout(5)
        peer.sendto(b"hello", (address, port))
        words, sender = peer.recvfrom(100)
    assert sender[:2] == (address, port)
    assert words.startswith(b"syslog ")
    assert words.endswith(b"\nhello")


def question(kind: int) -> bytes:
    return struct.pack("!HHHHHH", 7, 0x0100, 1, 0, 0, 0) + b"\x03www\x07example\x00" + struct.pack("!HH", kind, 1)


def test_dns_answers_its_own_address(start: Start) -> None:
    port = serving(start, "dns", None, "resolver")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        peer.settimeout(5)
        peer.sendto(question(1), ("127.0.0.9", port))
        words = peer.recv(512)
    assert words[:2] == b"\x00\x07"
    assert struct.unpack("!HH", words[4:8]) == (1, 1)
    assert words.endswith(socket.inet_aton("127.0.0.9"))


def test_dns_has_no_record_of_another_family_and_ignores_what_is_no_query() -> None:
    answer = dns_answer(question(28), socket.inet_aton("127.0.0.9"))
    assert answer is not None
    assert struct.unpack("!HHH", answer[2:8]) == (0x8500, 1, 0)
    assert dns_answer(b"\x00" * 16, b"") is None
    assert dns_answer(question(1)[:14], b"") is None
    assert dns_answer(b"\x00\x07\x80\x00" + question(1)[4:], b"") is None


def test_head_of_http_has_no_body() -> None:
    assert http_answer("web", "node", head=True).endswith(b"\r\n\r\n")


@pytest.mark.parametrize("address", ["192.0.2.1", "2001:db8::1"])
def test_an_address_that_the_node_does_not_own_is_refused_loudly(start: Start, address: str) -> None:
    process = start({"name": "keystone", "address": address, "port": 5000, "protocol": "http"})
    out, words = process.communicate(timeout=10)
    assert process.returncode == 1
    assert out == ""
    assert words == f"keystone: cannot listen on {address} port 5000: Cannot assign requested address\n"


def test_it_ends_on_sigterm(start: Start) -> None:
    process = start({"name": "a", "port": 0, "protocol": "tcp"})
    assert process.stdout is not None
    process.stdout.readline()
    process.terminate()
    assert process.wait(timeout=5) == -signal.SIGTERM
