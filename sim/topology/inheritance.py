"""What a node inherits: node over group over kind over defaults, and how each key merges.

The levels merge before they are read, as trees that keep the line of every key and item, so that an error names the
line of the level that said it. Null is unset. A bare `n1:` inherits like any other node.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sim.topology.located import Map, Scalar, Seq

Rule = Callable[[Any, Any], Any]
"""How what was said on a lower level and what is said on this one become one."""


def effective(topology: Mapping[str, Any], name: str) -> Map:
    """What a node's section says once its levels are merged; `kind` and `group` are those that decided the merge."""
    own = _map(topology["nodes"][name])
    defaults = _map(topology.get("defaults"))
    group = _entry(topology, "groups", _first("group", own, defaults))
    kind = _first("kind", own, group, defaults)
    kinds = _entry(topology, "kinds", kind)
    if _first("group", own, defaults) is None:
        group = _entry(topology, "groups", _first("group", kinds))
    merged = merge([defaults, kinds, group, own])
    merged.line = topology["nodes"].lines[name]
    for level in (defaults, group, own):
        if kind is not None and level.get("kind") is kind:
            merged.put("kind", kind, level.lines["kind"])
    return merged


def merge(levels: Sequence[Map]) -> Map:
    """Sections merged, the strongest last."""
    merged = Map()
    for level in levels:
        for key, value in level.items():
            if _unset(value):
                continue
            rule = _RULES.get(key, _replace)
            merged.put(key, rule(merged[key], value) if key in merged else value, level.lines[key])
    return merged


def _map(section: Any) -> Map:
    return section if isinstance(section, Map) else Map()


def _entry(topology: Mapping[str, Any], part: str, name: Any) -> Map:
    return _map(_map(topology.get(part)).get(str(name))) if name is not None else Map()


def _first(key: str, *levels: Map) -> Any:
    return next((level[key] for level in levels if not _unset(level.get(key))), None)


def _unset(value: Any) -> bool:
    return value is None or (isinstance(value, Scalar) and value.value is None) or value == ""


def _replace(_: Any, above: Any) -> Any:
    return above


def _by_key(below: Map, above: Map) -> Map:
    merged = Map(above.line)
    for level in (below, above):
        for key, value in level.items():
            merged.put(key, value, level.lines[key])
    return merged


def _in_depth(below: Map, above: Map) -> Map:
    """Mappings that hold mappings, one level down: `config` and its `vars`."""
    merged = _by_key(below, above)
    for key in below.keys() & above.keys():
        if isinstance(below[key], Map) and isinstance(above[key], Map):
            merged[key] = _by_key(below[key], above[key])
    return merged


def _append(below: Seq, above: Seq) -> Seq:
    merged = Seq(above.line)
    for level in (below, above):
        for item, line in zip(level, level.lines, strict=True):
            if item not in merged:
                merged.put(item, line)
    return merged


def _by_destination(below: Seq, above: Seq) -> Seq:
    """Binds and volumes: one per destination on the node; what is said above takes the place of what is below."""
    chosen = {
        _destination(item): (item, line)
        for level in (below, above)
        for item, line in zip(level, level.lines, strict=True)
    }
    merged = Seq(above.line)
    for item, line in chosen.values():
        merged.put(item, line)
    return merged


def _destination(bind: Any) -> str:
    parts = str(bind).split(":")
    return parts[1].rstrip("/") if len(parts) > 1 else parts[0]


def _stages(below: Map, above: Map) -> Map:
    """Stages: `wait-for` and `exec` of the levels one after another."""
    merged = _by_key(below, above)
    for stage in below.keys() & above.keys():
        if isinstance(below[stage], Map) and isinstance(above[stage], Map):
            merged[stage] = _stage(below[stage], above[stage])
    return merged


def _stage(below: Map, above: Map) -> Map:
    merged = _by_key(below, above)
    for key in below.keys() & above.keys():
        if isinstance(below[key], Seq) and isinstance(above[key], Seq):
            merged[key] = _append(below[key], above[key])
    return merged


_RULES: Mapping[str, Rule] = {
    "env": _by_key,
    "labels": _by_key,
    "sysctls": _by_key,
    "tmpfs": _by_key,
    "config": _in_depth,
    "stages": _stages,
    "exec": _append,
    "env-files": _append,
    "devices": _append,
    "cap-add": _append,
    "binds": _by_destination,
    "volumes": _by_destination,
}
