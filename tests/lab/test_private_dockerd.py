"""A Docker daemon of one's own: what it leaves alone, and that nothing of it stays."""

import io
import os
import select
import shutil
import signal
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from runtime_network import until

SCRIPT = Path(__file__).resolve().parents[2] / "scripts/dockerd.py"
NEEDED = os.geteuid() == 0 and shutil.which("dockerd", path=f"{os.environ['PATH']}:/usr/sbin") is not None

pytestmark = [
    pytest.mark.kernel,
    pytest.mark.skipif(not NEEDED and not os.environ.get("CI"), reason="needs root, and docker.io installed"),
]


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "images"
    dockerd("stop", tmp_path / "images")


def dockerd(verb: str, folder: Path, *command: str) -> str:
    """What the script prints for a verb that must succeed."""
    environment = {name: value for name, value in os.environ.items() if name != "DOCKER_HOST"}
    argv = [sys.executable, str(SCRIPT), verb, str(folder), *command]
    return subprocess.run(argv, check=True, capture_output=True, text=True, env=environment).stdout


def host_network() -> list[str]:
    """The host's addresses, routes, firewall and forwarding."""
    questions = ("ip -br address", "ip route", "ip -6 route", "iptables-save", "ip6tables-save", "nft list ruleset")
    answers = [subprocess.run(each.split(), capture_output=True, text=True).stdout for each in questions]
    lines = [line for answer in answers for line in answer.splitlines() if not line.startswith("#")]
    return [*lines, Path("/proc/sys/net/ipv4/ip_forward").read_text()]


def traces(name: str) -> list[str]:
    """What goes by the daemon's name: processes, mounts, cgroups, its run-time folder."""
    found = [line for line in Path("/proc/mounts").read_text().splitlines() if name in line]
    for process in Path("/proc").glob("[0-9]*"):
        try:
            told = (process / "cmdline").read_bytes() + (process / "cgroup").read_bytes()
        except OSError:
            continue
        if name.encode() in told:
            found.append(str(process))
    return found + [str(path) for top in ("/run", "/sys/fs/cgroup") for path in Path(top).glob(f"**/{name}")]


def container(host: str) -> None:
    """A container that sleeps, of an image that borrows the host's programs."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for link in ("bin", "lib", "lib64"):
            entry = tarfile.TarInfo(link)
            entry.type, entry.linkname = tarfile.SYMTYPE, f"usr/{link}"
            tar.addfile(entry)
    docker = ["docker", "--host", host]
    subprocess.run([*docker, "import", "-", "borrowed"], input=archive.getvalue(), check=True, capture_output=True)
    argv = ["run", "-d", "--network", "none", "-v", "/usr:/usr:ro", "borrowed", "sleep", "infinity"]
    subprocess.run([*docker, *argv], check=True, capture_output=True)


def test_a_killed_daemon_leaves_nothing_once_it_is_stopped(folder: Path) -> None:
    before = host_network()
    host = dockerd("start", folder).strip().partition("=")[2]
    state = Path(host.removeprefix("unix://")).parent
    container(host)
    assert host_network() == before
    assert len(traces(state.name)) > 5
    os.kill(int((state / "docker.pid").read_text()), signal.SIGKILL)
    assert traces(state.name)
    dockerd("stop", folder)
    until(lambda: traces(state.name) == [], 10, "the last process, ended, leaves /proc")
    assert host_network() == before
    host = dockerd("start", folder).strip().partition("=")[2]
    listed = subprocess.run(["docker", "--host", host, "ps", "-aq"], check=True, capture_output=True, text=True)
    assert listed.stdout == ""
    assert (
        subprocess.run(["docker", "--host", host, "image", "inspect", "borrowed"], capture_output=True).returncode == 0
    )


def test_a_command_runs_beside_a_daemon_and_its_status_comes_back(folder: Path) -> None:
    with pytest.raises(subprocess.CalledProcessError) as failed:
        dockerd("run", folder, "sh", "-c", "docker version -f '{{.Server.Version}}'; echo $DOCKER_HOST; exit 7")
    version, host = failed.value.stdout.split()
    assert failed.value.returncode == 7 and version[0].isdigit()
    assert traces(Path(host).parent.name) == []


def test_the_daemon_ends_with_a_command_runner_that_is_killed(folder: Path) -> None:
    argv = [sys.executable, str(SCRIPT), "run", str(folder), "sh", "-c", "echo $DOCKER_HOST; exec sleep infinity"]
    environment = {name: value for name, value in os.environ.items() if name != "DOCKER_HOST"}
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, env=environment, process_group=0) as runner:
        assert runner.stdout
        state = Path(runner.stdout.readline().strip().removeprefix("unix://")).parent
        daemon = os.pidfd_open(int((state / "docker.pid").read_text()))
        os.killpg(runner.pid, signal.SIGKILL)
    ended, _, _ = select.select([daemon], [], [], 20)
    os.close(daemon)
    assert ended
    dockerd("stop", folder)
    assert traces(state.name) == []


def test_an_ordinary_user_is_told_what_to_do(tmp_path: Path) -> None:
    argv = ["setpriv", "--reuid", "65534", "--clear-groups", sys.executable, str(SCRIPT), "start", str(tmp_path / "x")]
    done = subprocess.run(argv, capture_output=True, text=True)
    assert done.returncode == 3
    assert done.stderr.startswith("dockerd.py: only root can run a Docker daemon") and done.stderr.count("\n") == 1
