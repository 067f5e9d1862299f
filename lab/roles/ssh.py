"""An SSH server on the management network: OpenSSH's sshd, for the nodes whose facts say `ssh: true`.

It is reached from the lab's host side alone, as a box is by its management port, through the node's own packet filter.
The user's key of the lab logs in as root; there are no passwords. Programs find what `fabriclab exec` finds: the same
PATH and the same home.
"""

import shlex
from collections.abc import Iterator

from lab.management import Port
from lab.node import RunningNode
from lab.roles import Surroundings
from sim.errors import HostError
from sim.topology.facts import Service
from sim.topology.model import Node

PORT = 22
_FOLDER = "/run/fabriclab/ssh"
_PROGRAM = "/usr/sbin/sshd"
_CONFIG = """\
HostKey {folder}/host_key
AuthorizedKeysFile {folder}/authorized_keys
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
StrictModes no
PrintMotd no
PrintLastLog no
UseDNS no
PidFile none
MaxStartups 100
MaxSessions 100
AcceptEnv LANG LC_*
SetEnv PATH={path}
Subsystem sftp internal-sftp
"""


def served(node: RunningNode, declared: Node, lab: Surroundings) -> Iterator[Service]:
    """The server as a service, its files in place; nothing where none is wanted. HostError where none can run."""
    port = lab.ports.get(node.name)
    if not declared.facts.ssh or port is None:
        return
    if node.read(_PROGRAM) is None:
        raise HostError(f"ssh: true, and there is no {_PROGRAM}; install openssh-server, or `make setup`", node.name)
    if (node.read("/proc/self/setgroups") or b"").strip() == b"deny":
        raise HostError("ssh: true, and sshd must set groups, which an ordinary user may not; use sudo", node.name)
    environment = dict(line.split("=", 1) for line in node.run(["env"]).text.splitlines() if "=" in line)
    _have_home(node, environment.get("HOME", "/root"))
    if node.read("/etc/shadow") is None:  # else the name service calls root locked, and sshd lets it in by no key
        node.write({"/etc/shadow": b"root:*:::::::\n"}, 0o600)
    config = _CONFIG.format(folder=_FOLDER, path=environment["PATH"]) + "".join(_listening(port))
    files = {
        f"{_FOLDER}/host_key": lab.keys.host(node.name).private,
        f"{_FOLDER}/authorized_keys": lab.keys.user().public.encode() + b"\n",
        f"{_FOLDER}/sshd_config": config.encode(),
        "/run/sshd/.for-sshd": b"",  # makes the folder: the empty room of those who have not logged in yet
        "/var/log/lastlog": b"",  # or every login is told that there is none
        "/etc/profile.d/fabriclab.sh": f"export PATH={shlex.quote(environment['PATH'])}\n".encode(),  # login shells
    }
    node.write({path: content for path, content in files.items() if not _has(node, path, content)}, 0o600)
    yield Service(name="ssh", port=PORT, command=f"{_PROGRAM} -D -e -f {_FOLDER}/sshd_config")


def _has(node: RunningNode, path: str, content: bytes) -> bool:
    """Whether a file is there as it should be; what is to be empty at first grows."""
    found = node.read(path)
    return found is not None and (found == content or not content)


def _listening(port: Port) -> Iterator[str]:
    """One that asks by DHCP gets no IPv6 address."""
    for address in (port.ipv4,) if port.by_dhcp else (port.ipv4, port.ipv6):
        yield f"ListenAddress {address}\n"


def _have_home(node: RunningNode, home: str) -> None:
    """Have root live where its programs' HOME is: what the machine calls root's home is the machine's."""
    found = node.read("/etc/passwd") or b""
    lines = [line.split(":") for line in found.decode(errors="surrogateescape").splitlines()]
    moved = [[*words[:5], home, *words[6:]] if words[0] == "root" and len(words) == 7 else words for words in lines]
    if moved != lines:
        text = "\n".join(":".join(words) for words in moved) + "\n"
        node.write({"/etc/passwd": text.encode(errors="surrogateescape")})
