"""A packet's walk through a base chain: jumps, returns, effects, and the rule (or policy) that decides.

A rule of which the model does not know whether it matches is taken as not matching, and what would have happened is
kept: where the walk then ends differently from it, the verdict is unsure, with the rule's notes.
"""

from collections.abc import Mapping
from typing import Literal

from sim.dataclasses import dataclass, field, replace
from sim.errors import Place
from sim.filters.actions import Accept, Drop, Hand, Jump, Lookup, Nat, Reject, Return, Verb
from sim.filters.model import Chain, Rule, Table
from sim.filters.packet import Packet
from sim.snapshot import Note

Outcome = Literal["accept", "drop", "reject"]
DEEPEST = 32  # jumps; the kernel refuses a ruleset that needs more than 16 (nft) or loops


@dataclass(frozen=True, slots=True)
class Decision:
    """What one base chain says: the outcome, and the rule that decided (None: the policy)."""

    outcome: Outcome
    table: Table
    chain: Chain
    rule: Rule | None
    packet: Packet
    reject: str = ""
    nat: Nat | None = None
    unsure: tuple[Note, ...] = ()

    @property
    def place(self) -> Place | None:
        """Where the deciding line stands."""
        if self.rule is not None:
            return self.rule.place
        return self.chain.hook.place if self.chain.hook else None

    @property
    def why(self) -> str:
        """The deciding line as the harness quotes it, and where it stands."""
        where = f" ({self.place})" if self.place else ""
        if self.rule is None:
            policy = "drop" if self.table.tool == "nft" else "DROP"
            chain = f"chain {self.chain.name}" if self.table.tool == "nft" else self.chain.name
            return f"{self.table.title}: policy of {chain} {policy}{where}"
        chain = f"{self.chain.name}: " if self.table.tool == "nft" else ""
        return f"{self.table.title}: {chain}{self.rule.text}{where}"


@dataclass(slots=True)
class _End:
    """What ended a walk. `verb` None: the chain's end, or a Return."""

    verb: Verb | None
    rule: Rule | None
    chain: Chain


@dataclass(slots=True)
class _Walk:
    table: Table
    packet: Packet
    open: list[tuple[Rule, _End]] = field(default_factory=list)  # rules that may have matched, and what then

    def through(self, chain: Chain, depth: int = 0) -> _End:
        """To the end of the chain, or to what ends the walk before."""
        start = 0
        while True:
            for number, certain in chain.compiled.matching(self.packet, start):
                rule = chain.rules[number]
                if not certain:
                    self._perhaps(rule, chain, depth)
                    continue
                before = self.packet
                end = self._apply(rule, chain, depth)
                if end is not None:
                    return end
                if self.packet is not before:
                    start = number + 1
                    break
            else:
                return _End(None, None, chain)

    def _apply(self, rule: Rule, chain: Chain, depth: int) -> _End | None:
        """What a matching rule does; None: on to the next one."""
        for effect in rule.effects:
            self.packet = effect.on(self.packet)
        verb = rule.verb.on(self.packet) if isinstance(rule.verb, Lookup) else rule.verb
        if verb is None:
            return None
        if isinstance(verb, Jump):
            return self._jump(verb, chain, depth)
        return _End(None if isinstance(verb, Return) else verb, rule, chain)

    def _jump(self, verb: Jump, chain: Chain, depth: int) -> _End | None:
        target = self.table.chains.get(verb.chain)
        if target is None or depth >= DEEPEST:
            return None
        end = self.through(target, depth + 1)
        if end.verb is not None:
            return end
        return _End(None, None, chain) if verb.goto else None

    def _perhaps(self, rule: Rule, chain: Chain, depth: int) -> None:
        """What the rule would do if it matched is worked out aside."""
        aside = _Walk(self.table, self.packet)
        end = aside._apply(rule, chain, depth)
        self.open += aside.open
        if end is not None:
            self.open.append((rule, end))
        elif aside.packet != self.packet:
            self.open.append((rule, _End(Hand(rule.notes[0]), rule, chain)))


def decide(table: Table, chain: Chain, packet: Packet) -> Decision:
    """What a base chain says of a packet."""
    walk = _Walk(table, packet)
    end = walk.through(chain)
    decision = _decision(table, chain, end, walk.packet)
    doubts: list[Note] = list(decision.unsure)
    for rule, other in walk.open:
        would = _decision(table, chain, other, walk.packet)
        if _differs(would, decision):
            doubts += [note for note in (*rule.notes, *would.unsure) if note not in doubts]
    return replace(decision, unsure=tuple(doubts)) if doubts else decision


def _differs(one: Decision, two: Decision) -> bool:
    return (one.outcome, one.reject, one.nat) != (two.outcome, two.reject, two.nat) or bool(one.unsure)


def _decision(table: Table, chain: Chain, end: _End, packet: Packet) -> Decision:
    verb = end.verb
    if verb is None:
        drops = chain.hook is not None and chain.hook.drops
        return Decision("drop" if drops else "accept", table, chain, None, packet)
    if isinstance(verb, Accept):
        return Decision("accept", table, end.chain, end.rule, packet)
    if isinstance(verb, Drop):
        return Decision("drop", table, end.chain, end.rule, packet)
    if isinstance(verb, Reject):
        return Decision("reject", table, end.chain, end.rule, packet, reject=verb.kind)
    if isinstance(verb, Nat):
        return Decision("accept", table, end.chain, end.rule, packet, nat=verb)
    assert isinstance(verb, Hand), verb
    return Decision("accept", table, end.chain, end.rule, packet, unsure=(verb.note,))


def chains_of(table: Table) -> Mapping[str, Chain]:
    """The base chains of a table by name."""
    return {name: chain for name, chain in table.chains.items() if chain.hook}
