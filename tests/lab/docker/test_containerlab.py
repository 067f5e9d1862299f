"""A lab that containerlab makes: by containerlab itself where it is installed, else by what speaks its command line."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from docker_boxes import containers, inspected
from runtime_network import Command, command, left_behind, until

from harness.deploy import boot, bring_up
from harness.observe import observe
from lab.lab import Lab
from sim.errors import HostError, LabError
from sim.topology.files import node_files
from sim.topology.model import Topology

pytestmark = [pytest.mark.kernel, pytest.mark.docker, pytest.mark.xdist_group("docker")]  # one worker builds images


def program(folder: Path, text: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "containerlab").write_text(text)
    (folder / "containerlab").chmod(0o755)


@pytest.fixture(scope="module", autouse=True)
def containerlab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Whatever answers to the name `containerlab` from here on."""
    if shutil.which("containerlab"):
        yield
        return
    folder = tmp_path_factory.mktemp("bin")
    program(folder, (Path(__file__).parent / "clab_stand_in.py").read_text())
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", str(folder), prepend=os.pathsep)
        yield


@pytest.fixture(scope="module")
def lab(drawn: Topology, run_folder: Path, containerlab: None) -> Lab:
    return bring_up(drawn, runtime="containerlab")


def meets(lab: Lab) -> bool:
    sessions = [each for name in ("r1", "r2") for each in observe(lab).nodes[name].sessions]
    return [each.state for each in sessions] == ["Established"] * 2


def test_containers_and_cables_are_containerlabs_and_all_else_is_as_on_docker(lab: Lab, drawn: Topology) -> None:
    assert sorted(containers()) == ["net-boxes-compute", "net-boxes-r1", "net-boxes-r2"]
    assert not any(inspected(name)["HostConfig"]["Privileged"] for name in containers())
    assert list((lab._journal.folder / "containerlab").glob("clab-boxes"))
    for name in ("r1", "r2"):
        for path, content in node_files(drawn, drawn.nodes[name]).items():
            assert lab.nodes[name].read(path) == content, path
    assert lab.nodes["compute"].run(["cat", "/sys/class/net/eth1/mtu"]).text == "9500\n"
    until(lambda: meets(lab), 60, "the session between r1 and r2")


def test_what_a_node_writes_stays_in_the_lab(lab: Lab, drawn: Topology) -> None:
    before = {bind.source: bind.source.read_bytes() for bind in drawn.nodes["r2"].binds}
    lab.nodes["r2"].write({"/etc/frr/frr.conf": b"! another\n"})
    assert lab.nodes["r2"].read("/etc/frr/frr.conf") == b"! another\n"
    assert {path: path.read_bytes() for path in before} == before


def test_a_node_without_power_comes_back_with_its_cables(lab: Lab) -> None:
    lab.halt("r2")
    assert lab.states()["r2"] == "halted"
    lab.restart("r2")
    boot(lab, ["r2"])
    until(lambda: meets(lab), 60, "the session between r1 and r2, again")


def test_nothing_stays_when_the_lab_ends(lab: Lab) -> None:
    lab.destroy()
    assert containers() == [] and Lab.names() == []


def test_containerlabs_own_words_are_told_where_it_refuses(
    drawn: Topology, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(
        tmp_path / "bin",
        "#!/bin/sh\nprintf '10:11:12 INFO deploying\\n\\n   ERROR\\n\\n  No such kind.\\n' >&2\nexit 1\n",
    )
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=os.pathsep)
    with pytest.raises(LabError, match=r"containerlab deploy: No such kind\."):
        Lab.deploy(drawn, runtime="containerlab")
    assert containers() == [] and Lab.names() == []


def test_an_inspection_that_tells_of_no_container_is_an_error_and_what_was_made_goes(
    drawn: Topology, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = shutil.which("containerlab")
    program(tmp_path / "bin", f'#!/bin/sh\n[ "$1" = inspect ] && {{ echo "{{}}"; exit 0; }}\nexec {real} "$@"\n')
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=os.pathsep)
    with pytest.raises(LabError, match="containerlab inspect"):
        Lab.deploy(drawn, runtime="containerlab")
    assert containers() == [] and Lab.names() == []


def test_a_killed_commands_containerlab_ends_with_the_lab(
    drawn: Topology, run_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is slow, and would make its containers after all."""
    real, begun = shutil.which("containerlab"), tmp_path / "begun"
    program(tmp_path / "bin", f'#!/bin/sh\n[ "$1" = deploy ] && {{ touch {begun}; sleep 1000; }}\nexec {real} "$@"\n')
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=os.pathsep)
    running = Command("deploy", str(drawn.file), "--runtime", "containerlab")
    until(begun.exists, 60, "containerlab is at work")
    running.kill()
    assert command("destroy", "--all") == 0
    until(lambda: not left_behind(str(run_folder), run_folder), 5, "nothing is left")
    assert containers() == []


def test_where_there_is_no_containerlab_that_is_said(drawn: Topology, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/no/such")
    with pytest.raises(HostError, match="no program containerlab in PATH; install it"):
        Lab.deploy(drawn, runtime="containerlab")
    assert Lab.names() == []
