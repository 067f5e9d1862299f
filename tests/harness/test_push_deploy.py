"""A lab boots in order, follows its files while it runs, and goes back where a change fails."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.deploy import apply, boot, bring_up
from lab.lab import Lab
from sim.errors import CommandFailed, PushRejected
from sim.topology.model import Topology
from sim.topology.reader import read_topology

pytestmark = pytest.mark.kernel

_NODE = (
    "    {name}: {{kind: linux, network-mode: none{more}, "
    "binds: ['{name}.conf:/etc/bird/bird.conf', '{name}.v4:/etc/iptables/rules.v4']}}\n"
)
_BIRD = "router id 192.0.2.{number};\nprotocol device {{}}\n"
_RULES = "*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -i lo -j ACCEPT\nCOMMIT\n"


class Drawing:
    """A topology file and the files of its nodes, in a folder that a test may edit."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.name = f"deploy-{os.getpid()}-{folder.name[-8:]}"

    def draw(self, *names: str, more: str = "") -> Topology:
        nodes = "".join(_NODE.format(name=name, more=more) for name in names)
        links = f'  links:\n    - endpoints: ["{names[0]}:eth1", "{names[1]}:eth1"]\n' if len(names) > 1 else ""
        for number, name in enumerate(names, 1):
            for file, text in ((f"{name}.conf", _BIRD.format(number=number)), (f"{name}.v4", _RULES)):
                if not (self.folder / file).exists():
                    (self.folder / file).write_text(text)
        file = self.folder / "lab.clab.yml"
        file.write_text(f"name: lab\ntopology:\n  nodes:\n{nodes}{links}")
        return read_topology(file, name=self.name)


@pytest.fixture
def drawing(tmp_path: Path) -> Iterator[Drawing]:
    made = Drawing(tmp_path)
    yield made
    Lab.destroy_by_name(made.name)


def bird_of(lab: Lab, name: str) -> int:
    return next(each.pid for each in lab.nodes[name].processes() if each.name == "bird")


def test_a_lab_comes_up_with_its_files_applied(drawing: Drawing) -> None:
    with bring_up(drawing.draw("a", "b")) as lab:
        assert lab.is_running()
        assert "-A INPUT -i lo -j ACCEPT" in lab.nodes["b"].run(["iptables-save"]).text
        assert bird_of(lab, "a")


def test_a_bare_lab_has_nodes_without_files(drawing: Drawing) -> None:
    with bring_up(drawing.draw("a"), bare=True) as lab:
        assert lab.nodes["a"].read("/etc/bird/bird.conf") is None


def test_a_rejected_file_at_boot_leaves_no_lab_and_names_the_node(drawing: Drawing) -> None:
    topology = drawing.draw("a", "b")
    (drawing.folder / "b.conf").write_text("router id;\n")
    with pytest.raises(PushRejected, match=r"b rejected /etc/bird/bird.conf line 1: syntax error"):
        bring_up(topology)
    assert drawing.name not in Lab.names()


def test_a_failing_exec_line_fails_the_deploy(drawing: Drawing) -> None:
    with pytest.raises(CommandFailed, match=r"a: exec 'ip link show nowhere' ended with 1: .*nowhere"):
        bring_up(drawing.draw("a", more=", exec: ['ip link show nowhere']"))
    assert drawing.name not in Lab.names()


def test_applying_the_same_topology_changes_nothing(drawing: Drawing) -> None:
    topology = drawing.draw("a", "b")
    with bring_up(topology) as lab:
        before = bird_of(lab, "a")
        assert not apply(lab, topology)
        assert bird_of(lab, "a") == before


def test_a_changed_file_reaches_its_node_alone(drawing: Drawing) -> None:
    with bring_up(drawing.draw("a", "b")) as lab:
        before = bird_of(lab, "b")
        (drawing.folder / "b.v4").write_text(_RULES.replace("lo", "eth1"))
        done = apply(lab, drawing.draw("a", "b"))
        assert done.pushed["b"].written == ("/etc/iptables/rules.v4",)
        assert not done.pushed["a"].changed
        assert "-A INPUT -i eth1 -j ACCEPT" in lab.nodes["b"].run(["iptables-save"]).text
        assert bird_of(lab, "b") == before


def test_a_node_more_and_a_node_less(drawing: Drawing) -> None:
    with bring_up(drawing.draw("a", "b")) as lab:
        before = bird_of(lab, "a")
        apply(lab, drawing.draw("a", "c"))
        assert set(lab.nodes) == {"a", "c"}
        assert bird_of(lab, "c")
        assert bird_of(lab, "a") == before
        assert "eth1" in lab.nodes["c"].run(["ip", "link"]).text


def test_an_apply_that_fails_gives_back_what_the_lab_had(drawing: Drawing) -> None:
    with bring_up(drawing.draw("a", "b")) as lab:
        (drawing.folder / "a.v4").write_text(_RULES.replace("lo", "eth1"))
        (drawing.folder / "c.conf").write_text("router id;\n")
        with pytest.raises(PushRejected, match="c rejected"):
            apply(lab, drawing.draw("a", "c"))
        assert set(lab.nodes) == {"a", "b"}
        for name in "ab":
            assert "-A INPUT -i lo -j ACCEPT" in lab.nodes[name].run(["iptables-save"]).text
            assert bird_of(lab, name)
        assert lab.is_running()


def test_a_node_that_lost_power_boots_again_with_all_it_had(drawing: Drawing) -> None:
    with bring_up(drawing.draw("a", "b")) as lab:
        lab.halt("b")
        lab.restart("b")
        boot(lab, ["b"])
        assert bird_of(lab, "b")
        assert "-A INPUT -i lo -j ACCEPT" in lab.nodes["b"].run(["iptables-save"]).text
