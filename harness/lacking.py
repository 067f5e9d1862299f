"""What nodes lack of the programs that their files need, found before anything is pushed.

Nodes that share their programs (all of them on this machine, or those of one image) are asked once, by one of them.
"""

from collections.abc import Iterable, Mapping
from shutil import which

from harness.appliers import appliers
from lab.lab import Lab
from lab.programs import Program
from sim.errors import HostError

_LOOK = 'for place; do command -v "$place" >/dev/null 2>&1 || [ -e "$place" ] || echo "$place"; done'

Needs = Mapping[Program, str]
"""Programs, each with a file that needs it."""


def refuse_lacking(lab: Lab, files: Mapping[str, Mapping[str, bytes]]) -> None:
    """HostError that names, for the first node that lacks any, each program and a file that needs it."""
    asked: dict[str | None, dict[Program, bool]] = {}
    for name, theirs in files.items():
        image = None if lab.runtime.of_this_machine else lab.topology.nodes[name].image
        needs, known = _needs(theirs), asked.setdefault(image, {})
        known |= _missing(lab, name, [each for each in needs if each not in known])
        if lacking := [f"no {each}, which {path} needs" for each, path in needs.items() if known[each]]:
            raise HostError(f"{_whose(image)} has {', and '.join(lacking)}; {_advice(image)}", name)


def this_machine_has(files: Iterable[str]) -> bool:
    """Whether this machine, and so every node that shares its programs, has all that these files need."""
    return all(any(map(which, each.places or (each.name,))) for each in _needs(files))


def _needs(files: Iterable[str]) -> Needs:
    found: dict[Program, str] = {}
    for path in sorted(files):
        for applier in appliers():
            if applier.claims(path):
                for program in applier.needs(path):
                    found.setdefault(program, path)
    return found


def _missing(lab: Lab, name: str, programs: list[Program]) -> dict[Program, bool]:
    """Which of these programs a node lacks."""
    places = [place for each in programs for place in each.places or (each.name,)]
    missing = lab.runtime.node(name).run(["sh", "-c", _LOOK, "sh", *places]).text.split() if places else []
    return {each: each.is_missing(missing) for each in programs}


def _whose(image: str | None) -> str:
    return f"image {image}" if image else "this machine"


def _advice(image: str | None) -> str:
    return "take an image that has, such as fabriclab/node:12 (`make images`)" if image else "`make setup` installs it"
