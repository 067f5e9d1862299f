"""Face: one interface as it will be, once its node's files and its cables have both had their say."""

from functools import lru_cache
from hashlib import blake2b

from sim.address import Address, InterfaceAddress
from sim.dataclasses import dataclass

End = tuple[str, str]
"""A node and an interface of it."""

_LINK_LOCAL = 0xFE80 << 112


@dataclass(frozen=True, slots=True)
class Face:
    """A solved interface. `addresses` are in the kernel's order (IPv4, then IPv6), link-local ones of its own left out.

    `on` is whether it is switched on, `carrier` whether it has a carrier. `vrf` is `default` for the main table.
    `names_itself`: it has a link-local address of its own making.
    """

    node: str
    name: str
    device: str  # the kernel's type: veth, bridge, dummy, vlan, bond, vrf, vxlan; "" for lo
    addresses: tuple[InterfaceAddress, ...] = ()
    on: bool = True
    carrier: bool = True
    mtu_bytes: int = 1500
    mac: str | None = None
    names_itself: bool = False
    master: str | None = None
    vrf: str = "default"
    parent: str | None = None
    vlan_id: int | None = None
    peers: tuple[tuple[InterfaceAddress, Address], ...] = ()
    virtual_addresses: tuple[tuple[str, InterfaceAddress], ...] = ()

    @property
    def up(self) -> bool:
        """Whether it can carry packets: switched on, and with a carrier."""
        return self.on and self.carrier

    @property
    def link_local(self) -> Address | None:
        """The address that it gives itself (RFC 4291 2.5.6); None where it has none.

        From its MAC where the drawing tells that, else a stand-in that is the same each time: the lab's MACs are the
        lab's business.
        """
        return link_local_of(self.node, self.name, self.mac) if self.names_itself else None

    @property
    def end(self) -> End:
        """Its name in the whole network."""
        return self.node, self.name


@lru_cache(1 << 17)
def link_local_of(node: str, name: str, mac: str | None) -> Address:
    """The link-local address that an interface gives itself: EUI-64 of its MAC (RFC 4291 appendix A), or a stand-in."""
    if mac:
        a, b, c, d, e, f = bytes.fromhex(mac.replace(":", ""))
        return Address(_LINK_LOCAL | int.from_bytes(bytes((a ^ 2, b, c, 0xFF, 0xFE, d, e, f)), "big"), 6)
    digest = blake2b(f"{node}\0{name}".encode(), digest_size=8).digest()
    return Address(_LINK_LOCAL | int.from_bytes(digest, "big"), 6)
