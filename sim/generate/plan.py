"""A generated fabric as its plan has it: boxes, cables, and every number and address, before any file is written."""

from collections.abc import Mapping
from enum import Enum
from functools import cached_property

from sim.dataclasses import dataclass


class Tier(Enum):
    """A row of the fabric, from the bottom up. The value is its height: traffic climbs and falls once (RFC 7938, 5)."""

    SERVER = 0
    EDGE = 1
    LEAF = 1.5  # the edge of a fabric of two tiers
    AGGREGATION = 2
    SPINE = 2.5
    CORE = 3

    @property
    def word(self) -> str:
        """`edge`: the group in the topology file."""
        return self.name.lower()

    @property
    def plural(self) -> str:
        """`edges`: the group of BGP neighbours."""
        return f"{self.word}s"


@dataclass(frozen=True, slots=True)
class Box:
    """One node. A router has an AS and a loopback; one at the bottom also the subnet of its servers."""

    name: str
    tier: Tier
    asn: int = 0
    loopback: str = ""  # without length
    subnet: str = ""  # 10.1.2.0/24

    @property
    def gateway(self) -> str:
        """The first address of the servers' subnet, with its length."""
        return self.subnet.replace(".0/", ".1/")


@dataclass(frozen=True, slots=True)
class End:
    """One end of a cable. `address` is without length: a cable is a /31 (RFC 3021)."""

    box: Box
    interface: str
    address: str


@dataclass(frozen=True, slots=True)
class Cable:
    """A cable, from the lower tier up."""

    lower: End
    upper: End


@dataclass(frozen=True, slots=True)
class Port:
    """A cable as one of its boxes sees it."""

    own: End
    peer: End


def interfaces(first: int, last: int) -> str:
    """`eth1 .. eth4`, or `eth1` where there is but one."""
    return f"eth{first}" if first == last else f"eth{first} .. eth{last}"


@dataclass(frozen=True)
class Plan:
    """The whole fabric. `title` says in one line what it is; `numbers` is a table of who has
    which: node, AS, addresses, ports."""

    name: str
    title: str
    boxes: tuple[Box, ...]
    cables: tuple[Cable, ...]
    numbers: tuple[tuple[str, str, str, str], ...]

    @cached_property
    def ports(self) -> Mapping[str, tuple[Port, ...]]:
        """The ports of each box, in the order of their cables."""
        found: dict[str, list[Port]] = {box.name: [] for box in self.boxes}
        for cable in self.cables:
            found[cable.lower.box.name].append(Port(cable.lower, cable.upper))
            found[cable.upper.box.name].append(Port(cable.upper, cable.lower))
        return {name: tuple(ports) for name, ports in found.items()}

    @property
    def tiers(self) -> tuple[Tier, ...]:
        """The tiers that the fabric has, from the top down."""
        return tuple(sorted({box.tier for box in self.boxes}, key=lambda tier: tier.value, reverse=True))
