"""Ctrl-C and broken terminals: an interrupted command undoes itself at once; a key pressed in a shell stays in it."""

import json
import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from runtime_network import fabriclab, left_behind, until, write_network

from harness.deploy import bring_up
from lab.journal import Journal, process_started
from lab.lab import Lab
from sim.errors import LabError
from sim.topology.reader import read_topology

pytestmark = pytest.mark.kernel

ROOT = str(Path(__file__).resolve().parents[2])
PROGRAM = f"import sys; sys.path.insert(0, {ROOT!r}); from harness.cli import main; main()"


@pytest.fixture
def network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("FABRICLAB_RUN", str(tmp_path / token()))
    yield write_network(tmp_path / "net", "net", token())
    for name in Lab.names():
        Lab.destroy_by_name(name)
    assert left_behind(token(), tmp_path / token()) == []


def token() -> str:
    return f"interrupted{os.getpid()}"


def begin(*words: str) -> "subprocess.Popen[str]":
    """A command as a shell in a terminal starts it: a process group of its own, so that Ctrl-C can be sent to it."""
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def slow(file: Path) -> None:
    """A node whose `exec` line takes much longer than anybody waits."""
    text = file.read_text()
    file.write_text(text.replace("    server: {kind: linux, exec: [", "    server: {kind: linux, exec: [sleep 50, "))


def test_ctrl_c_during_a_deploy_does_not_wait_for_what_runs_on_the_nodes(network: Path, tmp_path: Path) -> None:
    slow(network)
    running = begin("deploy", str(network))
    assert running.stderr is not None
    while "configuration of" not in running.stderr.readline():
        assert running.poll() is None
    until(
        lambda: any(each.name == "sleep" for each in Lab.find("net").nodes["server"].processes()), 20, "the exec line"
    )
    started = time.monotonic()
    os.killpg(running.pid, signal.SIGINT)
    assert running.wait(20) == 130
    assert time.monotonic() - started < 5
    assert "Traceback" not in running.stderr.read()
    assert left_behind(token(), tmp_path / token()) == []


def test_ctrl_c_at_the_very_beginning_of_a_deploy_leaves_nothing(network: Path, tmp_path: Path) -> None:
    for _ in range(3):
        running = begin("deploy", str(network))
        assert running.stderr is not None and "enclosure" in running.stderr.readline()
        os.killpg(running.pid, signal.SIGINT)
        assert running.wait(20) == 130 and "Traceback" not in running.stderr.read()
        assert left_behind(token(), tmp_path / token()) == []


def test_ctrl_c_during_verify_ends_the_lab_that_verify_made(network: Path, tmp_path: Path) -> None:
    story = network.parent / "story.yml"
    step = "  - {expect: delivered, flow: {from: server, to: 192.0.2.77, proto: icmp}, within: 60s}\n"
    story.write_text(story.read_text() + step)
    running = begin("verify", str(story))
    until(lambda: any(Lab.runs(name) for name in Lab.names()), 20, "verify's lab is up")
    os.killpg(running.pid, signal.SIGINT)
    assert running.wait(20) == 130
    assert running.stderr is not None and "Traceback" not in running.stderr.read()
    assert left_behind(token(), tmp_path / token()) == []


def test_destroy_does_not_wait_for_a_deploy_that_hangs(network: Path, tmp_path: Path) -> None:
    slow(network)
    running = begin("deploy", str(network))
    until(lambda: Path(tmp_path / token() / "net/n/server").exists(), 20, "the node is there")
    started = time.monotonic()
    assert fabriclab("destroy", "net").returncode == 0
    assert time.monotonic() - started < 10
    assert running.wait(20) == 3
    assert running.stderr is not None and "Traceback" not in running.stderr.read()
    assert left_behind(token(), tmp_path / token()) == []


def test_a_second_deploy_does_not_disturb_the_first(network: Path) -> None:
    slow(network)
    running = begin("deploy", str(network))
    until(lambda: Path(os.environ["FABRICLAB_RUN"], "net/n/server").exists(), 20, "the node is there")
    done = fabriclab("deploy", str(network))
    assert done.returncode == 3 and "net: another command is" in done.stderr
    assert running.poll() is None
    os.killpg(running.pid, signal.SIGINT)
    assert running.wait(20) == 130


