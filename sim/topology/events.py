"""YAML text -> the events of its one grammar, by the quick parser where it is sure to read as the thorough one does.

The thorough parser, ruamel's, defines what a topology file may hold, and its words are quoted for what is no YAML. The
quick one is libyaml (through PyYAML), some ten times faster. It speaks YAML 1.1, so a text that holds any character
whose meaning changed since is not shown to it; and what it refuses, the thorough parser is asked again.

ruamel is a fork of PyYAML: the names of events and of their attributes are the same in both.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any, Protocol

from sim.errors import Place, TopologyError

try:
    from yaml import YAMLError
    from yaml._yaml import CParser
except ImportError:  # PyYAML was built without libyaml
    CParser, YAMLError = None, ValueError

NotSure: type[Exception] = YAMLError


DEEPEST = 60
"""Levels of nesting that a file may have."""

_STEPS = {"SequenceStartEvent": 1, "MappingStartEvent": 1, "SequenceEndEvent": -1, "MappingEndEvent": -1}


class Event(Protocol):
    """What both parsers' events have; a scalar also has value, style, tag, implicit; an alias has anchor."""

    start_mark: Any

    def __getattr__(self, name: str) -> Any: ...


_UNLIKE = re.compile(
    r"""
      [^\n -~\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd]  # tabs, controls, line breaks of YAML 1.1 alone
    | [!%?|>\\`@]  # tags, directives, explicit keys, block scalars, escapes
    | ^(---|\.\.\.)  # documents
    | [\s"'\]}\[{,]:(?!\s)  # a colon that ends no word and stands before one
    | [&*](?![A-Za-z0-9_-]+[\s,\]}])  # anchors of more than letters
    """,
    re.MULTILINE | re.VERBOSE,
)
"""What the two parsers may read differently."""

_REMARK = re.compile(r"(?:^|(?<= ))#[ !#-&(-\[\]-~]*$", re.MULTILINE)
"""A comment, or the end of a line inside a quoted text: without quotes and escapes, neither parser looks into it."""


def kind(event: Event) -> str:
    """`ScalarEvent`: which event it is, in the words of both parsers."""
    return type(event).__name__


def quick_events(text: str) -> "Iterator[Event] | None":
    """libyaml's events; None where it might read the text differently. NotSure, on the way, at what it refuses."""
    if CParser is None or _UNLIKE.search(_REMARK.sub("", text)):
        return None
    return iter(CParser(text).get_event, None)


def origin(line: int, origins: Sequence[int]) -> int:
    """The line of the file that a line of the text comes from (both from 1; 0 is the file as a whole)."""
    return origins[min(line, len(origins)) - 1] if origins and line else line


def thorough_events(text: str, file: str, origins: Sequence[int] = ()) -> "list[Event]":
    """ruamel's events, all of them. TopologyError, with file and line, where the text is no YAML.

    The parser's time grows with the square of the depth, so it is stopped where no file of ours can be: past DEEPEST.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError
    from ruamel.yaml.error import YAMLError as AnyYAMLError

    try:
        return list(_bounded(YAML(typ="safe", pure=True).parse(text), file, origins))
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        said = error.problem or error.context or "not YAML"
        raise TopologyError(
            f"not YAML: {_one_line(said)}", Place(file, origin(mark.line + 1 if mark else 0, origins))
        ) from error
    except (AnyYAMLError, ValueError, AttributeError) as error:  # ReaderError; \U beyond Unicode; a directive
        position = getattr(error, "position", None)
        line = text.count("\n", 0, position) + 1 if isinstance(position, int) else 0
        raise TopologyError(f"not YAML: {_one_line(str(error))}", Place(file, origin(line, origins))) from error


def _bounded(events: "Iterator[Event]", file: str, origins: Sequence[int]) -> "Iterator[Event]":
    depth = 0
    for event in events:
        depth += _STEPS.get(kind(event), 0)
        if depth > DEEPEST:
            line = origin(event.start_mark.line + 1, origins)
            raise TopologyError(f"more than {DEEPEST} levels of nesting; expected a topology", Place(file, line))
        yield event


def _one_line(text: str) -> str:
    return " ".join(text.split())
