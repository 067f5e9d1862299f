"""Kill -9 at any moment of deploy, push, verify and destroy: `destroy` leaves nothing, and other labs do not notice."""

import os
import random
import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from runtime_network import Command, command, host_interfaces, left_behind, processes_with, until, write_network

import harness.deploy
import harness.verifying
from lab.journal import Journal
from lab.lab import Lab
from sim.topology.reader import read_topology

pytestmark = [pytest.mark.kernel, pytest.mark.long]

SEED = int(os.environ.get("FABRICLAB_SEED", time.time_ns() % 1_000_000))
KILLS = {"deploy": 20, "push": 14, "verify": 8, "destroy": 12}


class World:
    """A run folder with a bystander lab, and a network to be killed."""

    def __init__(self, folder: Path) -> None:
        self.token = f"kill{os.getpid()}"
        self.run_folder = folder / self.token
        self.file = write_network(folder / "victim", "victim", f"{self.token}-victim")
        other = write_network(folder / "other", "other", f"{self.token}-other")
        self.other = harness.deploy.bring_up(read_topology(other))
        self.interfaces = host_interfaces()
        self.bystanders = self.others_processes()
        self.route = self.others_route()
        self.ping = self.other.nodes["r1"].spawn(["ping", "-i", "0.1", "192.0.2.2"], log="/tmp/ping")

    def others_processes(self) -> set[int]:
        return set(processes_with(f"{self.token}-other")) | set(processes_with(f"{self.run_folder}/other\0"))

    def others_route(self) -> str:
        node = self.other.nodes["r1"]
        until(lambda: "198.51.100.2" in node.run(["ip", "route"]).text, 30, "the bystander's session")
        return node.run(["ip", "route"]).text

    def clean(self, story: str) -> None:
        """Destroy what was killed; nothing is left."""
        for name in Lab.names():
            if name != "other":
                assert command("destroy", name) == 0, story
        assert left_behind(self.token, self.run_folder, but=["other"]) == [], story
        assert host_interfaces() == self.interfaces, story

    def unharmed(self) -> None:
        """The bystander lost nothing."""
        assert self.others_processes() - self.bystanders <= set(processes_with("ping"))
        assert self.bystanders <= self.others_processes()
        assert self.others_route() == self.route
        node = self.other.nodes["r1"]
        node.signal(self.ping, signal.SIGINT)
        until(lambda: b"statistics" in (node.read("/tmp/ping") or b""), 10, "ping's summary")
        assert re.search(rb" 0% packet loss", node.read("/tmp/ping") or b"")


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setenv("FABRICLAB_RUN", str(tmp_path / f"kill{os.getpid()}"))
    try:
        yield World(tmp_path)
    finally:
        for name in Lab.names():
            Lab.destroy_by_name(name)
    assert left_behind(f"kill{os.getpid()}", tmp_path / f"kill{os.getpid()}") == []


def killed(dice: random.Random, within_s: float, *words: str) -> str:
    """Run a command, kill it at a random moment; the story."""
    moment = dice.uniform(0, within_s)
    running = Command(*words)
    ended = running.wait(moment)
    if ended is None:
        running.kill()
    return f"seed {SEED}: {' '.join(words)} killed after {moment:.3f} s" + (" (had ended)" if ended is not None else "")


def lasts(*words: str) -> float:
    started = time.monotonic()
    assert command(*words) == 0, words
    return time.monotonic() - started


def edit(world: World, number: int) -> None:
    """A new route to announce, and a file for each router."""
    text = (world.file.parent / "r1/frr/frr.conf").read_text()
    head = text.split("  network 198.51.100.1", 1)[0]
    lines = f"  network 198.51.100.1/32\n  network 198.51.100.{100 + number}/32\n"
    (world.file.parent / "r1/frr/frr.conf").write_text(head + lines)


