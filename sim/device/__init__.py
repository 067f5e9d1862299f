"""Device: what one node's configuration says, whatever languages it was written in.

A dialect gives a Device that holds what its files say and nothing else; `|` puts those of one node together. A Node is
a place in the topology, a Device is what its files mean, and a NodeState what comes of it.
"""

from collections.abc import Mapping

from sim.dataclasses import dataclass, field, replace
from sim.device.bgp import BgpInstance
from sim.device.bird import BirdConfig
from sim.device.interfaces import InterfaceConfig
from sim.device.ospf import OspfInstance
from sim.device.static import Rule, StaticRoute
from sim.device.zebra import ZebraConfig
from sim.errors import Place
from sim.filters import PacketFilter
from sim.snapshot import Listener, Note


@dataclass(frozen=True, slots=True)
class Understood:
    """How much of a file was understood: lines that say something, and how many of them the model knows."""

    lines: int
    known: int


@dataclass(frozen=True, slots=True)
class Finding:
    """A name that is used and not defined, or defined and not used; an address with two owners, or none (`kind`)."""

    place: Place
    kind: str  # undefined | unused | duplicate | unowned
    text: str


@dataclass(frozen=True, slots=True)
class Device:
    """One node's configuration. `daemons` are the routing daemons that its files start (zebra, bgpd, bird ...).

    `sysctls` are those that were written (`sim.sysctls` says what they come to), with slashes for dots inside interface
    names (`net.ipv4.conf.eth0/912.rp_filter`), as NodeState has them; `ip_forward` is `net.ipv4.conf.all.forwarding`.
    `listeners` are those of declared services.
    """

    node: str
    daemons: frozenset[str] = frozenset()
    interfaces: Mapping[str, InterfaceConfig] = field(default_factory=dict)
    statics: tuple[StaticRoute, ...] = ()
    rules: tuple[Rule, ...] = ()
    bgp: tuple[BgpInstance, ...] = ()
    ospf: tuple[OspfInstance, ...] = ()
    bird: BirdConfig | None = None
    zebra: ZebraConfig | None = None
    filter: PacketFilter = field(default_factory=PacketFilter)
    sysctls: Mapping[str, str] = field(default_factory=dict)
    listeners: tuple[Listener, ...] = ()
    notes: tuple[Note, ...] = ()
    findings: tuple[Finding, ...] = ()
    understood: Mapping[str, Understood] = field(default_factory=dict)  # by path on the node

    def __or__(self, other: "Device") -> "Device":
        """Both together; of an interface that both describe, what `other` says wins, and addresses add up."""
        interfaces = dict(self.interfaces)
        for name, config in other.interfaces.items():
            interfaces[name] = _both(interfaces[name], config) if name in interfaces else config
        return replace(
            self,
            daemons=self.daemons | other.daemons,
            interfaces=interfaces,
            statics=self.statics + other.statics,
            rules=self.rules + other.rules,
            bgp=self.bgp + other.bgp,
            ospf=self.ospf + other.ospf,
            bird=other.bird or self.bird,
            zebra=other.zebra or self.zebra,
            filter=self.filter | other.filter,
            sysctls={**self.sysctls, **other.sysctls},
            listeners=self.listeners + other.listeners,
            notes=self.notes + other.notes,
            findings=self.findings + other.findings,
            understood={**self.understood, **other.understood},
        )


def _both(one: InterfaceConfig, two: InterfaceConfig) -> InterfaceConfig:
    """What two files say of one interface."""
    plain = InterfaceConfig(two.name)
    given = {
        name: value
        for name in InterfaceConfig.__dataclass_fields__
        if name not in ("name", "addresses", "place") and (value := getattr(two, name)) != getattr(plain, name)
    }
    had = () if two.flushed else one.addresses
    return replace(one, addresses=tuple(dict.fromkeys((*had, *two.addresses))), **given)
