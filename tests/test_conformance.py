"""docs/containerlab.md is complete and true: every key of the format is a row, and every row's tests are there."""

import ast
import json
import os
import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest
from pydantic import BaseModel

from sim.topology import clab, clab_links
from sim.topology.strict import keys

TESTS = Path(__file__).parent
PAGE = TESTS.parent / "docs/containerlab.md"
CASES = Path(os.environ.get("FABRICLAB_CASES") or TESTS.resolve().parents[1] / "shared/cases")
PUBLISHED = CASES / "containerlab-schema/clab.schema.json"
FACTS = CASES.parent / "reference/containerlab-format.md"
HELD, UNHELD = ("honoured", "refused"), ("no effect", "not yet")
NODES, LINKS, TOP = "Node keys", "Links", "Top level and `mgmt`"


class Row(NamedTuple):
    """A row of the page's tables."""

    section: str
    subject: str
    status: str
    text: str
    tests: tuple[str, ...]


@cache
def rows() -> tuple[Row, ...]:
    found = []
    for section in PAGE.read_text().split("\n## ")[1:]:
        title, _, body = section.partition("\n")
        for line in body.splitlines():
            cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
            if len(cells) == 4 and cells[0] != "key or behaviour" and not cells[0].startswith("---"):
                found.append(Row(title, *cells[:3], tuple(re.findall(r"`([^`]+)`", cells[3]))))
    return tuple(found)


@cache
def functions(file: str) -> frozenset[str]:
    tree = ast.parse((TESTS / file).read_text())
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def told(section: str) -> set[str]:
    """Every word between backticks in the subjects of a section's rows, with what follows a dot on its own, too."""
    spans = [span for row in rows() if row.section == section for span in re.findall(r"`+([^`]+)`+", row.subject)]
    words = {word for span in spans for word in re.split(r"[\s:,\[\]{}]+", span)}
    return words | {word.rpartition(".")[2] for word in words} | {word.partition(".")[0] for word in words}


def test_the_page_has_rows() -> None:
    assert len(rows()) > 80 and {row.status for row in rows()} == {*HELD, *UNHELD}


@pytest.mark.parametrize("row", rows(), ids=lambda row: row.subject[:60])
def test_a_row_names_tests_that_are_there_or_gives_a_reason(row: Row) -> None:
    assert row.status in (*HELD, *UNHELD)
    assert row.tests if row.status in HELD else not row.tests
    assert row.text or row.status in ("honoured", "not yet"), "no reason is given"
    for test in row.tests:
        file, _, name = test.partition("::")
        assert (TESTS / file).is_file() and name in functions(file), f"no test {test}"


SECTIONS: list[tuple[str, type[BaseModel]]] = [
    (NODES, clab.NodeSection),
    (NODES, clab.StagesSection),
    (NODES, clab.StageCommand),
    (NODES, clab.StageCommands),
    (NODES, clab.HealthcheckSection),
    (NODES, clab.DnsSection),
    (NODES, clab.ExtrasSection),
    (LINKS, clab_links.BriefLink),
    (LINKS, clab_links.EndpointSection),
    (LINKS, clab_links.VethLink),
    (LINKS, clab_links.OuterLink),
    (LINKS, clab_links.DummyLink),
    (LINKS, clab_links.MacvlanLink),
    (LINKS, clab_links.VxlanLink),
    (TOP, clab.MgmtSection),
    (TOP, clab_links.ClabFile),
]
ALSO = {"ipv4_subnet", "ipv6_subnet"}
"""Older spellings, told as such."""


@pytest.mark.parametrize(("section", "model"), SECTIONS, ids=lambda value: getattr(value, "__name__", value))
def test_every_key_that_is_read_is_a_row(section: str, model: type[BaseModel]) -> None:
    assert set(keys(model)) - ALSO <= told(section)


@pytest.mark.skipif(not PUBLISHED.is_file(), reason="containerlab's schema is not beside this project")
def test_every_key_of_the_published_schema_is_a_row() -> None:
    schema = json.loads(PUBLISHED.read_text())
    kinds = schema["definitions"]
    assert set(kinds["node-config"]["properties"]) <= told(NODES)
    assert {*schema["properties"], *schema["properties"]["mgmt"]["properties"]} <= told(TOP)
    for name, definition in kinds.items():
        if name.startswith("link-") and "properties" in definition:
            assert set(definition["properties"]) <= told(LINKS), name


@pytest.mark.skipif(not FACTS.is_file(), reason="the facts of the format are not beside this project")
def test_every_key_of_the_facts_is_a_row() -> None:
    listed = re.search(r"^2\.4 \*\*Node keys\*\* \([^)]*\): (.*)$", FACTS.read_text(), re.M)
    assert listed
    plain = re.sub(r"\{[^}]*\}|\([^)]*\)|\[\]", " ", listed[1].partition(" A node value")[0])
    named = {word.strip(".") for word in re.split(r"[\s,]+", plain)} - {"", "Legacy:"}
    assert len(named) > 50 and named <= told(NODES), named - told(NODES)
