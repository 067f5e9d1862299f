"""One lab on Docker, looked at from all sides."""

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from docker_boxes import containers, docker, inspected
from runtime_network import command, left_behind, until

from harness.agreement import differences
from harness.deploy import boot, bring_up, push_files
from harness.observe import observe
from harness.run import Silent
from harness.verifying import verify
from lab.lab import Lab
from sim.errors import PushRejected
from sim.topology.files import node_files
from sim.topology.model import Topology

pytestmark = [pytest.mark.kernel, pytest.mark.docker, pytest.mark.xdist_group("docker")]  # one worker builds images


@pytest.fixture(scope="module")
def lab(drawn: Topology, run_folder: Path) -> Lab:
    return bring_up(drawn, runtime="docker")


def meets(lab: Lab) -> bool:
    return all(
        [each.state for each in state.sessions] == ["Established"]
        for name, state in observe(lab).nodes.items()
        if name in ("r1", "r2")
    )


def test_nodes_are_containers_named_and_labelled_as_containerlab_does(lab: Lab, drawn: Topology) -> None:
    assert sorted(containers()) == ["net-boxes-compute", "net-boxes-r1", "net-boxes-r2"]
    config = inspected("net-boxes-r1")["Config"]
    assert config["Hostname"] == "r1" and "COLOUR=red" in config["Env"]
    assert {
        "containerlab": "boxes",
        "clab-node-name": "r1",
        "clab-node-longname": "net-boxes-r1",
        "clab-node-kind": "frr",
        "clab-node-group": "router",
        "clab-topo-file": str(drawn.file),
        "rack": "a7",
    }.items() <= config["Labels"].items()


def test_a_container_has_no_rights_but_those_that_routing_takes_and_sees_nothing_of_the_host(lab: Lab) -> None:
    for name in containers():
        host = inspected(name)["HostConfig"]
        assert not host["Privileged"] and not host["Binds"] and inspected(name)["Mounts"] == []
        assert host["CapDrop"] == ["ALL"] and not {"SYS_MODULE", "SYS_PTRACE", "MKNOD"} & set(host["CapAdd"])
        assert host["NetworkMode"] == "none" and host["RestartPolicy"]["Name"] == "no"
    for node in (lab.nodes["r1"], lab.nodes["r2"]):
        bounding = node.run(["grep", "CapBnd", "/proc/1/status", "/proc/self/status"]).text.split()
        assert bounding[1] == bounding[3], "what we run there has no more rights than the container's own process"
        assert node.run(["sh", "-c", "echo 1 > /proc/sys/kernel/panic"], check=False).status
        assert node.run(["touch", "/sys/x"], check=False).status


def test_an_agent_is_a_child_of_its_containers_first_process(lab: Lab) -> None:
    """Who buries it is in the container: what is a child of a process outside keeps a container from ending."""
    for name in ("r1", "r2", "compute"):
        parent = ["sh", "-c", "grep ^PPid /proc/$PPID/status"]
        until(lambda parent=parent, name=name: lab.nodes[name].run(parent).text.split() == ["PPid:", "1"], 5, name)


def test_limits_and_health_check_are_the_files_and_bind_what_a_push_starts(lab: Lab) -> None:
    made = inspected("net-boxes-r1")
    host = made["HostConfig"]
    assert (host["Memory"], host["NanoCpus"], host["ShmSize"]) == (256 << 20, 1_500_000_000, 32 << 20)
    health = made["Config"]["Healthcheck"]
    assert (health["Test"], health["Interval"]) == (["CMD", "/bin/sh", "-c", "true"], 7_000_000_000)
    groups = lab.nodes["r1"].run(["grep", "-H", "", "/proc/1/cgroup", "/proc/self/cgroup"]).text.splitlines()
    assert {line.partition("cgroup:")[2] for line in groups if "/1/" in line} == {
        line.partition("cgroup:")[2] for line in groups if "/self/" in line
    }


def test_files_arrive_as_they_are_and_the_node_is_set_up_by_its_own_tools(lab: Lab, drawn: Topology) -> None:
    for name in ("r1", "r2"):
        for path, content in node_files(drawn, drawn.nodes[name]).items():
            assert lab.nodes[name].read(path) == content, path
    r2 = lab.nodes["r2"]
    assert r2.run(["cat", "/sys/class/net/eth1/mtu"]).text == "1400\n"
    assert r2.run(["sysctl", "-n", "net.ipv4.ip_forward", "net.ipv4.conf.all.log_martians"]).text.split() == ["1", "1"]
    assert b"172.31.249.2 r1 net-boxes-r1" in (lab.nodes["r1"].read("/etc/hosts") or b"")