def test_ctrl_c_in_a_shell_ends_the_program_in_it_and_not_the_shell(network: Path) -> None:
    lab = bring_up(read_topology(network), bare=True)
    pid, terminal = pty.fork()
    if not pid:
        os.execv(sys.executable, [sys.executable, "-c", PROGRAM, "shell", "net", "server"])
    expect(terminal, b"[server]")
    os.write(terminal, b"sleep 40\n")
    until(lambda: any(each.name == "sleep" for each in lab.nodes["server"].processes()), 10, "sleep runs on the node")
    os.write(terminal, b"\x03")
    until(lambda: all(each.name != "sleep" for each in lab.nodes["server"].processes()), 10, "sleep ended")
    os.write(terminal, b"echo still $((40 + 2)) here\n")
    expect(terminal, b"still 42 here")
    os.write(terminal, b"exit 6\n")
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 6
    os.close(terminal)


def test_a_shell_whose_terminal_closes_ends_on_the_node_too(network: Path) -> None:
    lab = bring_up(read_topology(network), bare=True)
    pid, terminal = pty.fork()
    if not pid:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)  # under nohup a closed terminal ends nothing, as it should
        os.execv(sys.executable, [sys.executable, "-c", PROGRAM, "shell", "net", "server"])
    expect(terminal, b"[server]")
    os.write(terminal, b"sleep 41\n")
    until(lambda: any(each.name == "sleep" for each in lab.nodes["server"].processes()), 10, "sleep runs on the node")
    os.close(terminal)
    os.waitpid(pid, 0)
    until(lambda: lab.nodes["server"].processes() == (), 10, "nothing is left on the node")


def test_ctrl_c_in_exec_ends_the_program_on_the_node(network: Path) -> None:
    lab = bring_up(read_topology(network), bare=True)
    running = begin("exec", "net", "server", "--", "sleep", "42")
    until(lambda: any(each.name == "sleep" for each in lab.nodes["server"].processes()), 20, "sleep runs on the node")
    os.killpg(running.pid, signal.SIGINT)
    assert running.wait(10) == 130
    until(lambda: lab.nodes["server"].processes() == (), 10, "sleep ended")


def test_inspect_of_a_lab_that_is_being_made_tells_its_nodes(network: Path) -> None:
    slow(network)
    running = begin("deploy", str(network))
    until(lambda: Path(os.environ["FABRICLAB_RUN"], "net/n/server").exists(), 20, "the node is there")
    listed = json.loads(fabriclab("inspect", "--json").stdout)["labs"]
    assert [each["state"] for each in listed] == ["deploying"]
    assert fabriclab("inspect", "net").returncode == 0
    os.killpg(running.pid, signal.SIGINT)
    assert running.wait(20) == 130


def expect(terminal: int, wanted: bytes) -> None:
    seen = b""
    while wanted not in seen:
        ready, _, _ = select.select([terminal], [], [], 15)
        assert ready, f"{wanted!r} did not come; seen: {seen!r}"
        seen += os.read(terminal, 4096)


@pytest.mark.parametrize("maker_lives", [False, True])
def test_a_lock_that_a_killed_deploy_leaves_for_a_moment_is_waited_for(network: Path, maker_lives: bool) -> None:
    """Who starts the keeper holds it until its pid is on disk. While the maker lives, it is at work instead."""
    topology = read_topology(network)
    journal = Journal(topology.name)
    with subprocess.Popen(["sleep", "100"]) as maker, ThreadPoolExecutor(1) as pool:
        by = (maker.pid, process_started(maker.pid))
        if not maker_lives:
            maker.kill()
            maker.wait()
        with journal.locked():
            journal.write({"state": "deploying", "by": by})
            again = pool.submit(Lab.deploy, topology, bare=True)
            until(lambda: again.done() or _waits_for(journal.folder), 10, "the second deploy to come to the lock")
            assert again.done() == maker_lives
        if maker_lives:
            with pytest.raises(LabError, match="another command is at work"):
                again.result()
            maker.kill()
        else:
            again.result().destroy()


def _waits_for(folder: Path) -> bool:
    """Whether somebody waits for the flock of a folder (proc(5): the lines of waiting processes have an arrow)."""
    number = f":{folder.stat().st_ino} "
    return any("->" in line and number in line for line in Path("/proc/locks").read_text().splitlines())
