"""A report as JUnit XML: a suite per scenario, a case per step; a known-bad twin is one case, passed by failing."""

import re
from collections.abc import Iterator, Mapping
from typing import Any
from xml.etree.ElementTree import Element, SubElement, indent, tostring

ELEMENTS = {"fail": "failure", "error": "error", "skip": "skipped"}
_FORBIDDEN = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(document: Mapping[str, Any]) -> str:
    """The XML of a report's JSON document."""
    root = Element("testsuites", name="fabriclab", time=f"{document.get('took_s', 0):.3f}")
    for scenario in document["scenarios"]:
        cases = list(_cases(scenario))
        counts = {name: sum(case["outcome"] == name for case in cases) for name in ELEMENTS}
        suite = SubElement(
            root,
            "testsuite",
            name=_clean(scenario["name"]),
            tests=str(len(cases)),
            failures=str(counts["fail"]),
            errors=str(counts["error"]),
            skipped=str(counts["skip"]),
            time=f"{scenario['took_s']:.3f}",
            file=_clean(scenario["file"]),
        )
        for case in cases:
            _write(suite, scenario, case)
    indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, encoding="unicode") + "\n"


def _cases(scenario: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """A scenario's steps; as a whole where it is a twin, or where its verdict does not follow from its steps'."""
    explained = scenario["outcome"] in ("pass", *(step["outcome"] for step in scenario["steps"]))
    if scenario["fails"] is not None or not explained:
        yield {**scenario, "text": scenario["name"], "place": scenario["file"]}
    if scenario["fails"] is None:
        yield from scenario["steps"]


def _write(suite: Element, scenario: Mapping[str, Any], case: Mapping[str, Any]) -> None:
    own_s = case.get("own_s", case["took_s"])  # of a twin's one case, the scenario's
    element = SubElement(
        suite, "testcase", classname=_clean(scenario["file"]), name=_clean(case["text"]), time=f"{own_s:.3f}"
    )
    if case["outcome"] in ELEMENTS:
        found = SubElement(element, ELEMENTS[case["outcome"]], message=_clean(case["answer"]))
        found.text = _clean(f"{case['place']}: {case['answer']}")


def _clean(text: str) -> str:
    """Text without the characters that XML 1.0 does not allow."""
    return _FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", text)
