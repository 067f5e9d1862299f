"""From ifcfg files to iproute2: what RHEL's ifup scripts would run for a device, as lines of `ip -batch`.

Each command keeps the file and line it comes from, so that a refusal by the kernel has a place. Follows the scripts of
RHEL 6 and 7: SRCADDR becomes `src` of the default route, a device without NOZEROCONF gets the 169.254.0.0/16 route.
Devices and links come first, then all addresses, then routes and rules; so a SRCADDR may stand on a later device.
"""

import ipaddress
from collections.abc import Iterator, Mapping

from harness.appliers import Work
from harness.appliers.ifcfg_files import Ifcfg, Value
from sim.dataclasses import dataclass

_HONOURED = """
    DEVICE ONBOOT BOOTPROTO TYPE MTU MACADDR GATEWAY GATEWAYDEV DEFROUTE SRCADDR METRIC NOZEROCONF VLAN BRIDGE STP
    IPADDR PREFIX NETMASK MASTER SLAVE BONDING_OPTS ARP IPV6INIT IPV6ADDR IPV6ADDR_SECONDARIES IPV6_DEFAULTGW
"""
_WITHOUT_EFFECT = """
    UUID NAME HWADDR USERCTL NM_CONTROLLED PEERDNS PEERROUTES PEERNTP DNS1 DNS2 DNS3 DOMAIN SEARCH NETWORK BROADCAST
    NETBOOT IPV4_FAILURE_FATAL IPV6_FAILURE_FATAL IPV6_DEFROUTE IPV6_PEERDNS IPV6_PEERROUTES IPV6_PRIVACY
    IPV6_AUTOCONF IPV6_ADDR_GEN_MODE PROXY_METHOD BROWSER_ONLY HOTPLUG ZONE DHCP_HOSTNAME PERSISTENT_DHCLIENT DELAY
    ETHTOOL_OPTS ETHTOOL_OFFLOAD_OPTS AUTOCONNECT_PRIORITY PHYSDEV VLAN_ID LINKDELAY
"""
KNOWN_KEYS = frozenset((_HONOURED + _WITHOUT_EFFECT).split())
"""Keys that are honoured, and those that belong to desktops, DNS or NetworkManager and change nothing in a fabric."""


@dataclass(frozen=True, slots=True)
class Command:
    """A line for `ip -batch` (`family` 6: for `ip -6 -batch`), and where it comes from."""

    text: str
    path: str
    line: int
    family: int = 4


def link_commands(work: Work, each: Ifcfg, indices: Mapping[str, int]) -> Iterator[Command]:
    """The device itself: a bridge made, MTU, MAC, master, up."""
    device = each.device
    if each.get("TYPE").lower() == "bridge" and device not in indices:
        yield Command(f"link add name {device} type bridge", each.path, each.line("TYPE"))
    if each.get("STP"):
        state = 1 if each.yes("STP") or each.get("STP") == "on" else 0
        yield Command(f"link set dev {device} type bridge stp_state {state}", each.path, each.line("STP"))
    if mac := each.get("MACADDR"):
        yield Command(f"link set dev {device} address {mac}", each.path, each.line("MACADDR"))
    if mtu := each.get("MTU"):
        yield Command(f"link set dev {device} mtu {_whole(work, each, 'MTU', mtu)}", each.path, each.line("MTU"))
    if each.no("ARP"):
        yield Command(f"link set dev {device} arp off", each.path, each.line("ARP"))
    yield Command(f"link set dev {device} up", each.path, each.line("DEVICE"))


def master_commands(each: Ifcfg) -> Iterator[Command]:
    """Ports join their bridge or bond once those exist."""
    for key in ("BRIDGE", "MASTER"):
        if master := each.get(key):
            yield Command(f"link set dev {each.device} master {master}", each.path, each.line(key))


def address_commands(work: Work, each: Ifcfg) -> Iterator[Command]:
    """IPADDR with its PREFIX or NETMASK, IPADDR0 and on; IPV6ADDR and its secondaries."""
    for key, address, length in _addresses(work, each):
        if each.device == "lo" and address == "127.0.0.1":
            continue  # the kernel gave it
        yield Command(f"address replace {address}/{length} brd + dev {each.device}", each.path, each.line(key))
    if each.yes("IPV6INIT") or (each.get("IPV6ADDR") and not each.no("IPV6INIT")):
        for key in ("IPV6ADDR", "IPV6ADDR_SECONDARIES"):
            for address in each.get(key).split():
                text = str(_interface6(work, each, key, address))
                yield Command(f"address replace {text} dev {each.device} nodad", each.path, each.line(key), 6)


