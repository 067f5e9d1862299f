"""The table of imports (ARCHITECTURE.md), held by reading every file's syntax tree."""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
ROOMS = ("sim", "lab", "harness")
OUTSIDE = ("bench", "tests")
FILES = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))

# module: the only files or folders that may import it
HOMES = {
    "distributed": ("harness/sweep_cluster.py",),
    "dask": ("harness/sweep_cluster.py",),
    "typer": ("harness/cli",),  # cli.py, and a file for each group of verbs: cli_*.py
    "rich": ("harness/cli", "harness/console"),
    "scapy": ("harness/probes/",),
    "docker": ("lab/runtimes/docker.py",),
    "pyroute2": ("lab/",),
}

# what runs in every first process: the standard library, and each other
ENCLOSED = [path for path in (ROOT / "lab/enclosure").glob("*.py") if path.name != "client.py"]  # the other side
ENCLOSED += [ROOT / "lab/responder.py"]
FOR_ALL = ("lab.enclosure", "lab.responder")

# sim is pure: no sockets, no processes, no clock
IMPURE = ("socket", "subprocess", "time", "threading", "multiprocessing", "asyncio", "logging")


def imported(tree: ast.AST) -> Iterator[str]:
    """Every module that a file imports, wherever in the file, with full dotted names."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide the room"
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def wrongs(path: str, source: str) -> list[str]:
    """The imports of a file that its room may not have."""
    found = []
    room = path.split("/")[0]
    for module in imported(ast.parse(source)):
        top = module.split(".")[0]
        if top in HOMES and not path.startswith(HOMES[top]):
            found.append(f"{path} imports {module}, which belongs to {', '.join(HOMES[top])}")
        if room in ROOMS and top in OUTSIDE:
            found.append(f"{path} imports {module}; the product knows neither its tests nor its benchmark")
        if room == "sim" and top in ("lab", "harness", *IMPURE):
            found.append(f"{path} imports {module}; sim is pure and knows neither lab nor harness")
        if room == "lab" and (top == "harness" or (top == "sim" and not allowed_in_lab(module))):
            found.append(f"{path} imports {module}; lab knows only sim.topology and sim.errors")
    return found


def allowed_in_lab(module: str) -> bool:
    return module == "sim" or module.startswith(("sim.topology", "sim.errors"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_imports_only_what_its_room_may(path: Path) -> None:
    assert not wrongs(str(path.relative_to(ROOT)), path.read_text())


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("sim/rib.py", "import socket"),
        ("sim/rib.py", "from lab import lab"),
        ("lab/lab.py", "from harness import push"),
        ("lab/lab.py", "from sim.snapshot import Snapshot"),
        ("lab/lab.py", "from sim import flow"),
        ("harness/run.py", "def f():\n    import typer"),
        ("harness/report.py", "from rich.console import Console"),
        ("harness/checks/mtu.py", "import scapy.all"),
        ("lab/lab.py", "from bench import clos"),
    ],
)
def test_the_table_refuses_what_it_forbids(path: str, source: str) -> None:
    assert wrongs(path, source)


@pytest.mark.parametrize("path", ENCLOSED, ids=lambda path: path.name)
def test_a_first_process_leans_on_nothing_but_the_standard_library(path: Path) -> None:
    names = {name for name in imported(ast.parse(path.read_text())) if name not in ("lab", "lab.enclosure")}
    foreign = {name for name in names if name.split(".")[0] not in sys.stdlib_module_names}
    assert all(name.startswith(FOR_ALL) and "client" not in name for name in foreign), foreign


@pytest.mark.parametrize("path", sorted((ROOT / "bench").glob("*.py")), ids=lambda path: path.name)
def test_the_benchmark_uses_the_rooms_and_none_of_their_insides(path: Path) -> None:
    """It measures what users get: nothing whose name begins with an underscore."""
    names = [name for name in imported(ast.parse(path.read_text())) if name.startswith(ROOMS)]
    assert not [name for name in names if any(part.startswith("_") for part in name.split("."))]


def test_the_page_names_every_file_and_no_other() -> None:
    told = re.findall(r"`((?:sim|lab|harness)/[\w/]+\.py)`", (ROOT / "ARCHITECTURE.md").read_text())
    there = {str(path.relative_to(ROOT)) for path in FILES if path.read_text()}
    assert set(told) == there
