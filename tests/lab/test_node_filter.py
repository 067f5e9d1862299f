"""deploy and destroy of some nodes only (containerlab's --node-filter), in the kernel."""

import json
import os
from pathlib import Path

import pytest

from harness.cli import run
from lab.lab import Lab

TEXT = """\
name: NAME
topology:
  defaults: {kind: linux, network-mode: none}
  nodes: {a: {}, b: {}, c: {}}
  links:
    - endpoints: ["a:eth1", "b:eth1"]
    - endpoints: ["b:eth2", "c:eth2"]
"""


@pytest.mark.kernel
def test_only_some_nodes_are_deployed_and_destroyed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    name, file = f"filter-{os.getpid()}", tmp_path / "x.clab.yml"
    file.write_text(TEXT.replace("NAME", name))
    try:
        assert run(["deploy", str(file), "--node-filter", "a, b", "--json"]) == 0
        made = json.loads(capsys.readouterr().out)
        assert [node["name"] for node in made["nodes"]] == ["a", "b"]
        assert [link["endpoints"] for link in made["links"]] == [["a:eth1", "b:eth1"]]
        assert run(["destroy", name, "--node-filter", "a"]) == 0
        assert list(Lab.find(name).nodes) == ["b"]
        assert Lab.find(name).nodes["b"].run(["ip", "link", "show", "eth1"], check=False).status == 1
        assert run(["destroy", name, "--node-filter", "b"]) == 0 and name not in Lab.names()
        assert run(["deploy", str(file), "--node-filter", "a,z"]) == 2
        assert "no node named 'z'" in capsys.readouterr().err and name not in Lab.names()
    finally:
        Lab.destroy_by_name(name)
