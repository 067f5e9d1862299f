"""Nodes that wait for each other, and healthchecks, on Docker."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from docker_boxes import docker, inspected
from runtime_network import until

from harness import verbs
from harness.deploy import boot, bring_up
from lab.lab import Lab
from sim.errors import CommandFailed, NodeFailed
from sim.topology.reader import read_topology

pytestmark = [pytest.mark.kernel, pytest.mark.docker, pytest.mark.xdist_group("docker")]  # one worker builds images

NAME = f"stages-{os.getpid()}"
TEXT = """\
name: {name}
topology:
  defaults: {{kind: linux, image: "{image}", network-mode: none, exec: [sh -c "date +%s%N > /tmp/exec"]}}
  nodes:
    second:
      binds: ["motto:/etc/motto"]
      stages:
        create:
          wait-for: [{{node: first, stage: healthy}}]
          exec:
            - {{command: touch /tmp/begun, target: container, phase: on-enter}}
            - {{command: touch /tmp/on-the-host, target: host, phase: on-enter}}
        configure: {{exec: {{on-enter: [test ! -e /etc/motto], on-exit: [grep -q onward /etc/motto]}}}}
    third:
      image: "{own_frr}"
      kind: frr
      stages: {{configure: {{wait-for: [{{node: second, stage: exit}}]}}}}
      binds: ["frr.conf:/etc/frr/frr.conf", "daemons:/etc/frr/daemons"]
    server:
      user: "1000"
      cmd: sh -c "date +%s%N > /tmp/began; exec sleep 1000"
      stages: {{create: {{wait-for: [{{node: first, stage: healthy}}]}}}}
    late:
      image: "{own_frr}"
      kind: frr
      startup-delay: 5
      binds: ["frr.conf:/etc/frr/frr.conf", "daemons:/etc/frr/daemons"]
    first:
      exec: [sh -c "date +%s%N > /tmp/asked-for"]
      healthcheck:
        test: [CMD-SHELL, "test $(date +%s) -gt $(( $(head -c10 /tmp/asked-for) + 2 )) && date +%s%N > /tmp/well"]
        interval: 1
        retries: 20
    alone: {{}}
  links:
    - endpoints: ["first:eth1", "second:eth1"]
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("stages")
    (made / "motto").write_text("onward\n")
    (made / "daemons").write_text("zebra=yes\nbgpd=yes\n")
    (made / "frr.conf").write_text("ip route 203.0.113.0/24 Null0\n")
    return made


@pytest.fixture(scope="module")
def lab(folder: Path, run_folder: Path, debian_12: str, own_frr: str) -> Iterator[Lab]:
    (folder / "x.clab.yml").write_text(TEXT.format(name=NAME, image=debian_12, own_frr=own_frr))
    with bring_up(read_topology(folder / "x.clab.yml", environment={}), runtime="docker") as made:
        yield made


def when(lab: Lab, node: str, file: str = "/tmp/exec") -> int:
    return int(lab.nodes[node].read(file) or b"0")


def test_containers_boot_when_those_that_they_wait_for_are_healthy(lab: Lab) -> None:
    assert 0 < when(lab, "alone") < when(lab, "second") < when(lab, "third")
    assert when(lab, "first", "/tmp/asked-for") + 2e9 < when(lab, "second")


def test_what_an_image_runs_by_itself_waits_as_well(lab: Lab) -> None:
    until(lambda: lab.nodes["server"].run(["cat", "/proc/1/comm"]).text == "sleep\n", 5, "its own program runs")
    assert when(lab, "first", "/tmp/asked-for") + 2e9 < when(lab, "server", "/tmp/began")
    begun = {name: clock(lab, name, "watchfrr") - clock(lab, name) for name in ("third", "late")}
    assert begun["third"] < 5 < begun["late"], "seconds after the container"
    assert "blackhole 203.0.113.0/24" in lab.nodes["late"].run(["ip", "route"]).text


def clock(lab: Lab, node: str, process: str = "") -> float:
    """When a node's first process, or another, was started."""
    pid = next((each.pid for each in lab.nodes[node].processes() if process and each.name == process), 1)
    return int((lab.nodes[node].read(f"/proc/{pid}/stat") or b"").rsplit(b")", 1)[1].split()[19]) / os.sysconf(
        "SC_CLK_TCK"
    )


def test_commands_of_a_stage_run_in_the_container_or_on_the_labs_host_side(lab: Lab) -> None:
    assert lab.nodes["second"].read("/tmp/begun") == b"" and lab.nodes["second"].read("/etc/motto") == b"onward\n"
    assert lab.host.read("/tmp/on-the-host") == b"" and not Path("/tmp/on-the-host").exists()
    assert "blackhole 203.0.113.0/24" in lab.nodes["third"].run(["ip", "route"]).text


