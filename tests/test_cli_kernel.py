"""The command line on a lab that really runs: what people type, in the order in which they type it."""

import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
pytestmark = [pytest.mark.kernel, pytest.mark.xdist_group(__name__)]  # its tests share a lab

TEXT = """
name: pair
topology:
  defaults: {network-mode: none}
  nodes:
    left: {kind: linux, binds: [left/sysctl.conf:/etc/sysctl.d/lab.conf], exec: [ip address add 192.0.2.1/30 dev eth1]}
    right: {kind: linux, exec: [ip address add 192.0.2.2/30 dev eth1]}
  links:
    - endpoints: [left:eth1, right:eth1]
"""


def fabriclab(*words: str, cwd: Path = ROOT, stdin: str = "") -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        command(*words), cwd=cwd, input=stdin, capture_output=True, text=True, timeout=60, check=False
    )


def command(*words: str) -> list[str]:
    program = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from harness.cli import main; main()"
    return [sys.executable, "-c", program, *words]


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A topology of two hosts and a cable, deployed under a name of its own."""
    folder = tmp_path_factory.mktemp("pair")
    (folder / "left").mkdir()
    (folder / "left/sysctl.conf").write_text("net.ipv4.ip_forward = 1\n")
    (folder / "pair.clab.yml").write_text(TEXT.replace("pair", f"pair-{os.getpid()}"))
    done = fabriclab("deploy", str(folder), "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["what"] == "deployed"
    yield folder
    assert fabriclab("destroy", str(folder)).returncode == 0
    assert f"pair-{os.getpid()}" not in fabriclab("inspect").stdout


def test_deploy_again_changes_nothing(pair: Path) -> None:
    assert json.loads(fabriclab("deploy", str(pair), "--json").stdout)["what"] == "unchanged"


def test_exec_passes_input_output_and_status_through(pair: Path) -> None:
    done = fabriclab("exec", str(pair), "left", "--", "sh", "-c", "cat; hostname; echo no >&2; exit 7", stdin="yes\n")
    assert (done.returncode, done.stdout, done.stderr) == (7, "yes\nleft\n", "no\n")
    told = json.loads(fabriclab("exec", str(pair), "left", "--json", "--", "sh", "-c", "echo a; exit 2").stdout)
    assert (told["status"], told["stdout"], told["argv"][0]) == (2, "a\n", "sh")


def test_exec_names_the_known_nodes(pair: Path) -> None:
    done = fabriclab("exec", str(pair), "middle", "--", "ls")
    assert done.returncode == 2 and "known: left, right" in done.stderr and done.stderr.count("\n") == 1


def test_exec_ends_what_takes_too_long(pair: Path) -> None:
    done = fabriclab("exec", str(pair), "left", "--timeout", "0.3", "--", "sleep", "60")
    assert done.returncode == 3 and "not done within 0.3 s" in done.stderr
    assert "sleep" not in fabriclab("exec", str(pair), "left", "--", "ps", "-e").stdout


def test_a_shell_reads_commands_from_a_pipe(pair: Path) -> None:
    done = fabriclab("shell", str(pair), "right", stdin="hostname; exit 4\n")
    assert (done.returncode, done.stdout) == (4, "right\n")


def test_a_shell_on_a_terminal_is_on_the_node(pair: Path) -> None:
    ours, theirs = os.openpty()
    process = subprocess.Popen(
        command("shell", str(pair), "right"), stdin=theirs, stdout=theirs, stderr=theirs, cwd=ROOT
    )
    os.close(theirs)
    seen = until(ours, b"[right]")
    os.write(ours, b"echo I am on $(hostname), tty $(tty | cut -c1-9)\n")
    seen += until(ours, b"I am on right, tty /dev/")
    os.write(ours, b"exit 5\n")
    assert process.wait(10) == 5
    os.close(ours)


def until(terminal: int, wanted: bytes) -> bytes:
    seen = b""
    while wanted not in seen:
        ready, _, _ = select.select([terminal], [], [], 10)
        assert ready, f"{wanted!r} did not come; seen: {seen!r}"
        seen += os.read(terminal, 4096)
    return seen


def test_inspect_and_observe_tell_the_same_addresses(pair: Path) -> None:
    nodes = {each["name"]: each for each in json.loads(fabriclab("inspect", str(pair), "--json").stdout)["nodes"]}
    assert "192.0.2.1/30" in nodes["left"]["addresses"]["eth1"]
    seen = json.loads(fabriclab("observe", str(pair), "left", "--json").stdout)
    assert "192.0.2.1/30" in seen["nodes"]["left"]["interfaces"]["eth1"]["addresses"]
    assert set(seen["nodes"]) == {"left"} and seen["source"] == "observed"
    assert "192.0.2.0/30" in fabriclab("observe", str(pair), "left").stdout


def test_trace_follows_a_packet_and_fails_where_it_dies(pair: Path) -> None:
    there = fabriclab("trace", str(pair), "--from", "left", "--to", "right", "--json")
    assert there.returncode == 0 and json.loads(there.stdout)["disposition"] == "delivered"
    nowhere = fabriclab("trace", str(pair), "--from", "left", "--to", "198.51.100.1")
    assert nowhere.returncode == 1 and "no_route" in nowhere.stdout


def test_push_shows_then_makes_the_difference(pair: Path) -> None:
    (pair / "left/sysctl.conf").write_text("net.ipv4.ip_forward = 0\n")
    shown = fabriclab("push", str(pair), "--dry-run")
    assert "-net.ipv4.ip_forward = 1" in shown.stdout and "+net.ipv4.ip_forward = 0" in shown.stdout
    forwards = ("exec", str(pair), "left", "--", "cat", "/proc/sys/net/ipv4/ip_forward")
    assert fabriclab(*forwards).stdout == "1\n"
    assert "/etc/sysctl.d/lab.conf written" in fabriclab("push", str(pair), "left").stdout
    assert fabriclab(*forwards).stdout == "0\n"
    assert "nothing to change" in fabriclab("push", str(pair)).stdout


def test_capture_shows_and_writes_packets(pair: Path, tmp_path: Path) -> None:
    words = ("capture", str(pair), "right:eth1", "icmp", "--count", "2")
    shown = subprocess.Popen(command(*words), cwd=ROOT, stdout=subprocess.PIPE, text=True)
    written = subprocess.Popen(command(*words, "--write", str(tmp_path / "x.pcap")), cwd=ROOT)
    while shown.poll() is None or written.poll() is None:
        fabriclab("exec", str(pair), "left", "--", "ping", "-c", "1", "-W", "1", "192.0.2.2")
    out, _ = shown.communicate(timeout=10)
    assert "192.0.2.1 > 192.0.2.2: ICMP echo request" in out
    read = subprocess.run(["tcpdump", "-n", "-r", str(tmp_path / "x.pcap")], capture_output=True, text=True, check=True)
    assert read.stdout.count("ICMP echo") == 2


@pytest.mark.parametrize(
    ("endpoint", "words", "said"),
    [
        ("right", (), "expected node:interface"),
        ("right:eth9", (), "no interface 'eth9' on this node"),
        ("right:eth1", ("tcp", "prot", "80"), "syntax error"),
    ],
)
def test_capture_says_what_is_wrong(pair: Path, endpoint: str, words: tuple[str, ...], said: str) -> None:
    done = fabriclab("capture", str(pair), endpoint, *words)
    assert done.returncode == 2 and said in done.stderr and done.stderr.count("\n") == 1


def test_verify_examines_a_running_lab_with_what_every_network_should_hold(pair: Path, tmp_path: Path) -> None:
    done = fabriclab("verify", str(pair), "--report", str(tmp_path))
    assert done.returncode == 0, done.stdout
    assert "PASS  1 passed" in done.stdout and "is running. Next:" in done.stdout
    assert {path.name for path in tmp_path.iterdir()} == {"report.html", "report.json", "junit.xml"}
    again = fabriclab("report", str(tmp_path))
    assert again.stdout.splitlines()[0] == str(tmp_path / "report.html")


def test_verify_exits_1_when_a_verdict_fails_and_leaves_no_lab(pair: Path) -> None:
    story = pair / "story.yml"
    story.write_text(
        "name: a lie\ntopology: pair.clab.yml\nsteps:\n"
        "  - {expect: denied, flow: {from: left, to: right, proto: icmp}}\n"
    )
    before = json.loads(fabriclab("inspect", "--json").stdout)["labs"]
    done = fabriclab("verify", str(story))
    assert done.returncode == 1 and "FAIL  a lie" in done.stdout
    after = json.loads(fabriclab("inspect", "--json").stdout)["labs"]
    assert named(after) <= named(before) or not any(name.startswith("pair-") for name in named(after) - named(before))


def named(labs: list[dict[str, str]]) -> set[str]:
    return {each["name"] for each in labs}


def test_verbose_shows_each_command(pair: Path) -> None:
    done = fabriclab("-v", "exec", str(pair), "left", "--", "true")
    assert "left: true" in done.stderr


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupted_deploy_undoes_itself(pair: Path, sent: signal.Signals) -> None:
    name = f"pair-cut-{os.getpid()}"
    nodes = "".join(f"    n{at}: {{kind: linux, exec: [sleep 5]}}\n" for at in range(4))
    file = pair / "cut/cut.clab.yml"
    file.parent.mkdir(exist_ok=True)
    file.write_text(f"name: {name}\ntopology:\n  nodes:\n{nodes}")
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)  # the tests may run under nohup, where it ends nothing
    process = subprocess.Popen(command("deploy", str(file)), cwd=ROOT, stderr=subprocess.PIPE, text=True)
    signal.signal(signal.SIGHUP, before)
    assert process.stderr is not None
    while "configuration of" not in process.stderr.readline():
        assert process.poll() is None
    process.send_signal(sent)
    assert process.wait(30) == 130
    assert "Traceback" not in process.stderr.read()
    assert name not in named(json.loads(fabriclab("inspect", "--json").stdout)["labs"])