def route_commands(
    work: Work, each: Ifcfg, network: Mapping[str, Value], indices: Mapping[str, int]
) -> Iterator[Command]:
    """The zeroconf route, the default route, the device's route and rule files."""
    device = each.device
    addressed = any(True for _ in each.numbered("IPADDR"))
    if addressed and device != "lo" and not each.get("NOZEROCONF") and "NOZEROCONF" not in network:
        metric = 1000 + indices.get(device, 0)
        yield Command(f"route replace 169.254.0.0/16 dev {device} metric {metric} scope link", each.path, 0)
    yield from _default(work, each, network)
    for line in each.routes:
        dev = "" if " dev " in f" {line.arguments} " or "blackhole" in line.arguments else f" dev {device}"
        yield Command(f"route replace {line.arguments}{dev}", line.path, line.line, line.family)
    for line in each.rules:
        yield Command(f"rule add {line.arguments}", line.path, line.line, line.family)


def _default(work: Work, each: Ifcfg, network: Mapping[str, Value]) -> Iterator[Command]:
    """GATEWAY of the device (or, as the scripts have it, of /etc/sysconfig/network) unless DEFROUTE=no."""
    only = network["GATEWAYDEV"].text if "GATEWAYDEV" in network else each.get("GATEWAYDEV")
    if not each.no("DEFROUTE") and only in ("", each.device):
        if gateway := _gateway(work, each, network):
            text = f"route replace default via {gateway} dev {each.device}{_options(work, each)}"
            yield Command(text, each.path, each.line("GATEWAY"))
        if gateway := each.get("IPV6_DEFAULTGW"):
            address, _, device = gateway.partition("%")
            _address(work, each, "IPV6_DEFAULTGW", address)
            text = f"route replace default via {address} dev {device or each.device}"
            yield Command(text, each.path, each.line("IPV6_DEFAULTGW"), 6)


def _gateway(work: Work, each: Ifcfg, network: Mapping[str, Value]) -> str:
    if gateway := each.get("GATEWAY"):
        return str(_address(work, each, "GATEWAY", gateway))
    common = network.get("GATEWAY")
    for _, address, length in _addresses(work, each) if common else ():
        if ipaddress.ip_address(common.text if common else "") in ipaddress.ip_interface(f"{address}/{length}").network:
            return common.text if common else ""
    return ""


def _options(work: Work, each: Ifcfg) -> str:
    source = f" src {_address(work, each, 'SRCADDR', each.get('SRCADDR'))}" if each.get("SRCADDR") else ""
    return source + (f" metric {_whole(work, each, 'METRIC', each.get('METRIC'))}" if each.get("METRIC") else "")


def _addresses(work: Work, each: Ifcfg) -> Iterator[tuple[str, str, int]]:
    for key, suffix in each.numbered("IPADDR"):
        if text := each.get(key):
            yield key, str(_address(work, each, key, text.partition("/")[0])), _length(work, each, suffix, text)


def _length(work: Work, each: Ifcfg, suffix: str, address: str) -> int:
    """PREFIX, else NETMASK, else the length written with the address, else 32."""
    for key in (f"PREFIX{suffix}", f"NETMASK{suffix}"):
        if text := each.get(key):
            try:
                return ipaddress.ip_network(f"0.0.0.0/{text}").prefixlen
            except ValueError:
                raise work.rejected(
                    each.path, f"{key}={text} is no IPv4 mask or prefix length", each.line(key)
                ) from None
    _, slash, length = address.partition("/")
    if not slash:
        work.note(f"{each.path}:{each.line('IPADDR' + suffix)}: IPADDR{suffix} has neither PREFIX nor NETMASK: /32")
    return _whole(work, each, f"IPADDR{suffix}", length) if slash else 32


def _address(work: Work, each: Ifcfg, key: str, text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        raise work.rejected(each.path, f"{key}={text} is no IP address", each.line(key)) from None


def _interface6(work: Work, each: Ifcfg, key: str, text: str) -> ipaddress.IPv6Interface:
    try:
        return ipaddress.IPv6Interface(text if "/" in text else f"{text}/64")
    except ValueError:
        raise work.rejected(each.path, f"{key}: {text} is no IPv6 address", each.line(key)) from None


def _whole(work: Work, each: Ifcfg, key: str, text: str) -> int:
    if not text.isdecimal():
        raise work.rejected(each.path, f"{key}={text} is no whole number", each.line(key))
    return int(text)
