#!/usr/bin/env python3
"""A Docker daemon of one's own beside the machine's, for tests, CI, and machines where none runs. Needs root.

    eval "$(scripts/dockerd.py start FOLDER)"     start it, and tell where it listens: DOCKER_HOST
    scripts/dockerd.py stop FOLDER                end it and every container of its own
    scripts/dockerd.py run FOLDER COMMAND...      run a command beside it, and stop it whatever becomes of the command

FOLDER holds its images and outlives it; remove it like any folder once the daemon is stopped. Everything else goes by
one name, made from FOLDER's path: the run-time folder below /run (socket, pid file, log), the cgroup of its containers,
and its namespace in containerd. So whatever a killed daemon left behind is found by that name, and `stop` ends it too.

The host's network stays as it is: no bridge, no firewall rules, no forwarding. Containers get the network `none`.
`run` starts nothing where DOCKER_HOST names a daemon already, or where the user is not root, and says so.
Exit status: that of COMMAND; 3 where this machine can not run the daemon, with the daemon's own words.
"""

import contextlib
import fcntl
import hashlib
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

READY_WITHIN_S = 60.0
ENDS_WITHIN_S = 20.0
_DAEMONS = ("dockerd", "containerd", "containerd-shim")


class CannotRun(Exception):
    """This machine can not run the daemon, or it did not end; what to do is in the words."""


class Daemon:
    """The daemon that goes with one folder of images, running or not."""

    def __init__(self, folder: str) -> None:
        self.folder = Path(folder).resolve()
        self.name = f"fabriclab-dockerd-{hashlib.sha256(bytes(self.folder)).hexdigest()[:10]}"
        self.state = Path("/run") / self.name
        self.host = f"unix://{self.state}/docker.sock"

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Hold off whoever else starts or stops this daemon."""
        self.folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.folder, os.O_RDONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def running(self) -> bool:
        """Whether it answers."""
        with socket.socket(socket.AF_UNIX) as client:
            return client.connect_ex(f"{self.state}/docker.sock") == 0

    def start(self, ends_with_us: bool = False) -> bool:
        """Start it and wait until it is ready; False where it was running. Containers of a killed one are removed."""
        for program in ("dockerd", "docker", "containerd"):
            if shutil.which(program, path=_path()) is None:
                raise CannotRun(f"no program {program}: apt install docker.io, or `scripts/setup.sh docker`")
        if os.geteuid() != 0:
            raise CannotRun(
                "only root can run a Docker daemon: run this with sudo, or set DOCKER_HOST to one that runs"
            )
        with self.alone():
            if self.running():
                return False
            self._sweep()
            self.state.mkdir(mode=0o711)
            (self.state / "daemon.json").write_text(json.dumps(self._configuration(), indent=2))
            self._launch(ends_with_us)
            self._remove_containers()
        return True

    def stop(self) -> None:
        """End it, its containers, and what a killed one left: processes, mounts, cgroups, sockets."""
        with self.alone():
            if self.running():
                self._remove_containers()  # left to the daemon, each would get ten seconds to end
            pid = self._pid()
            if pid:
                _end(pid, signal.SIGTERM)
            self._sweep()

    def _configuration(self) -> dict[str, object]:
        """Its whole configuration, so that the machine's own daemon.json is not read."""
        return {
            "hosts": [self.host],
            "data-root": str(self.folder),
            "exec-root": f"{self.state}/exec",
            "pidfile": f"{self.state}/docker.pid",
            "bridge": "none",
            "iptables": False,
            "ip6tables": False,
            "ip-masq": False,
            "ip-forward": False,
            "userland-proxy": False,
            "storage-driver": self._storage(),
            "exec-opts": ["native.cgroupdriver=cgroupfs"],
            "cgroup-parent": f"/{self.name}",
            "containerd-namespace": self.name,  # where the machine's containerd runs, it is used
            "containerd-plugins-namespace": f"{self.name}-plugins",
            "log-level": "warn",
        }

    def _storage(self) -> str:
        """overlay2 where an overlay can be mounted in the folder, found by trial; else vfs, which copies."""
        trial = self.state / "trial"
        layers = [self.folder / f"trial-{layer}" for layer in ("lower", "upper", "work")]
        for folder in (trial, *layers):
            folder.mkdir(exist_ok=True)
        options = "lowerdir={},upperdir={},workdir={}".format(*layers)
        mounted = _quietly("mount", "-t", "overlay", "-o", options, "overlay", str(trial))
        if mounted:
            _quietly("umount", str(trial))
        for folder in (trial, *layers):
            shutil.rmtree(folder)
        return "overlay2" if mounted else "vfs"

    def _launch(self, ends_with_us: bool) -> None:
        """Start dockerd in a session of its own, and wait for the word that it sends to systemd when it is ready."""
        command = ["dockerd", "--config-file", f"{self.state}/daemon.json"]
        if ends_with_us:
            command = ["setpriv", "--pdeathsig", "TERM", *command]
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ready, open(self.state / "log", "wb") as log:
            ready.bind(f"{self.state}/ready")
            environment = {**os.environ, "PATH": _path(), "NOTIFY_SOCKET": f"{self.state}/ready"}
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment, start_new_session=True
            )
            ended = os.pidfd_open(process.pid)
            try:
                heard, _, _ = select.select([ready.fileno(), ended], [], [], READY_WITHIN_S)
                if ready.fileno() in heard:
                    return
            finally:
                os.close(ended)
        words = self._last_words()
        self._sweep()
        raise CannotRun(f"dockerd {'ended' if heard else f'was not ready within {READY_WITHIN_S:.0f} s'}: {words}")

    def _last_words(self) -> str:
        lines = (self.state / "log").read_text(errors="replace").strip().splitlines()
        return lines[-1] if lines else "it said nothing"

    def _pid(self) -> int | None:
        """Its process, where the pid file still tells the truth."""
        with contextlib.suppress(OSError, ValueError):
            pid = int((self.state / "docker.pid").read_text())
            return pid if pid in self._daemons() else None
        return None

    def _remove_containers(self) -> None:
        docker = ["docker", "--host", self.host]
        listed = subprocess.run(
            [*docker, "ps", "-aq"], env=_environment(), capture_output=True, text=True
        ).stdout.split()
        if listed:
            subprocess.run([*docker, "rm", "-f", "-v", *listed], env=_environment(), capture_output=True)

    def _sweep(self) -> None:
        """End what goes by the name, then unmount and remove what it had."""
        deadline = time.monotonic() + ENDS_WITHIN_S
        while left := {*self._daemons(), *self._contained()}:
            if time.monotonic() > deadline:
                raise CannotRun(f"processes {sorted(left)} of {self.name} do not end; look at them with ps")
            for pid in left:
                _end(pid, signal.SIGKILL)
        for place in reversed(self._mounts()):
            _quietly("umount", "--lazy", place)
        for cgroup in self._cgroups():
            for folder, _, _ in os.walk(cgroup, topdown=False):
                Path(folder).rmdir()
        shutil.rmtree(self.state, ignore_errors=True)

    def _daemons(self) -> list[int]:
        """dockerd, containerd and its shims that were started with the name on their command line."""
        found = []
        for folder in Path("/proc").iterdir():
            with contextlib.suppress(OSError):  # it ended meanwhile
                if not folder.name.isdigit() or self.name.encode() not in (folder / "cmdline").read_bytes():
                    continue
                if (folder / "exe").readlink().name.startswith(_DAEMONS):
                    found.append(int(folder.name))
        return found

    def _cgroups(self) -> list[Path]:
        return [*Path("/sys/fs/cgroup").glob(self.name), *Path("/sys/fs/cgroup").glob(f"*/{self.name}")]

    def _contained(self) -> set[int]:
        """Processes in its containers."""
        lists = [file for cgroup in self._cgroups() for file in cgroup.rglob("cgroup.procs")]
        return {int(pid) for file in lists for pid in file.read_text().split()}

    def _mounts(self) -> list[str]:
        places = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
        return [
            place
            for place in places
            if Path(place).is_relative_to(self.state) or Path(place).is_relative_to(self.folder)
        ]


