"""The routes and rules of a device's files: zeroconf, the default route, route and rule files."""

from collections.abc import Mapping

from sim.address import Address, Prefix, parse_address, parse_prefix
from sim.dataclasses import replace
from sim.device import Device
from sim.device.static import StaticRoute
from sim.dialects.ifcfg.files import Command, Ifcfg, Value
from sim.dialects.ifcfg.interfaces import ipv4_addresses, whole
from sim.errors import ConfigError, Place
from sim.iproute import carried_out

ZEROCONF = parse_prefix("169.254.0.0/16")
ZEROCONF_METRIC = 1000
_IPV6_METRIC = 1024


def routed(device: Device, each: Ifcfg, network: Mapping[str, Value]) -> Device:
    """The device with what this file brings; a route that stands already is replaced, as `ip route replace` does."""
    named = each.device != "lo" and each.numbered("IPADDR")
    if named and not each.get("NOZEROCONF") and "NOZEROCONF" not in network:
        zeroconf = _route(ZEROCONF, None, each.device, each.place, metric=ZEROCONF_METRIC)
        device = replace(device, statics=(*device.statics, zeroconf))
    for route in _defaults(each, network):
        kept = (old for old in device.statics if (old.prefix, old.metric) != (route.prefix, route.metric))
        device = replace(device, statics=(*kept, route))
    for command in each.routes:
        device = carried_out(device, _route_words(command, each.device), command.place)
    for command in each.rules:
        device = carried_out(
            device, ["ip", f"-{command.version}", "rule", "add", *command.words.split()], command.place
        )
    return device


def _route_words(command: Command, device: str) -> list[str]:
    words = command.words.split()
    implied = [] if "dev" in words or "blackhole" in words else ["dev", device]
    return ["ip", f"-{command.version}", "route", "replace", *words, *implied]


def _route(
    prefix: Prefix, via: Address | None, interface: str, place: Place, metric: int = 0, source: Address | None = None
) -> StaticRoute:
    return StaticRoute(prefix, via, interface, distance=0, metric=metric, source=source, protocol="boot", place=place)


def _defaults(each: Ifcfg, network: Mapping[str, Value]) -> list[StaticRoute]:
    """GATEWAY of the device (or, as the scripts have it, of /etc/sysconfig/network) unless DEFROUTE=no."""
    only = network["GATEWAYDEV"].text if "GATEWAYDEV" in network else each.get("GATEWAYDEV")
    found: list[StaticRoute] = []
    if each.no("DEFROUTE") or only not in ("", each.device):
        return found
    if gateway := _gateway(each, network):
        source = _address(each, "SRCADDR", each.get("SRCADDR")) if each.get("SRCADDR") else None
        metric = whole(each, "METRIC") if each.get("METRIC") else 0
        found.append(_route(Prefix(0, 0, 4), gateway, each.device, each.at("GATEWAY"), metric, source))
    if each.get("IPV6_DEFAULTGW"):
        text, _, scope = each.get("IPV6_DEFAULTGW").partition("%")
        gateway = _address(each, "IPV6_DEFAULTGW", text)
        place = each.at("IPV6_DEFAULTGW")
        found.append(_route(Prefix(0, 0, 6), gateway, scope or each.device, place, _IPV6_METRIC))
    return found


def _gateway(each: Ifcfg, network: Mapping[str, Value]) -> Address | None:
    if each.get("GATEWAY"):
        return _address(each, "GATEWAY", each.get("GATEWAY"))
    if "GATEWAY" not in network or not network["GATEWAY"].text:
        return None
    common = network["GATEWAY"]
    try:
        address = parse_address(common.text)
    except ValueError as error:
        raise ConfigError(f"GATEWAY={common.text} is no IP address", common.place) from error
    return address if any(own.network.holds(address) for own in ipv4_addresses(each)) else None


def _address(each: Ifcfg, key: str, text: str) -> Address:
    try:
        return parse_address(text)
    except ValueError as error:
        raise ConfigError(f"{key}={text} is no IP address", each.at(key)) from error
