"""The faces of a node: what its files ask for, on the cables that it has.

A cable makes an interface, whatever the files say. A dummy, bridge, VLAN, bond, VRF or VXLAN is made by the files that
name it; a VLAN's name that is cabled is that cable. A physical interface that a file names and nobody cabled is not
there. Carrier: of a cable, its far end is switched on; of a bridge or bond, one of its members has it (a bridge that
never had a port has it too: seen with Linux 6.18, 2026-11-25); of a VLAN, its parent.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from sim.address import InterfaceAddress, parse_interface
from sim.dataclasses import replace
from sim.device import Device
from sim.device.interfaces import MADE, InterfaceConfig
from sim.links.face import Face
from sim.sysctls import interface_value

LOOPBACK = "lo"
_LO_MTU_BYTES, _DEFAULT_MTU_BYTES, _VRF_MTU_BYTES = 65536, 1500, 65575
_OWN = (parse_interface("127.0.0.1/8"), parse_interface("::1/128"))


class Socket(NamedTuple):
    """Where a cable enters a node: what the drawing gives this end, and whether the far end lights it."""

    interface: str
    mtu_bytes: int
    mac: str | None = None
    lit: bool = True
    device: str = "veth"


def faces_of(node: str, device: Device, sockets: Mapping[str, Socket]) -> dict[str, Face]:
    """Every interface of a node by name: lo, those with a cable, then those that its files make."""
    masters = _masters(device)
    faces = {LOOPBACK: _loopback(node, device)}
    for name, socket in sockets.items():
        faces[name] = _cabled(node, device, socket, masters.get(name))
    for name, config in device.interfaces.items():
        if config.kind in MADE and name not in faces:
            faces[name] = _made(node, device, config, masters.get(name))
    if len(faces) > len(sockets) + 1 or masters:
        _settle(faces, device)
    return faces


def _masters(device: Device) -> dict[str, str]:
    return {member: name for name, config in device.interfaces.items() for member in config.members}


def _loopback(node: str, device: Device) -> Face:
    config = device.interfaces.get(LOOPBACK)
    said = config.addresses if config else ()
    addresses = tuple(dict.fromkeys((_OWN[0], *said, _OWN[1])))
    ordered = _in_order(addresses)
    vrf = (config.vrf if config else None) or "default"
    return Face(node, LOOPBACK, "", ordered, mtu_bytes=(config and config.mtu_bytes) or _LO_MTU_BYTES, vrf=vrf)


def _cabled(node: str, device: Device, socket: Socket, master: str | None) -> Face:
    config = device.interfaces.get(socket.interface)
    if config is None:
        config = InterfaceConfig(socket.interface)
    return _face(node, device, config, socket, master)


def _made(node: str, device: Device, config: InterfaceConfig, master: str | None) -> Face:
    mtu = _VRF_MTU_BYTES if config.kind == "vrf" else _DEFAULT_MTU_BYTES
    return _face(node, device, config, Socket(config.name, mtu, device=config.kind), master)


def _face(node: str, device: Device, config: InterfaceConfig, socket: Socket, master: str | None) -> Face:
    """A face by its own configuration and its cable; MTU and carrier of one that stands on others come later."""
    on = config.up is not False
    speaks = on and _speaks_ipv6(device.sysctls, config.name)
    is_vlan = socket.device == "vlan"
    return Face(
        node=node,
        name=config.name,
        device=socket.device,
        addresses=_in_order(config.addresses, ipv6=speaks) if config.addresses else (),
        on=on,
        carrier=socket.lit,
        mtu_bytes=config.mtu_bytes or socket.mtu_bytes,
        mac=config.mac or socket.mac,
        names_itself=speaks and master is None and socket.device != "vrf",
        master=master or config.vrf,
        vrf=(config.name if socket.device == "vrf" else config.vrf) or "default",
        parent=config.parent if is_vlan else None,
        vlan_id=config.vlan_id if is_vlan else None,
        peers=config.peers,
        virtual_addresses=config.virtual_addresses,
    )


def _speaks_ipv6(sysctls: Mapping[str, str], interface: str) -> bool:
    for key in sysctls:
        if key.endswith("disable_ipv6"):
            return interface_value(sysctls, 6, interface, "disable_ipv6") != "1"
    return True


def _in_order(addresses: tuple[InterfaceAddress, ...], *, ipv6: bool = True) -> tuple[InterfaceAddress, ...]:
    if len(addresses) == 1 and (ipv6 or addresses[0].version == 4):
        return addresses
    four = tuple(each for each in addresses if each.version == 4)
    return (*four, *(each for each in addresses if each.version == 6)) if ipv6 else four


def _settle(faces: dict[str, Face], device: Device) -> None:
    """MTU and carrier of what stands on other interfaces, members and parents first."""
    for name in _from_below(faces, device):
        face, config = faces[name], device.interfaces.get(name)
        if face.device in ("bridge", "bond"):
            faces[name] = _upon_members(face, faces, config)
        elif face.parent:
            parent = faces.get(face.parent)
            lit = parent is not None and parent.up
            mtu = (config and config.mtu_bytes) or (parent.mtu_bytes if parent else face.mtu_bytes)
            faces[name] = replace(face, carrier=lit, mtu_bytes=mtu)


def _upon_members(face: Face, faces: dict[str, Face], config: InterfaceConfig | None) -> Face:
    members = [faces[name] for name in (config.members if config else ()) if name in faces]
    if face.device == "bond":
        faces.update({each.name: replace(each, mtu_bytes=face.mtu_bytes) for each in members})
        return replace(face, carrier=any(each.up for each in members))
    if not members:
        return face
    mtu = (config and config.mtu_bytes) or min(each.mtu_bytes for each in members)
    return replace(face, carrier=any(each.up for each in members), mtu_bytes=mtu)


def _from_below(faces: Mapping[str, Face], device: Device) -> Iterator[str]:
    """Names of faces that stand on others, each after those it stands on; a circle is entered anywhere."""
    seen: set[str] = set()

    def visit(name: str) -> Iterator[str]:
        if name in seen or name not in faces:
            return
        seen.add(name)
        config = device.interfaces.get(name)
        below = config.members if config else ()
        parent = faces[name].parent
        for each in (*below, *((parent,) if parent else ())):
            yield from visit(each)
        if below or parent or faces[name].device in ("bridge", "bond"):
            yield name

    for name in tuple(faces):
        yield from visit(name)
