"""Which plain eBGP sessions come up, for the fabrics that the level engine takes: both ends of one cable agree.

What belongs here: sessions between addresses of one cable, or of its two interfaces (RFC 5549 unnumbered). Anything
else, a multihop session, a listen range, an interior one, is `NotPlain` and leaves the network to the general engine.
A session that is plain and that the two ends disagree on is down, and none.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from sim.address import Address
from sim.dataclasses import dataclass
from sim.device import Device
from sim.device.bgp import IPV6, BgpInstance, Neighbour
from sim.routing import Ground, Port

End = tuple[str, str]
"""A node and an interface of it."""


@dataclass(frozen=True, slots=True)
class Wiring:
    """Every port by its end, and the end across each cable that has no bridge on it."""

    faces: Mapping[End, Port]
    across: Mapping[End, End]


def wiring_of(ground: Ground) -> Wiring:
    """The wires of a network: two ports that have nobody but each other."""
    faces = {(node, name): port for node, ports in ground.items() for name, port in ports.items()}
    across = {end: port.neighbours[0] for end, port in faces.items() if len(port.neighbours) == 1}
    return Wiring(faces, {end: far for end, far in across.items() if across.get(far) == end})


class NotPlain(Exception):
    """Something that the level engine does not know; the text is the reason, in words."""


class Told(NamedTuple):
    """One direction of a session that is up: who tells routes to whom, and by which way the receiver sends back."""

    sender: str
    receiver: str
    sending: Neighbour
    receiving: Neighbour
    via: Address | None
    end: End  # the receiver's
    local: Address | None  # its address on the session


def sessions(devices: Mapping[str, Device], wiring: Wiring, family: str) -> Iterator[Told]:
    """Both directions of every session that comes up with the family. NotPlain where one is of another kind."""
    desks = {name: _Desk(name, device.bgp[0]) for name, device in devices.items() if device.bgp}
    owners = _owners(wiring)
    for desk in desks.values():
        for neighbour in desk.instance.neighbours:
            if not neighbour.shutdown and family in neighbour.families:
                yield from _told(desk, neighbour, desks, wiring, owners, family)


class _Desk:
    """One speaker, with its neighbours by what they are configured as."""

    def __init__(self, name: str, instance: BgpInstance) -> None:
        self.name, self.instance = name, instance
        self.by: dict[Address | str | None, Neighbour] = {
            neighbour.address or neighbour.interface: neighbour for neighbour in instance.neighbours
        }


def _owners(wiring: Wiring) -> dict[Address, End | None]:
    """Who has an address; None where several do."""
    owners: dict[Address, End | None] = {}
    for end, face in wiring.faces.items():
        for each in face.addresses:
            address = each.address
            owners[address] = None if address in owners else end
    return owners


def _told(
    desk: _Desk,
    neighbour: Neighbour,
    desks: Mapping[str, _Desk],
    wiring: Wiring,
    owners: Mapping[Address, End | None],
    family: str,
) -> Iterator[Told]:
    """What `desk` hears from one neighbour, if the session is up."""
    if neighbour.address is None:
        end, far, key = _over_interface(desk.name, neighbour, wiring)
        via: Address | None = wiring.faces[far].link_local if far else None
        local: Address | None = wiring.faces[end].link_local if far else None
    else:
        end, far, key = _over_addresses(desk.name, neighbour, wiring, owners, family)
        via, local = neighbour.address, key if isinstance(key, Address) else None
    if far is None or not (wiring.faces[end].up and wiring.faces[far].up):
        return
    other = desks.get(far[0])
    back = other.by.get(key) if other else None
    if other and back and family in back.families and _agree(desk, neighbour, other, back):
        yield Told(other.name, desk.name, back, neighbour, via, end, local)


def _over_interface(name: str, neighbour: Neighbour, wiring: Wiring) -> tuple[End, End | None, Address | str | None]:
    """The two ends of an unnumbered session, and how the far one calls it."""
    end = name, neighbour.interface or ""
    far = wiring.across.get(end)
    if far is None:
        if end in wiring.faces and wiring.faces[end].up:
            raise NotPlain("a session on an interface without a cable of its own")
        return end, None, None
    for each in (end, far):
        if wiring.faces[each].vrf != "default":
            raise NotPlain("a session in a VRF")
        if any(address.version == 4 and address.length >= 30 for address in wiring.faces[each].addresses):
            raise NotPlain("an unnumbered session on an interface with an address")
    return end, far, far[1]


def _over_addresses(
    name: str, neighbour: Neighbour, wiring: Wiring, owners: Mapping[Address, End | None], family: str
) -> tuple[End, End | None, Address | str | None]:
    """The two ends of a numbered session, and the address by which the far one calls us."""
    address = neighbour.address
    assert address is not None
    if (family == IPV6) != (address.version == 6):
        raise NotPlain("routes of one address family over a session of the other")
    if address not in owners:
        return (name, ""), None, None
    far = owners[address]
    end = wiring.across.get(far) if far else None
    if far is None or end is None or end[0] != name or address.is_link_local:
        raise NotPlain("a session that is not between the two ends of a cable")
    if wiring.faces[end].vrf != "default" or wiring.faces[far].vrf != "default":
        raise NotPlain("a session in a VRF")
    local = next((own.address for own in wiring.faces[end].addresses if own.network.holds(address)), None)
    if local is None or neighbour.source not in (None, local):
        raise NotPlain("a session that is not between the two ends of a cable")
    if neighbour.source_interface not in (None, end[1]):
        raise NotPlain("a session from another interface's address")
    return end, far, local


def _agree(desk: _Desk, ours: Neighbour, other: _Desk, theirs: Neighbour) -> bool:
    """Whether both configurations want this session. NotPlain for an interior one."""
    if ours.shutdown or theirs.shutdown or desk.instance.shutdown or other.instance.shutdown:
        return False
    if desk.instance.asn == other.instance.asn:
        raise NotPlain("an interior session")
    if (ours.password, ours.password_digest) != (theirs.password, theirs.password_digest):
        return False
    if ours.passive and theirs.passive:
        return False
    return _wants(ours, other.instance.asn) and _wants(theirs, desk.instance.asn)


def _wants(neighbour: Neighbour, asn: int) -> bool:
    return neighbour.external or neighbour.remote_as == asn
