"""Small solved networks made by hand, for tracing: cables, and for each node addresses, routes, filters, listeners."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sim.address import Address, parse_address, parse_interface
from sim.dialects.iptables.saved import read_saved
from sim.filters import PacketFilter
from sim.snapshot import Interface, Listener, NextHop, NodeState, PolicyRule, Route, RouteType
from sim.topology.model import Endpoint, Kind, Link, LinkType, Node, Topology
from sim.trace import Site


def iptables(text: str, version: int = 4, table: str = "filter") -> PacketFilter:
    """A filter from rules, one a line; `*table` begins another table; a leading `:` names chains and policies."""
    lines = [line.strip() for line in text.strip().splitlines()]
    if not lines[0].startswith("*"):
        lines.insert(0, f"*{table}")
    whole: list[str] = []
    for line in lines:
        whole += ["COMMIT"] if line.startswith("*") and whole else []
        whole.append(line)
    tables, _, _, _ = read_saved("\n".join([*whole, "COMMIT"]), "fw", version)
    return PacketFilter(tuple(tables))


def host(
    routes: Sequence[str] = (),
    listens: Sequence[str] = (),
    rules: PacketFilter | None = None,
    sysctls: Mapping[str, str] | None = None,
    policy: Sequence[PolicyRule] = (),
    mtu: Mapping[str, int] | None = None,
    tables: Mapping[str, Sequence[str]] | None = None,
    **addresses: str,
) -> Site:
    """A node: `eth0="10.0.0.1/24 2001:db8::1/64"`; routes such as `0.0.0.0/0 via 10.0.0.2%eth0 10.1.0.2%eth1`."""
    faces = {"lo": Interface("lo", ("127.0.0.1/8", "::1/128"), device="loopback", mtu_bytes=65536)}
    for name, text in addresses.items():
        kind = "dummy" if name.startswith("dummy") else "veth"
        faces[name] = Interface(name, tuple(text.split()), device=kind, mtu_bytes=(mtu or {}).get(name, 1500))
    fib = {route.prefix: route for route in (*_connected(faces), *map(route_of, routes))}
    state = NodeState(
        interfaces=faces,
        fib=fib,
        tables={name: {r.prefix: r for r in map(route_of, texts)} for name, texts in (tables or {}).items()},
        rules=tuple(policy),
        listeners=tuple(_listener(text) for text in listens),
        sysctls=dict(sysctls or {}),
    )
    return Site("", state, rules or PacketFilter())


def router(**facts: object) -> Site:
    """A node that forwards both versions."""
    sysctls = {"net.ipv4.conf.all.forwarding": "1", "net.ipv6.conf.all.forwarding": "1"}
    sysctls |= facts.pop("sysctls", {})  # type: ignore[arg-type]
    return host(sysctls=sysctls, **facts)  # type: ignore[arg-type]


def _connected(faces: Mapping[str, Interface]) -> list[Route]:
    found = []
    for face in faces.values():
        for text in face.addresses:
            each = parse_interface(text)
            if face.name != "lo" and each.length < (32 if each.version == 4 else 128):
                source = str(each.address) if each.version == 4 else None
                hops = (NextHop(None, face.name),)
                found.append(Route(str(each.network), "kernel", hops, source=source))
    return found


def route_of(text: str) -> Route:
    """`PREFIX via GATEWAY%IF ...`, `PREFIX dev IF`, `blackhole PREFIX`, each with an optional `src ADDRESS`."""
    words = text.split()
    source = words[words.index("src") + 1] if "src" in words else None
    words = words[: words.index("src")] if source else words
    if words[0] in ("blackhole", "unreachable", "prohibit"):
        return Route(words[1], "static", type=RouteType(words[0]))
    if words[1] == "dev":
        return Route(words[0], "static", (NextHop(None, words[2]),), source=source)
    hops = tuple(NextHop(*each.split("%")) for each in words[2:])
    return Route(words[0], "bgp", hops, source=source)


def _listener(text: str) -> Listener:
    """`tcp/22`, `udp/53@10.0.0.1`, `tcp/80@::`."""
    where, _, address = text.partition("@")
    protocol, _, port = where.partition("/")
    return Listener("tcp" if protocol == "tcp" else "udp", address or "0.0.0.0", int(port))


@dataclass
class Drawn:
    """A network made by hand: a Ground. A cable with more than two ends is a segment."""

    cables: Sequence[str]
    sites: dict[str, Site]
    topology: Topology = field(init=False)

    def __post_init__(self) -> None:
        self.sites = {name: Site(name, site.state, site.filter, site.off) for name, site in self.sites.items()}
        self.ends = [[(end.split(":")[0], end.split(":")[1]) for end in cable.split()] for cable in self.cables]
        links = tuple(
            Link(LinkType.VETH, tuple(Endpoint(*end) for end in ends)) for ends in self.ends if len(ends) == 2
        )
        nodes = {name: Node(name, Kind.LINUX) for name in self.sites}
        self.topology = Topology("drawn", Path("drawn.clab.yml"), nodes, links)

    def site(self, node: str) -> Site:
        return self.sites[node]

    def answering(self, node: str, interface: str, address: Address) -> list[tuple[str, str]]:
        across = [ends for ends in self.ends if (node, interface) in ends]
        return [end for ends in across for end in ends if end[0] != node and self._answers(end, address)]

    def way(self, start: tuple[str, str], target: tuple[str, str]) -> tuple[tuple[str, str], ...]:
        return start, target

    def _answers(self, end: tuple[str, str], address: Address) -> bool:
        site = self.sites[end[0]]
        if site.sysctl(4, end[1], "proxy_arp") == "1" and address.version == 4:
            return True
        return address in site.own


def network(*cables: str, **sites: Site) -> Drawn:
    """Cables such as `a:eth0 b:eth0`, and the nodes by name."""
    return Drawn(cables, dict(sites))


def ip(text: str) -> Address:
    return parse_address(text)
