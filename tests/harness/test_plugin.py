"""The pytest plugin, in pytest runs of its own: what is collected, how failures read, what is left alone."""

from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from harness import checks, fabric, lab_pool, lab_witness, run, scenario
from harness.play import StepResult
from harness.verdict import errored, failed, passed, skipped

pytest_plugins = ["pytester"]
LOADED = (checks.checks(), fabric, run, scenario)  # once, since a pytest within a pytest forgets what it imported

TOPOLOGY = """\
name: two
topology:
  nodes: {leaf1: {kind: linux}, spine1: {kind: linux}}
  links: [{endpoints: [leaf1:eth1, spine1:eth1]}]
"""
STORY = """\
name: a story
topology: ../two.clab.yml
steps:
  - {expect: sessions, within: 5s}
  - {do: link.down, link: leaf1:eth1}
  - {expect: route, node: leaf1, prefix: "2001:db8::/32"}
"""
TWIN = "name: bad\ntopology: ../two.clab.yml\nfails: no route\nsteps:\n  - {expect: sessions}\n"


@pytest.fixture
def site(pytester, monkeypatch):
    """A folder with a topology and a scenario, and a lab whose verdicts are given by the steps' names."""
    (pytester.path / "two.clab.yml").write_text(TOPOLOGY)
    (pytester.path / "scenarios").mkdir()
    (pytester.path / "scenarios" / "story.yml").write_text(STORY)
    verdicts = {"sessions": passed("all up"), "link.down": passed("done"), "route": passed("two next hops")}
    log, runtimes = [], []

    class Pool:
        def __init__(self, runtime):
            runtimes.append(runtime)

        def take(self, scenario):
            log.append(f"take {scenario.name}")
            return "lab"

        def give_back(self, scenario):
            log.append(f"give back {scenario.name}")

        def take_topology(self, path):
            return "lab"

        def give_back_topology(self, path, whole):
            log.append(f"give back whole={whole}")

        def close(self):
            log.append("close")

    class Played:
        stage = SimpleNamespace(down=set(), stopped=[], ended={}, altered=False, drawn=None, topology="drawn")

        def step(self, step):
            log.append(step.name)
            return StepResult(step, verdicts[step.name], 0.1)

    @contextmanager
    def playing(lab):
        yield Played()

    monkeypatch.setattr(lab_pool, "LabPool", Pool)
    monkeypatch.setattr(lab_witness, "playing", playing)
    return SimpleNamespace(pytester=pytester, verdicts=verdicts, log=log, runtimes=runtimes)


def run_in(site, *arguments):
    return site.pytester.runpytest_inprocess("-p", "no:cacheprovider", "-p", "no:xdist", *arguments)


def test_each_expectation_is_an_item_and_the_lab_is_taken_once(site):
    result = run_in(site, "-v")
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(
        ["*story.yml::1 sessions within 5s PASSED*", "*story.yml::3 route leaf1 2001:db8:/32 PASSED*"]
    )
    assert site.log == ["take a story", "sessions", "link.down", "route", "give back a story", "close"]


def test_labs_are_carried_by_the_runtime_that_the_environment_or_an_option_names(site, monkeypatch):
    monkeypatch.delenv("FABRICLAB_RUNTIME", raising=False)
    run_in(site)
    monkeypatch.setenv("FABRICLAB_RUNTIME", "docker")
    run_in(site)
    run_in(site, "--fabriclab-runtime", "another")
    assert site.runtimes == ["namespaces", "docker", "another"]


def test_one_item_alone_plays_the_story_up_to_it(site):
    run_in(site, "-k", "route").assert_outcomes(passed=1, deselected=1)
    assert site.log[1:4] == ["sessions", "link.down", "route"]


def test_a_failure_reads_as_the_verdict_and_not_as_a_traceback(site):
    site.verdicts["route"] = failed("leaf1 2001:db8::/32: no route", table=[{"prefix": "10.0.0.0/8"}])
    result = run_in(site)
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        ["*story.yml:6: route leaf1*", "FAIL: leaf1 2001:db8::/32: no route", "table:", '*"10.0.0.0/8"*']
    )
    result.stdout.no_fnmatch_line("*Traceback*")
    result.stdout.no_fnmatch_line("*plugin.py*")