def test_a_container_that_gets_its_power_back_waits_again_and_begins(lab: Lab) -> None:
    before = when(lab, "server", "/tmp/began")
    lab.halt("server")
    lab.restart("server")
    assert lab.nodes["server"].read("/tmp/began") is None
    boot(lab, ["server"])
    until(lambda: when(lab, "server", "/tmp/began") > before, 5, "its own program runs again")


def test_health_is_told_by_docker_as_by_inspect(lab: Lab) -> None:
    def health(name: str) -> object:
        return next(node["health"] for node in verbs.inspect(lab).content["nodes"] if node["name"] == name)

    def dockers() -> str:
        return str(inspected(f"clab-{NAME}-first")["State"]["Health"]["Status"])

    assert (health("first"), health("alone")) == ("healthy", None)
    until(lambda: dockers() == "healthy", 10, "Docker takes the node for healthy")
    lab.nodes["first"].write({"/tmp/asked-for": b"9999999999"})
    assert str(health("first")).startswith("unhealthy: status 1")


def test_nothing_is_held_back_in_a_lab_that_is_not_booted(folder: Path, debian_12: str) -> None:
    file = folder / "bare.clab.yml"
    file.write_text(f"""\
    name: bare-{NAME}
    topology:
      defaults: {{kind: linux, image: "{debian_12}", network-mode: none}}
      nodes: {{server: {{startup-delay: 1000, cmd: sh -c "echo yes > /tmp/began; exec sleep 1000"}}}}
    """)
    with bring_up(read_topology(file, environment={}), bare=True, runtime="docker") as lab:
        until(lambda: lab.nodes["server"].read("/tmp/began") == b"yes\n", 5, "the container's own program runs")


def test_an_image_without_a_shell_that_is_to_wait_is_told(folder: Path, tmp_path: Path) -> None:
    subprocess.run("cp --parents /bin/sleep $(ldd /bin/sleep | grep -o '/[^ ]*' | sort -u | tr -d :) "
                   f"{tmp_path}", shell=True, check=True)  # fmt: skip
    image = f"fabriclab-test-shell-less:{os.getpid()}"
    tar = subprocess.run(["tar", "-C", tmp_path, "-c", "."], check=True, capture_output=True).stdout
    subprocess.run(["docker", "import", "-c", 'CMD ["/bin/sleep", "500", "500"]', "-", image], input=tar, check=True)
    file = folder / "shell-less.clab.yml"
    nodes = f'n1: {{kind: linux, image: "{image}", network-mode: none, startup-delay: 1}}'
    file.write_text(f"name: shell-less-{NAME}\ntopology: {{nodes: {{{nodes}}}}}\n")
    try:
        with pytest.raises(
            NodeFailed, match=rf"^n1: .*/bin/sh.*; it is to wait, and its image {image} must have /bin/sh"
        ):
            bring_up(read_topology(file, environment={}), runtime="docker")
    finally:
        docker("rmi", image)


UNWELL = """\
name: un{name}
topology:
  defaults: {{kind: linux, image: "{image}", network-mode: none}}
  nodes:
    sick: {{healthcheck: {{test: [CMD, {test}], interval: 1, retries: 2}}}}
    waits: {{stages: {{{stage}: {{wait-for: [{{node: sick, stage: healthy}}]}}}}}}
"""


@pytest.mark.parametrize("stage", ["create", "configure"])
@pytest.mark.parametrize(
    ("test", "words"), [("ls, /no/such", "No such file"), ("no-such-program", "no-such-program")], ids=["fails", "gone"]
)
def test_a_container_that_is_not_well_fails_the_deploy_in_the_words_of_its_test(
    folder: Path, debian_12: str, stage: str, test: str, words: str
) -> None:
    file = folder / "unwell.clab.yml"
    file.write_text(UNWELL.format(name=NAME, image=debian_12, stage=stage, test=test))
    with pytest.raises(NodeFailed, match=rf"sick: unhealthy: its healthcheck failed 2 times .*{words}") as caught:
        bring_up(read_topology(file, environment={}), runtime="docker")
    assert caught.value.place == "sick" and f"un{NAME}" not in Lab.names()
    assert not docker("ps", "-aq", "--filter", f"label=containerlab=un{NAME}")


def test_a_command_of_a_stage_that_fails_is_told_with_its_node(folder: Path, debian_12: str) -> None:
    file = folder / "failing.clab.yml"
    text = UNWELL.format(name=NAME, image=debian_12, stage="create", test="true")
    file.write_text(
        text.replace("sick: {", 'sick: {stages: {exit: {exec: {on-enter: [sh -c "echo no luck; exit 3"]}}}, ')
    )
    with pytest.raises(CommandFailed, match=r"sick: .*ended with 3: no luck"):
        bring_up(read_topology(file, environment={}), runtime="docker")
    assert not docker("ps", "-aq", "--filter", f"label=containerlab=un{NAME}")
