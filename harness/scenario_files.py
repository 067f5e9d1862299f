"""Which files are scenarios, told from their text alone: pytest asks for every file, so nothing is imported here."""

import re
from pathlib import Path

_STEPS = re.compile(r"^steps\s*:", re.MULTILINE)


def is_scenario(path: Path) -> bool:
    """Whether a YAML file is meant as a scenario: it has `steps` at its top level."""
    try:
        return path.suffix in (".yml", ".yaml") and _STEPS.search(path.read_text(errors="replace")) is not None
    except OSError:
        return False


def find_scenarios(folder: Path) -> list[Path]:
    """Every scenario file under a folder, in the order of their names."""
    return sorted(path for path in folder.rglob("*.y*ml") if path.is_file() and is_scenario(path))
