"""A small network for trying the runtime: two FRR routers with a BGP session, and a host behind one of them.

Every process of such a lab carries a token (in its environment or its command line), so that what is left can be found.
"""

import os
import select
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from harness.cli import run

ROUTER = """\
router bgp {own}
 bgp router-id 192.0.2.{own}
 no bgp ebgp-requires-policy
 no bgp network import-check
 neighbor 192.0.2.{peer} remote-as {peer}
 neighbor 192.0.2.{peer} timers connect 1
 address-family ipv4 unicast
  network 198.51.100.{own}/32
"""
TOPOLOGY = """\
name: {name}
topology:
  defaults: {{network-mode: none, env: {{TOKEN: "{token}"}}}}
  kinds:
    frr:
      binds: ["__clabNodeName__/frr:/etc/frr"]
  nodes:
    r1: {{kind: frr, exec: [ip address add 192.0.2.1/24 dev eth1]}}
    r2: {{kind: frr, exec: [ip address add 192.0.2.2/24 dev eth1, ip address add 203.0.113.1/24 dev eth2]}}
    server: {{kind: linux, exec: [ip address add 203.0.113.2/24 dev eth1]}}
  links:
    - endpoints: [r1:eth1, r2:eth1]
    - endpoints: [r2:eth2, server:eth1]
"""
STORY = """\
name: the routers meet
topology: {file}
steps:
  - {{expect: sessions, within: 20s}}
  - {{expect: delivered, flow: {{from: server, to: r2, proto: icmp}}}}
"""


def write_network(folder: Path, name: str, token: str) -> Path:
    """The network's files in a folder; the topology file."""
    for own, peer in ((1, 2), (2, 1)):
        frr = folder / f"r{own}/frr"
        frr.mkdir(parents=True, exist_ok=True)
        (frr / "frr.conf").write_text(ROUTER.format(own=own, peer=peer))
        (frr / "daemons").write_text("zebra=yes\nbgpd=yes\n")
    file = folder / f"{name}.clab.yml"
    file.write_text(TOPOLOGY.format(name=name, token=token))
    (folder / "story.yml").write_text(STORY.format(file=file.name))
    return file


def processes_with(token: str) -> dict[int, str]:
    """Every process of this machine, this one excepted, whose command line or environment holds the token."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                words = (entry / "cmdline").read_bytes() + (entry / "environ").read_bytes()
                state = (entry / "stat").read_text().rsplit(")", 1)[1].split()[0]
            except (FileNotFoundError, ProcessLookupError, PermissionError):
                continue
            if token.encode() in words and state != "Z":
                found[int(entry.name)] = (entry / "comm").read_text().strip() if (entry / "comm").exists() else "?"
    return found


def host_interfaces() -> list[str]:
    """The names of the machine's own interfaces."""
    return sorted(entry.name for entry in Path("/sys/class/net").iterdir())


def left_behind(token: str, run_folder: Path, but: Sequence[str] = ()) -> list[str]:
    """What of labs with this token is left: processes, mounts, files; `but` are labs that may run on."""
    spared = {pid for name in but for pid in processes_with(f"{token}-{name}")}
    spared |= {pid for name in but for pid in processes_with(f"{run_folder}/{name}\0")}
    found = [f"process {pid} {name}" for pid, name in processes_with(token).items() if pid not in spared]
    mounts = Path("/proc/self/mountinfo").read_text().splitlines()
    found += [f"mount {line}" for line in mounts if str(run_folder) in line]
    if run_folder.is_dir():
        found += [f"file {entry}" for entry in run_folder.iterdir() if entry.name not in but]
    return found


class Command:
    """A `fabriclab` command in a child process of its own, without the time that an interpreter takes to start."""

    def __init__(self, *words: str) -> None:
        self.pid = os.fork()
        if not self.pid:
            self._become(words)
        self._handle = os.pidfd_open(self.pid)

    @staticmethod
    def _become(words: Sequence[str]) -> None:
        status = 70
        try:
            signal.signal(signal.SIGINT, signal.default_int_handler)
            null = os.open(os.devnull, os.O_RDWR)
            for stream in (0, 1, 2):
                os.dup2(null, stream)
            status = run(list(words))
        finally:
            os._exit(status)

    def wait(self, timeout_s: float) -> int | None:
        """Its exit status; None if it still runs then."""
        if not select.select([self._handle], [], [], timeout_s)[0]:
            return None
        os.close(self._handle)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])

    def kill(self) -> None:
        """kill -9."""
        os.kill(self.pid, signal.SIGKILL)
        self.wait(10)


def command(*words: str, timeout_s: float = 60) -> int:
    """A command's exit status."""
    running = Command(*words)
    status = running.wait(timeout_s)
    if status is None:
        running.kill()
        raise AssertionError(f"fabriclab {' '.join(words)}: not done within {timeout_s:g} s")
    return status


def fabriclab(*words: str, timeout_s: float = 60, **environment: str) -> "subprocess.CompletedProcess[str]":
    """The program as a person runs it."""
    import sys

    root = str(Path(__file__).resolve().parents[2])
    program = f"import sys; sys.path.insert(0, {root!r}); from harness.cli import main; main()"
    return subprocess.run(
        [sys.executable, "-c", program, *words],
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
        stdin=subprocess.DEVNULL,
        env={**os.environ, **environment},
    )


def until(true: Callable[[], bool], timeout_s: float, what: str) -> None:
    """Look again and again until something holds."""
    deadline = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < deadline, f"not within {timeout_s:g} s: {what}"
        time.sleep(0.02)
