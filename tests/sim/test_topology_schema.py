"""The JSON schema that editors complete topology files with."""

import json
import os
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from ruamel.yaml import YAML
from topology_texts import VALID

from sim.generate.clos import clos
from sim.generate.fat_tree import fat_tree
from sim.generate.folder import clab_yml
from sim.generate.frr import Style
from sim.generate.plan import Plan
from sim.topology.expansion import expand
from sim.topology.reader import read_topology
from sim.topology.schema import topology_schema

CASES = Path(os.environ.get("FABRICLAB_CASES") or Path(__file__).resolve().parents[3] / "shared/cases")
SHIPPED = sorted((Path(__file__).parents[2] / "topologies").glob("*/*.clab.yml"))
FRR01 = CASES / "containerlab-frr01" / "frr01.clab.yml"
PUBLISHED = CASES / "containerlab-schema" / "clab.schema.json"
TOPOLOGIES = [*SHIPPED, *([FRR01] if FRR01.is_file() else [])]


def data(text: str) -> Any:
    return YAML(typ="safe", pure=True).load(text)


def mistakes(document: Any, schema: dict[str, Any]) -> list[str]:
    return [error.message for error in jsonschema.Draft202012Validator(schema).iter_errors(document)]


def test_the_schema_is_a_schema_and_every_key_has_one_name() -> None:
    schema = topology_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    assert {"startup-config", "binds", "network-mode"} <= schema["$defs"]["NodeSection"]["properties"].keys()
    assert "storage" in schema["$defs"]["ConfigSection"]["properties"]["vars"]["properties"]


def test_a_good_file_fits_and_a_misspelt_one_does_not() -> None:
    assert not mistakes(data(VALID), topology_schema())
    assert mistakes(data(VALID.replace("group: router", "gruop: router")), topology_schema())
    assert mistakes(data(VALID.replace("storage: local-file", "storage: zfs")), topology_schema())


@pytest.mark.parametrize("file", TOPOLOGIES, ids=lambda file: file.name)
def test_topologies_fit_our_schema(file: Path) -> None:
    assert not mistakes(data(file.read_text()), topology_schema())


@pytest.fixture(scope="module")
def published() -> dict[str, Any]:
    """Containerlab's own schema, with the kinds that its parser knows besides."""
    if not PUBLISHED.is_file():
        pytest.skip("containerlab's schema is not beside this project")
    schema: dict[str, Any] = json.loads(PUBLISHED.read_text())
    kinds = schema["properties"]["topology"]["properties"]["kinds"]["properties"]
    for kind in ("cumulus_cvx", "cvx", "frr", "frrouting"):
        schema["definitions"]["node-config"]["properties"]["kind"]["enum"].append(kind)
        kinds[kind] = {"$ref": "#/definitions/node-config"}
    return schema


@pytest.mark.parametrize("file", TOPOLOGIES, ids=lambda file: file.name)
def test_topologies_fit_containerlabs_schema(file: Path, published: dict[str, Any]) -> None:
    assert not mistakes(data(expand(file.read_text(), {}, file.name)), published)


@pytest.mark.parametrize("plan", [fat_tree(4), clos(2, 3, servers=1)], ids=lambda plan: plan.name)
@pytest.mark.parametrize("style", [Style(), Style(unnumbered=True, policies=True), Style(protocol="ospf")], ids=str)
def test_generated_topologies_fit_containerlabs_schema(plan: Plan, style: Style, published: dict[str, Any]) -> None:
    assert not mistakes(data(expand(clab_yml(plan, style), {}, plan.name)), published)


def test_containerlabs_schema_refuses_a_misspelt_key(published: dict[str, Any]) -> None:
    text = clab_yml(clos(2, 2), Style())
    assert mistakes(data(text.replace("image:", "imge:")), published)


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.name)
def test_one_variable_chooses_the_image_of_every_node(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def images() -> set[str | None]:
        return {node.image for node in read_topology(file).nodes.values() if node.kind in ("linux", "cumulus_cvx")}

    monkeypatch.delenv("FABRICLAB_IMAGE", raising=False)
    assert images() == {"fabriclab/node:12"}
    monkeypatch.setenv("FABRICLAB_IMAGE", "fabriclab/node:13")
    assert images() == {"fabriclab/node:13"}
