"""The SSH keys of a lab: one pair for whoever logs in, and one per node by which it is known. They end with the lab.

Made by ssh-keygen(1) when somebody needs them first, in the lab's own folder, which no other user may enter. A node
that is restarted, or made anew, keeps its key, as a box keeps its disk.
"""

import subprocess
import threading
from dataclasses import dataclass
from pathlib import Path

from sim.errors import HostError

FOLDER = "ssh"
_USER = "id_ed25519"
_making = threading.Lock()  # nodes boot side by side, and each needs the user's key


@dataclass(frozen=True, slots=True)
class Key:
    """A key pair: the file of its private half, and its public half as authorized_keys and known_hosts have it."""

    file: Path
    public: str

    @property
    def private(self) -> bytes:
        """The private half, as OpenSSH's files hold it."""
        return self.file.read_bytes()


class Keys:
    """The keys of the lab in `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / FOLDER

    def user(self) -> Key:
        """By which people and tools log in."""
        return self._key(self.folder / _USER, "fabriclab")

    def host(self, node: str) -> Key:
        """By which a node is known."""
        return self._key(self.folder / "hosts" / node, node)

    def _key(self, file: Path, comment: str) -> Key:
        with _making:
            if not file.exists():
                file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                _make(file, comment)
        kind, text, *_ = file.with_name(f"{file.name}.pub").read_text().split()
        return Key(file, f"{kind} {text}")


def _make(file: Path, comment: str) -> None:
    """Make a pair, the private half in place last: where it is, the other one is."""
    fresh = file.with_name(f"{file.name}.new")
    fresh.unlink(missing_ok=True)
    argv = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", str(fresh)]
    try:
        subprocess.run(argv, check=True, capture_output=True, stdin=subprocess.DEVNULL)
    except FileNotFoundError:
        raise HostError("this machine has no ssh-keygen; install openssh-client, or `make setup`") from None
    except subprocess.CalledProcessError as error:
        raise HostError(f"ssh-keygen: {error.stderr.decode(errors='replace').strip()}") from None
    fresh.with_name(f"{fresh.name}.pub").replace(file.with_name(f"{file.name}.pub"))
    fresh.replace(file)
