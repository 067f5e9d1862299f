"""Drawings: where nodes stand, and that every form tells the same network."""

import itertools
from pathlib import Path
from xml.etree.ElementTree import fromstring

import pytest

from harness.graphs import FORMS, draw
from harness.layout import Box, Cable, Drawing, Spot, place
from harness.picture import svg
from sim.errors import InputError
from sim.topology.reader import read_topology

TOPOLOGIES = sorted(Path(__file__).resolve().parents[2].glob("topologies/*/*.clab.yml"))


def clos(spines: int, leafs: int, servers: int) -> Drawing:
    spots = [Spot(f"spine{s}", "linux", "spine") for s in range(spines)]
    spots += [Spot(f"leaf{at}", "linux", "leaf") for at in range(leafs)]
    spots += [Spot(f"server{at}", "linux", "server") for at in range(servers)]
    cables = [Cable((f"leaf{at}", f"u{s}"), (f"spine{s}", f"d{at}")) for at in range(leafs) for s in range(spines)]
    cables += [Cable((f"server{at}", "eth1"), (f"leaf{at % leafs}", f"s{at}")) for at in range(servers)]
    return Drawing(tuple(spots), tuple(cables))


def test_spines_stand_over_leafs_and_leafs_over_servers() -> None:
    boxes = place(clos(2, 4, 8)).boxes
    assert boxes["spine0"].y == boxes["spine1"].y < boxes["leaf0"].y == boxes["leaf3"].y < boxes["server0"].y


def test_a_label_of_containerlab_overrides_the_row() -> None:
    spots = (Spot("a", "linux", level=2), Spot("b", "linux", level=1), Spot("c", "linux", level=3))
    boxes = place(Drawing(spots, (Cable(("a", "1"), ("b", "1")), Cable(("b", "2"), ("c", "1"))))).boxes
    assert boxes["b"].y < boxes["a"].y < boxes["c"].y


@pytest.mark.parametrize("file", TOPOLOGIES, ids=lambda file: file.parent.name)
def test_no_two_nodes_overlap(file: Path) -> None:
    layout = place(Drawing.of(read_topology(file)))
    boxes = [box for box in layout.boxes.values() if not box.bus]
    assert all(apart(one, two) for one, two in itertools.combinations(boxes, 2))
    assert all(b.x - b.width / 2 >= 0 and b.x + b.width / 2 <= layout.width for b in layout.boxes.values())
    assert all(b.y >= 0 and b.y + b.full_height <= layout.height for b in layout.boxes.values())


def apart(one: Box, two: Box) -> bool:
    aside = abs(one.x - two.x) >= (one.width + two.width) / 2
    return aside or one.y + one.full_height <= two.y or two.y + two.full_height <= one.y


@pytest.mark.parametrize("file", TOPOLOGIES, ids=lambda file: file.parent.name)
def test_every_form_names_every_node(file: Path) -> None:
    topology = read_topology(file)
    for form in FORMS:
        drawn = draw(topology, form, None)
        assert all(name in drawn for name in topology.nodes), form


@pytest.mark.parametrize(
    "drawing",
    [
        Drawing((), ()),
        Drawing((Spot("alone", "linux"),), ()),
        Drawing((Spot("sw", "bridge"),), ()),
        Drawing((Spot("guest", "workload", parent="gone"),), ()),
        Drawing((Spot("a", "linux"), Spot("b", "linux")), (Cable(("a", "1"), ("b", "1")),) * 3),
        clos(3, 40, 50),
    ],
    ids=["nothing", "one node", "one bridge", "an orphan", "parallel cables", "93 nodes"],
)
def test_the_picture_is_well_formed_for(drawing: Drawing) -> None:
    fromstring(svg(drawing))
    assert Drawing.from_json(drawing.to_json()) == drawing


def test_the_format_follows_the_name_of_the_output() -> None:
    topology = read_topology(TOPOLOGIES[0])
    assert draw(topology, "", Path("x.mmd")).startswith("graph TD")
    assert draw(topology, "", Path("x.dot")).startswith("graph ")
    with pytest.raises(InputError, match="known: svg, html, mermaid, dot"):
        draw(topology, "", Path("x.pdf"))
