"""Report: collected answers with the facts they hold for; as JSON, as JUnit XML, and as one self-contained HTML page.

The JSON document is the report: HTML and JUnit are made from it alone, so that `fabriclab report DIR` can do it again.
Every text in it has passed through `harness.secrets.masked`.
"""

import json
import os
import platform
import re
import subprocess
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from harness.layout import Drawing
from harness.play import StepResult
from harness.run import ScenarioResult
from harness.secrets import masked
from harness.verdict import Outcome
from sim.dataclasses import asdict, dataclass, field
from sim.errors import HostError, InputError, Place
from sim.topology.model import Topology

JSON, HTML, JUNIT = "report.json", "report.html", "junit.xml"

PROGRAMS = {
    "FRR": ["/usr/lib/frr/zebra", "--version"],
    "BIRD": ["bird", "--version"],
    "iptables": ["iptables", "--version"],
    "iproute2": ["ip", "-V"],
}


@dataclass(frozen=True, slots=True)
class Report:
    """Answers of one run. `labs` are running labs that were examined or kept; `networks` what to draw, by name."""

    results: tuple[ScenarioResult, ...]
    networks: Mapping[str, Topology]
    started: datetime
    took_s: float
    labs: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def outcome(self) -> Outcome:
        """The worst of the answers: a failure before an error, and what was learnt before what was not."""
        found = {result.verdict.outcome for result in self.results}
        worst = [each for each in (Outcome.FAIL, Outcome.ERROR, Outcome.PASS) if each in found]
        return worst[0] if worst else Outcome.SKIP

    @property
    def exit_status(self) -> int:
        """1 where a verdict failed, 3 where an instrument did."""
        return {Outcome.FAIL: 1, Outcome.ERROR: 3}.get(self.outcome, 0)

    def to_json(self) -> dict[str, Any]:
        """The JSON document."""
        counts = Counter(str(result.verdict.outcome) for result in self.results)
        plain = {
            "outcome": str(self.outcome),
            "started": self.started.isoformat(timespec="seconds"),
            "took_s": round(self.took_s, 2),
            "counts": {str(outcome): counts.get(str(outcome), 0) for outcome in Outcome},
            "labs": list(self.labs),
            "environment": dict(self.environment),
            "scenarios": [_scenario(result) for result in self.results],
            "networks": {name: Drawing.of(network).to_json() for name, network in self.networks.items()},
        }
        return {key: _shown(value) for key, value in plain.items()}


def _scenario(result: ScenarioResult) -> dict[str, Any]:
    scenario = result.scenario
    return {
        "name": scenario.name,
        "file": relative(scenario.file),
        "network": network_name(scenario.topology),
        "outcome": str(result.verdict.outcome),
        "answer": result.verdict.text,
        "took_s": round(result.took_s, 2),
        "fails": scenario.fails,
        "twin_of": relative(scenario.twin_of) if scenario.twin_of else None,
        "stand_ins": [asdict(each) for each in result.stand_ins],
        "steps": [_step(step) for step in result.steps],
    }


def _step(result: StepResult) -> dict[str, Any]:
    step = result.step
    return {
        "verb": step.verb,
        "name": step.name,
        "text": str(step),
        "place": str(Place(relative(Path(step.place.file)), step.place.line)),
        "outcome": str(result.verdict.outcome),
        "answer": result.verdict.text,
        "evidence": dict(result.verdict.evidence),
        "took_s": round(result.took_s, 3),
        "own_s": round(result.own_s, 3),
        "looks": result.looks,
    }


def _shown(value: Any) -> Any:
    """A value as JSON has it, every text in it without secrets."""
    if isinstance(value, str):
        return masked(str(value))
    if isinstance(value, Mapping):
        return {str(key): _shown(each) for key, each in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_shown(each) for each in value]
    return value if isinstance(value, (int, float, bool, type(None))) else masked(str(value))


def network_name(file: Path) -> str:
    """What a topology is called in a report: its file's name without the ending, or its folder's."""
    return file.name.removesuffix(".yml").removesuffix(".yaml").removesuffix(".clab")


def relative(path: Path) -> str:
    """A path as seen from here, where that is shorter."""
    found = os.path.relpath(path)
    return found if not found.startswith("../..") else str(path)


def environment(images: Collection[str] = ()) -> dict[str, str]:
    """What the answers hold for: the kernel, and the `images` that nodes were made of; without any, the versions of
    this machine's programs, but for those that are missing.
    """
    kernel = f"{platform.system()} {platform.release()} {platform.machine()}"
    told = {"kernel": kernel, "run as": "root" if os.geteuid() == 0 else "an ordinary user"}
    if images:
        return told | {"images": ", ".join(sorted(images))}
    versions = {name: _version(command) for name, command in PROGRAMS.items()}
    return told | {name: found for name, found in versions.items() if found}


def _version(command: Sequence[str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=5, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    found = re.search(r"\d+(\.\d+)+", done.stdout + done.stderr)
    return found[0] if found else ""


def now() -> datetime:
    """The time, as reports tell it."""
    return datetime.now(UTC)


def write(report: Report, folder: Path) -> tuple[Path, ...]:
    """Write the three files; their paths, the page first. HostError where the disk does not take them."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / JSON).write_text(json.dumps(report.to_json(), indent=1, ensure_ascii=False) + "\n")
        return rebuild(folder)
    except OSError as error:
        words = f"cannot write the report: {error.strerror}; make room there, or choose another folder with --report"
        raise HostError(words, str(folder)) from error


def rebuild(folder: Path) -> tuple[Path, ...]:
    """Make the HTML page and the JUnit file from a folder's JSON. InputError if that is no report."""
    from harness.junit import junit
    from harness.page import page

    document = read(folder / JSON)
    written = {HTML: page(document), JUNIT: junit(document)}
    for name, text in written.items():
        (folder / name).write_text(text)
    return tuple(folder / name for name in (HTML, JSON, JUNIT))


def read(path: Path) -> dict[str, Any]:
    """A report's JSON document. InputError if it is not there or is something else."""
    try:
        document = json.loads(path.read_text())
    except FileNotFoundError:
        raise InputError("there is no report here; make one with: fabriclab verify --report DIR", str(path)) from None
    except json.JSONDecodeError as error:
        raise InputError(f"not JSON: {error.msg}", Place(str(path), error.lineno)) from None
    needed = ("outcome", "counts", "environment", "scenarios", "networks")
    if not isinstance(document, dict) or (missing := [key for key in needed if key not in document]):
        lacking = "" if not isinstance(document, dict) else f"; {missing[0]!r} is missing"
        raise InputError(f"not a report of fabriclab{lacking}", str(path))
    return document


def expectations(document: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    """Every expectation of every scenario."""
    return (step for each in document["scenarios"] for step in each["steps"] if step["verb"] == "expect")
