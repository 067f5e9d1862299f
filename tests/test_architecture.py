"""The table of imports (ARCHITECTURE.md), held by reading every file's syntax tree."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
ROOMS = ("sim", "lab", "harness")
FILES = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))

# module: the only files or folders that may import it
HOMES = {
    "typer": ("harness/cli.py",),
    "rich": ("harness/cli.py", "harness/console.py"),
    "scapy": ("harness/probes/",),
    "docker": ("lab/runtimes/docker.py",),
    "pyroute2": ("lab/",),
}

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
    ],
)
def test_the_table_refuses_what_it_forbids(path: str, source: str) -> None:
    assert wrongs(path, source)


def test_the_responder_leans_on_nothing_but_the_standard_library() -> None:
    tops = {name.split(".")[0] for name in imported(ast.parse((ROOT / "lab/responder.py").read_text()))}
    assert not tops & {*ROOMS, "pydantic", "ruamel", "scapy"}
