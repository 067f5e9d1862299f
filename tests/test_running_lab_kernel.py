"""The verbs for nodes of a running lab: power, what happens, and what they run, saved to be pushed again."""

import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests/lab"))

from runtime_network import until, write_network  # noqa: E402

from harness import cli  # noqa: E402
from lab.lab import Lab  # noqa: E402

pytestmark = [pytest.mark.kernel, pytest.mark.xdist_group("running-lab")]  # one lab for all, in this order
RULES = "*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -p tcp -m tcp --dport 23 -j DROP\nCOMMIT\n"


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Two routers with a session and a host behind one of them, deployed."""
    folder = tmp_path_factory.mktemp("net")
    file = write_network(folder, "net", f"verbs{os.getpid()}")
    (folder / "rules.v4").write_text(RULES)
    text = file.read_text().replace("server: {", "server: {binds: [rules.v4:/etc/iptables/rules.v4], ")
    file.write_text(text)
    before = os.environ.get("FABRICLAB_RUN")
    os.environ["FABRICLAB_RUN"] = str(folder / "run")
    try:
        done = fabriclab("deploy", str(file), "--json")
        assert done.returncode == 0, done.stderr
        yield file
        assert fabriclab("destroy", str(file)).returncode == 0
    finally:
        os.environ.pop("FABRICLAB_RUN")
        os.environ |= {"FABRICLAB_RUN": before} if before else {}


@dataclass
class Done:
    """A command line that was run here, without a process of its own."""

    returncode: int
    stdout: str
    stderr: str


def fabriclab(*words: str) -> Done:
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        status = cli.run(words)
    return Done(status, out.getvalue(), err.getvalue())


def on(node: str, *argv: str) -> str:
    return Lab.find("net").nodes[node].run(argv).text


class Events:
    """`fabriclab events --json` at work, and all that it has told so far."""

    def __init__(self, *words: str) -> None:
        program = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from harness.cli import main; main()"
        argv = [sys.executable, "-c", program, "events", *words, "--json", "--initial-state"]
        self.process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert self.process.stdout is not None
        os.set_blocking(self.process.stdout.fileno(), False)
        self._text = b""

    def tell(self, kind: str, action: str, node: str, **attributes: str) -> bool:
        """Whether such an event was told, at any time."""
        assert self.process.stdout is not None
        self._text += self.process.stdout.read() or b""
        told = [json.loads(line) for line in self._text.splitlines(keepends=True) if line.endswith(b"\n")]
        return any(
            (each["type"], each["action"], each["actor_id"]) == (kind, action, node)
            and attributes.items() <= each["attributes"].items()
            for each in told
        )

    def end(self, number: signal.Signals) -> tuple[int, bytes]:
        """Its status and what it said on standard error."""
        self.process.send_signal(number)
        _, said = self.process.communicate(timeout=10)
        return self.process.returncode, said


@pytest.fixture
def events(file: Path) -> Iterator[Events]:
    watching = Events(str(file))
    yield watching
    watching.process.kill()
    watching.process.communicate()


def states(file: Path) -> dict[str, str]:
    return {
        each["name"]: each["state"] for each in json.loads(fabriclab("inspect", str(file), "--json").stdout)["nodes"]
    }


def vtysh(node: str, *lines: str) -> str:
    return on(node, "vtysh", *(word for line in lines for word in ("-c", line)))


def test_a_node_is_stopped_and_started_and_its_neighbours_tell(file: Path, events: Events) -> None:
    learnt = {"prefix": "198.51.100.2/32", "protocol": "bgp", "next_hops": "via 192.0.2.2 dev eth1"}
    until(lambda: events.tell("session", "create", "r1", peer="192.0.2.2"), 20, "the session is told")
    until(lambda: "198.51.100.2" in vtysh("r1", "show ip route bgp"), 30, "the route of r2")
    assert events.tell("node", "running", "r2") and events.tell("interface", "snapshot", "r1", ifname="eth1")

    done = json.loads(fabriclab("stop", str(file), "r2", "--json").stdout)
    assert done["nodes"] == [{"name": "r2", "what": "stopped", "state": "halted"}]
    assert states(file) == {"r1": "running", "r2": "halted", "server": "running"}
    assert "nothing to change" in fabriclab("stop", str(file), "r2").stdout
    until(lambda: events.tell("node", "stop", "r2"), 10, "r2 is off")
    until(lambda: events.tell("interface", "update", "r1", ifname="eth1", state="down"), 10, "the cable is dark")
    until(lambda: events.tell("route", "delete", "r1", **learnt), 20, "the route is gone")
    until(lambda: events.tell("session", "update", "r1", peer="192.0.2.2", state="down"), 20, "the session is down")

    assert fabriclab("start", str(file)).stdout == "r2 started\n"
    until(lambda: events.tell("node", "start", "r2"), 10, "r2 is on")
    until(lambda: events.tell("route", "add", "r1", **learnt), 30, "the route is back")
    on("server", "ping", "-c1", "-W1", "203.0.113.1")

    assert fabriclab("restart", str(file), "server").stdout == "server restarted\n"
    until(lambda: events.tell("node", "stop", "server") and events.tell("node", "start", "server"), 10, "off and on")
    assert events.end(signal.SIGINT) == (0, b"")


def test_events_refuse_an_unknown_node(file: Path) -> None:
    done = fabriclab("events", str(file), "r9")
    assert done.returncode == 2 and done.stderr.count("\n") == 1 and "known: r1, r2, server" in done.stderr


def test_what_was_typed_at_a_node_is_saved_and_can_be_pushed_again(file: Path, tmp_path: Path) -> None:
    vtysh("r1", "configure", "ip prefix-list typed seq 5 permit 10.0.0.0/8")
    on("server", "iptables", "-A", "INPUT", "-p", "udp", "--dport", "69", "-j", "DROP")
    fabriclab(
        "exec", str(file), "server", "--", "nft", "add table inet typed { chain c { udp dport 7 counter drop; }; }"
    )
    done = json.loads(fabriclab("save", str(file), "--to", str(tmp_path / "saved"), "--json").stdout)
    assert [each["name"] for each in done["nodes"]] == ["r1", "r2", "server"] and not done["notes"]
    saved = tmp_path / "saved/r1/etc/frr/frr.conf"
    assert "ip prefix-list typed seq 5 permit 10.0.0.0/8\n" in saved.read_text()
    assert saved.read_text().startswith("!\nfrr version ") and saved.stat().st_mode & 0o777 == 0o600
    rules = (tmp_path / "saved/server/etc/iptables/rules.v4").read_text()
    assert "--dport 23 -j DROP" in rules and "--dport 69 -j DROP" in rules
    assert "udp dport 7" in (tmp_path / "saved/server/etc/nftables.conf").read_text()
    assert not list((tmp_path / "saved").rglob("*.new"))

    running = vtysh("r1", "show running-config")
    (file.parent / "r1/frr/frr.conf").write_text(saved.read_text())
    assert "frr.conf written" in fabriclab("push", str(file), "r1").stdout
    assert vtysh("r1", "show running-config") == running
    vtysh("r1", "configure", "no ip prefix-list typed seq 5 permit 10.0.0.0/8")
    assert fabriclab("restart", str(file), "r1").returncode == 0
    assert "ip prefix-list typed" in vtysh("r1", "show running-config")


def test_a_daemon_that_has_died_is_told_when_its_node_is_saved(file: Path, tmp_path: Path) -> None:
    on("r2", "pkill", "-9", "bgpd")
    done = fabriclab("save", str(file), "r2", "--to", str(tmp_path))
    assert done.returncode == 0 and "bgpd does not run; /etc/frr/frr.conf lacks what it was told" in done.stdout
    assert fabriclab("stop", str(file), "r2").returncode == 0
    refused = fabriclab("save", str(file), "r2", "--to", str(tmp_path))
    assert refused.returncode == 3 and refused.stderr.startswith("r2: this node does not run")


def test_a_folder_that_can_not_be_written_is_one_line(file: Path, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    done = fabriclab("save", str(file), "r1", "--to", str(tmp_path / "taken"))
    assert done.returncode == 3 and done.stderr.count("\n") == 1 and "save --to another folder" in done.stderr


def test_events_end_with_their_lab(file: Path, events: Events) -> None:
    until(lambda: events.tell("node", "running", "r1"), 20, "the lab is told")
    assert fabriclab("destroy", str(file)).returncode == 0
    out, said = events.process.communicate(timeout=10)
    assert events.process.returncode == 0 and said == b"" and b'"type": "lab", "action": "destroy"' in out
