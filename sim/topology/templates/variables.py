"""The variables of a template: files beside it, or those that the command names, merged."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sim.errors import Place, TopologyError
from sim.topology.located import load, plain

_SUFFIXES = (".yaml", ".yml", ".json")


def read_variables(file: Path, named: Sequence[Path | str] = ()) -> dict[str, Any] | None:
    """The variables for a topology file: `<its name without suffix>_vars.*` beside it, in the order of their names,
    or the `named` files instead. Mappings merge, and what is read later wins. None where there is no such file.
    """
    files = [Path(each) for each in named] or _beside(file)
    merged: dict[str, Any] = {}
    for each in files:
        found = _read(each)
        if not isinstance(found, dict):
            raise TopologyError("holds no mapping; expected names and values", Place(str(each)))
        merged = _merged(merged, found)
    return merged if files else None


def _beside(file: Path) -> list[Path]:
    start = f"{file.name.removesuffix(file.suffix)}_vars."
    return sorted(each for each in file.parent.iterdir() if each.name.startswith(start) and each.suffix in _SUFFIXES)


def _read(file: Path) -> Any:
    try:
        text = file.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        said = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise TopologyError(f"cannot be read: {said}; expected a file of variables", Place(str(file))) from error
    return plain(load(text, str(file)))


def _merged(below: "dict[str, Any]", above: "dict[str, Any]") -> "dict[str, Any]":
    both = {key: _merged(below[key], above[key]) for key in below.keys() & above.keys()
            if isinstance(below[key], dict) and isinstance(above[key], dict)}  # fmt: skip
    return {**below, **above, **both}
