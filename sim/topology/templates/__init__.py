"""Go templates in a topology file, as containerlab reads them (Go's text/template): text and variables -> YAML text.

The subset: actions and pipelines, `$variables`, if/else/with/range/break/continue, define and template, comments,
white space trimmed by `{{-` and `-}}`, and the functions of `functions.py`; what is not in it is an error in its place.
We differ on purpose in one thing: a variable that nobody set is an error where it would be printed. containerlab
prints `<no value>`.
"""

from typing import Any

from sim.topology.templates.evaluation import Evaluation, Piece
from sim.topology.templates.parsing import parse


def render(text: str, variables: Any, file: str) -> tuple[str, tuple[int, ...]]:
    """A template's text, and for each of its lines (from 1) the template's line that it comes from.

    `variables` is the template's dot. TopologyError, with file and line, on what can not be rendered.
    """
    return _joined(Evaluation(parse(text, file), file).run(variables))


def _joined(pieces: "list[Piece]") -> tuple[str, tuple[int, ...]]:
    """Pieces (text, line where it begins, whether it has the template's own line breaks) -> text with its lines.

    A line of the result comes from where its first character other than a blank came from.
    """
    lines: list[int] = []
    begun, settled = 1, False
    for text, line, own in pieces:
        at = line
        for number, part in enumerate(text.split("\n")):
            if number:
                lines.append(begun)
                at += own
                begun, settled = at, False
            if not settled and part.strip():
                begun, settled = at, True
    return "".join(text for text, _, _ in pieces), (*lines, begun)
