"""Where the author keeps a file that a node has: what notes and errors about configuration name."""

from pathlib import Path

from sim.topology.files import author_path
from sim.topology.overlay import with_overlay
from sim.topology.reader import read_topology

ROOT = Path(__file__).resolve().parents[2]
CLOS = read_topology(ROOT / "topologies/clos-2x4/clos-2x4.clab.yml")
FRR = "/etc/frr/frr.conf"


def test_a_file_of_a_bind_is_named_below_the_topologys_folder() -> None:
    assert author_path(CLOS, CLOS.node("leaf01"), FRR) == "configs/leaf01/etc/frr/frr.conf"


def test_an_overlays_file_is_named_where_it_lies(tmp_path: Path) -> None:
    own = tmp_path / "overlay" / "leaf01" / "etc/frr/frr.conf"
    own.parent.mkdir(parents=True)
    own.write_text("!\n")
    changed = with_overlay(CLOS, tmp_path / "overlay")
    assert author_path(changed, changed.node("leaf01"), FRR) == str(own)
    assert author_path(changed, changed.node("leaf02"), FRR) == "configs/leaf02/etc/frr/frr.conf"


def test_a_file_that_nobody_wrote_is_named_by_its_node() -> None:
    assert author_path(CLOS, CLOS.node("leaf01"), "/etc/frr/none.conf") == "leaf01:/etc/frr/none.conf"
