"""What a node's files say of its interfaces."""

from typing import Literal

from sim.address import Address, InterfaceAddress
from sim.dataclasses import dataclass, field
from sim.errors import Place

Kind = Literal["physical", "loopback", "dummy", "bridge", "vlan", "bond", "vrf", "vxlan"]

MADE: frozenset[Kind] = frozenset({"dummy", "bridge", "vlan", "bond", "vrf", "vxlan"})
"""Kinds of interface that a node makes when its files say so."""


@dataclass(frozen=True, slots=True)
class InterfaceConfig:
    """One interface as configured. What is None is left to the cable or to the kernel's default.

    `up` None: these files do not say (an FRR stanza without `shutdown`), and the cable's state counts. `members` are
    bridge ports or bond slaves; `access_vlan`, `vlans` and `untagged_vlan` are a port's on a VLAN-aware bridge.
    `virtual_addresses` are VRR's (address-virtual): a MAC and an address shared by two switches. `flushed`: who brings
    the interface up takes away what other addresses it had (ifupdown2's address-purge).
    """

    name: str
    kind: Kind = "physical"
    addresses: tuple[InterfaceAddress, ...] = ()  # in the file's order: the first of a network is its primary
    peers: tuple[tuple[InterfaceAddress, Address], ...] = ()  # point-to-point: our address, and the far end's
    up: bool | None = None
    mtu_bytes: int | None = None
    mac: str | None = None
    parent: str | None = None  # a VLAN's raw device
    vlan_id: int | None = None
    members: tuple[str, ...] = ()
    vlan_aware: bool = False
    access_vlan: int | None = None
    vlans: tuple[int, ...] = ()
    untagged_vlan: int | None = None
    vrf: str | None = None
    table: int | None = None  # a VRF's
    dhcp: bool = False
    virtual_addresses: tuple[tuple[str, InterfaceAddress], ...] = ()
    flushed: bool = False
    place: Place | None = field(default=None, compare=False)
