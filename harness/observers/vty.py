"""A daemon of FRR, asked over its own vty socket: half a millisecond a command, where `vtysh -c` takes forty.

The protocol is vtysh's: a command and a NUL; the answer, three NULs and a status byte.
"""

import json
from socket import socket
from types import TracebackType
from typing import Any, Self

from lab.node import RunningNode
from sim.errors import ProbeError

FOLDER = "/run/frr"
_TIMEOUT_S = 20.0
_END = b"\0\0\0"
_CHUNK_BYTES = 1 << 18


class Vty:
    """A connection to `daemon` on a node. ConnectionError if it does not answer, ProbeError for a refused command."""

    def __init__(self, node: RunningNode, daemon: str) -> None:
        self._where = node.name
        self._daemon = daemon
        self._socket: socket = node.connect(f"{FOLDER}/{daemon}.vty")
        self._socket.settimeout(_TIMEOUT_S)
        self.ask("enable")

    def ask(self, command: str) -> str:
        """What the daemon prints for a command."""
        try:
            self._socket.sendall(command.encode() + b"\0")
            answer = bytearray()
            while answer[-4:-1] != _END:
                chunk = self._socket.recv(_CHUNK_BYTES)
                if not chunk:
                    raise ConnectionError(f"{self._daemon} hung up")
                answer += chunk
        except TimeoutError:
            raise ProbeError(
                f"{self._daemon}: {command!r} was not answered within {_TIMEOUT_S:g} s", self._where
            ) from None
        text = answer[:-4].decode(errors="replace")
        if text.startswith("% "):
            raise ProbeError(f"{self._daemon}: {command!r}: {text.strip()}", self._where)
        return text

    def ask_json(self, command: str) -> Any:
        """What the daemon answers as JSON; nothing at all counts as an empty object."""
        text = self.ask(command)
        try:
            return json.loads(text) if text.strip() else {}
        except json.JSONDecodeError as error:
            raise ProbeError(f"{self._daemon}: {command!r} answered no JSON ({error})", self._where) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()
