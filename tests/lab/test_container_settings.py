"""What a container engine is asked for, from the keys of a topology file; no engine is needed."""

from pathlib import Path

import pytest

from lab.containers.settings import settings
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