def test_whatever_is_killed_destroy_leaves_nothing_and_another_lab_does_not_notice(world: World) -> None:
    print(f"seed {SEED}")
    dice = random.Random(SEED)
    file, story = str(world.file), str(world.file.parent / "story.yml")
    up = lasts("deploy", file)
    edit(world, 0)
    pushing, down = lasts("push", file), lasts("destroy", "victim")
    for number in range(KILLS["deploy"]):
        told = killed(dice, up, "deploy", file)
        if number % 4 == 0:
            assert command("deploy", file) == 0, f"{told}; then deploy again"
        world.clean(told)
    for number in range(KILLS["push"]):
        if not Lab.runs("victim"):
            assert command("deploy", file) == 0
        edit(world, number + 1)
        told = killed(dice, pushing, "push", file)
        if number % 2 == 0:
            assert command("push", file) == 0, f"{told}; then push again"
        else:
            world.clean(told)
    for _ in range(KILLS["verify"]):
        world.clean(killed(dice, up + 1.5, "verify", story))
    for _ in range(KILLS["destroy"]):
        assert command("deploy", file, "--bare") == 0
        world.clean(killed(dice, down, "destroy", "victim"))
    world.unharmed()


def test_a_difference_killed_at_any_moment_is_brought_to_its_end_by_the_next_deploy(world: World) -> None:
    print(f"seed {SEED}")
    dice = random.Random(SEED)
    file = str(world.file)
    assert command("deploy", file) == 0
    text = world.file.read_text()
    for number in range(8):
        guest = f"    guest: {{kind: linux, exec: [ip address add 10.9.{number}.2/24 dev eth1]}}\n    server:"
        link = f"  links:\n    - {{endpoints: [r1:eth9, guest:eth1], ipv4: [10.9.{number}.1/24, '']}}\n"
        colour = f"r2: {{kind: frr, env: {{COLOUR: c{number}}},"
        wanted = text.replace("    server:", guest).replace("  links:\n", link).replace("r2: {kind: frr,", colour)
        world.file.write_text(wanted)
        told = killed(dice, 0.7, "deploy", file)
        assert command("deploy", file) == 0, told
        lab = Lab.find("victim")
        for node, address in (("guest", f"10.9.{number}.1"), ("server", "203.0.113.1")):
            assert lab.nodes[node].run(["ping", "-c1", "-W2", address], check=False).status == 0, told
        assert lab.nodes["r2"].run(["sh", "-c", "echo $COLOUR"]).text == f"c{number}\n", told
    world.clean("difference killed")
    world.unharmed()


def test_a_lab_whose_first_process_was_killed_says_so_and_is_cleaned_or_deployed_again(world: World) -> None:
    file = str(world.file)
    assert command("deploy", file) == 0
    keeper = Journal("victim").keeper_pid()
    assert keeper is not None
    os.kill(keeper, signal.SIGKILL)
    until(lambda: Journal("victim").keeper_pid() is None, 10, "the keeper's end")
    with pytest.raises(Exception, match=r"^victim: this lab's first process has ended; `fabriclab destroy` clears"):
        Lab.find("victim")
    assert command("inspect", "victim") == 3
    assert command("deploy", file) == 0
    assert Lab.find("victim").nodes.keys() == {"r1", "r2", "server"}
    world.clean("keeper killed")
    world.unharmed()


def test_a_node_whose_first_process_was_killed_is_failed_and_made_anew_by_deploy(world: World) -> None:
    file = str(world.file)
    assert command("deploy", file) == 0
    [agent] = [pid for pid in processes_with(f"{world.run_folder}/victim\0") if _comm(pid) == "r2"]
    os.kill(agent, signal.SIGKILL)
    lab = Lab.find("victim")
    until(lambda: lab.states()["r2"] == "failed", 10, "r2 is seen to have failed")
    assert lab.states() == {"r1": "running", "r2": "failed", "server": "running"}
    assert command("inspect", "victim") == 0
    assert command("deploy", file) == 0
    again = Lab.find("victim")
    assert again.states()["r2"] == "running"
    node = again.nodes["r1"]
    until(lambda: "198.51.100.2" in node.run(["ip", "route"]).text, 30, "the session returns")
    world.clean("agent killed")
    world.unharmed()


def _comm(pid: int) -> str:
    return Path(f"/proc/{pid}/comm").read_text().strip()
