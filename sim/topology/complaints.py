"""What a model says of a wrong value -> one line with its place: *file:line: path: found; expected; what to do*."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from sim.errors import Place, TopologyError
from sim.topology.located import Map, Scalar, Seq, line_of
from sim.topology.strict import UNKNOWN_KEY

_LONGEST = 60


def complaint(error: ValidationError, tree: Any, file: str, prefix: Sequence[str | int] = ()) -> TopologyError:
    """The first of a model's complaints, in the order of the file's lines. `prefix` is put before its path."""
    complaints = [_Complaint(each, tree) for each in error.errors(include_url=False) if each["type"] != "none_required"]
    first = min(complaints, key=lambda each: each.line)
    where = dotted([*prefix, *first.path])
    return TopologyError(f"{where}: {first.text}" if where else first.text, Place(file, first.line))


def dotted(path: Sequence[str | int]) -> str:
    """`nodes.n1.binds[0]`: the path as people say it; the section `topology` goes without saying."""
    text = ""
    for part in path[1:] if len(path) > 1 and path[0] == "topology" else path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def shown(value: Any) -> str:
    """A value in a few words, on one line."""
    if isinstance(value, (Map, Mapping)):
        return "a mapping"
    if isinstance(value, (Seq, list, tuple)):
        return "a list"
    if value is None or (isinstance(value, Scalar) and value.value is None):
        return "nothing"
    text = str(value)
    return repr(text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "...")


class _Complaint:
    """One of pydantic's errors, with the names of its unions taken out of its path."""

    def __init__(self, details: ErrorDetails, tree: Any) -> None:
        self.path = list(_held(tree, details["loc"]))
        context = details.get("ctx", {})
        self.text = _text(details)
        pointed = [*self.path, context["key"]] if details["type"] == UNKNOWN_KEY else self.path
        self.line = line_of(tree, pointed)


def _held(tree: Any, path: Sequence[str | int]) -> "list[str | int]":
    kept: list[str | int] = []
    for part in path:
        keyed = isinstance(tree, Mapping) and part in tree
        if keyed or (isinstance(tree, list) and isinstance(part, int) and part < len(tree)):
            kept.append(part)
            tree = tree[part]
    return kept


def _text(details: ErrorDetails) -> str:
    kind, context = details["type"], details.get("ctx", {})
    if kind == UNKNOWN_KEY:
        return str(context["text"])
    if kind == "missing":
        return f"key {details['loc'][-1]!r} is missing; add it"
    found = shown(details["input"])
    if kind in _EXPECTED:
        return f"found {found}; expected {_EXPECTED[kind](context)}"
    if kind in ("form", "value_error"):
        return str(details["msg"]).removeprefix("Value error, ")
    said = str(details["msg"])
    return f"found {found}; {said[0].lower()}{said[1:]}"


def _always(text: str) -> Callable[[Mapping[str, Any]], str]:
    return lambda _: text


_EXPECTED: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "string_type": _always("text"),
    "int_type": _always("a whole number"),
    "int_parsing": _always("a whole number"),
    "int_from_float": _always("a whole number"),
    "float_type": _always("a number"),
    "bool_type": _always("true or false"),
    "bool_parsing": _always("true or false"),
    "list_type": _always("a list"),
    "tuple_type": _always("a list"),
    "dict_type": _always("a mapping"),
    "model_type": _always("a mapping"),
    "model_attributes_type": _always("a mapping"),
    "literal_error": lambda context: f"one of {context['expected']}",
    "string_pattern_mismatch": lambda context: f"a name that matches {context['pattern']}",
    "greater_than_equal": lambda context: f"at least {context['ge']}",
    "less_than_equal": lambda context: f"at most {context['le']}",
    "too_short": lambda context: f"{context['min_length']} or more, not {context['actual_length']}",
    "too_long": lambda context: f"at most {context['max_length']}, not {context['actual_length']}",
    "ip_v4_address": _always("an IPv4 address"),
    "ip_v6_address": _always("an IPv6 address"),
    "ip_any_address": _always("an IP address"),
    "ip_v4_network": _always("an IPv4 prefix without host bits, such as 10.0.0.0/24"),
    "ip_v6_network": _always("an IPv6 prefix without host bits, such as 2001:db8::/64"),
}
