"""Commands of BIRD's filter language: each node acts on the route that a filter is at."""

from typing import Protocol

from sim.address import Address
from sim.dataclasses import dataclass
from sim.policies import bird_match as match
from sim.policies.bird_attributes import Attribute
from sim.policies.bird_terms import Returned, Run, Term, Variable, edited, truth
from sim.policies.bird_values import Box, Enum, FilterError, Pair, Quad, Range, Value, kind


class Decided(Exception):
    """`accept` or `reject`, wherever in the nested calls it stands."""

    def __init__(self, accepted: bool) -> None:
        super().__init__()
        self.accepted = accepted


class Command(Protocol):
    """Anything that is done."""

    def run(self, run: Run) -> None:
        """Do it. Decided, Returned or FilterError end what is around it."""
        ...


@dataclass(frozen=True, slots=True)
class Block:
    """`{ ... }`."""

    commands: tuple[Command, ...]

    def run(self, run: Run) -> None:
        """One after another."""
        for command in self.commands:
            command.run(run)


@dataclass(frozen=True, slots=True)
class If:
    """`if term then command [else command]`."""

    condition: Term
    then: Command
    otherwise: Command

    def run(self, run: Run) -> None:
        """The one or the other."""
        (self.then if truth(self.condition, run) else self.otherwise).run(run)


@dataclass(frozen=True, slots=True)
class Case:
    """`case term { 1, 3..5: commands; else: commands; }`: the first branch that fits, and no other."""

    term: Term
    branches: tuple[tuple[tuple[Range | Box, ...], Command], ...]
    otherwise: Command

    def run(self, run: Run) -> None:
        """The branch that fits."""
        value = self.term.value(run)
        for ranges, command in self.branches:
            if any(_fits(each, value) for each in ranges):
                command.run(run)
                return
        self.otherwise.run(run)


def _fits(each: Range | Box, value: Value) -> bool:
    if isinstance(each, Range) and kind(each.low) != kind(value):
        return False
    return each.holds(value)


@dataclass(frozen=True, slots=True)
class For:
    """`for int asn in bgp_path do command`: over the ASes of a path, or the members of a list."""

    variable: Variable
    among: Term
    body: Command

    def run(self, run: Run) -> None:
        """Once for each; an AS_SET in a path is passed over."""
        among = self.among.value(run)
        members = (
            sorted(among) if isinstance(among, frozenset) else [hop for hop in among or () if isinstance(hop, int)]
        )
        for member in members:
            run.variables[self.variable.slot] = _as(self.variable.type, member)
            self.body.run(run)


def _as(wanted: str | None, member: Value) -> Value:
    """A clist's member, kept as a bare number, as the type that its reader declares."""
    return {"pair": Pair, "quad": Quad}[wanted](member) if wanted in ("pair", "quad") else member


@dataclass(frozen=True, slots=True)
class Assign:
    """`variable = term;`."""

    variable: Variable
    term: Term

    def run(self, run: Run) -> None:
        """The variable holds the term's value."""
        run.variables[self.variable.slot] = self.term.value(run)


@dataclass(frozen=True, slots=True)
class SetAttribute:
    """`bgp_med = term;`, `gw = term;`, or `unset(bgp_med);` (no term)."""

    attribute: Attribute
    term: Term | None

    def run(self, run: Run) -> None:
        """The route's attribute changes; FilterError for a value of another type."""
        value = None if self.term is None else coerced(self.attribute.type, self.term.value(run))
        if self.attribute.name == "dest" and (value is None or value.name not in _SETTABLE):
            raise FilterError("destination can be changed only to blackhole, unreachable or prohibit")
        run.subject.set[self.attribute.name] = value
        if self.attribute.name == "gw":
            run.subject.set["dest"] = Enum("RTD", "UNICAST")


_SETTABLE = ("BLACKHOLE", "UNREACHABLE", "PROHIBIT")


def coerced(wanted: str, value: Value) -> Value:
    """A value as an attribute of that type keeps it."""
    if wanted == "quad" and isinstance(value, Address):
        return match.quad(value)
    if kind(value) != wanted:
        raise FilterError(f"{kind(value)} for {wanted}")
    return value


@dataclass(frozen=True, slots=True)
class EditAttribute:
    """`bgp_community.add(term);` and its kin."""

    attribute: Attribute
    what: str
    by: Term

    def run(self, run: Run) -> None:
        """The route's path or list changes."""
        name = self.attribute.name
        run.subject.set[name] = edited(self.what, run.subject.get(name), self.by.value(run))


@dataclass(frozen=True, slots=True)
class Empty:
    """`bgp_path.empty;`."""

    attribute: Attribute
    to: Value

    def run(self, run: Run) -> None:
        """Nothing is left in it."""
        run.subject.set[self.attribute.name] = self.to


@dataclass(frozen=True, slots=True)
class Do:
    """A function called for what it does, or terms that are printed, which nobody reads."""

    terms: tuple[Term, ...]

    def run(self, run: Run) -> None:
        """The values go nowhere; what a called function does stays."""
        for term in self.terms:
            term.value(run)


@dataclass(frozen=True, slots=True)
class Decide:
    """`accept`, `reject`, and `error`, which refuses the route too."""

    accepted: bool
    printed: tuple[Term, ...] = ()

    def run(self, run: Run) -> None:
        """Ends the filter."""
        raise Decided(self.accepted)


@dataclass(frozen=True, slots=True)
class Return:
    """`return term;`."""

    term: Term

    def run(self, run: Run) -> None:
        """Ends the function."""
        raise Returned(self.term.value(run))


NOTHING = Block(())
