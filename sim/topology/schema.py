"""The JSON schema of our reading of a topology file, made from the models, so that editors complete it."""

from typing import Any

from sim.topology.clab_links import ClabFile


def topology_schema() -> dict[str, Any]:
    """JSON schema (draft 2020-12) of a topology file."""
    schema = ClabFile.model_json_schema(by_alias=True)
    cleaned: dict[str, Any] = _without_titles(schema)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Fabriclab topology", **cleaned}


def _without_titles(schema: Any, named: bool = False) -> Any:
    """A schema without the titles and null defaults that say nothing; `named` inside a mapping whose keys are names."""
    if isinstance(schema, list):
        return [_without_titles(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    dropped = () if named else [key for key in ("title", "default") if key == "title" or schema.get(key, 0) is None]
    return {
        key: _without_titles(each, named=not named and key in ("properties", "$defs"))
        for key, each in schema.items()
        if key not in dropped
    }
