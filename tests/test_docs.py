"""What the documentation shows is true: its commands are run, its examples are read, its tables are complete."""

import inspect
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness import actions, checks
from harness.scenario import read_scenario

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", page.read_text(), re.DOTALL)


def commands(page: Path) -> Iterator[list[str]]:
    for block in blocks(page, "sh"):
        yield from (shlex.split(line, comments=True) for line in block.splitlines() if line.strip())


SHOWN = [(page.name, words) for page in PAGES for words in commands(page)]


def program(*words: str) -> list[str]:
    code = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from harness.cli import main; main()"
    return [sys.executable, "-c", code, *words]


@pytest.mark.parametrize(
    ("page", "words"), SHOWN, ids=lambda value: " ".join(value) if isinstance(value, list) else value
)
def test_every_command_and_option_shown_exists(page: str, words: list[str]) -> None:
    if words[0] == "make":
        assert re.search(rf"(?m)^{re.escape(words[1])}:", (ROOT / "Makefile").read_text())
        return
    assert words[0] == "fabriclab"
    own = words[: words.index("--")] if "--" in words else words
    said = subprocess.run(program(own[1], "--help"), capture_output=True, text=True, check=True).stdout
    for option in (word for word in own if word.startswith("-")):
        assert re.search(rf"(^|[\s,]){re.escape(option)}\b", said), f"{page}: {own[1]} has no {option}"


def test_make_help_tells_every_target() -> None:
    told = subprocess.run(["make", "-C", str(ROOT), "help"], capture_output=True, text=True, check=True).stdout
    targets = re.findall(r"(?m)^([a-z-]+):", (ROOT / "Makefile").read_text())
    assert targets and all(f"make {target} " in told for target in targets)


@pytest.mark.parametrize(
    "text",
    [block for page in PAGES for block in blocks(page, "yaml") if "steps:" in block],
    ids=lambda text: text.splitlines()[0],
)
def test_every_scenario_shown_is_one(text: str, tmp_path: Path) -> None:
    (tmp_path / "topologies").symlink_to(ROOT / "topologies")
    (tmp_path / "scenarios/shown").mkdir(parents=True)
    story = tmp_path / "scenarios/shown/story.yml"
    story.write_text(text)
    assert read_scenario(story).steps


def test_links_lead_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name} -> {target}"


@pytest.mark.parametrize("table", [checks.checks(), actions.actions()], ids=["checks", "actions"])
def test_the_scenario_page_lists_every_check_and_action_with_its_parameters(table: dict[str, object]) -> None:
    text = (ROOT / "docs/scenarios.md").read_text()
    for name, function in table.items():
        row = re.search(rf"(?m)^\| `{re.escape(name)}` \|(.*?)\|", text)
        assert row, f"docs/scenarios.md does not know {name}"
        parameters = list(inspect.signature(function).parameters.values())[1:]  # type: ignore[arg-type]
        assert re.findall(r"`([a-z_]+)`", row[1]) == [each.name.rstrip("_") for each in parameters], name


@pytest.mark.kernel
def test_the_readme_works_from_its_first_line_to_its_last(tmp_path: Path) -> None:
    """Every command of the README, in order, on labs of its own; those that wait for a person get a pipe."""
    env = {**os.environ, "FABRICLAB_RUN": f"/run/fabriclab-docs-{os.getpid()}" if os.geteuid() == 0 else str(tmp_path)}
    for folder in ("topologies", "scenarios"):
        (tmp_path / folder).symlink_to(ROOT / folder)
    try:
        for words in commands(ROOT / "README.md"):
            if words[0] == "fabriclab" and words[1:] != ["verify", "-j", "2"]:  # all scenarios: `make test` runs them
                run(words[1:], tmp_path, env)
    finally:
        run(["destroy", "--all"], tmp_path, env)


def run(words: list[str], folder: Path, env: dict[str, str]) -> None:
    waiting = None
    if words[0] == "capture":
        waiting = subprocess.Popen(
            program("exec", words[1], words[2].split(":")[0], "--", "ping", "-c", "20", "-i", "0.2", "172.17.16.20"),
            cwd=folder,
            env=env,
            stdout=subprocess.DEVNULL,
        )
    done = subprocess.run(
        program(*words), cwd=folder, env=env, input="exit\n", capture_output=True, text=True, timeout=120, check=False
    )
    if waiting:
        waiting.wait()
    assert done.returncode == 0, f"{words}: {done.stdout[-3000:]} {done.stderr[-2000:]}"
    assert "Traceback" not in done.stderr


@pytest.mark.kernel
def test_the_python_example_passes(tmp_path: Path) -> None:
    [example] = blocks(ROOT / "README.md", "python")
    (tmp_path / "test_example.py").write_text(example)
    (tmp_path / "topologies").symlink_to(ROOT / "topologies")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_example.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout
