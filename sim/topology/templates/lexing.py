"""A template's text -> tokens: literal text, and the words inside of `{{ }}`, each with its line."""

import re
from collections.abc import Generator, Iterator

from sim.dataclasses import dataclass
from sim.errors import Place, TopologyError

_OPEN = re.compile(r"\{\{(?P<trim>-(?=[ \t\r\n]))?")
_CLOSE = re.compile(r"(?P<trim>[ \t\r\n]-)?\}\}")
_COMMENT = re.compile(r"[ \t\r\n]*/\*.*?\*/[ \t\r\n]*?(?P<trim>[ \t\r\n]-)?\}\}", re.DOTALL)
_WORD = re.compile(
    r"""
      (?P<blank>[ \t\r\n]+)
    | (?P<text>"(?:\\.|[^"\\\n])*"|`[^`]*`)
    | (?P<letter>'(?:\\.|[^'\\\n])+')
    | (?P<number>[+-]?(?:0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO]?[0-7]+|\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+)(?![\w.]))
    | (?P<variable>\$[A-Za-z_0-9]*)
    | (?P<field>\.[A-Za-z_]\w*)
    | (?P<dot>\.)
    | (?P<name>[A-Za-z_]\w*)
    | (?P<sign>:=|[=|(),])
    """,
    re.VERBOSE,
)
_BLANKS = " \t\r\n"


@dataclass(frozen=True, slots=True)
class Token:
    """`kind` is literal, open, close, or a group of `_WORD`; `glued`: no blank stands before it."""

    kind: str
    text: str
    line: int
    glued: bool = False


def tokens(text: str, file: str) -> Iterator[Token]:
    """The tokens of a template. TopologyError at what is none."""
    at, trim, line = 0, False, 1
    while True:
        opening = _OPEN.search(text, at)
        literal = text[at : opening.start() if opening else len(text)]
        kept = literal.lstrip(_BLANKS) if trim else literal
        skipped = literal[: len(literal) - len(kept)].count("\n")
        if opening and opening["trim"]:
            kept = kept.rstrip(_BLANKS)
        if kept:
            yield Token("literal", kept, line + skipped)
        line += literal.count("\n")
        if opening is None:
            return
        at = opening.end()
        if comment := _COMMENT.match(text, at):
            line += comment.group().count("\n")
            at, trim = comment.end(), bool(comment["trim"])
            continue
        yield Token("open", "{{", line)
        at, trim, line = yield from _action(text, at, line, file)


def _action(text: str, at: int, line: int, file: str) -> "Generator[Token, None, tuple[int, bool, int]]":
    """The words of an action; returns what comes after it: position, whether blanks are trimmed there, line."""
    opened, glued = line, False
    while True:
        if closing := _CLOSE.match(text, at):
            yield Token("close", "}}", line)
            return closing.end(), bool(closing["trim"]), line + closing.group().count("\n")
        if at >= len(text):
            raise TopologyError("'{{' is not closed; expected '}}'", Place(file, opened))
        word = _WORD.match(text, at)
        if word is None:
            raise TopologyError(f"a template action holds {text[at]!r}; expected a value or a word", Place(file, line))
        kind = str(word.lastgroup)
        if kind != "blank":
            yield Token(kind, word.group(), line, glued)
        glued = kind != "blank"
        line += word.group().count("\n")
        at = word.end()
