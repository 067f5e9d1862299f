"""A lab on Docker that is killed, or can not be: what is left, and what is said."""

import os
import signal
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from docker_boxes import containers, docker, inspected
from runtime_network import Command, command, left_behind, until
from slow_engine import slow_engine

from harness.deploy import bring_up
from lab.enclosure import linux
from lab.journal import Journal
from lab.lab import Lab
from sim.errors import FabricError, HostError, NodeFailed, TopologyError
from sim.topology.model import Topology

pytestmark = [pytest.mark.kernel, pytest.mark.docker, pytest.mark.xdist_group("docker")]  # one worker builds images


@pytest.mark.parametrize("moment", ["first container", "all containers", "running"])
def test_kill_9_at_any_moment_leaves_nothing_that_destroy_does_not_find(
    moment: str, drawn: Topology, run_folder: Path
) -> None:
    reached = {
        "first container": lambda: len(containers()) >= 1,
        "all containers": lambda: len(containers()) == 3,
        "running": lambda: Lab.runs("boxes"),
    }
    running = Command("deploy", str(drawn.file), "--runtime", "docker")
    until(reached[moment], 60, moment)
    os.kill(running.pid, signal.SIGKILL)
    running.wait(10)
    assert command("destroy", "--all") == 0
    assert containers() == [] and left_behind(str(run_folder), run_folder) == []


def test_a_container_that_a_killed_command_asked_for_does_not_come_to_be_after_destroy(
    drawn: Topology, run_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The engine begins with it when `destroy` has looked for containers already, and found none."""
    real = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock").removeprefix("unix://")
    with slow_engine(tmp_path, real) as slow, monkeypatch.context() as patch:
        patch.setenv("DOCKER_HOST", f"unix://{tmp_path}/slow.sock")
        running = Command("deploy", str(drawn.file), "--runtime", "docker")
        assert slow.held.wait(60)
        running.kill()
        assert command("destroy", "--all") == 0
        until(lambda: slow.answered == slow.asked, 60, "the engine has answered all that was asked")
    assert containers() == [] and left_behind(str(run_folder), run_folder) == []


def test_a_container_ends_at_once_where_nobody_buries_orphans(drawn: Topology) -> None:
    """`deploy` in a process that is given all orphans of what it began, as this machine's init is, and buries none."""
    pid = os.fork()
    if not pid:
        try:
            linux.adopt_orphans()
            bring_up(drawn, runtime="docker")
            signal.pause()
        finally:
            os._exit(70)
    try:
        until(lambda: Lab.runs("boxes"), 60, "the lab runs")
        docker("kill", "net-boxes-r2")
        until(lambda: inspected("net-boxes-r2")["State"]["Status"] == "exited", 5, "the container has ended")
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        Lab.destroy_by_name("boxes")


def with_node(drawn: Topology, name: str, **changes: Any) -> Topology:
    return replace(drawn, nodes=drawn.nodes | {name: replace(drawn.nodes[name], **changes)})


def test_what_an_image_lacks_is_named_before_anything_is_pushed(drawn: Topology, tmp_path: Path) -> None:
    """An image of a shell and nothing else: r2 would need ifupdown2 and FRR."""
    subprocess.run("cp --parents /bin/sh /bin/sleep $(ldd /bin/sh /bin/sleep | grep -o '/[^ ]*' | sort -u | tr -d :) "
                   f"{tmp_path}", shell=True, check=True)  # fmt: skip
    image = f"fabriclab-test-bare:{os.getpid()}"
    tar = subprocess.run(["tar", "-C", tmp_path, "-c", "."], check=True, capture_output=True).stdout
    subprocess.run(["docker", "import", "-c", 'CMD ["/bin/sleep", "1000"]', "-", image], input=tar, check=True)
    try:
        with pytest.raises(HostError) as refused:
            bring_up(with_node(drawn, "r2", image=image), runtime="docker")
        assert str(refused.value).startswith(f"r2: image {image} has no ")
        for words in ("zebra (frr), which /etc/frr/", "ifup (ifupdown2), which /etc/network/interfaces needs"):
            assert words in str(refused.value)
    finally:
        docker("rmi", image)
    assert containers() == [] and Lab.names() == []


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"image": None}, TopologyError, "r2 has no image, and a container needs one"),
        (
            {"image": "localhost:1/no/such:1"},
            HostError,
            "r2: there is no image localhost:1/no/such:1 here, and ",
        ),
        ({"command": "false"}, NodeFailed, "r2: its container ended with status 1"),
    ],
)
def test_a_container_that_cannot_be_is_told_with_its_node(
    drawn: Topology, changes: dict[str, Any], error: type[FabricError], words: str
) -> None:
    if "command" in changes:
        changes = {"container": replace(drawn.nodes["r2"].container, **changes)}
    with pytest.raises(error) as refused:
        Lab.deploy(with_node(drawn, "r2", **changes), runtime="docker")
    assert words in str(refused.value)
    assert containers() == [] and Lab.names() == []


def test_an_engine_that_does_not_answer_is_told_with_what_to_do(
    drawn: Topology, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///run/no/such.sock")
    with pytest.raises(HostError, match=r"no container engine answers at unix:\S+ \(No such file.*DOCKER_HOST"):
        Lab.deploy(drawn, runtime="docker")
    assert Lab.names() == []


def test_a_lab_whose_engine_is_gone_is_kept_for_another_try_and_the_other_labs_end(drawn: Topology) -> None:
    """A record that says where the engine is, and nobody there."""
    Lab.deploy(replace(drawn, name="other"), runtime="namespaces")
    with Journal("aside").locked():
        Journal("aside").write({"runtime": "docker"})
        Journal("aside").append("engine", {"address": "unix:///run/no/such.sock"})
    assert command("destroy", "--all") == 3
    assert Lab.names() == ["aside"]
    (Journal("aside").folder / "engine").unlink()
    assert command("destroy", "--all") == 0 and Lab.names() == []


def test_an_ordinary_user_is_sent_to_the_runtime_that_asks_for_no_rights(
    drawn: Topology, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(HostError, match=r"only root .* --runtime namespaces"):
        Lab.deploy(drawn, runtime="docker")
