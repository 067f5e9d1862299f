"""A report as one HTML page that needs nothing else: no script, style, font or picture from elsewhere.

The template lies in `templates/report.html`; here its view of the JSON document is prepared.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from harness.layout import Drawing
from harness.picture import svg

TEMPLATES = Path(__file__).parent / "templates"
DRAWN = {"matrix", "spread", "traces", "table"}
"""Kinds of evidence that have a drawing of their own; others are shown as JSON."""

WORDS = {"pass": "passed", "fail": "failed", "error": "could not be judged", "skip": "skipped"}


def page(document: Mapping[str, Any]) -> str:
    """The HTML of a report's JSON document."""
    jinja = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    jinja.filters["seconds"] = seconds
    jinja.filters["readable"] = lambda value: json.dumps(value, indent=2, ensure_ascii=False)
    template = jinja.get_template("report.html")
    return template.render(
        report=document,
        words=WORDS,
        when=datetime.fromisoformat(document["started"]).strftime("%-d %B %Y, %H:%M UTC"),
        pictures={
            name: Markup(svg(Drawing.from_json(drawing), _bad(document, name)))
            for name, drawing in document["networks"].items()
        },
        scenarios=[_scenario(each) for each in document["scenarios"]],
        expected=_tally(document),
        stand_ins=_stand_ins(document),
        matrix_view=matrix_view,
        other=other_evidence,
    )


def seconds(value: float) -> str:
    """A duration as people say it."""
    if value < 0.01:
        return f"{value * 1000:.2g} ms"
    if value < 0.9995:
        return f"{value * 1000:.0f} ms"
    return f"{value:.1f} s" if value < 60 else f"{value // 60:.0f} min {value % 60:.0f} s"


def _scenario(scenario: Mapping[str, Any]) -> dict[str, Any]:
    """A scenario with what the page says of it: a twin's failures are what it is for, and no faults."""
    twin = scenario["fails"] is not None
    return {**scenario, "twin": twin, "open": scenario["outcome"] in ("fail", "error")}


def _tally(document: Mapping[str, Any]) -> dict[str, int]:
    steps = [
        step["outcome"]
        for scenario in document["scenarios"]
        if scenario["fails"] is None
        for step in scenario["steps"]
        if step["verb"] == "expect"
    ]
    return {
        "all": len(steps),
        "pass": steps.count("pass"),
        "twins": sum(s["fails"] is not None for s in document["scenarios"]),
    }


def _bad(document: Mapping[str, Any], network: str) -> dict[str, str]:
    """Nodes at which a flow of a failed expectation died, with the answer: they are red in the drawing."""
    found: dict[str, str] = {}
    for scenario in document["scenarios"]:
        if scenario["network"] == network and scenario["fails"] is None:
            for step in scenario["steps"]:
                for trace in _traces(step) if step["outcome"] == "fail" else ():
                    if trace.get("where"):
                        found.setdefault(trace["where"], step["answer"])
    return found


def _traces(step: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    traces = step["evidence"].get("traces", ())
    return iter(each for each in traces if isinstance(each, dict))


def _stand_ins(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Stand-ins of all labs: what was wanted and given, and on which nodes of which network."""
    where: dict[tuple[str, str], dict[str, None]] = {}
    for scenario in document["scenarios"]:
        for each in scenario["stand_ins"]:
            key = (each["wanted"], each["given"])
            where.setdefault(key, {})[f"{scenario['network']}: {each['node']}"] = None
    return [{"wanted": wanted, "given": given, "nodes": list(nodes)} for (wanted, given), nodes in where.items()]


def matrix_view(matrix: Mapping[str, Any]) -> dict[str, Any]:
    """A separation matrix with a row per source and a column per destination and port, where any cell was tried."""
    cells = {(cell["from"], cell["to"], cell["port"]): cell for cell in matrix["cells"]}
    columns = [
        (to, port)
        for to in matrix["destinations"]
        for port in matrix["ports"]
        if any((source, to, port) in cells for source in matrix["sources"])
    ]
    spans = [(to, sum(column[0] == to for column in columns)) for to in dict.fromkeys(to for to, _ in columns)]
    rows = [(source, [cells.get((source, *column)) for column in columns]) for source in matrix["sources"]]
    return {"spans": spans, "columns": columns, "rows": rows}


def other_evidence(evidence: Mapping[str, Any]) -> dict[str, Any]:
    """The evidence that has no drawing of its own."""
    return {key: value for key, value in evidence.items() if key not in DRAWN and value not in (None, [], {})}