def _path() -> str:
    return f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"


def _environment() -> dict[str, str]:
    return {key: value for key, value in os.environ.items() if not key.startswith("DOCKER_")}


def _quietly(*command: str) -> bool:
    return subprocess.run(command, capture_output=True).returncode == 0


def _end(pid: int, how: signal.Signals) -> None:
    """Signal a process and wait until it is gone, up to ENDS_WITHIN_S."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        signal.pidfd_send_signal(descriptor, how)
        select.select([descriptor], [], [], ENDS_WITHIN_S)
    except ProcessLookupError:
        pass
    finally:
        os.close(descriptor)


def run(daemon: Daemon, command: list[str]) -> int:
    """Run a command beside the daemon. One that was running before is used, and left running."""
    wanted = _wanted()
    ours = wanted and daemon.start(ends_with_us=True)
    told = {"DOCKER_HOST": daemon.host} if wanted else {}
    for how in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(how, lambda *_: None)  # the command gets a terminal's signals as well, and its end is ours
    try:
        with subprocess.Popen(command, env={**os.environ, **told}) as process:
            for how in (signal.SIGTERM, signal.SIGHUP):
                signal.signal(how, lambda number, _: process.send_signal(number))
            status = process.wait()
    except OSError as error:
        raise CannotRun(f"{command[0]}: {error.strerror}") from error
    finally:
        if ours:
            daemon.stop()
    return status if status >= 0 else 128 - status


def _wanted() -> bool:
    """Whether a command needs a daemon of ours, and may have it."""
    if os.environ.get("DOCKER_HOST"):
        return False
    if os.geteuid() != 0:
        print("dockerd.py: only root can run a Docker daemon: going on without", file=sys.stderr)
        return False
    return True


def main(arguments: list[str]) -> int:
    """The command line."""
    match arguments:
        case ["start", folder]:
            daemon = Daemon(folder)
            daemon.start()
            print(f"export DOCKER_HOST={daemon.host}")
        case ["stop", folder]:
            Daemon(folder).stop()
        case ["run", folder, *command] if command:
            return run(Daemon(folder), command)
        case _:
            print("usage: dockerd.py start FOLDER | stop FOLDER | run FOLDER COMMAND...", file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except CannotRun as error:
        print(f"dockerd.py: {error}", file=sys.stderr)
        sys.exit(3)
