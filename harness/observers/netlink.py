"""rtnetlink(7): what to ask a kernel, and how to read what it answers. Pure: bytes in, values out.

`request` makes a dump request; the rest reads the body of one kind of message each. The numbers are those of
linux/rtnetlink.h, if_link.h, if_addr.h, nexthop.h, fib_rules.h and netconf.h.
"""

import struct
from collections.abc import Iterator, Mapping
from socket import AF_INET

from harness.inet import text as ip
from harness.netlink import DUMP, Attributes, aligned, attributes, message
from sim.dataclasses import dataclass, field

RTM_GETLINK = 18
RTM_GETADDR = 22
RTM_GETROUTE = 26
RTM_GETRULE = 34
RTM_GETNETCONF = 82
RTM_GETNEXTHOP = 106

IFF_UP, IFF_LOWER_UP = 0x1, 0x10000
RTM_F_CLONED = 0x200
RTNH_F_DEAD = 0x1
RT_TABLE_LOCAL = 255
ROUTE_TYPES = {1: "unicast", 6: "blackhole", 7: "unreachable", 8: "prohibit"}

# iproute2's etc/rt_protos; 195 and 196 are FRR's pbrd and staticd.
PROTOCOLS = {
    0: "unspec",
    1: "redirect",
    2: "kernel",
    3: "boot",
    4: "static",
    9: "ra",
    11: "zebra",
    12: "bird",
    16: "dhcp",
    42: "babel",
    186: "bgp",
    187: "isis",
    188: "ospf",
    189: "rip",
    190: "ripng",
    192: "eigrp",
    195: "pbr",
    196: "static",
}


@dataclass(frozen=True, slots=True)
class LinkMessage:
    """An interface. `kind` is IFLA_INFO_KIND; `table` the routing table of a VRF device."""

    index: int
    name: str
    flags: int
    mtu_bytes: int
    mac: str | None
    kind: str
    master: int | None
    table: int | None = None


@dataclass(frozen=True, slots=True)
class HopMessage:
    """A next hop: gateway (None: on link), interface index, weight (from 1), and whether the kernel still uses it."""

    via: str | None
    index: int | None
    weight: int = 1
    dead: bool = False


@dataclass(frozen=True, slots=True)
class RouteMessage:
    """A route. `type` is rtnetlink's number; `hops` is empty where `nexthop_id` says it all."""

    prefix: str
    table: int
    protocol: int
    type: int
    metric: int = 0
    source: str | None = None
    hops: tuple[HopMessage, ...] = ()
    nexthop_id: int | None = None
    flags: int = 0
    tos: int = 0


@dataclass(frozen=True, slots=True)
class NexthopMessage:
    """A nexthop object: a single hop, or a group of others' numbers and weights."""

    id: int
    hop: HopMessage
    group: tuple[tuple[int, int], ...] = ()
    blackhole: bool = False


@dataclass(frozen=True, slots=True)
class RuleMessage:
    """A policy rule: `selector` in iproute2's words, `action` a table's number or a word."""

    family: int
    priority: int
    selector: str
    action: int | str


@dataclass(frozen=True, slots=True)
class NetconfMessage:
    """Per-interface parameters; index -1 is `all`, -2 `default`. Values by NETCONFA_* number."""

    family: int
    index: int
    values: Mapping[int, int] = field(default_factory=dict)


def request(kind: int, family: int, sequence: int) -> bytes:
    """A request to dump everything of a kind (RTM_GET*)."""
    header = {RTM_GETLINK: 16, RTM_GETADDR: 8, RTM_GETROUTE: 12, RTM_GETRULE: 12, RTM_GETNEXTHOP: 8, RTM_GETNETCONF: 4}
    body = struct.pack("=B", family) + bytes(header[kind] - 1)
    return message(kind, DUMP, sequence, body)


def link(body: bytes) -> LinkMessage:
    """RTM_NEWLINK."""
    _, _, index, flags, _ = struct.unpack_from("=BxHiII", body)
    found = attributes(body[16:])
    info = attributes(found.get(18, b""))
    kind = _text(info.get(1, b""))
    table = attributes(info.get(2, b"")).get(1) if kind == "vrf" else None
    mac = found.get(1, b"")
    return LinkMessage(
        index=index,
        name=_text(found[3]),
        flags=flags,
        mtu_bytes=_number(found[4]),
        mac=mac.hex(":") if len(mac) == 6 else None,
        kind=kind,
        master=_number(found[10]) if 10 in found else None,
        table=_number(table) if table else None,
    )


