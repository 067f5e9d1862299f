"""A small rtnetlink client (rtnetlink(7), RFC 3549): make, change and move devices, many requests in one system call.

A `Rtnl` speaks for the network namespace in which it was opened, wherever its owner goes later. Requests are bytes,
made by the functions below; `Rtnl.do` sends them and reads an acknowledgement for each.
"""

import os
import struct
from _socket import AF_INET, AF_INET6, AF_NETLINK, AF_UNSPEC, SO_RCVBUF, SOCK_CLOEXEC, SOCK_RAW, SOL_SOCKET, socket
from collections.abc import Sequence

_NEWLINK, _DELLINK, _GETLINK, _NEWADDR = 16, 17, 18, 20
_NEWLINKPROP = 108
_REQUEST, _ACK, _CREATE, _EXCL, _REPLACE, _APPEND = 0x1, 0x4, 0x400, 0x200, 0x100, 0x800
_ERROR = 2
_ADDRESS, _IFNAME, _MTU, _LINK_OF, _MASTER, _LINKINFO, _NET_NS_FD = 1, 3, 4, 5, 10, 18, 28
_IFALIAS, _PROP_LIST, _ALT_IFNAME = 20, 52, 53
_INFO_KIND, _INFO_DATA, _VETH_PEER, _BRIDGE_FORWARD_DELAY, _BRIDGE_VLAN_FILTERING = 1, 2, 1, 1, 7
_IFA_ADDRESS, _IFA_LOCAL = 1, 2
_IFA_F_NODAD = 0x02
_UP = 1
_NESTED = 0x8000

_HEADER = struct.Struct("=IHHII")
_LINK = struct.Struct("=BxHiII")


def attribute(kind: int, value: bytes) -> bytes:
    """A netlink attribute, padded to four bytes."""
    return struct.pack("=HH", len(value) + 4, kind) + value + b"\0" * (-len(value) % 4)


def _text(kind: int, value: str) -> bytes:
    return attribute(kind, value.encode() + b"\0")


def _number(kind: int, value: int) -> bytes:
    return attribute(kind, struct.pack("=I", value))


def _message(kind: int, flags: int, body: bytes) -> bytes:
    return _HEADER.pack(_HEADER.size + len(body), kind, _REQUEST | _ACK | flags, 0, 0) + body


def _link(flags: int = 0, change: int = 0, index: int = 0) -> bytes:
    return _LINK.pack(AF_UNSPEC, 0, index, flags, change)


def _end(name: str, mtu_bytes: int, mac: str | None, namespace: int | None) -> bytes:
    body = _text(_IFNAME, name)
    if mtu_bytes:
        body += _number(_MTU, mtu_bytes)
    if mac:
        body += attribute(_ADDRESS, bytes.fromhex(mac.replace(":", "")))
    if namespace is not None:
        body += _number(_NET_NS_FD, namespace)
    return body


End = tuple[str, int, str | None, int]
"""One end of a veth: name, MTU in bytes, MAC, descriptor of its network namespace."""


def veth(near: End, far: End, index: int) -> bytes:
    """Make a veth whose ends are born in their namespaces, the near one up. The far one must be set up afterwards: the
    kernel takes no flags for it here.

    The ends get the interface indexes `index` and `index + 1`. They must differ: Linux holds the carrier event of a
    device whose own index equals its peer's back for up to a second (linkwatch), taking it for a device that is not
    stacked.
    """
    peer = attribute(_VETH_PEER, _link(index=index + 1) + _end(*far))
    info = _text(_INFO_KIND, "veth") + attribute(_INFO_DATA | _NESTED, peer)
    body = _link(_UP, _UP, index) + _end(*near) + attribute(_LINKINFO | _NESTED, info)
    return _message(_NEWLINK, _CREATE | _EXCL, body)


_MACVLAN_MODES = {"private": 1, "vepa": 2, "bridge": 4, "passthru": 8, "source": 16}
_MACVLAN_MODE = 1
_VXLAN_ID, _VXLAN_GROUP, _VXLAN_LINK, _VXLAN_LEARNING, _VXLAN_PORT_RANGE, _VXLAN_PORT, _VXLAN_GROUP6 = (
    1,
    2,
    3,
    7,
    10,
    15,
    16,
)


