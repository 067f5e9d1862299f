"""The JSON schema that editors complete topology files with."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from ruamel.yaml import YAML
from topology_texts import VALID

from sim.topology.schema import topology_schema

CASES = Path(__file__).resolve().parents[3] / "shared/cases"
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


@pytest.mark.skipif(not PUBLISHED.is_file(), reason="containerlab's schema is not beside this project")
@pytest.mark.parametrize("file", TOPOLOGIES, ids=lambda file: file.name)
def test_topologies_fit_containerlabs_schema(file: Path) -> None:
    published = json.loads(PUBLISHED.read_text())
    kinds = published["properties"]["topology"]["properties"]["kinds"]["properties"]
    for kind in ("cumulus_cvx", "cvx", "frr", "frrouting"):  # its parser knows these
        published["definitions"]["node-config"]["properties"]["kind"]["enum"].append(kind)
        kinds[kind] = {"$ref": "#/definitions/node-config"}
    assert not mistakes(data(file.read_text()), published)
