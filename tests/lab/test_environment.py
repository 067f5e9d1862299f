"""What a node is told of itself: containerlab's labels and variables, and the names in /etc/hosts."""

from pathlib import Path

import pytest

from lab.environment import as_made
from lab.management import Port, hosts_file
from lab.naming import long_name
from sim.topology.model import Node, Topology
from sim.topology.reader import read_topology

TEXT = """\
name: told
topology:
  defaults: {kind: linux, labels: {Rack-Row: r7}}
  nodes:
    a: {env: {NO_PROXY: "example.org,a", CLAB_INTFS: "9"}, hostname: alpha, group: edge, aliases: [first]}
    b: {kind: frr, mgmt-ipv4: 172.20.20.9}
    c: {network-mode: none}
    br0: {kind: bridge}
  links:
    - endpoints: ["a:eth1", "b:eth1"]
    - endpoints: ["b:eth2", "br0:b"]
    - endpoints: ["b:eth3", "b:eth4"]
    - endpoints: ["b:eth5", "host:b5"]
"""


@pytest.fixture
def drawn(tmp_path: Path) -> Topology:
    (tmp_path / "told.clab.yml").write_text(TEXT)
    return read_topology(tmp_path / "told.clab.yml", environment={})


def made(drawn: Topology, name: str) -> Node:
    return as_made(drawn, drawn.nodes[name])


def test_a_node_has_containerlab_s_labels_and_each_is_a_variable(drawn: Topology) -> None:
    node = made(drawn, "a")
    assert node.labels["containerlab"] == "told" and node.labels["clab-node-longname"] == "clab-told-a"
    assert node.labels["clab-node-lab-dir"] == f"{drawn.file.parent}/clab-told/a"
    assert node.labels["clab-topo-file"] == str(drawn.file) and node.labels["clab-owner"]
    assert "clab-git-branch" not in node.labels
    assert [node.env[f"CLAB_LABEL_{name}"] for name in ("RACK_ROW", "CLAB_NODE_NAME", "CLAB_NODE_GROUP")] == [
        "r7", "a", "edge",
    ]  # fmt: skip
    assert made(drawn, "b").env["CLAB_LABEL_CLAB_NODE_KIND"] == "frr"


def test_a_lab_in_a_repository_is_labelled_with_branch_and_commit(drawn: Topology) -> None:
    (drawn.file.parent / ".git").mkdir()
    (drawn.file.parent / ".git/HEAD").write_text("0123abc\n")
    labels = made(drawn, "a").labels
    assert (labels["clab-git-branch"], labels["clab-git-hash"]) == ("HEAD", "0123abc")


def test_a_node_is_told_how_many_interfaces_its_cables_make(drawn: Topology) -> None:
    assert [made(drawn, name).env["CLAB_INTFS"] for name in "bc"] == ["5", "0"]
    assert made(drawn, "a").env["CLAB_INTFS"] == "9"  # the author's word


def test_no_proxy_holds_every_node_and_the_management_network(drawn: Topology) -> None:
    env = made(drawn, "a").env
    expected = "example.org,a,localhost,127.0.0.1,::1,*.local,172.20.20.9,b,c,172.20.20.0/24,3fff:172:20:20::/64"
    assert env["no_proxy"] == env["NO_PROXY"] == expected


def test_a_bridge_is_told_nothing(drawn: Topology) -> None:
    assert made(drawn, "br0") is drawn.nodes["br0"]


@pytest.mark.parametrize(
    ("prefix", "expected"), [("", "a"), ("__lab-name", "told-a"), ("mine", "mine-told-a"), (None, "clab-told-a")]
)
def test_the_prefix_makes_the_long_name(tmp_path: Path, prefix: str | None, expected: str) -> None:
    line = "" if prefix is None else f"prefix: '{prefix}'\n"
    (tmp_path / "told.clab.yml").write_text(line + TEXT)
    assert long_name(read_topology(tmp_path / "told.clab.yml", environment={}), "a") == expected


def test_the_hosts_file_begins_with_what_docker_writes_and_the_node_itself(drawn: Topology) -> None:
    ports = {name: Port(name, f"172.20.20.{at}", f"3fff::{at}", False, at) for at, name in ((9, "b"), (2, "a"))}
    lines = hosts_file(drawn.nodes["a"], ports, drawn).decode().splitlines()
    assert lines[0] == "127.0.0.1 localhost" and lines[5] == "ff02::2 ip6-allrouters"
    assert lines[6:] == [
        "172.20.20.2 alpha a clab-told-a a.told.io first", "3fff::2 alpha a clab-told-a a.told.io first",
        "172.20.20.9 b clab-told-b b.told.io", "3fff::9 b clab-told-b b.told.io",
    ]  # fmt: skip
