"""The files that nodes receive, and what overlays and other facts change."""

from pathlib import Path

import pytest
from topology_texts import VALID, read, write

from sim.errors import Place, TopologyError
from sim.topology.files import node_files
from sim.topology.model import Topology
from sim.topology.overlay import with_overlay, with_vars
from sim.topology.reader import read_topology

FRR = """\
name: a
topology:
  defaults: {kind: frr}
  nodes:
    n1: {%s}
"""


def frr(folder: Path, keys: str) -> "dict[str, bytes]":
    (folder / "frr.conf").write_text("router bgp 65000\n neighbor eth1 bfd\n")
    return node_files(read(folder, FRR % keys), "n1")


def running(files: "dict[str, bytes]") -> "list[str]":
    return [
        line.removesuffix("=yes") for line in files["/etc/frr/daemons"].decode().splitlines() if line.endswith("yes")
    ]


def put(folder: Path, path: str, content: str = "x") -> Path:
    file = folder / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content)
    return file


def bound(folder: Path, *binds: str, **options: object) -> "dict[str, bytes]":
    text = f"name: a\ntopology:\n  nodes:\n    n1: {{kind: linux, binds: {list(binds)}}}\n"
    return node_files(read(folder, text, **options), "n1")


def test_a_folder_is_copied_with_all_below_it(tmp_path: Path) -> None:
    put(tmp_path, "etc/a/b.conf", "b")
    put(tmp_path, "etc/c", "c")
    assert bound(tmp_path, "etc:/etc") == {"/etc/a/b.conf": b"b", "/etc/c": b"c"}


def test_a_later_bind_wins_over_an_earlier_one(tmp_path: Path) -> None:
    put(tmp_path, "etc/a", "folder")
    put(tmp_path, "b", "file")
    assert bound(tmp_path, "etc:/etc", "b:/etc/a:ro") == {"/etc/a": b"file"}


def test_the_nodes_name_chooses_its_folder(tmp_path: Path) -> None:
    put(tmp_path, "configs/n1/x", "n1")
    assert bound(tmp_path, "configs/__clabNodeName__/x:/etc/x") == {"/etc/x": b"n1"}


def test_a_path_of_the_host_bound_onto_itself_asks_for_nothing(tmp_path: Path) -> None:
    assert bound(tmp_path, "/lib/modules:/lib/modules:ro") == {}


def test_a_bind_may_leave_the_folder_only_when_allowed(tmp_path: Path) -> None:
    outside = put(tmp_path, "outside/secret", "s")
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "link").symlink_to(outside)
    for bind in (f"{outside}:/etc/s", "../outside/secret:/etc/s", "link:/etc/s"):
        with pytest.raises(TopologyError, match="leaves the topology's folder"):
            bound(inside, bind)
        assert bound(inside, bind, allow_outside_binds=True) == {"/etc/s": b"s"}


def test_a_link_inside_a_bound_folder_may_not_leave_it_either(tmp_path: Path) -> None:
    inside = tmp_path / "inside"
    put(inside, "etc/a")
    (inside / "etc" / "passwd").symlink_to("/etc/passwd")
    with pytest.raises(TopologyError, match=r"lab.clab.yml:4: .*etc/passwd leads out of the topology's folder"):
        bound(inside, "etc:/etc")


def test_a_file_that_went_away_is_named_at_its_bind(tmp_path: Path) -> None:
    file = put(tmp_path, "a")
    topology = read(tmp_path, "name: a\ntopology:\n  nodes:\n    n1:\n      kind: linux\n      binds: [a:/etc/a]\n")
    file.unlink()
    with pytest.raises(TopologyError, match=r"lab.clab.yml:6: .*is no longer a file"):
        node_files(topology, "n1")


def test_an_unreasonable_file_is_refused(tmp_path: Path) -> None:
    with put(tmp_path, "big").open("wb") as file:
        file.truncate(1 << 30)
    with pytest.raises(TopologyError, match="bind something smaller"):
        bound(tmp_path, "big:/etc/big")


def test_kind_frr_writes_its_three_files(tmp_path: Path) -> None:
    files = frr(tmp_path, "startup-config: frr.conf, extras: {frr: {daemons: [ospfd, zebra]}}")
    assert files["/etc/frr/frr.conf"].startswith(b"router bgp")
    assert files["/etc/frr/vtysh.conf"] == b"service integrated-vtysh-config\n"
    assert running(files) == ["ospfd"]


def test_kind_frr_starts_what_its_configuration_speaks_to(tmp_path: Path) -> None:
    assert running(frr(tmp_path, "startup-config: frr.conf")) == ["bgpd", "bfdd"]
    assert running(frr(tmp_path, "binds: ['frr.conf:/etc/frr/frr.conf']")) == ["bgpd", "bfdd"]
    assert running(frr(tmp_path, """exec: ["vtysh -c 'conf t' -c 'router ospf'"]""")) == ["ospfd"]
    assert running(frr(tmp_path, "startup-config: frr.conf, suppress-startup-config: true")) == []


