"""A Sweep as an answer: each property with its verdict and the smallest failing sets, and what was covered."""

from typing import Any

from sim.sweep.effect import Examiner
from sim.sweep.sweeping import Coverage, Sweep

_SETS = 50
_PAIRS = 5

_HARM = {
    "reachability": ("lost", "breaks", "pairs that were delivered are no longer"),
    "loops": ("looping", "breaks", "packets go in circles"),
    "blackholes": ("holed", "breaks", "packets end where there is no route"),
    "separation": ("opened", "breaks", "pairs that were kept apart are delivered"),
}


def report(sweep: Sweep, examiner: Examiner) -> dict[str, Any]:
    """The documented JSON form. Failing sets are minimal: no part of a set does the same harm."""
    return {
        "failures": sweep.size,
        "elements": len(sweep.elements),
        "engine": examiner.engine,
        "pairs": examiner.pairs,
        "separate": examiner.separate,
        "complete": sweep.complete,
        "coverage": [_coverage(each) for each in sweep.coverage.values()],
        "properties": [*(_harm(sweep, examiner, name) for name in _HARM), _width(sweep)],
    }


def _coverage(each: Coverage) -> dict[str, Any]:
    return {
        "k": each.size,
        "total": each.total,
        "done": each.done,
        "inherited": each.inherited,
        "solved": each.solved,
        "text": f"k={each.size}: {each.done:,}/{each.total:,} ({each.inherited:,} inherited by proof, "
        f"{each.solved:,} re-solved)",
    }


def _harm(sweep: Sweep, examiner: Examiner, name: str) -> dict[str, Any]:
    kind, word, what = _HARM[name]
    found = list(sweep.minimal(kind))
    sets = [
        {
            "fails": [str(element) for element in failure],
            "pairs": len(harmed),
            "examples": [{"source": pair.source, "target": pair.target} for pair in _some(examiner, harmed)],
        }
        for failure, harmed in found[:_SETS]
    ]
    return {
        "property": name,
        "verdict": word if found else "holds",
        "what": what if found else "",
        "smallest": min((len(failure) for failure, _ in found), default=None),
        "failing_sets": len(found),
        "pairs": len(frozenset[int]().union(*(harmed for _, harmed in found))),
        "sets": sets,
    }


def _some(examiner: Examiner, harmed: frozenset[int]) -> Any:
    return (examiner.pair(number) for number in sorted(harmed)[:_PAIRS])


def _width(sweep: Sweep) -> dict[str, Any]:
    narrowed = sorted(sweep.narrowed().items(), key=lambda item: (len(item[0]), -item[1], item[0]))
    return {
        "property": "ecmp width",
        "verdict": "degrades" if narrowed else "holds",
        "what": "routes have fewer next hops" if narrowed else "",
        "smallest": min((len(failure) for failure, _ in narrowed), default=None),
        "failing_sets": sum(len(failure) == 1 for failure, _ in narrowed),
        "sets": [{"fails": [str(each) for each in f], "routes": count} for f, count in narrowed[:_SETS]],
    }
