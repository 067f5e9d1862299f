"""The functions of a template: those of text/template, of containerlab, and of sprig that containerlab's examples use.

Each takes what stands behind it. ValueError, TypeError and the like say what it could not do.
"""

import json
import math
import re
from collections.abc import Callable, Mapping
from typing import Any

LONGEST = 100_000
"""Items of a sequence, and characters of a text that one call makes."""
Function = Callable[..., Any]


def shown(value: Any) -> str:
    """A value as Go prints it (%v)."""
    if value is None:
        return "<nil>"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _float(value)
    if isinstance(value, Mapping):
        return "map[" + " ".join(f"{shown(key)}:{shown(value[key])}" for key in in_order(value)) + "]"
    if isinstance(value, (list, tuple)):
        return "[" + " ".join(map(shown, value)) + "]"
    return str(value)


def _float(value: float) -> str:
    """Go's %v of a float64: as short as it comes, with an exponent below 1e-4 and from 1e21 on."""
    if not math.isfinite(value):
        return {math.inf: "+Inf", -math.inf: "-Inf"}.get(value, "NaN")
    if value.is_integer() and abs(value) < 1e21:
        return str(int(value))
    return re.sub(r"e([+-])(\d)$", r"e\g<1>0\2", repr(value))


def truth(value: Any) -> bool:
    """Whether a value is true to `if`: not empty, not zero."""
    return bool(value)


def in_order(mapping: Mapping[Any, Any]) -> list[Any]:
    """A mapping's keys in the order in which `range` takes them."""
    return sorted(mapping, key=lambda key: (isinstance(key, str), key) if isinstance(key, (str, int, float)) else (2,))


def number(value: Any) -> int | float:
    """A number, also one that is written as text."""
    if isinstance(value, (int, float)):
        return int(value) if isinstance(value, bool) else value
    text = str(value).replace(",", "")
    try:
        return int(text, 0)
    except ValueError:
        return float(text)


def whole(value: Any) -> int:
    """A whole number; a fraction loses what stands behind its point."""
    return int(number(value))


def _index(value: Any, *keys: Any) -> Any:
    for key in keys:
        if value is None:
            raise ValueError(f"there is nothing to take {shown(key)!r} from")
        if isinstance(value, Mapping):
            value = value.get(key)
        elif isinstance(key, int) and isinstance(value, (list, tuple, str)):
            if not 0 <= key < len(value):
                raise ValueError(f"{key} is beyond the {len(value)} there are")
            value = value[key]
        else:
            raise ValueError(f"{shown(value)!r} is no mapping or list that has {shown(key)!r}")
    return value


def _slice(value: Any, *bounds: int) -> Any:
    if not isinstance(value, (list, str)) or not all(0 <= bound <= len(value) for bound in bounds):
        raise ValueError("expected a list or text, and positions in it")
    return value[slice(*(bounds if len(bounds) != 1 else (bounds[0], None)))]


def _length(value: Any) -> int:
    return len(value.encode() if isinstance(value, str) else value)


def _equal(value: Any, *others: Any) -> bool:
    if not others:
        raise ValueError("expected two values or more")
    return any(value == other for other in others)


def _print(*values: Any) -> str:
    """fmt.Sprint: a blank between two values of which neither is text."""
    text = ""
    for at, value in enumerate(values):
        blank = at and not isinstance(value, str) and not isinstance(values[at - 1], str)
        text += (" " if blank else "") + shown(value)
    return text


_VERB = re.compile(r"%(?P<flags>[-+ 0#]*)(?P<width>\d{0,4})(?P<precision>(?:\.\d{0,4})?)(?P<verb>[a-zA-Z%])")


def _printf(format_: str, *values: Any) -> str:
    left = list(values)

    def written(found: "re.Match[str]") -> str:
        verb, layout = found["verb"], found["flags"] + found["width"] + found["precision"]
        if verb == "%":
            return "%"
        if not left:
            raise ValueError(f"{found.group()} has no value")
        value = left.pop(0)
        if verb in "sv":
            return f"%{layout}s" % shown(value)
        if verb == "q":
            return f"%{layout}s" % json.dumps(shown(value), ensure_ascii=False)
        if verb == "t":
            return f"%{layout}s" % shown(bool(value))
        if verb in "dxXo":
            return str(f"%{layout}{verb}" % _exactly(value, int))
        if verb in "feEgG":
            return str(f"%{layout}{verb}" % _exactly(value, float))
        if verb in "bc":
            return f"{_exactly(value, int):b}" if verb == "b" else chr(_exactly(value, int))
        raise ValueError(f"unknown verb {found.group()}")

    text = _VERB.sub(written, format_)
    if left:
        raise ValueError(f"{len(left)} values more than the format takes")
    return text


def _exactly(value: Any, kind: type) -> Any:
    if isinstance(value, bool) or not isinstance(value, kind):
        raise ValueError(f"found {shown(value)!r}; expected a number ({kind.__name__})")
    return value