def macvlan(near: End, parent: int, mode: str, index: int) -> bytes:
    """Make a macvlan over the device with index `parent` of this namespace, born in its own namespace, up."""
    data = _number(_MACVLAN_MODE, _MACVLAN_MODES[mode])
    return _hung(near, "macvlan", data, index, _number(_LINK_OF, parent))


def vxlan(
    near: End, vni: int, remote: bytes, port: int, source_port: int | None, parent: int | None, index: int
) -> bytes:
    """Make a VXLAN (RFC 7348) born in its own namespace, up; its tunnel stays in this one. `remote`: 4 or 16 bytes."""
    data = _number(_VXLAN_ID, vni) + attribute(_VXLAN_GROUP if len(remote) == 4 else _VXLAN_GROUP6, remote)
    data += attribute(_VXLAN_PORT, struct.pack("!H", port)) + attribute(_VXLAN_LEARNING, b"\x01")
    if source_port is not None:
        data += attribute(_VXLAN_PORT_RANGE, struct.pack("!HH", source_port, min(source_port + 1, 65535)))
    if parent is not None:
        data += _number(_VXLAN_LINK, parent)
    return _hung(near, "vxlan", data, index, b"")


def _hung(near: End, kind: str, data: bytes, index: int, more: bytes) -> bytes:
    info = _text(_INFO_KIND, kind) + attribute(_INFO_DATA | _NESTED, data)
    body = _link(_UP, _UP, index) + _end(*near) + more + attribute(_LINKINFO | _NESTED, info)
    return _message(_NEWLINK, _CREATE | _EXCL, body)


def known_as(index: int, alias: str, altname: str) -> tuple[bytes, bytes]:
    """Note a device's alias (ip-link(8)), and give it an alternative name."""
    names = attribute(_PROP_LIST | _NESTED, _text(_ALT_IFNAME, altname))
    return (
        _message(_NEWLINK, 0, _link(index=index) + attribute(_IFALIAS, alias.encode())),
        _message(_NEWLINKPROP, _CREATE | _EXCL | _APPEND, _link(index=index) + names),
    )


def device(name: str, kind: str, mtu_bytes: int = 0) -> bytes:
    """Make a device of a kind that needs no parameters (bridge, dummy, ifb ...), up."""
    body = _link(_UP, _UP) + _end(name, mtu_bytes, None, None)
    return _message(_NEWLINK, _CREATE | _EXCL, body + attribute(_LINKINFO | _NESTED, _text(_INFO_KIND, kind)))


def bridge(name: str, vlan_aware: bool = False) -> bytes:
    """Make a bridge that forwards at once (no forward delay), up."""
    options = _number(_BRIDGE_FORWARD_DELAY, 0) + (attribute(_BRIDGE_VLAN_FILTERING, b"\x01") if vlan_aware else b"")
    data = attribute(_INFO_DATA | _NESTED, options)
    info = _text(_INFO_KIND, "bridge") + data
    return _message(_NEWLINK, _CREATE | _EXCL, _link(_UP, _UP) + _text(_IFNAME, name) + attribute(_LINKINFO, info))


def vlan(name: str, parent: int, tag: int) -> bytes:
    """Make a VLAN device (IEEE 802.1Q) over the device with index `parent`."""
    data = attribute(_INFO_DATA | _NESTED, attribute(1, struct.pack("=H", tag)))
    info = attribute(_LINKINFO | _NESTED, _text(_INFO_KIND, "vlan") + data)
    return _message(_NEWLINK, _CREATE | _EXCL, _link() + _text(_IFNAME, name) + _number(_LINK_OF, parent) + info)


def vrf(name: str, table: int) -> bytes:
    """Make a VRF device over a routing table."""
    data = attribute(_INFO_DATA | _NESTED, _number(1, table))
    info = attribute(_LINKINFO | _NESTED, _text(_INFO_KIND, "vrf") + data)
    return _message(_NEWLINK, _CREATE | _EXCL, _link() + _text(_IFNAME, name) + info)


