"""Tokens -> a template's tree (text/template's grammar)."""

import json
from typing import Any

from sim.errors import Place, TopologyError
from sim.topology.templates.lexing import Token, tokens
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

_DEEPEST = 60
_CONSTANTS = {"true": True, "false": False, "nil": None}
_ENDS = ("end", "else")
_NAMESPACES = ("strings", "conv")


def parse(text: str, file: str) -> Tree:
    """A template's tree. TopologyError, with its line, where the text is no template."""
    return _Parser(list(tokens(text, file)), file).tree()


class _Parser:
    def __init__(self, found: "list[Token]", file: str) -> None:
        self.tokens, self.file = found, file
        self.at = self.depth = self.loops = 0
        self.defined: dict[str, tuple[Any, ...]] = {}

    def tree(self) -> Tree:
        body, end = self.body()
        if end is not None:
            raise self.error(f"{{{{ {end.text} }}}} ends nothing; expected if, with, range or define before it", end)
        return Tree(body, self.defined)

    # --- what stands between actions

    def body(self) -> "tuple[tuple[Any, ...], Token | None]":
        """Everything up to an `end` or `else` (or the end of the text), and that word."""
        nodes: list[Any] = []
        while self.at < len(self.tokens):
            token = self.take()
            if token.kind == "literal":
                nodes.append(Literal(token.text, token.line))
                continue
            word = self.peek()
            if word and word.kind == "name" and word.text in _ENDS:
                return tuple(nodes), self.take()
            if (node := self.action()) is not None:
                nodes.append(node)
        return tuple(nodes), None

    def action(self) -> Any:
        word = self.peek()
        keyword = word.text if word and word.kind == "name" else ""
        make = getattr(self, f"a_{keyword}", None) if keyword else None
        if make is None:
            pipeline = self.pipeline()
            self.close()
            return Output(pipeline)
        return make(self.take())

    def a_if(self, opening: Token) -> Branch:
        return Branch(*self.controlled(opening))

    def a_with(self, opening: Token) -> Branch:
        return Branch(*self.controlled(opening), moves_dot=True)

    def a_range(self, opening: Token) -> Loop:
        self.loops += 1
        try:
            return Loop(*self.controlled(opening, most=2))
        finally:
            self.loops -= 1

    def a_define(self, opening: Token) -> None:
        name = self.quoted()
        self.close()
        self.defined[name], end = self.nested(opening)
        self.ended(end, opening)

    def a_block(self, opening: Token) -> Call:
        name, pipeline = self.quoted(), self.pipeline()
        self.close()
        self.defined[name], end = self.nested(opening)
        self.ended(end, opening)
        return Call(name, pipeline, opening.line)

    def a_template(self, opening: Token) -> Call:
        name, word = self.quoted(), self.peek()
        pipeline = None if word and word.kind == "close" else self.pipeline()
        self.close()
        return Call(name, pipeline, opening.line)

    def a_break(self, opening: Token) -> Jump:
        if not self.loops:
            raise self.error(f"{{{{ {opening.text} }}}} stands outside of a range", opening)
        self.close()
        return Jump(opening.text)

    a_continue = a_break

    def controlled(self, opening: Token, most: int = 1) -> "tuple[Pipeline, tuple[Any, ...], tuple[Any, ...]]":
        pipeline = self.pipeline(most)
        self.close()
        body, end = self.nested(opening)
        if end is None or end.text == "end":
            self.ended(end, opening)
            return pipeline, body, ()
        word = self.peek()
        if word and word.kind == "name" and word.text in ("if", "with"):  # {{ else if }}: the inner end ends both
            return pipeline, body, (self.action(),)
        self.close()
        otherwise, end = self.nested(opening)
        self.ended(end, opening)
        return pipeline, body, otherwise

    def nested(self, opening: Token) -> "tuple[tuple[Any, ...], Token | None]":
        self.deeper(opening)
        found = self.body()
        self.depth -= 1
        return found

    def ended(self, end: Token | None, opening: Token) -> None:
        if end is None or end.text != "end":
            raise self.error(f"{{{{ {opening.text} }}}} is not ended; expected {{{{ end }}}}", end or opening)
        self.close()

    # --- pipelines

    def pipeline(self, most: int = 1) -> Pipeline:
        """Commands up to `}}` or `)`, with the variables that take their value (a range may have two)."""
        start = self.peek()
        line = start.line if start else 0
        names, sets = self.declared(most)
        commands = [self.command()]
        while (token := self.peek()) and token.text == "|" and token.kind == "sign":
            self.take()
            commands.append(self.command())
        return Pipeline(tuple(commands), line, names, sets)

    def declared(self, most: int) -> tuple[tuple[str, ...], bool]:
        kept, names = self.at, []
        while (token := self.peek()) and token.kind == "variable":
            names.append(self.take().text)
            sign = self.take() if self.peek() else None
            if sign and sign.kind == "sign" and sign.text in (":=", "=") and len(names) <= most:
                return tuple(names), sign.text == "="
            if not sign or sign.text != ",":
                break
        self.at = kept
        return (), False

    def command(self) -> tuple[Operand, ...]:
        operands: list[Operand] = []
        while (token := self.peek()) and token.kind != "close" and token.text not in ("|", ")"):
            operands.append(self.operand())
        if not operands:
            raise self.error("a value is missing; expected a field, a variable, a constant or a function", token)
        return tuple(operands)

    def operand(self) -> Operand:
        token = self.take()
        match token.kind:
            case "text":
                return Value(self.unquoted(token))
            case "letter":
                return Value(ord(self.letter(token)))
            case "number":
                return Value(_number(token.text))
            case "variable":
                return Chain(token.text, self.fields(), token.line)
            case "dot":
                return Chain("", (), token.line)
            case "field":
                return Chain("", (token.text[1:], *self.fields()), token.line)
            case "name" if token.text in _CONSTANTS:
                return Value(_CONSTANTS[token.text])
            case "name":
                inside = self.fields() if token.text in _NAMESPACES else ()
                return Function(".".join((token.text, *inside)), token.line)
        if token.text != "(":
            raise self.error(f"found {token.text!r}; expected a value", token)
        self.deeper(token)
        pipeline = self.pipeline()
        self.depth -= 1
        closing = self.peek()
        if closing is None or closing.text != ")":
            raise self.error("'(' is not closed; expected ')'", token)
        self.take()
        return Grouped(pipeline, self.fields(), token.line)

    def fields(self) -> tuple[str, ...]:
        found = []
        while (token := self.peek()) and token.kind == "field" and token.glued:
            found.append(self.take().text[1:])
        return tuple(found)

    # --- tokens

    def peek(self) -> Token | None:
        return self.tokens[self.at] if self.at < len(self.tokens) else None

    def take(self) -> Token:
        self.at += 1
        return self.tokens[self.at - 1]

    def close(self) -> None:
        token = self.peek()
        if token is None or token.kind != "close":
            raise self.error(f"found {token.text if token else 'the end'!r}; expected '}}}}'", token)
        self.take()

    def quoted(self) -> str:
        token = self.take()
        if token.kind != "text":
            raise self.error(f"found {token.text!r}; expected a template's name in quotes", token)
        return self.unquoted(token)

    def unquoted(self, token: Token) -> str:
        if token.text[0] == "`":
            return token.text[1:-1]
        try:
            return str(json.loads(token.text))
        except ValueError:
            raise self.error(f"{token.text} holds an escape that is not read here", token) from None

    def letter(self, token: Token) -> str:
        text = token.text[1:-1]
        if len(text) != 1:
            raise self.error(f"{token.text} is no single character; texts stand in double quotes", token)
        return text

    def deeper(self, token: Token) -> None:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise self.error(f"actions stand {_DEEPEST} deep; expected less", token)

    def error(self, text: str, token: Token | None) -> TopologyError:
        line = (token or self.tokens[-1]).line
        return TopologyError(f"template: {text}", Place(self.file, line))


def _number(text: str) -> int | float:
    digits = text.lstrip("+-")
    sign = -1 if text[0] == "-" else 1
    try:
        octal = digits.isdigit() and len(digits) > 1 and digits[0] == "0"
        return sign * int(digits, 8 if octal else 0)
    except ValueError:
        return sign * float(digits)
