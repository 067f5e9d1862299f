"""One ifcfg file -> one interface."""

import re

from sim.address import InterfaceAddress, parse_address, parse_interface
from sim.device.interfaces import InterfaceConfig, Kind
from sim.dialects.ifcfg.files import Ifcfg
from sim.errors import ConfigError
from sim.snapshot import Note

_MEANT = """
    DEVICE ONBOOT BOOTPROTO TYPE MTU MACADDR GATEWAY GATEWAYDEV DEFROUTE SRCADDR METRIC NOZEROCONF VLAN BRIDGE STP
    IPADDR PREFIX NETMASK MASTER SLAVE BONDING_OPTS ARP IPV6INIT IPV6ADDR IPV6ADDR_SECONDARIES IPV6_DEFAULTGW
    PHYSDEV VLAN_ID
""".split()  # noqa: SIM905
# Desktops, name servers, NetworkManager, timers: no packet goes elsewhere for them.
_SILENT = """
    UUID NAME HWADDR USERCTL NM_CONTROLLED PEERDNS PEERROUTES PEERNTP DNS1 DNS2 DNS3 DOMAIN SEARCH NETWORK BROADCAST
    NETBOOT IPV4_FAILURE_FATAL IPV6_FAILURE_FATAL IPV6_DEFROUTE IPV6_PEERDNS IPV6_PEERROUTES IPV6_PRIVACY
    IPV6_AUTOCONF IPV6_ADDR_GEN_MODE PROXY_METHOD BROWSER_ONLY HOTPLUG ZONE DHCP_HOSTNAME PERSISTENT_DHCLIENT DELAY
    ETHTOOL_OPTS ETHTOOL_OFFLOAD_OPTS AUTOCONNECT_PRIORITY LINKDELAY
""".split()  # noqa: SIM905
_LOCALHOST = parse_address("127.0.0.1")
_KNOWN = frozenset((*_MEANT, *_SILENT))
_NUMBERED = re.compile(r"(IPADDR|PREFIX|NETMASK|DNS)\d+")


def strange_keys(each: Ifcfg) -> list[Note]:
    """A note for each key that the model does not know."""
    return [
        Note(value.place, f"{key} is not modelled", policy=True)
        for key, value in each.values.items()
        if key not in _KNOWN and not _NUMBERED.fullmatch(key)
    ]


def interface(each: Ifcfg) -> InterfaceConfig:
    """The interface as its file describes it; who its members are, their files say."""
    kind = _kind(each)
    parent, tag = _vlan(each) if kind == "vlan" else (None, None)
    addresses = (*ipv4_addresses(each), *_ipv6_addresses(each))
    return InterfaceConfig(
        each.device,
        kind,
        tuple(dict.fromkeys(addresses)),
        up=None if kind == "loopback" else True,
        mtu_bytes=whole(each, "MTU") if each.get("MTU") else None,
        mac=each.get("MACADDR").lower() or None,
        parent=parent,
        vlan_id=tag,
        dhcp=each.get("BOOTPROTO").lower() == "dhcp",
        place=each.at("DEVICE"),
    )


def _kind(each: Ifcfg) -> Kind:
    told = each.get("TYPE").lower()
    if each.device == "lo":
        return "loopback"
    if told == "bridge":
        return "bridge"
    if told == "bond" or each.get("BONDING_OPTS"):
        return "bond"
    if each.yes("VLAN") or told == "vlan" or re.fullmatch(r".+\.\d{1,4}", each.device):
        return "vlan"
    return "dummy" if each.device.startswith("dummy") else "physical"


def _vlan(each: Ifcfg) -> tuple[str, int]:
    """A VLAN's parent and tag: PHYSDEV and VLAN_ID, or its name (`eth0.912`, `vlan912`)."""
    head, dot, tail = each.device.rpartition(".")
    parent = each.get("PHYSDEV") or head
    text = each.get("VLAN_ID") or (tail if dot else each.device.removeprefix("vlan"))
    if not parent or not text.isdecimal() or not 0 < int(text) < 4095:
        raise ConfigError(f"{each.device} tells no VLAN; write PARENT.NUMBER, or PHYSDEV and VLAN_ID", each.at("VLAN"))
    return parent, int(text)


def ipv4_addresses(each: Ifcfg) -> list[InterfaceAddress]:
    """IPADDR with its PREFIX or NETMASK, IPADDR0 and on. Without either, or a length of its own, it is a /32.

    lo has 127.0.0.1 from the kernel, whatever its file says.
    """
    found = [_ipv4(each, suffix) for suffix in each.numbered("IPADDR") if each.get(f"IPADDR{suffix}")]
    return [address for address in found if each.device != "lo" or address.address != _LOCALHOST]


def _ipv4(each: Ifcfg, suffix: str) -> InterfaceAddress:
    key = f"IPADDR{suffix}"
    text, _, own = each.get(key).partition("/")
    mask, place = own, each.at(key)
    for name in (f"PREFIX{suffix}", f"NETMASK{suffix}"):
        if each.get(name):
            mask, place = each.get(name), each.at(name)
            break
    try:
        parse_address(text)
    except ValueError as error:
        raise ConfigError(f"{key}={text} is no IP address", each.at(key)) from error
    try:
        return parse_interface(f"{text}/{mask}" if mask else text)
    except ValueError as error:
        raise ConfigError(f"{mask} is no IPv4 mask or prefix length", place) from error


def _ipv6_addresses(each: Ifcfg) -> list[InterfaceAddress]:
    if each.no("IPV6INIT") or not (each.yes("IPV6INIT") or each.get("IPV6ADDR")):
        return []
    found = []
    for key in ("IPV6ADDR", "IPV6ADDR_SECONDARIES"):
        for text in each.get(key).split():
            try:
                address = parse_interface(text if "/" in text else f"{text}/64")
            except ValueError as error:
                raise ConfigError(f"{key}: {text} is no IPv6 address", each.at(key)) from error
            if address.version != 6:
                raise ConfigError(f"{key}: {text} is no IPv6 address", each.at(key))
            found.append(address)
    return found


def whole(each: Ifcfg, key: str) -> int:
    """A key's value as a whole number."""
    if not each.get(key).isdecimal():
        raise ConfigError(f"{key}={each.get(key)} is no whole number", each.at(key))
    return int(each.get(key))
