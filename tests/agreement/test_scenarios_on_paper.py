"""Every shipped scenario on paper: what passes in a lab passes without one, and known-bad twins fail as they say."""

from pathlib import Path

import pytest

from harness.run import run_on_paper
from harness.scenario import find_scenarios, read_scenario
from harness.verdict import Outcome

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted(find_scenarios(ROOT / "scenarios"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT / "scenarios")))
def test_a_shipped_scenario_is_known_on_paper(path: Path) -> None:
    scenario = read_scenario(path)
    verdict = run_on_paper(scenario).verdict
    if verdict.outcome is Outcome.SKIP:  # only what packets alone can tell
        assert scenario.on == "lab" or "is measured with packets" in verdict.text, verdict.text
    else:
        assert verdict.outcome is Outcome.PASS, verdict.text
