"""A containerlab file -> Topology: strict, every error with file and line, workloads included.

The steps: find the file, render its template, expand the environment, read YAML with lines, check the shape of every
section, merge what each node inherits, read nodes, links and workloads. What is honoured and what is refused:
docs/containerlab.md.
"""

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from sim.errors import Place, TopologyError
from sim.topology.clab_links import ClabFile
from sim.topology.complaints import complaint
from sim.topology.declared import Declared, Origin
from sim.topology.events import origin
from sim.topology.expansion import expand
from sim.topology.git import with_git
from sim.topology.links import Cabling
from sim.topology.located import Map, line_of, load
from sim.topology.mgmt import check_addresses, read_management
from sim.topology.model import Topology
from sim.topology.nodes import declare, is_name, read_node
from sim.topology.spelling import check_spelling
from sim.topology.stages import check_waits
from sim.topology.workloads import populated

_SUFFIXES = (".clab.yml", ".clab.yaml")
_PREFIX = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9._-]{0,62}|__lab-name|")
_LARGEST_BYTES = 8 << 20


def read_topology(
    path: Path | str,
    *,
    name: str | None = None,
    allow_outside_binds: bool = False,
    environment: Mapping[str, str] | None = None,
    variables: Sequence[Path | str] = (),
) -> Topology:
    """The topology of a containerlab file, or of a folder that holds exactly one `*.clab.yml`.

    `name` renames the lab. Binds that leave the file's folder are refused unless `allow_outside_binds`. `$NAME` comes
    from `environment`, which is the process's own unless given; a template's variables from the files `variables`, else
    from those that CLAB_VARS names (separated by commas, as for containerlab), else from those beside the file.
    Raises TopologyError.
    """
    file = _find(Path(path))
    surroundings = os.environ if environment is None else environment
    named = variables or [each for each in surroundings.get("CLAB_VARS", "").split(",") if each]
    text, lines = _rendered(_text(file), file, named)
    try:
        text = expand(text, surroundings, str(file))
    except TopologyError as error:
        raise _in_the_template(error, lines) from error
    return _read(load(text, str(file), lines), file, name, allow_outside_binds)


def _rendered(text: str, file: Path, variables: Sequence[Path | str]) -> tuple[str, Sequence[int]]:
    """A text with its template rendered, and which line of the file each of its lines comes from."""
    if "{{" not in text:
        return text, ()
    from sim.topology.templates import render  # most files are none
    from sim.topology.templates.variables import read_variables

    return render(text, read_variables(file, variables), str(file))


def _in_the_template(error: TopologyError, lines: Sequence[int]) -> TopologyError:
    """An error in a rendered text, told where the author of its template finds it."""
    assert isinstance(error.place, Place)
    return TopologyError(error.text, Place(error.place.file, origin(error.place.line, lines)))


def _read(tree: Any, file: Path, name: str | None, allow_outside_binds: bool) -> Topology:
    try:
        clab = ClabFile.model_validate(tree)
    except ValidationError as error:
        raise complaint(error, tree, str(file)) from error
    absolute = Path(os.path.realpath(file))
    origin = Origin(str(file), absolute.parent, _lab_name(clab, name, tree, absolute, str(file)), allow_outside_binds)
    management = read_management(clab.mgmt, tree.get("mgmt"), str(file))
    section = tree["topology"]
    declared = {each: declare(section, each, origin) for each in section["nodes"]}
    nodes = {each.name: read_node(each) for each in declared.values()}
    _check_aliases(declared)
    check_spelling(section, declared, str(file))
    check_waits(declared, {name: node.stages for name, node in nodes.items()})
    check_addresses(management, nodes, lambda name, *path: declared[name].place(*path))
    cabling = Cabling(nodes, origin, management, section)
    links = tuple(cabling.read(clab.topology.links or ()))
    drawn = Topology(origin.lab, absolute, nodes, links, management, _prefix(clab, tree, file), (), allow_outside_binds)
    return populated(drawn, cabling.used, lambda name, *path: declared[name].place(*path))


def _find(path: Path) -> Path:
    if path.is_dir():
        found = sorted(each for each in path.iterdir() if each.name.endswith(_SUFFIXES))
        if len(found) != 1:
            names = ", ".join(each.name for each in found) or "none"
            raise TopologyError(
                f"expected one *.clab.yml in this folder, found {names}; name the file", Place(str(path))
            )
        return found[0]
    if not path.is_file():
        raise TopologyError("no such file or folder; expected a *.clab.yml file or its folder", Place(str(path)))
    return path


def _text(file: Path) -> str:
    try:
        content = file.read_bytes()
    except OSError as error:
        raise TopologyError(f"cannot be read: {error.strerror}", Place(str(file))) from error
    if len(content) > _LARGEST_BYTES:
        raise TopologyError(f"holds {len(content)} bytes; expected at most {_LARGEST_BYTES}", Place(str(file)))
    try:
        return content.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        place = Place(str(file), content.count(b"\n", 0, error.start) + 1)
        raise TopologyError(f"byte {content[error.start]:#04x} is not UTF-8; save the file as UTF-8", place) from error


def _lab_name(clab: ClabFile, name: str | None, tree: Map, absolute: Path, file: str) -> str:
    if name is not None:
        if not is_name(name):
            raise TopologyError(f"lab name {name!r}: expected letters, digits, '.', '_' and '-', at most 63", "--name")
        return name
    chosen = with_git(clab.name, absolute.parent)
    if not is_name(chosen):
        raise TopologyError(
            f"name: found {chosen!r}; expected letters, digits, '.', '_' and '-', at most 63, letter or digit first",
            Place(file, line_of(tree, ["name"])),
        )
    return chosen


def _prefix(clab: ClabFile, tree: Map, file: Path) -> str:
    if clab.prefix is None:
        return "clab"
    if not _PREFIX.fullmatch(clab.prefix):
        text = f"prefix: found {clab.prefix!r}; expected '', __lab-name, or letters, digits, '.', '_' and '-'"
        raise TopologyError(text, Place(str(file), line_of(tree, ["prefix"])))
    return clab.prefix


def _check_aliases(nodes: Mapping[str, Declared]) -> None:
    for node in nodes.values():
        for index, alias in enumerate(node.section.aliases or ()):
            if alias in nodes and alias != node.name:
                raise node.error(f"{alias!r} is the name of another node; choose another", "aliases", index)
