"""An engine that is slow to begin with a container: a relay before the real one, told when to pass requests on.

Whoever asks may die meanwhile: the real engine gets the request nevertheless, and its answer is waited for.
"""

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Lock, Thread

_CREATE, _LIST = b"/containers/create", b"/containers/json"


class SlowEngine:
    """The relay. What asks for a container before the first answer to a list is passed on after that answer."""

    def __init__(self, listening: socket.socket, real: str) -> None:
        self._listening, self._real = listening, real
        self._lock = Lock()
        self._listed = Event()
        self.held = Event()
        """A container has been asked for, and the engine does not know yet."""
        self.asked, self.answered = 0, 0
        """Containers asked for, and answers to that, so far."""

    def serve(self) -> None:
        """Take connections until the socket is closed."""
        with suppress(OSError):
            while True:
                near, _ = self._listening.accept()
                far = socket.socket(socket.AF_UNIX)
                far.connect(self._real)
                Thread(target=self._relay, args=(near, far), daemon=True).start()

    def _relay(self, near: socket.socket, far: socket.socket) -> None:
        """One request after the other, each with its answer."""
        with near, far:
            while request := _read(near):
                creates = _CREATE in request.partition(b"\r\n")[0]
                if creates:
                    self._count(asked=1)
                    self.held.set()
                    self._listed.wait(60)
                far.sendall(request)
                answer = _read(far)
                self._count(answered=int(creates))
                with suppress(OSError):  # who asked may be dead
                    near.sendall(answer)
                if _LIST in request.partition(b"\r\n")[0] and self.held.is_set():
                    self._listed.set()

    def _count(self, asked: int = 0, answered: int = 0) -> None:
        with self._lock:
            self.asked += asked
            self.answered += answered


def _read(connection: socket.socket) -> bytes:
    """One message of HTTP/1.1, whole; nothing at the connection's end."""
    read = b""
    with suppress(OSError):
        while not _is_whole(read):
            if not (more := connection.recv(1 << 16)):
                return b""
            read += more
        return read
    return b""


def _is_whole(read: bytes) -> bool:
    head, _, body = read.partition(b"\r\n\r\n")
    fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:] if b": " in line)
    if fields.get(b"transfer-encoding") == b"chunked":
        return body.endswith(b"0\r\n\r\n")
    return b"\r\n\r\n" in read and len(body) >= int(fields.get(b"content-length", 0))


@contextmanager
def slow_engine(folder: Path, real: str) -> Iterator[SlowEngine]:
    """A relay in `folder`, to the engine whose socket `real` is."""
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(folder / "slow.sock"))
        listening.listen(32)
        made = SlowEngine(listening, real)
        Thread(target=made.serve, daemon=True).start()
        yield made
        listening.shutdown(socket.SHUT_RDWR)
