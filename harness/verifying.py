"""verify: which scenarios a command line means, run with labs side by side, and collected in a Report.

A lab that verify makes is ended with its scenarios (unless it is to be kept), also when it is interrupted. Labs that
ran before are left as they were: on them only scenarios are run that change nothing.
"""

import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from harness import deploy, labs, report
from harness.observe import observe
from harness.report import Report
from harness.run import Progress, ScenarioResult, own_name, run_on_paper, run_together, shared, without_lab
from harness.scenario import find_scenarios, read_scenario
from harness.story import Scenario, Step
from lab.lab import Lab
from lab.runtimes import DEFAULT, of_this_machine
from sim.dataclasses import dataclass, field
from sim.errors import FabricError, InputError, LabError, Place
from sim.topology.model import Topology

SESSIONS_WITHIN_S = 60.0
"""How long the built-in standing check waits for sessions: BGP's connect timer and OSPF's dead interval fit in."""


@dataclass(frozen=True, slots=True)
class Work:
    """Scenarios that share a lab. `lab` is one that runs already; None: they get one of their own."""

    scenarios: tuple[Scenario, ...]
    lab: Lab | None = None


def verify(
    targets: Sequence[str],
    *,
    name: str | None,
    keep: bool,
    jobs: int,
    progress: Progress,
    on: str = "lab",
    runtime: str = DEFAULT,
    allow_outside_binds: bool = False,
) -> Report:
    """Run what the targets mean: scenario files, folders of them, topologies or names of running labs.

    `on` paper, no lab is asked or made, and a topology needs none to be running. `runtime` carries the labs it makes.
    """
    began, started = time.monotonic(), report.now()
    works = [work for target in targets for work in chosen(target, name, on, allow_outside_binds)]
    results, kept = _on_paper(works, progress) if on == "paper" else _Runs(keep, progress, runtime).run(works, jobs)
    networks: dict[str, Topology] = {}
    for work in works:
        for each in work.scenarios:
            title = report.network_name(each.topology)
            networks[title] = networks.get(title) or (work.lab.topology if work.lab else each.draw())
    carriers = [work.lab.carried_by if work.lab else runtime for work in works]
    in_images = on == "lab" and not any(map(of_this_machine, carriers))
    examined = [work.lab.name for work in works if work.lab]
    return Report(
        results=tuple(results),
        networks=networks,
        started=started,
        took_s=time.monotonic() - began,
        labs=tuple(dict.fromkeys([*examined, *kept])),
        environment=report.environment(_images(networks) if in_images else ()),
    )


def _images(networks: Mapping[str, Topology]) -> set[str]:
    """The images of their containers."""
    return {node.image for network in networks.values() for node in network.nodes.values() if node.image}


def chosen(target: str, name: str | None = None, on: str = "lab", allow_outside_binds: bool = False) -> list[Work]:
    """What one word of the command line means."""
    path = Path(target)
    if not labs.looks_like_a_path(target) or labs.is_topology(path):
        if on == "paper":
            return [Work(_standing(labs.read(target, name, allow_outside_binds), asked=True))]
        lab = labs.running(target, name)
        asked = any(state.sessions for state in observe(lab).nodes.values())
        return [Work(_standing(lab.topology, asked), lab)]
    if path.is_dir():
        return _in_folder(path, allow_outside_binds)
    if not path.exists():
        raise InputError("there is no such file or folder, and no lab of that name runs", target)
    return [Work((read_scenario(path, allow_outside_binds),))]


def _in_folder(folder: Path, allow_outside_binds: bool) -> list[Work]:
    found = [read_scenario(path, allow_outside_binds) for path in find_scenarios(folder)]
    if not found:
        raise InputError("no scenario in this folder; expected *.yml files with 'steps'", str(folder))
    return [Work(tuple(group)) for group in shared(found)]


def _on_paper(works: Sequence[Work], progress: Progress) -> tuple[list[ScenarioResult], list[str]]:
    """Every result in order; no lab is kept."""
    return [run_on_paper(scenario, progress) for work in works for scenario in work.scenarios], []


