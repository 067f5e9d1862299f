"""What a container engine is asked for, from the keys of a topology file; no engine is needed."""

from pathlib import Path

import pytest

from lab.containers.settings import GATE, held, settings, waits
from lab.environment import as_made
from sim.topology.reader import read_topology

TEXT = """\
name: boxes
topology:
  nodes:
    n1:
      kind: linux
      image: fabriclab/node:12
      user: "1000"
      cmd: sleep infinity
      entrypoint: /bin/bash
      cpu: 1.5
      cpu-set: 0-1
      memory: 256mb
      shm-size: 32mb
      cap-add: [CAP_SYS_PTRACE]
      hostname: box
      privileged: true
"""


def test_the_keys_of_a_container_are_what_the_engine_is_asked_for(tmp_path: Path) -> None:
    file = tmp_path / "x.clab.yml"
    file.write_text(TEXT)
    topology = read_topology(file, environment={})
    body = settings(as_made(topology, topology.nodes["n1"]), tmp_path)
    assert (body["Image"], body["User"], body["Hostname"]) == ("fabriclab/node:12", "1000", "box")
    assert (body["Cmd"], body["Entrypoint"]) == (["sleep", "infinity"], ["/bin/bash"])
    assert "CLAB_INTFS=0" in body["Env"] and body["Labels"]["clab-node-longname"] == "clab-boxes-n1"
    host = body["HostConfig"]
    assert host["NanoCpus"] == pytest.approx(1.5e9) and host["CpusetCpus"] == "0-1"
    assert (host["Memory"], host["ShmSize"]) == (256 << 20, 32 << 20)
    assert "SYS_PTRACE" in host["CapAdd"] and "Privileged" not in host and host["NetworkMode"] == "none"


HELD = """\
name: boxes
topology:
  defaults: {kind: linux, image: "x:1"}
  nodes:
    own: {startup-delay: 1, cmd: serve --all}
    images: {stages: {create: {wait-for: [{node: own, stage: exit}]}}}
    later: {stages: {configure: {wait-for: [{node: own, stage: exit}]}}}
"""


def test_a_container_that_is_to_wait_becomes_what_it_runs_when_its_gate_opens(tmp_path: Path) -> None:
    file = tmp_path / "x.clab.yml"
    file.write_text(HELD)
    topology = read_topology(file, environment={})
    image = {"Entrypoint": ["/init", "--"], "Cmd": ["daemon"]}
    assert {node.name: waits(node) for node in topology.nodes.values()} == {"own": True, "images": True, "later": False}
    for name, words in {"own": ["/init", "--", "serve", "--all"], "images": ["/init", "--", "daemon"]}.items():
        node = topology.nodes[name]
        body = held(settings(as_made(topology, node), tmp_path), node, image)
        shell, option, line, _, *own = body["Entrypoint"]
        assert (shell, option, own, body["Cmd"]) == ("/bin/sh", "-c", words, [])
        assert GATE in line and body["Labels"]["clab-node-name"] == name
