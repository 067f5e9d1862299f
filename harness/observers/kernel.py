"""What a node's kernel says: interfaces, addresses, routes of all tables, policy rules, and the sysctls that steer.

One netlink socket in the node's namespace, one dump after another: no process is started. What is left out of the FIB
on purpose: the local table and its types (local, broadcast, multicast), IPv6 link-local prefixes (they have no meaning
beyond one interface), cached clones, routes with a TOS, and next hops that the kernel calls dead. Where a prefix stands
more than once in a table, the one the kernel would use (lowest metric) is shown.
"""

import struct
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from errno import EOPNOTSUPP
from itertools import count
from socket import AF_INET, AF_INET6, AF_NETLINK, AF_UNSPEC, SOCK_RAW, socket
from typing import TypeVar

from harness import netlink
from harness.observers import netlink as nl
from lab.node import RunningNode
from sim.dataclasses import dataclass
from sim.errors import ProbeError
from sim.snapshot import Interface, NextHop, PolicyRule, Route, RouteType

Value = TypeVar("Value")
TABLES = {253: "default", 254: "main", 255: "local"}
RULE_FAMILIES: Mapping[int, str] = {AF_INET: "ipv4", AF_INET6: "ipv6"}
READ_SYSCTLS = ("net.ipv4.fib_multipath_hash_policy", "net.ipv6.fib_multipath_hash_policy")
NETCONF = {2: "forwarding", 3: "rp_filter", 5: "proxy_arp", 6: "ignore_routes_with_linkdown"}
_RECEIVE_BYTES = 1 << 17
_TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class Kernel:
    """A node's kernel at one moment; fields as in NodeState."""

    interfaces: Mapping[str, Interface]
    fib: Mapping[str, Route]
    tables: Mapping[str, Mapping[str, Route]]
    rules: tuple[PolicyRule, ...]
    sysctls: Mapping[str, str]


def observe_kernel(node: RunningNode) -> Kernel:
    """Ask a node's kernel. ProbeError where its answers make no sense."""
    try:
        with node.socket(AF_NETLINK, SOCK_RAW, 0) as asked:
            asked.settimeout(_TIMEOUT_S)
            found = _ask_everything(asked)
    except (ValueError, KeyError, struct.error, OSError) as error:
        raise ProbeError(f"rtnetlink: {error!r}", node.name) from error
    names = {each.index: each.name for each in found.links}
    tables = assemble(found.routes, found.nexthops, names, _table_names(found.links))
    return Kernel(
        interfaces=interfaces(found.links, found.addresses),
        fib=tables.pop("main", {}),
        tables=tables,
        rules=tuple(policy_rules(found.rules, _table_names(found.links))),
        sysctls=_steering(found.netconf, names) | _read_sysctls(node),
    )


@dataclass(frozen=True, slots=True)
class _Found:
    links: list[nl.LinkMessage]
    addresses: list[tuple[int, str]]
    routes: list[nl.RouteMessage]
    nexthops: list[nl.NexthopMessage]
    rules: list[nl.RuleMessage]
    netconf: list[nl.NetconfMessage]


def _ask_everything(asked: socket) -> _Found:
    numbers = count(1)

    def ask(kind: int, read: Callable[[bytes], Value], *families: int) -> list[Value]:
        return [read(body) for family in families for body in dump(asked, kind, family, next(numbers))]

    routes = ask(nl.RTM_GETROUTE, nl.route, AF_INET, AF_INET6)
    by_number = any(route.nexthop_id and not route.hops for route in routes)
    return _Found(
        links=ask(nl.RTM_GETLINK, nl.link, AF_UNSPEC),
        addresses=ask(nl.RTM_GETADDR, nl.address, AF_INET, AF_INET6),
        routes=routes,
        nexthops=ask(nl.RTM_GETNEXTHOP, nl.nexthop, AF_UNSPEC) if by_number else [],
        rules=ask(nl.RTM_GETRULE, nl.rule, AF_INET, AF_INET6),
        netconf=ask(nl.RTM_GETNETCONF, nl.netconf, AF_INET, AF_INET6),
    )


def dump(asked: socket, kind: int, family: int, sequence: int) -> list[bytes]:
    """The bodies of one dump. A family that the kernel lacks has nothing to dump; OSError for another refusal."""
    asked.send(nl.request(kind, family, sequence))
    bodies: list[bytes] = []
    while True:
        for answered, _, body in netlink.messages(asked.recv(_RECEIVE_BYTES)):
            if answered == netlink.DONE:
                return bodies
            if answered == netlink.ERROR:
                number = -struct.unpack_from("=i", body)[0]
                if number == EOPNOTSUPP:
                    return bodies
                raise OSError(number, f"the kernel refused dump {kind}")
            bodies.append(body)