def change(
    name: str,
    *,
    up: bool | None = None,
    mtu_bytes: int | None = None,
    master: int | None = None,
    mac: str | None = None,
) -> bytes:
    """Change a device of this namespace."""
    body = _link(_UP if up else 0, _UP if up is not None else 0) + _text(_IFNAME, name)
    if mtu_bytes is not None:
        body += _number(_MTU, mtu_bytes)
    if master is not None:
        body += _number(_MASTER, master)
    if mac is not None:
        body += attribute(_ADDRESS, bytes.fromhex(mac.replace(":", "")))
    return _message(_NEWLINK, 0, body)


def delete(name: str) -> bytes:
    """Remove a device; a veth's other end goes with it."""
    return _message(_DELLINK, 0, _link() + _text(_IFNAME, name))


def address(index: int, text: str) -> bytes:
    """Give a device (by index) an address, `192.0.2.1/24`; one that it has already is replaced.

    An IPv6 address serves at once: its MAC is of our making, so it is not first asked whether another has it (RFC 4862
    5.4), as Docker does not either.
    """
    from ipaddress import ip_interface  # here, so that it is in no node's memory before somebody needs it

    value = ip_interface(text)
    family, flags = (AF_INET, 0) if value.version == 4 else (AF_INET6, _IFA_F_NODAD)
    head = struct.pack("=BBBBI", family, value.network.prefixlen, flags, 0, index)
    packed = value.ip.packed
    return _message(
        _NEWADDR, _CREATE | _REPLACE, head + attribute(_IFA_LOCAL, packed) + attribute(_IFA_ADDRESS, packed)
    )


class Rtnl:
    """A netlink socket of the namespace in which it was opened."""

    def __init__(self) -> None:
        self._socket = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0)
        self._socket.setsockopt(SOL_SOCKET, SO_RCVBUF, 1 << 20)
        self._socket.bind((0, 0))

    def do(self, *requests: bytes) -> None:
        """Carry out requests in order; OSError of the first that the kernel refused (the others are tried as well)."""
        if not requests:
            return
        self._socket.send(b"".join(requests))
        waiting, refused = len(requests), 0
        while waiting:
            for kind, body in _messages(self._socket.recv(1 << 16)):
                if kind == _ERROR:
                    waiting -= 1
                    refused = refused or -struct.unpack_from("=i", body)[0]
        if refused:
            raise OSError(refused, os.strerror(refused))

    def try_each(self, requests: Sequence[bytes]) -> None:
        """Carry out requests one by one, passing over those that the kernel refuses."""
        for request in requests:
            try:
                self.do(request)
            except OSError:
                continue

    def index(self, name: str) -> int:
        """A device's index; OSError (ENODEV) if there is none."""
        self._socket.send(_message(_GETLINK, 0, _link() + _text(_IFNAME, name)))
        found = 0
        while True:
            for kind, body in _messages(self._socket.recv(1 << 16)):
                if kind == _NEWLINK:
                    found = _LINK.unpack_from(body)[2]
                elif kind == _ERROR:
                    code = -struct.unpack_from("=i", body)[0]
                    if code:
                        raise OSError(code, f"{name}: {os.strerror(code)}")
                    return found

    def move(self, name: str, namespace: int, new_name: str) -> None:
        """Move a device into another namespace under a new name; it arrives down and without addresses."""
        self.do(change(name, up=False))
        body = _LINK.pack(AF_UNSPEC, 0, self.index(name), 0, 0)
        self.do(_message(_NEWLINK, 0, body + _number(_NET_NS_FD, namespace) + _text(_IFNAME, new_name)))

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()


def _messages(raw: bytes) -> list[tuple[int, bytes]]:
    found, offset = [], 0
    while offset + _HEADER.size <= len(raw):
        length, kind, _, _, _ = _HEADER.unpack_from(raw, offset)
        found.append((kind, raw[offset + _HEADER.size : offset + length]))
        offset += length + (-length % 4)
    return found
