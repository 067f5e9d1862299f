"""Scenario files: a story about one network, read strictly, every error with its line.

    name: leaf1 keeps its servers reachable when one uplink fails
    topology: ../../topologies/clos-2x4/clos-2x4.clab.yml
    steps:
      - {expect: sessions, within: 30s}
      - {do: link.down, link: leaf1:eth1}
      - {expect: delivered, flow: {from: server1, to: server4, proto: udp, dport: 4789}, for: 10s}

`overlay` is a folder beside the file whose `<node>/<path on the node>` files replace those of the topology; `vars` sets
`config.vars` of nodes or groups. A known-bad twin (`*.bad.yml`, with `twin_of` and `fails`) tells of a network with a
fault: at least one of its expectations must fail, with words that match `fails`. `on: lab` says that paper can not
show it.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from harness import actions, checks
from harness.parameters import duration_s, signature_model, unknown, validated
from harness.scenario_files import find_scenarios, is_scenario
from harness.scenario_schema import scenario_schema
from harness.story import Scenario, Step, Verb, changed
from sim.errors import FabricError, Place, ScenarioError
from sim.topology.complaints import complaint, shown
from sim.topology.located import Map, Seq, line_of, load, plain
from sim.topology.model import Topology
from sim.topology.reader import read_topology
from sim.topology.strict import meant

__all__ = ["Scenario", "Step", "find_scenarios", "is_scenario", "read_scenario", "scenario_schema"]

Vars = Mapping[str, Mapping[str, Any]]
_KEYS = ("name", "topology", "overlay", "vars", "twin_of", "fails", "on", "steps")
_TIMES = ("within", "for", "not")
_LARGEST = 1_000_000


def read_scenario(path: Path | str, allow_outside_binds: bool = False) -> Scenario:
    """Read a scenario file and the topology it names. ScenarioError or TopologyError with file and line."""
    return _Reader(Path(path), allow_outside_binds).scenario()


@lru_cache(maxsize=8)
def _drawing(path: Path, changed_at: int, allow_outside_binds: bool) -> Topology:
    """A topology file, read once for the many scenarios that name it; `changed_at` tells a file that was edited."""
    return read_topology(path, allow_outside_binds=allow_outside_binds)


class _Reader:
    """One file on its way to a Scenario."""

    def __init__(self, path: Path, allow_outside_binds: bool) -> None:
        self._path = path
        self._allow_outside_binds = allow_outside_binds
        self._tree: Any = None

    def scenario(self) -> Scenario:
        self._tree = self._load()
        self._only(self._tree, _KEYS, (), "a scenario")
        name, topology = self._text("name", required=True), self._file("topology", required=True)
        overlay, variables = self._file("overlay", folder=True), self._vars()
        drawn = self._drawn(topology, overlay, variables)
        found = Scenario(
            name=name or "",
            file=self._path,
            topology=topology or self._path,
            overlay=overlay,
            vars=variables,
            twin_of=self._file("twin_of"),
            fails=self._pattern("fails"),
            on=self._where(),
            outside_binds=self._allow_outside_binds,
            steps=tuple(self._story(drawn)),
        )
        return self._consistent(found)

    def _load(self) -> Map:
        try:
            data = self._path.read_bytes()
            text = data.decode()
        except (OSError, UnicodeDecodeError) as error:
            said = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
            raise ScenarioError(f"cannot be read: {said}", Place(str(self._path))) from error
        if len(data) > _LARGEST:
            raise ScenarioError(f"found {len(data)} bytes; expected a scenario", Place(str(self._path)))
        try:
            tree = load(text, str(self._path))
        except FabricError as error:
            said = error.text.replace("expected name and topology", "expected name, topology and steps")
            raise ScenarioError(said.replace("expected a topology", "expected a scenario"), error.place) from error
        if not isinstance(tree, Map):
            self._tree = tree
            raise self._error(f"found {shown(tree)}; expected name, topology and steps", ())
        return tree

    def _error(self, text: str, path: Sequence[str | int]) -> ScenarioError:
        return ScenarioError(text, Place(str(self._path), line_of(self._tree, path)))

    def _only(self, tree: Map, known: Sequence[str], path: Sequence[str | int], what: str) -> None:
        for key in tree:
            if key not in known:
                text = f"{what} has no {key!r}{meant(key, known) or ';'} known: {', '.join(known)}"
                raise self._error(text, (*path, key))

    # --- the head

    def _text(self, key: str, required: bool = False) -> str | None:
        if key not in self._tree:
            if required:
                raise self._error(f"key {key!r} is missing; add it", ())
            return None
        value = self._tree[key]
        if not isinstance(value, str) or not value.strip():
            raise self._error(f"{key}: found {shown(value)}; expected text", (key,))
        return value

    def _file(self, key: str, required: bool = False, folder: bool = False) -> Path | None:
        text = self._text(key, required)
        if text is None:
            return None
        path = self._path.parent / text
        what = "folder" if folder else "file or folder" if key == "topology" else "file"
        if "\0" in text or not (path.is_dir() if folder else path.exists()):
            raise self._error(f"{key}: there is no {what} {text!r}; paths are relative to the scenario", (key,))
        return path.resolve()

    def _where(self) -> Literal["lab"] | None:
        found = self._text("on")
        if found not in (None, "lab"):
            raise self._error(f"on: found {found!r}; expected lab, for what paper can not show, or nothing", ("on",))
        return "lab" if found else None

    def _pattern(self, key: str) -> str | None:
        text = self._text(key)
        try:
            re.compile(text or "")
        except (re.error, RecursionError, OverflowError) as error:
            raise self._error(f"{key}: not a regular expression: {error}", (key,)) from error
        return text

    def _vars(self) -> Vars:
        value = self._tree.get("vars", Map())
        if not isinstance(value, Map) or not all(isinstance(each, Map) for each in value.values()):
            raise self._error("vars: expected a mapping of nodes or groups to their variables", ("vars",))
        return {key: plain(each) for key, each in value.items()}

    def _drawn(self, topology: Path | None, overlay: Path | None, variables: Vars) -> Topology:
        """The topology, read here so that names in steps can be checked; faults of overlay and vars are ours."""
        path = topology or self._path
        files = path.glob("*.clab.yml") if path.is_dir() else [path]
        drawn = _drawing(path, sum(each.stat().st_mtime_ns for each in files), self._allow_outside_binds)
        for key, folder, named in (("overlay", overlay, {}), ("vars", None, variables)):
            try:
                drawn = changed(drawn, folder, named)
            except FabricError as error:
                raise self._error(f"{key}: {error}", (key,)) from error
        return drawn

    def _consistent(self, found: Scenario) -> Scenario:
        if (found.fails is None) != (not self._path.name.endswith((".bad.yml", ".bad.yaml"))):
            raise self._error("a known-bad twin is a file *.bad.yml that has 'fails'; found one of the two", ("fails",))
        if found.twin_of is not None and found.fails is None:
            raise self._error("twin_of without 'fails'; add the expression that its failure must match", ("twin_of",))
        if not any(step.verb == "expect" for step in found.steps):
            raise self._error("steps: no step expects anything; add an 'expect'", ("steps",))
        return found

    # --- the steps

    def _steps(self) -> Seq:
        if "steps" not in self._tree:
            raise self._error("key 'steps' is missing; add it", ())
        steps = self._tree["steps"]
        if not isinstance(steps, Seq) or not steps:
            raise self._error(f"steps: found {shown(steps)}; expected a list of steps", ("steps",))
        return steps

    def _story(self, drawn: Topology) -> Iterator[Step]:
        """Every step, read against the network as the pushes before it have left it."""
        for number in range(len(self._steps())):
            step = self._step(number, drawn)
            yield step
            if (step.verb, step.name) == ("do", "config.push"):
                drawn = self._pushed(number, step, drawn)

    def _pushed(self, number: int, step: Step, drawn: Topology) -> Topology:
        overlay, variables = step.arguments.get("overlay"), step.arguments.get("vars")
        if not (overlay or variables):
            raise self._error("config.push: found nothing to push; expected overlay or vars", ("steps", number))
        try:
            return changed(drawn, Path(overlay) if overlay else None, variables or {})
        except FabricError as error:
            raise self._error(f"config.push: {error}", ("steps", number)) from error

    def _step(self, number: int, topology: Topology) -> Step:
        path: tuple[str | int, ...] = ("steps", number)
        tree = self._steps()[number]
        if not isinstance(tree, Map):
            raise self._error(f"steps[{number}]: found {shown(tree)}; expected do or expect", path)
        verb: Verb = "do" if "do" in tree else "expect"
        if ("do" in tree) == ("expect" in tree):
            found = "both" if "do" in tree else "neither"
            raise self._error(f"steps[{number}]: found {found}; expected do or expect", path)
        name, function = self._function(verb, tree[verb], path)
        written = Map(tree.line)
        for key, value in tree.items():
            if key != verb and (verb == "do" or key not in _TIMES):
                written.put(key, value, tree.lines[key])
        if verb == "do" and (timed := [key for key in _TIMES if key in tree]):
            raise self._error(f"{name}: {timed[0]!r} belongs to expect; a do has none", (*path, timed[0]))
        within, during = self._duration(tree, "within", path), self._duration(tree, "for", path)
        arguments = self._arguments(name, function, written, path, topology)
        place = Place(str(self._path), self._tree["steps"].lines[number])
        return Step(verb, name, arguments, place, self._negated(tree, path), within, during, plain(written))

    def _function(self, verb: Verb, name: Any, path: Sequence[str | int]) -> tuple[str, Callable[..., Any]]:
        what = "check" if verb == "expect" else "action"
        known = checks.names() if verb == "expect" else tuple(actions.actions())
        if not isinstance(name, str):
            raise self._error(f"{verb}: found {shown(name)}; expected the name of a {what}", (*path, verb))
        if name not in known:
            raise self._error(unknown(what, name, known), (*path, verb))
        return name, checks.check(name) if verb == "expect" else actions.actions()[name]

    def _arguments(
        self, name: str, function: Callable[..., Any], written: Map, path: Sequence[str | int], topology: Topology
    ) -> Mapping[str, Any]:
        known = [field.alias or key for key, field in signature_model(function).model_fields.items()]
        self._only(written, known, path, name)
        values = plain(written)
        if "overlay" in values and isinstance(values["overlay"], str):
            values["overlay"] = str((self._path.parent / values["overlay"]).resolve())
        try:
            return validated(function, values, topology)
        except ValidationError as error:
            told = complaint(error, written, str(self._path), (name,))
            raise ScenarioError(told.text, told.place) from error

    def _duration(self, tree: Map, key: str, path: Sequence[str | int]) -> float | None:
        if key not in tree:
            return None
        try:
            return duration_s(plain(tree[key]))
        except ValueError as error:
            raise self._error(f"{key}: {error}", (*path, key)) from error

    def _negated(self, tree: Map, path: Sequence[str | int]) -> bool:
        value = plain(tree.get("not", False))
        if not isinstance(value, bool):
            raise self._error(f"not: found {shown(value)}; expected true or false", (*path, "not"))
        return value
