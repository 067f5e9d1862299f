"""The management network: a bridge on the lab's host side, an eth0 per node, addresses as Docker hands them out.

Every node of kind linux, frr or cumulus_cvx is on it unless its file says `network-mode: none`. A node whose own files
ask for DHCP on eth0 gets its address from a dnsmasq there; the others get it given. Either way it is the same address
each time.
"""

import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from types import MappingProxyType

from lab import naming
from lab.node import RunningNode
from sim.errors import HostError, TopologyError
from sim.topology.model import Endpoint, Link, LinkType, Management, Node, Topology

_DHCP_ASKED = (re.compile(rb"^\s*iface\s+eth0\s+inet\s+dhcp", re.M), re.compile(rb"^\s*BOOTPROTO=[\"']?dhcp", re.M))


@dataclass(frozen=True, slots=True)
class Port:
    """A node's place on the management network. Addresses are without length; `number` names the bridge's port."""

    node: str
    ipv4: str
    ipv6: str
    by_dhcp: bool
    number: int


def is_needed(topology: Topology) -> bool:
    """Whether any node or link touches the management network."""
    return any(node.managed for node in topology.nodes.values()) or any(
        link.type is LinkType.MGMT_NET for link in topology.links
    )


def plan(
    topology: Topology, files: Mapping[str, Mapping[str, bytes]], kept: Mapping[str, Port] = MappingProxyType({})
) -> dict[str, Port]:
    """Who gets which address: fixed ones first, the rest in the file's order from the gateway's successor on.

    `kept` are the ports of nodes that run already and stay as they are.
    """
    managed = [node for node in topology.nodes.values() if node.managed]
    stay = [kept[node.name] for node in managed if node.name in kept]
    taken4 = {node.mgmt_ipv4 for node in managed} | {gateway4(topology.management)} | {port.ipv4 for port in stay}
    taken6 = {node.mgmt_ipv6 for node in managed} | {gateway6(topology.management)} | {port.ipv6 for port in stay}
    numbers = (number for number in itertools.count() if number not in {port.number for port in stay})
    range4 = topology.management.ipv4_range or topology.management.ipv4_subnet
    range6 = topology.management.ipv6_range or topology.management.ipv6_subnet
    free4 = (str(host) for host in ip_network(range4).hosts() if str(host) not in taken4)
    free6 = (str(host) for host in ip_network(range6).hosts() if str(host) not in taken6)
    ports = {}
    for node in managed:
        if node.name in kept:
            ports[node.name] = kept[node.name]
            continue
        ipv4 = node.mgmt_ipv4 or next(free4, None)
        if ipv4 is None:
            raise TopologyError(f"mgmt: {range4} has too few addresses", node.place)
        by_dhcp = _asks_for_dhcp(files[node.name])
        ports[node.name] = Port(node.name, ipv4, node.mgmt_ipv6 or next(free6), by_dhcp, next(numbers))
    return ports


def _asks_for_dhcp(files: Mapping[str, bytes]) -> bool:
    interfaces, ifcfg = _DHCP_ASKED
    return any(
        interfaces.search(content)
        for path, content in files.items()
        if path.startswith(("/etc/network/interfaces", "/etc/network/interfaces.d/"))
    ) or any(ifcfg.search(content) for path, content in files.items() if path.endswith("/ifcfg-eth0"))


def gateway4(management: Management) -> str:
    """The bridge's own IPv4 address: the first of the subnet unless the file says another."""
    return management.ipv4_gateway or str(next(ip_network(management.ipv4_subnet).hosts()))


def gateway6(management: Management) -> str:
    """The bridge's own IPv6 address."""
    return management.ipv6_gateway or str(next(ip_network(management.ipv6_subnet).hosts()))