def address(body: bytes) -> tuple[int, str]:
    """RTM_NEWADDR: the interface's index, and `address/length`."""
    _, length, _, _, index = struct.unpack_from("=BBBBI", body)
    found = attributes(body[8:])
    return index, f"{ip(found.get(2, found.get(1, b'')))}/{length}"


def route(body: bytes) -> RouteMessage:
    """RTM_NEWROUTE."""
    family, length, _, tos, table, protocol, _, kind, flags = struct.unpack_from("=BBBBBBBBI", body)
    found = attributes(body[12:])
    prefix = ip(found[1]) if 1 in found else ("0.0.0.0" if family == AF_INET else "::")
    single = HopMessage(_gateway(found), _number(found[4]) if 4 in found else None, dead=bool(flags & RTNH_F_DEAD))
    hops = tuple(_multipath(found[9])) if 9 in found else (single,) if single.index is not None else ()
    return RouteMessage(
        prefix=f"{prefix}/{length}",
        table=_number(found[15]) if 15 in found else table,
        protocol=protocol,
        type=kind,
        metric=_number(found[6]) if 6 in found else 0,
        source=ip(found[7]) if 7 in found else None,
        hops=hops,
        nexthop_id=_number(found[30]) if 30 in found else None,
        flags=flags,
        tos=tos,
    )


def _multipath(data: bytes) -> Iterator[HopMessage]:
    """RTA_MULTIPATH: struct rtnexthop, each with attributes of its own."""
    while len(data) >= 8:
        length, flags, weight, index = struct.unpack_from("=HBBi", data)
        if not 8 <= length <= len(data):
            raise ValueError(f"a next hop of {length} bytes in {len(data)}")
        yield HopMessage(_gateway(attributes(data[8:length])), index, weight + 1, bool(flags & RTNH_F_DEAD))
        data = data[aligned(length) :]


def _gateway(found: Attributes) -> str | None:
    """RTA_GATEWAY, or RTA_VIA: a gateway of the other family (RFC 8950)."""
    if 5 in found:
        return ip(found[5])
    return ip(found[18][2:]) if 18 in found else None


def nexthop(body: bytes) -> NexthopMessage:
    """RTM_NEWNEXTHOP."""
    flags = struct.unpack_from("=BBBxI", body)[3]
    found = attributes(body[8:])
    members = struct.iter_unpack("=IBBH", found.get(2, b""))
    gateway = ip(found[6]) if 6 in found else None
    hop = HopMessage(gateway, _number(found[5]) if 5 in found else None, dead=bool(flags & RTNH_F_DEAD))
    return NexthopMessage(_number(found[1]), hop, tuple((member[0], member[1] + 1) for member in members), 4 in found)


def rule(body: bytes) -> RuleMessage:
    """RTM_NEWRULE."""
    family, to_length, from_length, tos, table, _, _, action, flags = struct.unpack_from("=BBBBBBBBI", body)
    found = attributes(body[12:])
    words = ["not"] if flags & 0x2 else []
    words += ["from", f"{ip(found[2])}/{from_length}" if 2 in found else "all"]
    words += ["to", f"{ip(found[1])}/{to_length}"] if 1 in found else []
    words += [f"tos {tos:#04x}"] if tos else []
    words += [f"fwmark {_number(found[10]):#x}"] if 10 in found else []
    words += ["iif", _text(found[3])] if 3 in found else []
    words += ["oif", _text(found[17])] if 17 in found else []
    words += ["[l3mdev-table]"] if found.get(19, b"\0") != b"\0" else []
    does: int | str = {6: "blackhole", 7: "unreachable", 8: "prohibit"}.get(action, f"action {action}")
    if action == 1:
        does = _number(found[15]) if 15 in found else table
    elif action == 2:
        does = f"goto {_number(found[4])}"
    return RuleMessage(family, _number(found[6]) if 6 in found else 0, " ".join(words), does)


def netconf(body: bytes) -> NetconfMessage:
    """RTM_NEWNETCONF."""
    found = attributes(body[4:])
    index = struct.unpack("=i", found[1])[0]
    return NetconfMessage(body[0], index, {number: _number(value) for number, value in found.items() if number != 1})


def _number(value: bytes) -> int:
    return int.from_bytes(value[:4], "little" if struct.pack("=H", 1) == b"\1\0" else "big")


def _text(value: bytes) -> str:
    return value.rstrip(b"\0").decode(errors="replace")
