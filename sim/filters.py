"""Packet filters: what acts on packets.

A PacketFilter is a node's whole netfilter configuration, whatever language it was written in.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PacketFilter:
    """The packet filter of one node: its hooked chains, in the order in which the kernel asks them."""

    def __or__(self, other: "PacketFilter") -> "PacketFilter":
        return other