def cable(management: Management, port: Port) -> Link:
    """The cable from a node's eth0 to the bridge."""
    length4, length6 = (ip_network(net).prefixlen for net in (management.ipv4_subnet, management.ipv6_subnet))
    addresses = () if port.by_dhcp else (f"{port.ipv4}/{length4}", f"{port.ipv6}/{length6}")
    end = Endpoint(port.node, "eth0", addresses=addresses)
    return Link(
        LinkType.MGMT_NET, (end,), management.mtu_bytes, f"mgmt{port.number}", vars={"bridge": management.bridge}
    )


def open_bridge(host: RunningNode, management: Management) -> None:
    """Make the bridge with its addresses on the lab's host side."""
    length4, length6 = (ip_network(net).prefixlen for net in (management.ipv4_subnet, management.ipv6_subnet))
    lines = (
        f"link add {management.bridge} type bridge forward_delay 0",
        f"address add {gateway4(management)}/{length4} dev {management.bridge}",
        f"address add {gateway6(management)}/{length6} dev {management.bridge} nodad",
        f"link set {management.bridge} up mtu {management.mtu_bytes}",
    )
    host.run(["ip", "-batch", "-"], stdin="\n".join(lines).encode())


def route_out(node: RunningNode, management: Management) -> None:
    """Give a node its default route by way of the management network, as Docker does."""
    lines = f"route add default via {gateway4(management)} dev eth0\n"
    lines += f"route add default via {gateway6(management)} dev eth0\n"  # the family follows from the gateway
    node.run(["ip", "-force", "-batch", "-"], stdin=lines.encode(), check=False)


def serve_dhcp(host: RunningNode, lab: str, management: Management, ports: Sequence[Port]) -> None:
    """Start dnsmasq for the nodes that ask by DHCP, each with the address that is meant for it."""
    wanting = [port for port in ports if port.by_dhcp]
    if not wanting:
        return
    network = ip_network(management.ipv4_subnet)
    # No group to change to: an ordinary user's namespace allows no setgroups(2).
    argv = ["dnsmasq", "--conf-file=/dev/null", "--port=0", "--user=root", "--group="]
    argv += [f"--interface={management.bridge}", "--bind-dynamic", "--except-interface=lo", "--dhcp-authoritative"]
    argv += [
        f"--dhcp-range={network.network_address},static,{network.netmask}",
        "--no-ping",
        "--dhcp-leasefile=/run/leases",
        "--log-facility=/var/log/dnsmasq.log",
    ]
    argv += [
        f"--dhcp-option=option:router,{gateway4(management)}",
        "--pid-file=/run/dnsmasq.pid",
        "--dhcp-script=/bin/true",
    ]
    for port in wanting:
        argv.append(f"--dhcp-host={naming.mac_address(lab, port.node, 'eth0')},{port.ipv4},{port.node}")
    if host.run(["sh", "-c", "command -v dnsmasq"], check=False).status:
        raise HostError("a node asks for DHCP on eth0 and this machine has no dnsmasq; install dnsmasq-base")
    host.run(argv)  # it ends when its daemon is ready, or with why not


_STANDARD_HOSTS = """\
127.0.0.1 localhost
::1 localhost ip6-localhost ip6-loopback
fe00:: ip6-localnet
ff00:: ip6-mcastprefix
ff02::1 ip6-allnodes
ff02::2 ip6-allrouters
"""


def hosts_file(node: Node, ports: Mapping[str, Port], topology: Topology) -> bytes:
    """/etc/hosts of a node, as Docker and containerlab write it: the standard names, the node's own hostname, and
    every node on the management network by its short, long and full name and its aliases.
    """
    lines = []
    for port in sorted(ports.values(), key=lambda port: port.node != node.name):
        declared = topology.nodes[port.node]
        own = [node.hostname] if declared is node and node.hostname else []
        full = f"{port.node}.{topology.name}.io"
        names = dict.fromkeys((*own, port.node, naming.long_name(topology, port.node), full, *declared.aliases))
        lines += [f"{ip_address(address)} {' '.join(names)}\n" for address in (port.ipv4, port.ipv6)]
    return (_STANDARD_HOSTS + "".join(lines)).encode()
