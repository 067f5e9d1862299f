"""What a node gets from its group, its kind and the defaults."""

from pathlib import Path

import pytest
from topology_texts import read

from sim.errors import TopologyError
from sim.topology.model import Kind, Node

LEVELS = """\
name: levels
topology:
  defaults:
    kind: linux
    image: from-defaults
    hostname: h
    exec: [one, two]
    env: {A: defaults, B: defaults}
    binds: [d:/x, d:/y]
    config: {vars: {a: 1, b: 1, storage: local-file}}
  kinds:
    linux:
      image: from-kind
      env: {B: kind, C: kind}
      exec: [two, three]
      sysctls: {net.ipv4.ip_forward: 1}
      config: {vars: {b: 2, c: 2}}
  groups:
    g:
      image: from-group
      env: {C: group, D: group}
      labels: {rack: 7, on: yes}
      exec: [four]
      binds: [g:/y/, g:/z]
      config: {vars: {c: 3}}
  nodes:
    own:
      group: g
      image: from-node
      env: {D: node}
      exec: [four, five]
      binds: ["n:/z:ro"]
      config: {vars: {d: [1, two, 1.5, yes, null]}}
    grouped: {group: g}
    bare:
"""


@pytest.fixture
def nodes(tmp_path: Path) -> "dict[str, Node]":
    for folder in "dgn":
        (tmp_path / folder).mkdir()
    return dict(read(tmp_path, LEVELS).nodes)


def test_a_scalar_comes_from_the_nearest_level(nodes: "dict[str, Node]") -> None:
    assert [nodes[name].image for name in ("own", "grouped", "bare")] == ["from-node", "from-group", "from-kind"]
    assert nodes["own"].hostname == "h"


def test_variables_and_labels_merge_key_by_key(nodes: "dict[str, Node]") -> None:
    env = nodes["own"].env
    assert {key: env[key] for key in "ABCD"} == {"A": "defaults", "B": "kind", "C": "group", "D": "node"}
    assert nodes["bare"].env == {"A": "defaults", "B": "kind", "C": "kind"}
    assert nodes["own"].labels == {"rack": "7", "on": "yes"}


def test_commands_are_appended_once_each_defaults_first(nodes: "dict[str, Node]") -> None:
    assert nodes["own"].exec == ("one", "two", "three", "four", "five")
    assert nodes["bare"].exec == ("one", "two", "three")


def test_binds_merge_by_destination(nodes: "dict[str, Node]") -> None:
    binds = {bind.destination: (bind.source.name, bind.options) for bind in nodes["own"].binds}
    assert binds == {"/x": ("d", ""), "/y": ("g", ""), "/z": ("n", "ro")}


def test_config_vars_merge_by_key(nodes: "dict[str, Node]") -> None:
    mine = nodes["own"].vars
    assert {key: mine[key] for key in "abc"} == {"a": 1, "b": 2, "c": 3}
    assert mine["d"] == [1, "two", 1.5, True, None]


def test_a_bare_node_inherits_like_any_other(nodes: "dict[str, Node]") -> None:
    assert nodes["bare"].facts.storage == "local-file"
    assert nodes["bare"].sysctls == {"net.ipv4.ip_forward": "1"}


def test_a_kind_comes_from_the_group_before_the_defaults(tmp_path: Path) -> None:
    text = """\
    name: a
    topology:
      defaults: {kind: linux, group: routers}
      groups: {routers: {kind: frrouting}, hosts: {}}
      nodes: {n1: , n2: {group: hosts}, n3: {kind: cvx}}
    """
    nodes = read(tmp_path, text).nodes
    assert [(node.kind, node.group) for node in nodes.values()] == [
        (Kind.FRR, "routers"),
        (Kind.LINUX, "hosts"),
        (Kind.CUMULUS, "routers"),
    ]


def test_an_inherited_mistake_is_named_where_it_was_written(tmp_path: Path) -> None:
    text = """\
    name: a
    topology:
      groups:
        g:
          kind: linux
          config:
            vars:
              own: 1
              services:
                - {name: web, port: 80}
                - {name: ssh, port: 0}
      nodes:
        n1:
          group: g
          config: {vars: {mine: 2}}
    """
    with pytest.raises(TopologyError, match=r"lab.clab.yml:11: nodes.n1.config.vars.services\[1\].port: .*at least 1"):
        read(tmp_path, text)


def test_stages_run_in_their_order_around_exec(tmp_path: Path) -> None:
    text = """\
    name: a
    topology:
      defaults:
        kind: linux
        stages: {create-links: {exec: {on-exit: [late], on-enter: [early]}}}
      nodes:
        n1:
          exec: [own __clabNodeName__]
          stages:
            create: {wait-for: [{node: n2, stage: configure}]}
            exit: {exec: [{command: last, phase: on-exit}]}
        n2: {}
    """
    assert read(tmp_path, text).nodes["n1"].commands == ("early", "late", "own n1", "last")


def test_yaml_anchors_and_merges_work_as_written(tmp_path: Path) -> None:
    text = """\
    name: a
    topology:
      nodes:
        n1: &base
          kind: linux
          image: one
        n2:
          <<: *base
          image: two
    """
    assert [node.image for node in read(tmp_path, text).nodes.values()] == ["one", "two"]