# --- of a topology


def _standing(topology: Topology, asked: bool) -> tuple[Scenario, ...]:
    """The scenarios of `scenarios/` for a topology that change nothing; else what every network should hold.

    `asked`: whether any configuration asks for a session.
    """
    found = tuple(
        scenario
        for path in _standing_files(topology.file)
        if not (scenario := read_scenario(path)).changes and not scenario.overlay and not scenario.vars
    )
    return found or (_built_in(topology, asked),)


def _standing_files(topology: Path) -> Iterator[Path]:
    """Scenario files, known-bad twins left out, whose `topology:` is this file or its folder.

    Told by their text, which is a tenth of the work of reading them; so are most that change the network.
    """
    near = topology.resolve().parent.parent.parent / "scenarios"
    for path in find_scenarios(near) if near.is_dir() else ():
        text = path.read_text(errors="replace")
        if re.search(r"(?m)^(overlay|vars):|^\s*-\s+\{?\s*do:", text):
            continue
        said = re.search(r"(?m)^topology:\s*[\"']?([^\"'\s#]+)", text)
        named = (path.parent / said[1]).resolve() if said else None
        if named in (topology.resolve(), topology.resolve().parent) and not path.name.endswith(
            (".bad.yml", ".bad.yaml")
        ):
            yield path


def _built_in(topology: Topology, asked: bool) -> Scenario:
    place = Place(str(topology.file))
    sessions = (Step("expect", "sessions", {}, place, within_s=SESSIONS_WITHIN_S),) if asked else ()
    steps = (*sessions, Step("expect", "unique", {}, place), Step("expect", "loop_free", {}, place))
    return Scenario(f"{topology.name}: what every network should hold", topology.file, topology.file, steps)


# --- the run


@dataclass(slots=True)
class _Runs:
    """Runs under way, and the labs that they made."""

    keep: bool
    progress: Progress
    runtime: str = DEFAULT
    made: list[str] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)

    @property
    def kept(self) -> list[str]:
        """The labs that the run leaves behind."""
        return self.made if self.keep else []

    def run(self, works: Sequence[Work], jobs: int) -> tuple[list[ScenarioResult], list[str]]:
        """Every result in order, and the labs that were kept."""
        if jobs == 1 or len(works) == 1:
            return [result for work in works for result in self._work(work)], self.kept
        pool = ThreadPoolExecutor(max_workers=jobs)
        try:
            return [result for results in pool.map(self._work, works) for result in results], self.kept
        except BaseException:
            self._hurry(pool)
            raise
        finally:
            pool.shutdown()

    def _hurry(self, pool: ThreadPoolExecutor) -> None:
        """An interrupted run: nothing new begins, and what runs loses its lab, so that it ends at once."""
        self.stop.set()
        pool.shutdown(wait=False, cancel_futures=True)
        for name in list(self.made):
            Lab.destroy_by_name(name)

    def _work(self, work: Work) -> list[ScenarioResult]:
        if work.lab:
            return run_together(work.scenarios, work.lab, self.progress)
        try:
            return self._in_own_lab(work.scenarios)
        except FabricError as error:
            return [without_lab(scenario, error, self.progress) for scenario in work.scenarios]

    def _in_own_lab(self, scenarios: Sequence[Scenario]) -> list[ScenarioResult]:
        name = own_name(report.network_name(scenarios[0].topology))
        if self.stop.is_set():
            raise LabError("the run was interrupted", name)
        self.made.append(name)
        drawn = scenarios[0].draw(name)
        lab = deploy.bring_up(drawn, progress=self._stage(scenarios[0]), runtime=self.runtime)
        try:
            return run_together(scenarios, lab, self.progress)
        finally:
            if not self.keep or self.stop.is_set():
                lab.destroy()

    def _stage(self, scenario: Scenario) -> Callable[[str], None]:
        return lambda text: self.progress.stage(scenario, text)