@pytest.mark.parametrize(("verdict", "outcome"), [(errored("broken"), "failed"), (skipped("unknown"), "skipped")])
def test_an_error_is_no_pass_and_a_skip_is_a_skip(site, verdict, outcome):
    site.verdicts["route"] = verdict
    run_in(site).assert_outcomes(passed=1, **{outcome: 1})


def test_what_could_not_be_done_fails_the_next_expectation(site):
    site.verdicts["link.down"] = errored("the cable is stuck")
    result = run_in(site)
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["ERROR: the cable is stuck"])


def test_a_twin_is_one_item_that_passes_by_failing(site):
    (site.pytester.path / "scenarios" / "story.bad.yml").write_text(TWIN)
    site.verdicts["sessions"] = failed("leaf1: no route to its peer")
    run_in(site, "scenarios/story.bad.yml").assert_outcomes(passed=1)
    site.verdicts["sessions"] = passed("all up")
    run_in(site, "scenarios/story.bad.yml").assert_outcomes(failed=1)


def test_a_malformed_scenario_is_a_collection_error_of_one_line(site):
    (site.pytester.path / "scenarios" / "wrong.yml").write_text(STORY.replace("sessions", "session"))
    result = run_in(site)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*wrong.yml:4: no check named 'session'; did you mean 'sessions'?*"])


def test_other_yaml_is_left_alone_and_a_scenario_elsewhere_can_be_given(site):
    (site.pytester.path / "scenarios" / "values.yml").write_text("a: 1\n")
    (site.pytester.path / "elsewhere.yml").write_text(STORY.replace("../", ""))
    run_in(site).assert_outcomes(passed=2)
    run_in(site, "elsewhere.yml").assert_outcomes(passed=2)


FABRIC = """
import pytest
from harness.fabric import route, sessions, Unmet

@pytest.mark.topology("two.clab.yml")
def test_it(fabric):
    fabric.expect(sessions(), within=5)
    with fabric.link_down("leaf1:eth1"):
        fabric.expect(route("leaf1", "10.0.4.0/24", next_hops={"spine1"}), within=5)

def test_without_a_topology(fabric):
    pass
"""


def test_the_fixture_examines_and_changes_a_network(site):
    site.verdicts["link.up"] = passed("done")
    site.pytester.makepyfile(FABRIC)
    result = run_in(site, "test_the_fixture_examines_and_changes_a_network.py")
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*the fixture fabric wants @pytest.mark.topology(path)"])
    assert site.log[:4] == ["sessions", "link.down", "route", "link.up"]
    assert "give back whole=True" in site.log


def test_an_unmet_expectation_in_python_shows_the_verdict(site):
    site.verdicts |= {"link.up": passed("done"), "route": failed("leaf1 10.0.4.0/24: no route")}
    site.pytester.makepyfile(FABRIC)
    result = run_in(site, "test_an_unmet_expectation_in_python_shows_the_verdict.py")
    result.assert_outcomes(failed=1, errors=1)
    result.stdout.fnmatch_lines(["E*Unmet: FAIL: leaf1 10.0.4.0/24: no route"])
    assert site.log[3] == "link.up"


def test_the_plugin_imports_nothing_for_runs_without_scenarios(pytester):
    heavy = {"lab.lab", "pydantic", "scapy", "harness.scenario"}
    pytester.makepyfile(f"import sys\ndef test_it():\n    assert not {heavy} & set(sys.modules)\n")
    pytester.runpytest_subprocess("-p", "no:xdist", "-p", "no:hypothesispytest").assert_outcomes(passed=1)


@pytest.mark.parametrize("dist", ["load", "loadgroup"])
def test_with_xdist_the_items_of_a_scenario_stay_together(pytestconfig, monkeypatch, dist):
    from harness.plugin import pytest_xdist_make_scheduler

    monkeypatch.setattr(pytestconfig, "args", ["scenarios"])
    monkeypatch.setattr(pytestconfig.option, "dist", dist)
    monkeypatch.setattr(pytestconfig.option, "tx", ["popen"])
    scheduler = pytest_xdist_make_scheduler(pytestconfig, None)
    split = scheduler._split_scope
    assert split("scenarios/a.yml::1 sessions") == split("scenarios/a.yml::3 route leaf1") == "scenarios/a.yml"
    assert split("tests/test_a.py::test_one") != split("tests/test_a.py::test_two")
    assert split("tests/test_a.py::test_one@docker") == split("tests/test_b.py::test_two@docker")
