"""What automation tools read of a lab, against what containerlab writes for the same file."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from harness import automation, inventories
from lab.journal import Journal
from lab.lab import Lab
from sim.errors import InputError, TopologyError
from sim.topology.reader import read_topology

TEXT = """\
name: topo1
mgmt: {ipv4-subnet: 172.100.100.0/24}
topology:
  nodes:
    node2: {kind: frr, mgmt-ipv4: 172.100.100.12, labels: {ansible-group: spine}}
    node1:
      kind: frr
      mgmt-ipv4: 172.100.100.11
      labels: {ansible-group: extra_group, nornir-group: extra_group, nornir-group-2: a_group}
      config: {vars: {ssh: true}}
    node4: {kind: linux, mgmt-ipv4: 172.100.100.14, labels: {ansible-no-host-var: "true"}}
    alone: {kind: linux, network-mode: none}
    br: {kind: bridge}
  links:
    - endpoints: [node1:eth1, node2:eth1]
      vars: {cost: 7}
    - {type: dummy, endpoint: {node: node1, interface: dummy0, ipv4: 192.0.2.9/32}}
"""
Made = Callable[[str], Lab]


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Made:
    """A lab of a text that does not run: inventories tell what is drawn."""
    monkeypatch.setenv("FABRICLAB_RUN", str(tmp_path / "run"))

    def make(text: str) -> Lab:
        (tmp_path / "x.clab.yml").write_text(text)
        return Lab(read_topology(tmp_path / "x.clab.yml"), Journal("topo1"))

    return make


def test_ansible_s_inventory_groups_by_kind_and_by_label(made: Made) -> None:
    lab = made(TEXT)
    read = yaml.safe_load(inventories.ansible(lab))
    assert list(read["all"]["children"]) == ["frr", "linux", "extra_group", "spine"]
    node1 = read["all"]["children"]["frr"]["hosts"]["clab-topo1-node1"]
    assert node1["ansible_host"] == "172.100.100.11" and node1["ansible_user"] == "root"
    assert node1["ansible_ssh_common_args"] == f"-F {lab.folder}/ssh/ssh_config"
    assert read["all"]["children"]["extra_group"]["hosts"] == {"clab-topo1-node1": node1}
    assert read["all"]["children"]["frr"]["hosts"]["clab-topo1-node2"] == {"ansible_host": "172.100.100.12"}
    assert read["all"]["children"]["linux"]["hosts"] == {
        "clab-topo1-alone": {"ansible_host": None},
        "clab-topo1-node4": None,
    }
    assert read["all"]["vars"] == {"ansible_httpapi_use_proxy": False}


def test_connections_that_ansible_keeps_are_of_one_lab(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many labs use the same addresses, and so does the next one of the same name."""

    def path() -> str:
        read = yaml.safe_load(inventories.ansible(made(TEXT)))
        return str(read["all"]["children"]["frr"]["hosts"]["clab-topo1-node1"]["ansible_control_path"])

    first = path()
    assert first == path() and first.startswith("%(directory)s/") and first.endswith("-%%h")
    Journal("topo1").remove()
    assert path() != first


def test_nornir_s_inventory_has_containerlab_s_keys(made: Made) -> None:
    read = yaml.safe_load(inventories.nornir(made(TEXT)))
    assert list(read) == ["node1", "node2", "alone", "node4"]
    assert read["node2"] == {"username": None, "password": None, "platform": "frr", "hostname": "172.100.100.12"}
    assert read["node1"]["groups"] == ["a_group", "extra_group"] and read["node1"]["username"] == "root"
    assert read["node1"]["connection_options"]["netmiko"]["extras"]["use_keys"] is True
    assert read["alone"]["hostname"] is None


