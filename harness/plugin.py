"""pytest plugin: scenario files are tests, and Python tests get a `fabric`.

Collected are YAML files with `steps:` below a folder named `scenarios`, or given on the command line. Each expectation
is one test item; the steps of a file run in their order on one lab, and stories that change nothing share theirs. A
known-bad twin is one item, which passes when the twin fails as it says. With xdist a file's items stay on one worker.

This module is imported in every pytest run of a Python that has Fabriclab: the rest is imported when it is needed.
"""

import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from harness.scenario_files import is_scenario

if TYPE_CHECKING:
    from harness.fabric import Fabric
    from harness.lab_pool import LabPool
    from harness.play import Play, StepResult
    from harness.scenario import Scenario, Step

FOLDER = "scenarios"


def pytest_addoption(parser: pytest.Parser) -> None:
    """What carries the labs of tests."""
    words = "what carries the labs: namespaces, or docker (default: FABRICLAB_RUNTIME, else namespaces)"
    chosen = os.environ.get("FABRICLAB_RUNTIME") or "namespaces"
    parser.getgroup("fabriclab").addoption("--fabriclab-runtime", default=chosen, help=words)


def pytest_configure(config: pytest.Config) -> None:
    """Make our markers known."""
    config.addinivalue_line("markers", "topology(path): the topology that the fixture `fabric` brings up")
    config.addinivalue_line("markers", "kernel: needs Linux namespaces and the real daemons")


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> "ScenarioFile | None":
    """Scenario files, where they are looked for."""
    if file_path.suffix not in (".yml", ".yaml"):
        return None
    if FOLDER in file_path.parts or parent.session.isinitpath(file_path):
        return ScenarioFile.from_parent(parent, path=file_path) if is_scenario(file_path) else None
    return None


class ScenarioFile(pytest.File):
    """A scenario: its items share its lab."""

    scenario: "Scenario"
    play: "Play"
    results: "list[StepResult]"
    open: ExitStack

    def collect(self) -> Iterable[pytest.Item]:
        """One item per expectation; one for the whole of a known-bad twin."""
        from harness.scenario import read_scenario
        from sim.errors import FabricError

        try:
            self.scenario = read_scenario(self.path)
        except FabricError as error:
            raise self.CollectError(str(error)) from error
        if self.scenario.fails is not None:
            yield TwinItem.from_parent(self, name="fails as it says")
            return
        for number, step in enumerate(self.scenario.steps):
            if step.verb == "expect":
                name = f"{number + 1} {step}".replace("::", ":")
                yield ExpectationItem.from_parent(self, name=name, number=number)

    def setup(self) -> None:
        """A lab for this story."""
        from harness.lab_witness import playing
        from sim.errors import FabricError

        self.results, self.open = [], ExitStack()
        trouble = ""
        try:
            lab = _pool(self.config).take(self.scenario)
            self.open.callback(_pool(self.config).give_back, self.scenario)
            self.play = self.open.enter_context(playing(lab))
        except FabricError as error:
            trouble = str(error)
        if trouble:  # outside of the except, so that pytest shows this line and no other
            pytest.fail(trouble, pytrace=False)

    def teardown(self) -> None:
        """Give the lab back."""
        self.open.close()

    def result(self, number: int) -> "StepResult":
        """The answer of a step, after all steps before it."""
        while len(self.results) <= number:
            self.results.append(self.play.step(self.scenario.steps[len(self.results)]))
        return self.results[number]


class _Item(pytest.Item):
    """What the two kinds of items share."""

    parent: ScenarioFile

    def __init__(self, **facts: Any) -> None:
        super().__init__(**facts)
        self.add_marker(pytest.mark.kernel)

    def place(self) -> "Step":
        """The step that the item stands for."""
        return self.parent.scenario.steps[0]

    def reportinfo(self) -> tuple[Path, int, str]:
        """Where the item stands, for pytest's lines."""
        return self.path, max(0, self.place().place.line - 1), f"{self.path.name}: {self.name}"


class ExpectationItem(_Item):
    """One expectation."""

    def __init__(self, *, number: int, **facts: Any) -> None:
        super().__init__(**facts)
        self.number = number

    def place(self) -> "Step":
        """The step that the item stands for."""
        return self.parent.scenario.steps[self.number]

    def runtest(self) -> None:
        """Play the story up to here, and say what came out."""
        from harness.fabric import told
        from harness.verdict import Outcome

        verdict = self.parent.result(self.number).verdict
        before = self.parent.results[self.number - 1] if self.number else None
        if before and before.step.verb == "do" and before.verdict.outcome is not Outcome.PASS:
            pytest.fail(f"{before.step}\n{told(before.verdict)}", pytrace=False)
        if verdict.outcome is Outcome.SKIP:
            pytest.skip(verdict.text)
        if verdict.outcome is not Outcome.PASS:
            place = self.place()
            pytest.fail(f"{place.place}: {place}\n{told(verdict)}", pytrace=False)


class TwinItem(_Item):
    """A known-bad twin as a whole."""

    def runtest(self) -> None:
        """Play all of it, and say whether it failed as it says."""
        from harness.fabric import told
        from harness.run import judge
        from harness.verdict import Outcome

        self.parent.result(len(self.parent.scenario.steps) - 1)
        verdict = judge(self.parent.scenario, self.parent.results)
        if verdict.outcome is not Outcome.PASS:
            pytest.fail(f"{self.path}\n{told(verdict)}", pytrace=False)


@pytest.fixture
def fabric(request: pytest.FixtureRequest) -> "Iterator[Fabric]":
    """The running network of `@pytest.mark.topology(path)`, paths relative to the root folder or to the test file.

    The next test gets the same one if this one left it whole, else a new one.
    """
    from harness.fabric import Fabric
    from harness.lab_witness import playing

    marker = request.node.get_closest_marker("topology")
    if marker is None or len(marker.args) != 1:
        pytest.fail("the fixture fabric wants @pytest.mark.topology(path)", pytrace=False)
    folders = (request.config.rootpath, request.path.parent)
    path = next((folder / marker.args[0] for folder in folders if (folder / marker.args[0]).exists()), None)
    if path is None:
        pytest.fail(f"topology: there is no {marker.args[0]!r}", pytrace=False)
    pool = _pool(request.config)
    lab = pool.take_topology(path.resolve())
    with playing(lab) as play:
        network = Fabric(play, lab)
        yield network
    pool.give_back_topology(path.resolve(), whole=network.is_whole)


_POOL = pytest.StashKey["LabPool"]()


def _pool(config: pytest.Config) -> "LabPool":
    if _POOL not in config.stash:
        from harness.lab_pool import LabPool

        config.stash[_POOL] = LabPool(config.getoption("--fabriclab-runtime"))
    return config.stash[_POOL]


def pytest_sessionfinish(session: pytest.Session) -> None:
    """End the labs that are left, before xdist hears that its worker is done: ten seconds later it is killed."""
    if _POOL in session.config.stash:
        session.config.stash[_POOL].close()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Keep the items of one scenario file on one worker; with `--dist loadgroup`, those of each group, too."""
    if config.getoption("dist") not in ("load", "loadgroup"):
        return None
    if not any(_has_scenarios(Path(arg.split("::")[0])) for arg in config.args):
        return None
    from harness.scheduling import whole_scenarios

    return whole_scenarios(config, log)


def _has_scenarios(path: Path) -> bool:
    return path.suffix in (".yml", ".yaml") or FOLDER in path.absolute().parts or (path / FOLDER).is_dir()
