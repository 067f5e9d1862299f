"""Environment expansion over the text of a topology file, before it is YAML, as containerlab does it.

`$NAME` and `${NAME}` become the variable's value and are left alone where it is unset. `${NAME:-word}` (and `:=`) give
the word where it is unset or empty, `${NAME-word}` (and `=`) where it is unset; `${NAME:+word}` and `${NAME+word}` give
the word where it is set. `$$` is a dollar sign kept from expansion. A word may hold variables of its own.
Lines stay where they are: a value that holds a line break is refused.
"""

import re
from collections.abc import Mapping

from sim.errors import Place, TopologyError

_VARIABLE = re.compile(r"\$(?:(?P<escape>\$)|(?P<name>[A-Za-z_]\w*)|(?P<brace>\{))", re.ASCII)
_HEAD = re.compile(r"(?P<name>[A-Za-z_]\w*)(?P<operator>:?[-=+])?", re.ASCII)
_DEEPEST = 20


def expand(text: str, environment: Mapping[str, str], file: str) -> str:
    """The text with variables replaced. TopologyError, with its line, on a broken `${`."""
    return _Expansion(text, environment, file).run(0, stop=False, depth=0)[0] if "$" in text else text


def _place(text: str, at: int, file: str) -> Place:
    return Place(file, text.count("\n", 0, at) + 1)


class _Expansion:
    """One pass over one text; `run` walks from a position to the end, or to the brace that closes a word."""

    def __init__(self, text: str, environment: Mapping[str, str], file: str) -> None:
        self.text, self.environment, self.file = text, environment, file

    def run(self, at: int, *, stop: bool, depth: int) -> tuple[str, int]:
        """Expanded text from `at`, and the position after it. With `stop` the walk ends at the closing brace."""
        opened = at
        parts: list[str] = []
        while True:
            found = _VARIABLE.search(self.text, at)
            closing = self.text.find("}", at, found.start() if found else len(self.text)) if stop else -1
            if closing >= 0:
                return "".join([*parts, self.text[at:closing]]), closing
            if found is None and stop:
                raise TopologyError("'${' is not closed; expected '}'; write '$$' for a dollar sign", self._at(opened))
            if found is None:
                return "".join([*parts, self.text[at:]]), len(self.text)
            parts.append(self.text[at : found.start()])
            value, at = self._variable(found, depth)
            parts.append(value)

    def _variable(self, found: re.Match[str], depth: int) -> tuple[str, int]:
        if found["escape"]:
            return "$", found.end()
        if found["name"]:
            return self._value(found["name"], found), found.end()
        if depth >= _DEEPEST:
            raise TopologyError(f"'${{' stands {_DEEPEST} deep; expected less", self._at(found.start()))
        return self._braced(found, depth)

    def _braced(self, found: re.Match[str], depth: int) -> tuple[str, int]:
        head = _HEAD.match(self.text, found.end())
        if head is None:
            raise TopologyError(
                "'${' without a variable's name; expected ${NAME} or ${NAME:-default}; write '$$' for a dollar sign",
                self._at(found.start()),
            )
        if not head["operator"]:
            if self.text[head.end() : head.end() + 1] != "}":
                raise TopologyError(
                    f"'${{{head['name']}' is not closed; expected '}}', or one of :- - := = :+ + and a word",
                    self._at(found.start()),
                )
            return self._value(head["name"], found, self.text[found.start() : head.end() + 1]), head.end() + 1
        word, closing = self.run(head.end(), stop=True, depth=depth + 1)
        return self._chosen(head["name"], head["operator"], word, found), closing + 1

    def _chosen(self, name: str, operator: str, word: str, found: re.Match[str]) -> str:
        given = name in self.environment and (operator[0] != ":" or self.environment[name] != "")
        if operator[-1] == "+":
            return word if given else ""
        return self._value(name, found) if given else word

    def _value(self, name: str, found: re.Match[str], otherwise: str | None = None) -> str:
        value = self.environment.get(name, otherwise if otherwise is not None else f"${name}")
        if "\n" in value or "\r" in value:
            raise TopologyError(f"${name} holds a line break; expected one line", self._at(found.start()))
        return value

    def _at(self, position: int) -> Place:
        return _place(self.text, position, self.file)
