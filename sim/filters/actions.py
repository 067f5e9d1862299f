"""What a rule does with the packet that it matches: effects, after which the walk goes on, and what ends it."""

from collections.abc import Mapping
from typing import Any, Literal

from sim.dataclasses import dataclass
from sim.filters.matches import Match, all_hold
from sim.filters.packet import Packet, State
from sim.snapshot import Note

# --- effects


@dataclass(frozen=True, slots=True)
class SetField:
    """Bits under the mask are replaced: mark = (mark & ~mask) ^ value, as xt_MARK has it."""

    field: str  # mark, connection_mark, dscp, ttl
    value: int
    mask: int = 0xFFFFFFFF

    def on(self, packet: Packet) -> Packet:
        """The packet afterwards."""
        return _with(packet, self.field, (getattr(packet, self.field) & ~self.mask) ^ self.value)


@dataclass(frozen=True, slots=True)
class CopyField:
    """CONNMARK --save-mark and --restore-mark: the bits under the masks go from one mark to the other."""

    source: str
    target: str
    source_mask: int = 0xFFFFFFFF
    target_mask: int = 0xFFFFFFFF

    def on(self, packet: Packet) -> Packet:
        """The packet afterwards."""
        copied = getattr(packet, self.source) & self.source_mask
        return _with(packet, self.target, (getattr(packet, self.target) & ~self.target_mask) ^ copied)


@dataclass(frozen=True, slots=True)
class NoTrack:
    """Connection tracking leaves the packet alone (before it has seen it: the raw table)."""

    def on(self, packet: Packet) -> Packet:
        """The packet afterwards."""
        return _with(packet, "state", State.UNTRACKED)


def _with(packet: Packet, field: str, value: int) -> Packet:
    if getattr(packet, field) == value:
        return packet
    changed: dict[str, Any] = {field: value}
    return packet._replace(**changed)


Effect = SetField | CopyField | NoTrack

# --- what ends the walk through a chain, or leads it elsewhere


@dataclass(frozen=True, slots=True)
class Accept:
    """The base chain lets it pass; other base chains are still asked."""


@dataclass(frozen=True, slots=True)
class Drop:
    """Gone without a word."""


@dataclass(frozen=True, slots=True)
class Reject:
    """Gone, and the sender is told: an ICMP error by nft's name of it, or `tcp reset`."""

    kind: str = "port-unreachable"


@dataclass(frozen=True, slots=True)
class Jump:
    """On to a user chain, and back behind this rule where that chain does not decide; `goto`: back to the caller."""

    chain: str
    goto: bool = False


@dataclass(frozen=True, slots=True)
class Return:
    """Back to the calling chain; in a base chain its policy decides."""


@dataclass(frozen=True, slots=True)
class Nat:
    """Translation. `addresses` and `ports` are ranges (None: as they are; MASQUERADE: the outgoing interface's own).

    `net` (prefix length) replaces the network part alone (NETMAP).
    """

    kind: Literal["dnat", "snat", "masquerade", "redirect"]
    addresses: tuple[int, int] | None = None
    ports: tuple[int, int] | None = None
    net: int | None = None


@dataclass(frozen=True, slots=True)
class Lookup:
    """A verdict map: the element whose matches hold says what happens; where none does, the rule does not match."""

    elements: tuple[tuple[tuple[Match, ...], "Verb"], ...]

    def on(self, packet: Packet) -> "Verb | None":
        """The verdict for this packet."""
        return next((verb for matches, verb in self.elements if all_hold(matches, packet)), None)


@dataclass(frozen=True, slots=True)
class Hand:
    """The packet goes to someone else (a queue, a proxy, an unmodelled target): what becomes of it is not known."""

    note: Note


Verb = Accept | Drop | Reject | Jump | Return | Nat | Lookup | Hand

REJECTS: Mapping[str, str] = {  # xt_REJECT's words -> nft's
    "icmp-net-unreachable": "net-unreachable",
    "icmp-host-unreachable": "host-unreachable",
    "icmp-proto-unreachable": "prot-unreachable",
    "icmp-port-unreachable": "port-unreachable",
    "icmp-net-prohibited": "net-prohibited",
    "icmp-host-prohibited": "host-prohibited",
    "icmp-admin-prohibited": "admin-prohibited",
    "icmp6-no-route": "no-route",
    "icmp6-adm-prohibited": "admin-prohibited",
    "icmp6-addr-unreachable": "addr-unreachable",
    "icmp6-port-unreachable": "port-unreachable",
    "icmp6-policy-fail": "policy-fail",
    "icmp6-reject-route": "reject-route",
    "tcp-reset": "tcp reset",
}