def _sequence(*bounds: Any) -> list[int]:
    """seq: END, or START END, or START END STEP; both ends are in it."""
    first, last, step = {1: (1, *bounds), 2: bounds, 3: bounds}[len(bounds)][:3] + ((1,) if len(bounds) < 3 else ())
    start, end, by = whole(first), whole(last), abs(whole(step))
    if not by:
        return []
    return _bounded(range(start, end + 1, by) if end >= start else range(start, end - 1, -by))


def _until(*bounds: Any) -> list[int]:
    """until: the numbers from 0 (or START) up to END, which is not in it."""
    return _bounded(range(*map(whole, bounds)))


def _bounded(numbers: range) -> list[int]:
    if len(numbers) > LONGEST:
        raise ValueError(f"{len(numbers)} numbers; expected at most {LONGEST}")
    return list(numbers)


def _total(*values: Any) -> int | float:
    return sum(map(number, values))


def _product(*values: Any) -> int | float:
    return math.prod(map(number, values))


def _quotient(one: Any, other: Any) -> float:
    return float(number(one)) / float(number(other))


def _remainder(one: Any, other: Any) -> int:
    """The remainder as Go has it: with the sign of the first."""
    return int(math.fmod(whole(one), whole(other)))


def _mapping(*pairs: Any) -> dict[Any, Any]:
    return {pairs[at]: pairs[at + 1] if at + 1 < len(pairs) else "" for at in range(0, len(pairs), 2)}


def _join(values: Any, separator: str) -> str:
    if not isinstance(values, (list, tuple)):
        raise ValueError(f"found {shown(values)!r}; expected a list")
    return separator.join(map(shown, values))


def _repeat(times: Any, text: Any) -> str:
    if whole(times) * len(shown(text)) > LONGEST:
        raise ValueError(f"expected at most {LONGEST} characters")
    return shown(text) * whole(times)


def _indented(width: int, text: str) -> str:
    return "\n".join(" " * min(width, LONGEST) + line for line in text.split("\n"))


def _first_true(*values: Any) -> Any:
    return next((value for value in values if truth(value)), None)


def _json(value: Any, *indent: str) -> str:
    if indent:
        return json.dumps(value, indent=indent[-1], ensure_ascii=False, sort_keys=True)
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, sort_keys=True)


_GO: Mapping[str, Function] = {
    "not": lambda value: not truth(value),
    "eq": _equal,
    "ne": lambda one, other: one != other,
    "lt": lambda one, other: one < other,
    "le": lambda one, other: one <= other,
    "gt": lambda one, other: one > other,
    "ge": lambda one, other: one >= other,
    "len": _length,
    "index": _index,
    "slice": _slice,
    "print": _print,
    "println": lambda *values: " ".join(map(shown, values)) + "\n",
    "printf": _printf,
}
_CONTAINERLAB: Mapping[str, Function] = {
    "ToJSON": _json,
    "ToJSONPretty": lambda value, prefix, indent: _json(value, indent).replace("\n", "\n" + prefix),
    "add": _total,
    "subtract": lambda one, other: number(one) - number(other),
    "mul": _product,
    "div": _quotient,
    "rem": _remainder,
    "seq": _sequence,
    "strings.Split": lambda separator, text: shown(text).split(separator) if separator else list(shown(text)),
    "strings.ReplaceAll": lambda old, new, text: shown(text).replace(old, new) if old else shown(text),
    "conv.Join": _join,
    "conv.ToInt": whole,
}
_SPRIG: Mapping[str, Function] = {
    "add1": lambda value: whole(value) + 1,
    "sub": lambda one, other: whole(one) - whole(other),
    "mod": _remainder,
    "max": lambda *values: max(map(number, values)),
    "min": lambda *values: min(map(number, values)),
    "int": whole,
    "toString": shown,
    "until": lambda end: _until(end),
    "untilStep": _until,
    "default": lambda otherwise, value=None: value if truth(value) else otherwise,
    "coalesce": _first_true,
    "empty": lambda value: not truth(value),
    "ternary": lambda one, other, which: one if which else other,
    "list": lambda *values: list(values),
    "dict": _mapping,
    "get": lambda mapping, key: mapping.get(key, ""),
    "hasKey": lambda mapping, key: key in mapping,
    "keys": lambda mapping: in_order(mapping),
    "first": lambda values: values[0] if values else None,
    "last": lambda values: values[-1] if values else None,
    "join": lambda separator, values: _join(values, separator),
    "splitList": lambda separator, text: text.split(separator),
    "upper": str.upper,
    "lower": str.lower,
    "trim": str.strip,
    "replace": lambda old, new, text: text.replace(old, new),
    "contains": lambda part, text: part in text,
    "hasPrefix": lambda part, text: text.startswith(part),
    "hasSuffix": lambda part, text: text.endswith(part),
    "repeat": _repeat,
    "quote": lambda *values: " ".join(json.dumps(shown(value), ensure_ascii=False) for value in values),
    "squote": lambda *values: " ".join(f"'{shown(value)}'" for value in values),
    "indent": _indented,
    "nindent": lambda width, text: "\n" + _indented(width, text),
}
FUNCTIONS: Mapping[str, Function] = {**_SPRIG, **_CONTAINERLAB, **_GO}
"""By name. `and` and `or` are not among them: they look no further than they must, so they are the evaluation's."""
SHORT = ("and", "or")
