"""Two YAML parsers, one reading: what the quick one reads, the thorough one reads alike, to the line."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_topology_mutated import mutations
from topology_texts import VALID

from sim.errors import TopologyError
from sim.generate.clos import clos
from sim.generate.fat_tree import fat_tree
from sim.generate.folder import clab_yml
from sim.generate.frr import Style
from sim.topology import located
from sim.topology.events import quick_events
from sim.topology.located import Map, Seq, load

SHIPPED = sorted((Path(__file__).parents[2] / "topologies").glob("*/*.clab.yml"))
GENERATED = [clab_yml(fat_tree(4), Style()), clab_yml(clos(2, 2, 2), Style(unnumbered=True))]
PIECES = [
    "a", "b: c", "[a, b]", "{a: b}", "{a: b, c: [d]}", "'a''b'", '"a\n  b"', "a\n  b", "- a", "- - a", "- a: b\n  c: d",
    "#", " # a", " # a | b > `c` @d !e %f ? *g : ,", "# 'a | b", "\n# a\\b", "a#b", "http://a:b", "::1", "a:", ":a",
    "[a:b]", "{a:b}", "['a':b]", "{'a':b}", "['a' :b]", "[]:", "[a,]", "[,]", "&a", "*a",
    "&a b", "*a:", "<<: *a", "~", "-", "- ", "? a", "!!int 1", "|\n a", ">\n a", "\t", "...",
    "---", "%", "\u2028",
]  # fmt: skip
SMALL = "a: &a {b: 1, c: [d, e]}\nf:\n  <<: *a\n  g: h i\nk:\n- l\n- m: n\n  o: 'p'\n-\n  - {r: \"s\", t: }\n"


def lines_of(tree: Any) -> Any:
    """A tree with every line it remembers."""
    if isinstance(tree, Map):
        return tree.line, tree.lines, {key: lines_of(value) for key, value in tree.items()}
    if isinstance(tree, Seq):
        return tree.line, tree.lines, [lines_of(value) for value in tree]
    return tree


def answer(text: str) -> Any:
    try:
        return lines_of(load(text, "f"))
    except TopologyError as error:
        return str(error)


def both(text: str) -> tuple[Any, Any]:
    """What a text is read as, and what it is read as by the thorough parser alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(located, "quick_events", lambda _: None)
        thorough = answer(text)
    return answer(text), thorough


@st.composite
def small(draw: st.DrawFn) -> str:
    """A few lines with every construct of a topology file, and pieces set into them anywhere."""
    text = SMALL
    for _ in range(draw(st.integers(1, 3))):
        at, until = draw(st.integers(0, len(text))), draw(st.integers(0, 3))
        text = text[:at] + draw(st.sampled_from(PIECES)) + text[at + until :]
    return text


@settings(max_examples=600, deadline=None)
@given(text=small() | mutations())
def test_a_text_is_read_the_same_by_both_parsers(text: str) -> None:
    quick, thorough = both(text)
    assert quick == thorough


@pytest.mark.parametrize("text", [VALID, SMALL, *GENERATED, *(file.read_text() for file in SHIPPED)])
def test_ordinary_topologies_are_read_alike(text: str) -> None:
    quick, thorough = both(text)
    assert quick == thorough and isinstance(quick, tuple)


@pytest.mark.parametrize("text", [VALID, SMALL, *GENERATED, "a: b  # c | d > e\n# `f` @g !h\nk: l\n"])
def test_plain_topologies_are_read_by_the_quick_parser(text: str) -> None:
    assert quick_events(text) is not None


@pytest.mark.parametrize(
    "text", ["a: \tb", "a: !!str 1", "? a", "a: |\n b", '"\\x41": 1', "a: b\x85", "--- a", "['a' :b]", "*a: b"]
)
def test_what_the_parsers_might_read_differently_is_left_to_the_thorough_one(text: str) -> None:
    assert quick_events(text) is None
