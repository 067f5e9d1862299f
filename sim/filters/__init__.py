"""Packet filters: what acts on packets.

A PacketFilter is a node's whole netfilter configuration, whatever languages it was written in. `ask` sends one packet
through one hook, as the kernel does: base chains of every table in the order of their priorities, connection tracking
between raw and mangle, one translation at most. An accept in one base chain does not overrule a drop in another.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property

from sim.dataclasses import dataclass, field, replace
from sim.filters.actions import Lookup, Nat, Verb
from sim.filters.matches import Match, asks
from sim.filters.model import VERSIONS, Chain, Hook, Point, Rule, Table
from sim.filters.packet import Packet, State
from sim.filters.walk import Decision, Outcome, decide
from sim.snapshot import Note

__all__ = ["Chain", "Decision", "Hook", "Packet", "PacketFilter", "Point", "Rule", "State", "Table", "Verdict"]

CONNTRACK = -200
_TRACKED = ("state", "tracked", "reply", "connection_mark")
NAT_AT = {Point.PREROUTING: -100, Point.OUTPUT: -100, Point.INPUT: 100, Point.POSTROUTING: 100}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a hook does with a packet.

    `packet` is as it leaves the hook, its marks set; `nat` the translation that a nat chain asks for (of a new
    connection), `translator` who asked. `decision` is what dropped or rejected it, None where it passed.
    """

    packet: Packet
    outcome: Outcome = "accept"
    decision: Decision | None = None
    nat: Nat | None = None
    translator: Decision | None = None
    unsure: tuple[Note, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether the packet goes on."""
        return self.outcome == "accept"

    @property
    def why(self) -> str:
        """The line that stopped it; empty where it passed."""
        return self.decision.why if self.decision else ""

    @property
    def reject(self) -> str:
        """How the sender is told (nft's words); empty where it is not."""
        return self.decision.reject if self.decision else ""


@dataclass(frozen=True)
class PacketFilter:
    """The packet filter of one node."""

    tables: tuple[Table, ...] = field(default=())

    def __or__(self, other: "PacketFilter") -> "PacketFilter":
        """Both, loaded one after the other: a table that both have is the other's."""
        new = {(table.tool, table.family, table.name) for table in other.tables}
        kept = (table for table in self.tables if (table.tool, table.family, table.name) not in new)
        return PacketFilter((*kept, *other.tables))

    def ask(self, point: Point, packet: Packet) -> Verdict:
        """Send a packet through the hook. Its state counts from connection tracking on (raw sees it untracked)."""
        if not self.tables or (point, packet.version) not in self._order:
            return Verdict(packet)
        state = packet.state
        early = point in (Point.PREROUTING, Point.OUTPUT)
        found = Verdict(packet._replace(state=State.INVALID) if early and self._has_raw(point) else packet)
        for priority, table, chain in self.hooked(point, packet.version):
            if early and priority > CONNTRACK and found.packet.state == State.INVALID != state:
                found = replace(found, packet=found.packet._replace(state=state))
            if chain.hook and chain.hook.kind == "nat" and (found.nat or found.packet.state != State.NEW):
                continue
            found = _after(found, decide(table, chain, found.packet))
            if not found.passed:
                return found
        if found.packet.state == State.INVALID != state:
            found = replace(found, packet=found.packet._replace(state=state))
        return found

    def verdicts(self, point: Point, packets: Iterable[Packet]) -> list[Verdict]:
        """`ask` for many packets."""
        return [self.ask(point, packet) for packet in packets]

    def hooked(self, point: Point, version: int) -> Sequence[tuple[int, Table, Chain]]:
        """The base chains of a hook for an IP version, in the order in which the kernel asks them."""
        return self._order.get((point, version), ())

    @cached_property
    def asks_kinds(self) -> bool:
        """Whether a rule asks what an address is to the node (LOCAL, BROADCAST ...)."""
        return any(asks(matches, ("source_kind", "destination_kind")) for matches in self._asked())

    @cached_property
    def tracks(self) -> bool:
        """Whether it matters to the node that it has seen a packet before: states, connection marks, translation."""
        if any(asks(matches, _TRACKED) for matches in self._asked()):
            return True
        return self.translates

    @cached_property
    def translates(self) -> bool:
        """Whether some rule translates addresses or ports."""
        return any(isinstance(verb, Nat) for rule in self._rules() for verb in _verbs(rule.verb))

    def _rules(self) -> Iterator[Rule]:
        return (rule for table in self.tables for chain in table.chains.values() for rule in chain.rules)

    def _asked(self) -> Iterator[tuple[Match, ...]]:
        """What rules ask, and the elements of their maps."""
        for rule in self._rules():
            yield rule.matches
            if isinstance(rule.verb, Lookup):
                yield from (matches for matches, _ in rule.verb.elements)

    def _has_raw(self, point: Point) -> bool:
        return point in self._early

    @cached_property
    def _early(self) -> frozenset[Point]:
        """The hooks at which a chain is asked before connection tracking."""
        return frozenset(
            point for (point, _), asked in self._order.items() if any(priority <= CONNTRACK for priority, *_ in asked)
        )

    @cached_property
    def _order(self) -> dict[tuple[Point, int], list[tuple[int, Table, Chain]]]:
        order: dict[tuple[Point, int], list[tuple[int, Table, Chain]]] = {}
        for priority, table, chain in sorted(self._bases(), key=lambda base: base[0]):
            assert chain.hook is not None
            for version in VERSIONS.get(table.family, ()):
                order.setdefault((chain.hook.point, version), []).append((priority, table, chain))
        return order

    def _bases(self) -> Iterator[tuple[int, Table, Chain]]:
        """Base chains, latest first: of two with the same priority, the kernel asks the one registered last.

        All nat chains are asked at the priority of translation, whatever theirs (nf_nat_register_fn); it orders them
        among themselves.
        """
        bases = [(table, chain) for table in self.tables for chain in table.chains.values() if chain.hook]
        translators = [base for base in bases if base[1].hook and base[1].hook.kind == "nat"]
        for table, chain in sorted(translators, key=lambda base: base[1].hook.priority if base[1].hook else 0):
            assert chain.hook is not None
            yield NAT_AT.get(chain.hook.point, chain.hook.priority), table, chain
        for table, chain in reversed(bases):
            if chain.hook and chain.hook.kind != "nat":
                yield chain.hook.priority, table, chain


def _verbs(verb: Verb | None) -> Iterator[Verb]:
    if isinstance(verb, Lookup):
        yield from (each for _, each in verb.elements)
    elif verb is not None:
        yield verb


def _after(found: Verdict, decision: Decision) -> Verdict:
    """The verdict so far, and what one more base chain says."""
    doubts = (*found.unsure, *(note for note in decision.unsure if note not in found.unsure))
    stopped = decision if decision.outcome != "accept" else None
    translator = decision if decision.nat else None
    return Verdict(
        packet=decision.packet,
        outcome=decision.outcome,
        decision=stopped,
        nat=found.nat or decision.nat,
        translator=found.translator or translator,
        unsure=doubts if doubts else found.unsure,
    )
