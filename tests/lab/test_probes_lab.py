"""Probes on a deployed lab: its own sockets, and nodes that go and come back."""

from pathlib import Path

import pytest

from harness.deploy import boot, bring_up
from harness.probes.prober import Prober
from sim.errors import ProbeError
from sim.flow import Disposition, Flow
from sim.topology.reader import read_topology

pytestmark = pytest.mark.kernel

PAIR = """
name: probes-pair
topology:
  defaults: {kind: linux, network-mode: none}
  nodes:
    a: {exec: [ip addr add 10.0.0.1/24 dev eth1]}
    b: {exec: [ip addr add 10.0.0.2/24 dev eth1]}
  links:
    - endpoints: ["a:eth1", "b:eth1"]
"""


def test_a_node_that_went_and_came_back_is_probed_anew(tmp_path: Path) -> None:
    file = tmp_path / "pair.clab.yml"
    file.write_text(PAIR)
    with bring_up(read_topology(file)) as lab, Prober(lab.runtime, lab.topology) as prober:
        assert prober.trace(Flow("a", "b")).delivered
        lab.halt("b")
        gone = prober.trace(Flow("a", "b"))
        assert not gone.delivered
        assert gone.where == "a"
        with pytest.raises(ProbeError, match="b"):
            prober.traces([Flow("b", "a")])
        lab.restart("b")
        boot(lab, ["b"])
        assert prober.trace(Flow("a", "b")).disposition is Disposition.DELIVERED
        assert prober.traces([Flow("b", "a")])[0].delivered
