"""Reports: one document, three forms, no secrets."""

import json
import re
from pathlib import Path
from xml.etree.ElementTree import fromstring

import pytest
from report_values import report, results

from harness import report as reports
from harness.console import report as draw
from harness.junit import junit
from harness.layout import Spot
from harness.page import page, seconds
from harness.verdict import Outcome
from sim.errors import HostError, InputError


def test_a_failure_outweighs_an_error_and_an_error_what_passed() -> None:
    found = results()
    by = {str(each.verdict.outcome): each for each in found}
    assert report(found).exit_status == 1
    assert report((by["pass"], by["error"])).exit_status == 3
    assert report((by["pass"], by["skip"])).exit_status == 0
    assert report((by["skip"],)).outcome is Outcome.SKIP


def test_a_folder_that_takes_no_report_is_named_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(HostError, match=r"/taken: cannot write the report: File exists; .* --report"):
        reports.write(report(), tmp_path / "taken")


def test_the_page_needs_nothing_from_elsewhere() -> None:
    html = page(report().to_json())
    assert not re.search(r"<(link|script|img|iframe)[^>]+(src|href)=", html)
    assert "url(" not in html and "@import" not in html and "http://www.w3.org/2000/svg" in html
    assert re.findall(r"https?://[^\"'< ]+", html.replace("http://www.w3.org/2000/svg", "")) == []


def test_the_page_shows_every_kind_of_evidence() -> None:
    html = page(report().to_json())
    for mark in (
        'class="matrix"',
        'class="member"',
        'class="hop died"',
        "Established",
        "known-bad twin",
        "an ifb device",
    ):
        assert mark in html
    assert html.count('class="wrong') - html.count('<span class="wrong') == 3


def test_no_secret_reaches_any_of_the_files(tmp_path: Path) -> None:
    for path in reports.write(report(), tmp_path):
        assert "hunter2" not in path.read_text()
        assert "***" in path.read_text() or path.name == "junit.xml"


def test_names_from_files_are_text_and_never_markup() -> None:
    document = report().to_json()
    document["scenarios"][0]["name"] = "<script>alert(1)</script>"
    document["networks"]["dev01"]["nodes"].append(Spot("<b>&", "linux").to_json())
    html = page(document)
    assert "<script>alert" not in html and "<b>&<" not in html


def test_the_page_is_made_again_from_the_json_alone(tmp_path: Path) -> None:
    first = reports.write(report(), tmp_path)[0].read_text()
    (tmp_path / "report.html").unlink()
    assert reports.rebuild(tmp_path)[0].read_text() == first


@pytest.mark.parametrize("content", [None, "{", "[]", '{"outcome": "pass"}', "\x00"])
def test_a_folder_without_a_report_is_told_apart(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "report.json").write_text(content)
    with pytest.raises(InputError, match=re.escape(str(tmp_path))):
        reports.rebuild(tmp_path)


def test_junit_has_a_case_per_step_and_one_for_a_twin() -> None:
    root = fromstring(junit(report().to_json()))
    suites = {suite.get("name"): suite for suite in root}
    apart = suites["management and transport stay apart"]
    assert (apart.get("tests"), apart.get("failures")) == ("2", "2")
    assert apart[0][0].tag == "failure" and "story.yml:4" in (apart[0][0].text or "")
    twin = suites["the reflector leaks the management net"]
    assert (twin.get("tests"), twin.get("failures")) == ("1", "0")
    assert suites["the instrument breaks"].get("errors") == "1"
    assert suites["local-lvm holds instances"].get("skipped") == "1"


def test_junit_is_well_formed_whatever_a_device_says() -> None:
    document = report().to_json()
    document["scenarios"][1]["steps"][0]["answer"] = "bell \x07 and escape \x1b[31m <>&\ud800"
    fromstring(junit(document))


def test_the_console_says_how_it_ended_and_what_to_type_next(capsys: pytest.CaptureFixture[str]) -> None:
    draw(report(), (Path("reports/dev01/report.html"),), as_json=False)
    out = capsys.readouterr().out
    assert "FAIL  3 passed, 1 failed, 1 could not be judged, 1 skipped" in out
    assert "report: reports/dev01/report.html" in out and "destroy dev01" in out
    draw(report(), (), as_json=True)
    assert json.loads(capsys.readouterr().out)["counts"]["fail"] == 1


@pytest.mark.parametrize(
    ("value", "said"),
    [(0.00041, "0.41 ms"), (0.021, "21 ms"), (3.24, "3.2 s"), (0.9999, "1.0 s"), (125.0, "2 min 5 s")],
)
def test_durations_are_told_as_people_do(value: float, said: str) -> None:
    assert seconds(value) == said
