"""One nftables rule: its tokens -> Rules, as nft prints them. What nft knows and the model does not, makes unsure."""

from sim.dataclasses import dataclass, field, replace
from sim.dialects.nftables.asking import Scope, needs_of, read_comparison, read_keys
from sim.dialects.nftables.keys import NotModelled
from sim.dialects.nftables.statements import (
    STATEMENTS,
    UNKNOWN_STATEMENTS,
    VERDICTS,
    Part,
    read_set,
    verdict,
    verdict_map,
)
from sim.dialects.nftables.tokens import Cursor, Token
from sim.errors import ConfigError
from sim.filters.actions import Effect, Hand, Verb
from sim.filters.matches import Match, Unmodelled, Within
from sim.filters.model import Rule
from sim.snapshot import Note


@dataclass(slots=True)
class _Made:
    """A rule while its parts are read. A match behind an effect is asked with the effect done: that makes two rules."""

    texts: list[str] = field(default_factory=list)
    matches: list[Match] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)
    verb: Verb | None = None
    earlier: list[tuple[tuple[Match, ...], tuple[Effect, ...]]] = field(default_factory=list)

    def add(self, part: Part) -> None:
        self.texts.append(part.text)
        fresh = [match for match in part.matches if match not in self.matches]
        if fresh and self.effects:
            self.earlier.append((tuple(self.matches), tuple(self.effects)))
            self.effects = []
        self.matches += fresh
        self.effects += part.effects
        self.verb = part.verb or self.verb


def read_rule(found: list[Token], scope: Scope) -> tuple[list[Rule], list[Note]]:
    """The rule (several where it changes what it then asks), and notes. ConfigError for what nft refuses."""
    cursor = Cursor(found, found[0].place)
    made, notes = _Made(), list[Note]()
    place = cursor.place
    while cursor.more:
        start = cursor.at
        try:
            part = _part(cursor, scope)
        except NotModelled as unknown:
            note = Note(place, f"{unknown} is not modelled")
            notes.append(note)
            _give_up(made, cursor, start, note)
            break
        if made.verb is not None and part.verb is not None:
            raise ConfigError(f"Statement after terminal statement has no effect: {part.text}", place)
        made.add(_in_family(part, made, scope))
        notes += [Note(place, part.remark)] if part.remark else []
    rules = [Rule("", matches, effects, None, place) for matches, effects in made.earlier]
    text = " ".join(made.texts)
    return [*rules, Rule(text, tuple(made.matches), tuple(made.effects), made.verb, place)], notes


def _part(cursor: Cursor, scope: Scope) -> Part:
    """The next part: a statement, or a key with what it is compared with or set to."""
    two = f"{cursor.next} {cursor.ahead()}"
    if two in STATEMENTS:
        return STATEMENTS[two](cursor, scope)
    if cursor.next in STATEMENTS:
        return STATEMENTS[cursor.next](cursor, scope)
    if cursor.next in UNKNOWN_STATEMENTS:
        raise NotModelled(cursor.next)
    keys = read_keys(cursor, scope)
    if cursor.skip("vmap"):
        return verdict_map(keys, cursor, scope)
    if len(keys) == 1 and cursor.skip("set"):
        return read_set(keys[0], cursor)
    matches, text = read_comparison(keys, cursor, scope)
    return Part(text, (*needs_of(keys), *matches))


def _in_family(part: Part, made: _Made, scope: Scope) -> Part:
    """A plain reject of a rule that is about one IP version is printed with that version's ICMP error."""
    about_tcp = any(isinstance(match, Within) and match.field == "protocol" for match in made.matches)
    if part.text == "reject with tcp reset" and not about_tcp:
        return replace(part, text=f"meta l4proto tcp {part.text}")
    if part.text != "reject" or scope.family != "inet":
        return part
    versions = [match for match in made.matches if isinstance(match, Within) and match.field == "version"]
    names = {4: "icmp", 6: "icmpv6"}
    name = names.get(versions[0].ranges[0][0]) if versions else None
    return replace(part, text=f"reject with {name} port-unreachable") if name else part


def _give_up(made: _Made, cursor: Cursor, start: int, note: Note) -> None:
    """The rest of the rule as it stands: it may match, and then does what its last verdict says."""
    rest = cursor.tokens[start:]
    made.texts.append(" ".join(map(str, rest)).replace(" , ", ", "))
    made.matches.append(Unmodelled(note))
    at = max((n for n, token in enumerate(rest) if token.text in (*VERDICTS, "jump", "goto", "reject")), default=-1)
    if at >= 0 and rest[at].text != "reject":
        made.verb = verdict(Cursor(rest[at:], rest[at].place))
    elif at >= 0:
        made.verb = STATEMENTS["reject"](Cursor(rest[at:], rest[at].place), Scope("inet", {})).verb
    else:
        made.verb = Hand(note)
