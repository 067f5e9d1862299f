"""The JSON schema of scenario files, for editors: made from the signatures of the checks and actions."""

from collections.abc import Callable, Mapping
from typing import Any

from harness import actions, checks
from harness.parameters import signature_model


def scenario_schema() -> dict[str, Any]:
    """The JSON schema of scenario files, made from the signatures of the checks and actions."""
    times = {name: {"type": "string", "pattern": r"^\d+(\.\d+)?(ms|s|m)$"} for name in ("within", "for")}
    known = {"expect": checks.checks(), "do": actions.actions()}
    definitions: dict[str, Any] = {}
    forms = [
        _step_schema(verb, name, function, definitions, times)
        for verb in known
        for name, function in known[verb].items()
    ]
    text = {"type": "string"}
    properties: dict[str, Any] = {"name": text, "topology": text, "overlay": text, "twin_of": text, "fails": text}
    properties["on"] = {"enum": ["lab"]}
    properties |= {
        "vars": {"type": "object", "additionalProperties": {"type": "object"}},
        "steps": {"type": "array", "minItems": 1, "items": {"anyOf": forms}},
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Fabriclab scenario",
        "type": "object",
        "properties": properties,
        "required": ["name", "topology", "steps"],
        "additionalProperties": False,
        "$defs": definitions,
    }


def _step_schema(
    verb: str, name: str, function: Callable[..., Any], definitions: dict[str, Any], times: Mapping[str, Any]
) -> dict[str, Any]:
    schema = signature_model(function).model_json_schema(ref_template="#/$defs/{model}")
    definitions.update(schema.pop("$defs", {}))
    described = {"const": name, "description": (function.__doc__ or "").strip()}
    words = {**times, "not": {"type": "boolean"}} if verb == "expect" else {}
    schema["properties"] = {verb: described, **schema.get("properties", {}), **words}
    schema["required"] = [verb, *schema.get("required", [])]
    return {**schema, "title": f"{verb} {name}", "additionalProperties": False}