def interfaces(links: Iterable[nl.LinkMessage], addresses: Iterable[tuple[int, str]]) -> dict[str, Interface]:
    """Interfaces by name. `up` is both: switched on, and with carrier."""
    links = list(links)
    names = {each.index: each.name for each in links}
    owned = defaultdict(list)
    for index, text in addresses:
        owned[index].append(text)
    both = nl.IFF_UP | nl.IFF_LOWER_UP
    return {
        each.name: Interface(
            name=each.name,
            addresses=tuple(owned[each.index]),
            up=each.flags & both == both,
            mtu_bytes=each.mtu_bytes,
            mac=each.mac,
            device=each.kind,
            master=names.get(each.master) if each.master else None,
        )
        for each in links
    }


def _table_names(links: Iterable[nl.LinkMessage]) -> dict[int, str]:
    """Tables by name: those every Linux has, and those of VRFs."""
    return TABLES | {each.table: each.name for each in links if each.table is not None}


def assemble(
    routes: Iterable[nl.RouteMessage],
    nexthops: Iterable[nl.NexthopMessage],
    names: Mapping[int, str],
    tables: Mapping[int, str],
) -> dict[str, dict[str, Route]]:
    """Routes by table and prefix, as the kernel would use them."""
    objects = {each.id: each for each in nexthops}
    found: dict[str, dict[str, Route]] = {}
    for message in routes:
        if not matters(message):
            continue
        route = _route(message, objects, names)
        table = found.setdefault(tables.get(message.table, str(message.table)), {})
        if route and (route.prefix not in table or route.metric < table[route.prefix].metric):
            table[route.prefix] = route
    return found


def matters(message: nl.RouteMessage) -> bool:
    """Whether a route is one of those that a Snapshot tells."""
    local = message.table == nl.RT_TABLE_LOCAL or message.prefix.startswith(("fe80:", "ff00:"))
    return message.type in nl.ROUTE_TYPES and not local and not message.tos and not message.flags & nl.RTM_F_CLONED


def _route(
    message: nl.RouteMessage, objects: Mapping[int, nl.NexthopMessage], names: Mapping[int, str]
) -> Route | None:
    """A route as a value; None if the kernel passes it over because all its next hops are dead."""
    kind = RouteType(nl.ROUTE_TYPES[message.type])
    hops: Sequence[nl.HopMessage] = message.hops
    if not hops and message.nexthop_id is not None:
        hops = resolve(message.nexthop_id, objects)
        if objects[message.nexthop_id].blackhole:
            kind = RouteType.BLACKHOLE
    alive = [each for each in hops if not each.dead] if kind is RouteType.UNICAST else []
    if kind is RouteType.UNICAST and not alive:
        return None
    told = (NextHop(each.via, names.get(each.index or 0), each.weight) for each in alive)
    return Route(
        prefix=message.prefix,
        protocol=nl.PROTOCOLS.get(message.protocol, str(message.protocol)),
        next_hops=tuple(sorted(told, key=lambda hop: (hop.via or "", hop.interface or "", hop.weight))),
        type=kind,
        metric=message.metric,
        source=message.source,
    )


def resolve(number: int, objects: Mapping[int, nl.NexthopMessage]) -> tuple[nl.HopMessage, ...]:
    """The next hops behind a nexthop object. KeyError for one that the kernel did not tell."""
    found = objects[number]
    if not found.group:
        return (found.hop,)
    members = ((objects[member].hop, weight) for member, weight in found.group)
    return tuple(nl.HopMessage(hop.via, hop.index, weight, hop.dead) for hop, weight in members)


def policy_rules(rules: Iterable[nl.RuleMessage], tables: Mapping[int, str]) -> Iterable[PolicyRule]:
    """Policy rules in the order the kernel asks them, IPv4 first."""
    for each in rules:
        action = each.action if isinstance(each.action, str) else tables.get(each.action, str(each.action))
        yield PolicyRule(each.priority, each.selector, action, "ipv6" if each.family == AF_INET6 else "ipv4")


def _steering(found: Iterable[nl.NetconfMessage], names: Mapping[int, str]) -> dict[str, str]:
    """The per-interface sysctls, by their sysctl names (a dot in an interface's name is a slash, as sysctl has it)."""
    told = {-1: "all", -2: "default"} | {index: name.replace(".", "/") for index, name in names.items()}
    sysctls: dict[str, str] = {}
    for each in found:
        if each.family in RULE_FAMILIES and each.index in told:
            stem = f"net.{RULE_FAMILIES[each.family]}.conf.{told[each.index]}"
            shown = {number: name for number, name in NETCONF.items() if number in each.values}
            sysctls |= {
                f"{stem}.{_named(name, each.family)}": str(each.values[number]) for number, name in shown.items()
            }
    if "net.ipv4.conf.all.forwarding" in sysctls:
        sysctls["net.ipv4.ip_forward"] = sysctls["net.ipv4.conf.all.forwarding"]
    return sysctls


def _named(name: str, family: int) -> str:
    return "proxy_ndp" if (name, family) == ("proxy_arp", AF_INET6) else name


def _read_sysctls(node: RunningNode) -> dict[str, str]:
    """Those that netlink does not tell."""
    read = {key: node.read("/proc/sys/" + key.replace(".", "/")) for key in READ_SYSCTLS}
    return {key: value.decode().strip() for key, value in read.items() if value is not None}