def test_a_startup_config_may_stand_in_the_file_itself(tmp_path: Path) -> None:
    files = node_files(read(tmp_path, FRR % '"startup-config": "router isis x\\n!\\n"'), "n1")
    assert files["/etc/frr/frr.conf"] == b"router isis x\n!\n"
    assert running(files) == ["isisd"]


def test_dns_becomes_the_resolvers_file(tmp_path: Path) -> None:
    text = "name: a\ntopology:\n  nodes:\n    n1: {kind: linux, dns: {servers: [192.0.2.1], search: [a.b, c.d]}}\n"
    assert node_files(read(tmp_path, text), "n1") == {"/etc/resolv.conf": b"nameserver 192.0.2.1\nsearch a.b c.d\n"}


def test_variables_come_from_files_and_the_file_itself_wins(tmp_path: Path) -> None:
    put(tmp_path, "a.env", "# comment\nA=1\nexport B='two words'\n\nC=\n")
    text = "name: a\ntopology:\n  nodes:\n    n1: {kind: linux, env-files: [a.env], env: {A: 2, D: yes}}\n"
    assert read(tmp_path, text).nodes["n1"].env == {"A": "2", "B": "two words", "C": "", "D": "yes"}
    put(tmp_path, "a.env", "A=1\nnonsense\n")
    with pytest.raises(TopologyError, match=r"lab.clab.yml:4: .*a.env:2: found 'nonsense'; expected NAME=value"):
        read(tmp_path, text)


@pytest.fixture
def small(tmp_path: Path) -> Topology:
    return read(tmp_path, VALID)


def test_an_overlay_replaces_and_adds_files_of_nodes_and_groups(small: Topology, tmp_path: Path) -> None:
    put(tmp_path, "fault/router/etc/frr/frr.conf", "group's")
    put(tmp_path, "fault/r1/etc/frr/frr.conf", "r1's")
    put(tmp_path, "fault/r1/etc/new", "new")
    faulty = with_overlay(small, tmp_path / "fault")
    assert node_files(faulty, "r1")["/etc/frr/frr.conf"] == b"r1's"
    assert node_files(faulty, "r1")["/etc/new"] == b"new"
    assert node_files(faulty, "r2")["/etc/frr/frr.conf"] == b"group's"
    assert node_files(small, "r1")["/etc/frr/frr.conf"] == b"hostname r1\nrouter bgp 65000\n"


def test_an_overlay_for_nobody_is_refused(small: Topology, tmp_path: Path) -> None:
    with pytest.raises(TopologyError, match="no such folder"):
        with_overlay(small, tmp_path / "none")
    put(tmp_path, "fault/r3/etc/x")
    with pytest.raises(TopologyError, match="no node or group named 'r3'"):
        with_overlay(small, tmp_path / "fault")


def test_one_line_switches_the_storage_backend(small: Topology) -> None:
    switched = with_vars(
        small, {"router": {"storage": "nfs", "storage_servers": ["c1"]}, "r2": {"storage": "ceph-rbd"}}
    )
    assert [switched.nodes[name].facts.storage for name in ("r1", "r2", "c1")] == ["nfs", "ceph-rbd", None]
    assert switched.nodes["r1"].vars["asn"] == 65000
    assert small.nodes["r1"].facts.storage == "local-file"
    assert switched.links == small.links


def test_other_workloads_are_drawn_anew(small: Topology) -> None:
    changed = with_vars(small, {"c1": {"workloads": [{"name": "db", "tap": "tap1", "address": "10.17.0.6"}]}})
    assert "web" not in changed.nodes
    assert changed.nodes["db"].parent == "c1"
    assert str(changed.link_at("c1:tap1")) == "c1:tap1 - db:eth0"


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        ({"r9": {}}, "no node or group named 'r9'"),
        ({"r1": {"storage": "zfs"}}, "vars.r1.storage: found 'zfs'; expected one of"),
        ({"r1": {"storage": "nfs"}}, "name them in storage_servers"),
        ({"c1": {"workloads": [{"name": "r1", "tap": "t", "address": "10.0.0.1"}]}}, "another node"),
        ({"c1": 3}, "expected a mapping"),
    ],
)
def test_overrides_are_read_as_strictly_as_the_file(
    small: Topology, overrides: "dict[str, object]", words: str
) -> None:
    with pytest.raises(TopologyError, match=f"^story.yml:7: .*{words}"):
        with_vars(small, overrides, Place("story.yml", 7))  # type: ignore[arg-type]


def test_a_relative_file_keeps_its_files_when_the_caller_moves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, VALID)
    monkeypatch.chdir(tmp_path)
    topology = read_topology("lab.clab.yml", environment={})
    monkeypatch.chdir("/")
    assert node_files(topology, "r1")["/etc/frr/frr.conf"].startswith(b"hostname r1")
    assert str(topology.nodes["r1"].place) == "lab.clab.yml:23"