def test_the_routers_meet_whoever_started_them_and_all_reads_as_on_namespaces(lab: Lab, drawn: Topology) -> None:
    until(lambda: meets(lab), 20, "the session")
    assert any(each.name == "watchfrr" for each in lab.nodes["r1"].processes())
    with bring_up(replace(drawn, name="twin"), runtime="namespaces") as twin:
        until(lambda: meets(twin), 20, "the session on namespaces")
        until(lambda: not differences(observe(twin), observe(lab)), 10, "the same on both runtimes")


def test_a_report_tells_the_images_and_not_this_machines_programs(lab: Lab, debian_12: str, own_frr: str) -> None:
    until(lambda: meets(lab), 20, "the session")
    report = verify(["boxes"], name=None, keep=False, jobs=1, progress=Silent())
    assert report.exit_status == 0
    assert report.environment["images"].split(", ") == sorted([debian_12, own_frr])
    assert report.environment.keys() == {"kernel", "run as", "images"}


def test_a_guest_of_a_compute_and_a_bridge_are_no_containers_and_work(lab: Lab) -> None:
    assert lab.states() == dict.fromkeys(("r1", "r2", "compute", "sw", "web"), "running")
    done = lab.nodes["compute"].run(["ping", "-c1", "-W2", "10.17.0.5"], check=False)
    assert done.status == 0, done.text


def test_a_push_reaches_frr_that_the_image_started_and_is_refused_in_its_words(lab: Lab, drawn: Topology) -> None:
    files = dict(node_files(drawn, drawn.nodes["r1"]))
    conf = files["/etc/frr/frr.conf"]
    before = [each.pid for each in lab.nodes["r1"].processes() if each.name == "bgpd"]
    push_files(lab, {"r1": files | {"/etc/frr/frr.conf": conf + b"ip route 203.0.113.0/24 Null0\n"}})
    assert "blackhole 203.0.113.0/24" in lab.nodes["r1"].run(["ip", "route"]).text
    assert [each.pid for each in lab.nodes["r1"].processes() if each.name == "bgpd"] == before
    with pytest.raises(PushRejected, match=r"frr.conf line 10: % Unknown command: neighbr"):
        push_files(lab, {"r1": files | {"/etc/frr/frr.conf": conf + b"!\nneighbr 10.0.0.1\n"}})
    with pytest.raises(PushRejected, match="stop the node and start it again"):
        push_files(lab, {"r1": files | {"/etc/frr/daemons": b"bgpd=yes\nospfd=yes\n"}})
    push_files(lab, {"r1": files})


def test_ssh_reaches_a_container_on_a_terminal_too(lab: Lab) -> None:
    """As tools do that ask for one: sshd puts such a login on record."""
    argv = ["ssh", "-tt", "-F", str(lab.keys.folder / "ssh_config"), "r1", "hostname; tty"]
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False)
    host, terminal = done.stdout.split()
    assert host == "r1" and terminal.startswith("/dev/pts/"), done.stderr


def test_a_halted_node_keeps_its_cables_and_comes_back_empty(lab: Lab) -> None:
    for name in ("r1", "r2"):
        lab.nodes[name].write({"/root/note": b"lost"})
        lab.halt(name)
        assert lab.states()[name] == "halted"
        assert inspected(f"net-boxes-{name}")["State"]["Status"] == "exited"
        lab.restart(name)
        assert lab.nodes[name].read("/root/note") is None
        boot(lab, [name])
    until(lambda: meets(lab), 20, "the session after both were halted")


def test_a_container_that_somebody_kills_is_told_as_failed_and_made_anew(lab: Lab, drawn: Topology) -> None:
    docker("kill", "net-boxes-r2")
    until(lambda: lab.states()["r2"] == "failed", 5, "r2 is failed")
    assert command("deploy", str(drawn.file)) == 0
    again = Lab.find("boxes")
    assert again.carried_by == "docker" and again.states()["r2"] == "running"
    until(lambda: meets(again), 20, "the session of the new r2")


def test_a_lab_is_found_by_its_name_and_not_taken_over_by_another_runtime(lab: Lab, drawn: Topology) -> None:
    assert command("deploy", str(drawn.file), "--runtime", "namespaces") == 3
    assert command("inspect", "boxes") == 0


def test_destroy_leaves_nothing_and_the_containers_of_others_alone(lab: Lab, run_folder: Path, debian_12: str) -> None:
    other = docker("create", "--label", "containerlab=boxes", "--label", "clab-node-name=r1", debian_12).strip()
    try:
        assert command("destroy", "boxes") == 0
        assert len(containers()) == 1 and not run_folder.exists()
        assert left_behind(str(run_folder), run_folder) == []
    finally:
        docker("rm", other)
