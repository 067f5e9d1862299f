"""A template as a tree: what stands in it, and how values are written."""

from typing import Any

from sim.dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Value:
    """A constant."""

    value: Any


@dataclass(frozen=True, slots=True)
class Chain:
    """A variable (`$` is the template's dot as it was at first; "" the dot) and the fields that follow it."""

    variable: str
    fields: tuple[str, ...]
    line: int

    def __str__(self) -> str:
        return self.variable + "".join(f".{each}" for each in self.fields) or "."


@dataclass(frozen=True, slots=True)
class Function:
    """A function by name."""

    name: str
    line: int


@dataclass(frozen=True, slots=True)
class Grouped:
    """A pipeline in parentheses, and fields of what it comes to."""

    pipeline: "Pipeline"
    fields: tuple[str, ...]
    line: int


Operand = Value | Chain | Function | Grouped


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Commands, each given the last one's value; `declared` variables take the result, `sets` ones that exist."""

    commands: tuple[tuple[Operand, ...], ...]
    line: int
    declared: tuple[str, ...] = ()
    sets: bool = False


@dataclass(frozen=True, slots=True)
class Literal:
    """Text as it stands."""

    text: str
    line: int


@dataclass(frozen=True, slots=True)
class Output:
    """`{{ pipeline }}`."""

    pipeline: Pipeline


@dataclass(frozen=True, slots=True)
class Branch:
    """`{{ if }}`; `{{ with }}` where `moves_dot`."""

    pipeline: Pipeline
    body: "tuple[Any, ...]"
    otherwise: "tuple[Any, ...]"
    moves_dot: bool = False


@dataclass(frozen=True, slots=True)
class Loop:
    """`{{ range }}`."""

    pipeline: Pipeline
    body: "tuple[Any, ...]"
    otherwise: "tuple[Any, ...]"


@dataclass(frozen=True, slots=True)
class Call:
    """`{{ template "name" pipeline }}`."""

    name: str
    pipeline: Pipeline | None
    line: int


@dataclass(frozen=True, slots=True)
class Jump:
    """`{{ break }}` or `{{ continue }}`."""

    word: str


@dataclass(frozen=True, slots=True)
class Tree:
    """A template, and those that it defines."""

    body: "tuple[Any, ...]"
    defined: "dict[str, tuple[Any, ...]]"
