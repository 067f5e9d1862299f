"""generate: a plan -> its folder on disk, which must be new or empty unless the user says otherwise."""

from collections.abc import Mapping
from pathlib import Path

from sim.errors import InputError
from sim.generate.folder import folder
from sim.generate.frr import Style
from sim.generate.plan import Plan
from sim.topology.nodes import is_name


def make(plan: Plan, style: Style, output: Path | None = None, force: bool = False) -> Path:
    """Write a plan's topology to a folder, the plan's name in the current one unless given; the folder."""
    if not is_name(plan.name):
        raise InputError(f"found {plan.name!r}; expected letters, digits, '.', '_' and '-', at most 63", "--name")
    target = output or Path(plan.name)
    write(folder(plan, style), target, force)
    return target


def write(files: Mapping[str, str], target: Path, force: bool = False) -> None:
    """Write texts below a folder, which is made. InputError where it holds anything, unless `force`.

    With `force`, files of the same path are replaced, and others stay.
    """
    if target.exists() and not target.is_dir():
        raise InputError("is a file; expected a folder, new or empty", str(target))
    if not force and target.is_dir() and any(target.iterdir()):
        raise InputError("the folder is not empty; name another, or pass --force", str(target))
    for parent in {(target / path).parent for path in files}:
        parent.mkdir(parents=True, exist_ok=True)
    for path, text in files.items():
        (target / path).write_text(text)
