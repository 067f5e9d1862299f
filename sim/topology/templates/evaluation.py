"""A template's tree, carried out: variables in, pieces of text out, each with the line it comes from."""

from collections.abc import Iterator, Mapping
from typing import Any

from sim.errors import Place, TopologyError
from sim.topology.strict import meant
from sim.topology.templates.functions import FUNCTIONS, SHORT, in_order, shown, truth
from sim.topology.templates.tree import (
    Branch,
    Call,
    Chain,
    Function,
    Grouped,
    Jump,
    Literal,
    Loop,
    Operand,
    Output,
    Pipeline,
    Tree,
    Value,
)

_MOST_STEPS = 1_000_000
_LARGEST_CHARACTERS = 8 << 20
_DEEPEST_CALL = 50
Piece = tuple[str, int, bool]
"""Text, the template's line where it begins, and whether its line breaks are the template's own."""


class _Unset:
    """What a name that nobody set comes to: false, and not to be printed. `name` is for the error."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __bool__(self) -> bool:
        return False


class _Jumped(Exception):
    """`break` or `continue`, on its way to its range."""

    def __init__(self, word: str) -> None:
        self.word = word


class Evaluation:
    """One rendering of a tree."""

    def __init__(self, tree: Tree, file: str) -> None:
        self._tree, self._file = tree, file
        self._pieces: list[Piece] = []
        self._steps = self._size = self._depth = 0
        self._scopes: list[dict[str, Any]] = []

    def run(self, variables: Any) -> list[Piece]:
        """The pieces of the result, in order."""
        self._scopes = [{"$": variables}]
        self._all(self._tree.body, variables)
        return self._pieces

    def _all(self, nodes: tuple[Any, ...], dot: Any) -> None:
        for node in nodes:
            self._steps += 1
            self._node(node, dot)

    def _node(self, node: Any, dot: Any) -> None:
        match node:
            case Literal(text, line):
                self._write(text, line, own=True)
            case Output(pipeline):
                value = self._value(pipeline, dot)
                if not pipeline.declared:
                    self._print(value, pipeline.line)
            case Branch():
                self._branch(node, dot)
            case Loop():
                self._loop(node, dot)
            case Call():
                self._call(node, dot)
            case Jump(word):
                raise _Jumped(word)

    def _branch(self, node: Branch, dot: Any) -> None:
        self._scopes.append({})
        value = self._value(node.pipeline, dot)
        if truth(value):
            self._all(node.body, value if node.moves_dot else dot)
        else:
            self._all(node.otherwise, dot)
        self._scopes.pop()

    def _loop(self, node: Loop, dot: Any) -> None:
        items = list(self._items(self._value(Pipeline(node.pipeline.commands, node.pipeline.line), dot), node.pipeline))
        scopes = len(self._scopes)
        for key, item in items:
            self._step(1, node.pipeline.line)
            values = (key, item) if len(node.pipeline.declared) == 2 else (item,)
            self._scopes.append(dict(zip(node.pipeline.declared, values, strict=False)))
            try:
                self._all(node.body, item)
            except _Jumped as jump:
                if jump.word == "break":
                    break
            finally:
                del self._scopes[scopes:]
        if not items:
            self._all(node.otherwise, dot)

    def _items(self, value: Any, pipeline: Pipeline) -> Iterator[tuple[Any, Any]]:
        """What a range goes through: the pairs of a mapping in order, of a list, the numbers below a number."""
        if value is None or isinstance(value, _Unset):
            return
        if isinstance(value, Mapping):
            yield from ((key, value[key]) for key in in_order(value))
        elif isinstance(value, (list, tuple)):
            yield from enumerate(value)
        elif isinstance(value, int) and not isinstance(value, bool):
            self._step(min(value, _MOST_STEPS), pipeline.line)
            yield from ((number, number) for number in range(value))
        else:
            raise self._error(f"range over {shown(value)!r}; expected a list, a mapping or a number", pipeline.line)

    def _call(self, node: Call, dot: Any) -> None:
        body = self._tree.defined.get(node.name)
        if body is None:
            known = ", ".join(self._tree.defined) or "none"
            raise self._error(f"no template {node.name!r} is defined in this file; known: {known}", node.line)
        given = self._value(node.pipeline, dot) if node.pipeline else None
        kept, self._scopes = self._scopes, [{"$": given}]
        self._depth += 1
        if self._depth > _DEEPEST_CALL:
            raise self._error(f"template {node.name!r} calls itself {_DEEPEST_CALL} deep", node.line)
        self._all(body, given)
        self._depth -= 1
        self._scopes = kept

    # --- values

    def _value(self, pipeline: Pipeline, dot: Any) -> Any:
        value: Any = None
        for number, command in enumerate(pipeline.commands):
            value = self._command(command, dot, (value,) if number else (), pipeline.line)
        for name in pipeline.declared:
            self._keep(name, value, pipeline)
        return value

    def _keep(self, name: str, value: Any, pipeline: Pipeline) -> None:
        if not pipeline.sets:
            self._scopes[-1][name] = value
            return
        scope = next((scope for scope in reversed(self._scopes) if name in scope), None)
        if scope is None:
            raise self._error(f"{name} is set before it is declared; write {name} := first", pipeline.line)
        scope[name] = value

    def _command(self, operands: tuple[Operand, ...], dot: Any, last: tuple[Any, ...], line: int) -> Any:
        self._step(1, line)
        head, *rest = operands
        if isinstance(head, Function):
            return self._applied(head, rest, dot, last)
        if rest or last:
            raise self._error("a value takes no arguments; expected a function first", line)
        return self._operand(head, dot)

    def _applied(self, function: Function, operands: "list[Operand]", dot: Any, last: tuple[Any, ...]) -> Any:
        if function.name in SHORT:
            return self._short(function, operands, dot, last)
        known = FUNCTIONS.get(function.name)
        if known is None:
            hint = meant(function.name, FUNCTIONS) or f"; known: {', '.join(sorted((*FUNCTIONS, *SHORT)))}"
            raise self._error(f"no function {function.name!r}{hint}", function.line)
        values = [_set(value) for value in (*(self._operand(each, dot) for each in operands), *last)]
        try:
            return known(*values)
        except (TypeError, ValueError, KeyError, IndexError, AttributeError, ArithmeticError, MemoryError) as error:
            given = " ".join(shown(value)[:40] for value in values)
            said = str(error) if isinstance(error, (ValueError, ZeroDivisionError)) else "it takes no such values"
            raise self._error(f"{function.name} {given}: {said}", function.line) from error

    def _short(self, function: Function, operands: "list[Operand]", dot: Any, last: tuple[Any, ...]) -> Any:
        """`and` and `or`: the value that decides, looking no further."""
        value: Any = None
        for each in (*operands, *(Value(value) for value in last)):
            value = self._operand(each, dot)
            if truth(value) == (function.name == "or"):
                return value
        if not operands and not last:
            raise self._error(f"{function.name} without a value", function.line)
        return value

    def _operand(self, operand: Operand, dot: Any) -> Any:
        match operand:
            case Value(value):
                return value
            case Chain(variable, fields, line):
                base = self._variable(variable, line) if variable else dot
                return self._field(base, fields, line, variable)
            case Grouped(pipeline, fields, line):
                return self._field(self._value(pipeline, dot), fields, line, "(...)")
            case Function(_, line):
                return self._applied(operand, [], dot, ())
        raise AssertionError(operand)

    def _variable(self, name: str, line: int) -> Any:
        for scope in reversed(self._scopes):
            if name in scope:
                return scope[name]
        raise self._error(f"no variable {name}; declare it first: {name} := ...", line)

    def _field(self, value: Any, fields: tuple[str, ...], line: int, said: str) -> Any:
        for name in fields:
            said += f".{name}"
            if isinstance(value, _Unset):
                raise self._error(f"{value.name} is not set, so it has no {name!r}", line)
            if value is not None and not isinstance(value, Mapping):
                raise self._error(f"{said}: {shown(value)[:40]!r} is no mapping that has {name!r}", line)
            value = value[name] if value is not None and name in value else _Unset(said)
        return value

    # --- text

    def _print(self, value: Any, line: int) -> None:
        if isinstance(value, _Unset) or value is None:
            name = value.name if isinstance(value, _Unset) else "this value"
            raise self._error(f"{name} is not set; set it in the variables' file", line)
        self._write(shown(value), line, own=False)

    def _write(self, text: str, line: int, *, own: bool) -> None:
        self._size += len(text)
        if self._size > _LARGEST_CHARACTERS:
            raise self._error(f"the rendered file has more than {_LARGEST_CHARACTERS} characters", line)
        self._pieces.append((text, line, own))

    def _step(self, count: int, line: int) -> None:
        self._steps += count
        if self._steps > _MOST_STEPS:
            raise self._error(f"rendering takes more than {_MOST_STEPS} steps; expected a topology", line)

    def _error(self, text: str, line: int) -> TopologyError:
        return TopologyError(f"template: {text}", Place(self._file, line))


def _set(value: Any) -> Any:
    return None if isinstance(value, _Unset) else value