def test_topology_data_has_the_fields_of_containerlab_s_default_template(made: Made) -> None:
    lab = made(TEXT)
    read = json.loads(inventories.topology_data(lab))
    assert list(read) == ["name", "type", "clab", "ssh-pub-keys", "nodes", "links"] and read["type"] == "clab"
    assert read["ssh-pub-keys"] == [lab.keys.user().public]
    node = read["nodes"]["node1"]
    assert (node["longname"], node["fqdn"], node["mgmt-ipv4-prefix-length"]) == (
        "clab-topo1-node1",
        "node1.topo1.io",
        24,
    )
    assert read["nodes"]["alone"]["mgmt-ipv4-address"] == ""
    cable, dummy = read["links"]
    assert cable["vars"] == {"cost": 7} and cable["endpoints"]["a"]["peer"] == "z"
    assert dummy["endpoints"]["a"]["ipv4"] == "192.0.2.9/32" and dummy["endpoints"]["a"]["peer"] == "dummy"


def test_openssh_s_configuration_knows_a_node_by_all_its_names_and_trusts_its_key_alone(made: Made) -> None:
    lab = made(TEXT)
    text = inventories.ssh_config(lab)
    assert text.count("Host ") == 1 and "Host node1 clab-topo1-node1 172.100.100.11 3fff:" in text
    assert "connect topo1 node1:22" in text and "StrictHostKeyChecking yes" in text
    names, kind, key = inventories.known_hosts(lab).split()
    assert names.split(",")[2] == "172.100.100.11" and f"{kind} {key}" == lab.keys.host("node1").public
    assert lab.keys.host("node1").public != lab.keys.user().public != lab.keys.host("node2").public


def test_a_lab_without_ssh_has_no_keys(made: Made) -> None:
    lab = made(TEXT.replace("ssh: true", "ssh: false"))
    inventories.ansible(lab), inventories.topology_data(lab), inventories.ssh_config(lab)
    assert not lab.keys.folder.exists()


def test_an_unknown_form_lists_the_known_ones(made: Made) -> None:
    with pytest.raises(InputError, match="known: ansible, nornir, topology-data, ssh-config"):
        inventories.write(made(TEXT), "salt")


def commands(made: Made, push: str) -> dict[str, list[str]]:
    lab = made(TEXT.replace("topology:\n", f"topology:\n  defaults: {{config: {{vars: {{push: '{push}'}}}}}}\n", 1))
    return automation.commands(lab, lab.topology.nodes.values())


def test_a_push_command_that_is_the_same_for_many_nodes_is_run_once(made: Made, tmp_path: Path) -> None:
    [(command, asking)] = commands(made, "site -i {inventory} --lab {lab}").items()
    assert command == f"site -i {tmp_path}/run/topo1/ansible-inventory.yml --lab topo1"
    assert asking == ["node2", "node1", "node4", "alone"]  # nothing is pushed to a bridge
    assert list(commands(made, 'echo "{node} is" {long_name}')) == [
        f"echo '{node} is' clab-topo1-{node}" for node in asking
    ]
    assert list(commands(made, """site -e "{\\\"a\\\": {}}" """)) == ["""site -e '{"a": {}}'"""]


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ("push: 'site {inventry}'", "found {inventry}; did you mean 'inventory'?"),
        ("push: 'site {zone}'", "found {zone}; known: inventory, "),
        ("push: 'site \"'", "no closing quotation; expected a command"),
        ("push: ' '", "found nothing; expected a command"),
        ("ssh: maybe", "found 'maybe'; expected true or false"),
        ("sssh: true, ssh: {}", "expected true or false"),
    ],
)
def test_what_is_wrong_is_said_in_its_place(made: Made, facts: str, said: str) -> None:
    with pytest.raises(TopologyError) as raised:
        made(TEXT.replace("ssh: true", facts))
    assert said in str(raised.value) and ":10: nodes.node1.config.vars." in str(raised.value)


def test_ssh_wants_the_management_network(made: Made) -> None:
    with pytest.raises(TopologyError, match=r"x\.clab\.yml:\d+: nodes\.alone: .*remove network-mode: none, or say ssh"):
        made(TEXT.replace("network-mode: none", "network-mode: none, config: {vars: {ssh: true}}"))
    everywhere = TEXT.replace("topology:\n", "topology:\n  defaults: {config: {vars: {ssh: true}}}\n", 1)
    lab = made(everywhere.replace("network-mode: none", "network-mode: none, config: {vars: {ssh: false}}"))
    assert inventories.ssh_config(lab).count("\nHost ") == 3  # a bridge has no server
