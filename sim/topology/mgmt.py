"""The file's `mgmt` section -> Management."""

import re
from collections.abc import Callable, Iterator, Mapping
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any

from sim.errors import Place, TopologyError
from sim.topology.clab import MgmtSection
from sim.topology.located import line_of
from sim.topology.model import Management, Node

_BRIDGE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,14}")
_NETWORK = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}")
_SMALLEST = {4: 30, 6: 126}


def read_management(section: MgmtSection | None, tree: Any, file: str) -> Management:
    """The management network as the file wants it, with containerlab's defaults. `auto` means the default, too."""
    return _Reading(section, tree, file).management() if section else Management()


def check_addresses(management: Management, nodes: Mapping[str, Node], where: Callable[..., Place]) -> None:
    """TopologyError where a node's management address is not the network's, or is taken."""
    taken = dict.fromkeys(_gateways(management), "the gateway")
    for node in nodes.values():
        for key, text, subnet in (
            ("mgmt-ipv4", node.mgmt_ipv4, management.ipv4_subnet),
            ("mgmt-ipv6", node.mgmt_ipv6, management.ipv6_subnet),
        ):
            if text is None:
                continue
            said, place = f"nodes.{node.name}.{key}", where(node.name, key)
            if ip_address(text) not in ip_network(subnet):
                raise TopologyError(f"{said}: found {text}; expected an address of {subnet}", place)
            if text in taken:
                raise TopologyError(f"{said}: {text} is already used by {taken[text]}", place)
            taken[text] = f"nodes.{node.name}"


def _gateways(management: Management) -> Iterator[str]:
    """The bridge's own addresses: the first of each subnet unless the file says others."""
    for said, subnet in (
        (management.ipv4_gateway, management.ipv4_subnet),
        (management.ipv6_gateway, management.ipv6_subnet),
    ):
        yield said or str(next(ip_network(subnet).hosts()))


class _Reading:
    def __init__(self, section: MgmtSection, tree: Any, file: str) -> None:
        self.section, self.tree, self.file = section, tree, file

    def management(self) -> Management:
        section, default = self.section, Management()
        ipv4 = self._subnet("ipv4-subnet", section.ipv4_subnet or section.legacy_ipv4_subnet, default.ipv4_subnet, 4)
        ipv6 = self._subnet("ipv6-subnet", section.ipv6_subnet or section.legacy_ipv6_subnet, default.ipv6_subnet, 6)
        return Management(
            network=self._name("network", section.network or default.network, _NETWORK),
            bridge=self._name("bridge", section.bridge or default.bridge, _BRIDGE),
            ipv4_subnet=str(ipv4),
            ipv6_subnet=str(ipv6),
            ipv4_gateway=self._gateway("ipv4-gw", section.ipv4_gw, ipv4),
            ipv6_gateway=self._gateway("ipv6-gw", section.ipv6_gw, ipv6),
            ipv4_range=self._range("ipv4-range", section.ipv4_range, ipv4),
            ipv6_range=self._range("ipv6-range", section.ipv6_range, ipv6),
            mtu_bytes=section.mtu or default.mtu_bytes,
        )

    def _name(self, key: str, text: str, pattern: "re.Pattern[str]") -> str:
        if not pattern.fullmatch(text):
            raise self._error(key, f"found {text!r}; expected a name that matches {pattern.pattern}")
        return text

    def _subnet(self, key: str, text: str | None, default: str, version: int) -> IPv4Network | IPv6Network:
        wanted = default if text in (None, "", "auto") else str(text)
        network = self._network(key, wanted)
        if network.version != version or network.prefixlen > _SMALLEST[version]:
            raise self._error(
                key, f"found {wanted!r}; expected an IPv{version} prefix of /{_SMALLEST[version]} or shorter"
            )
        return network

    def _range(self, key: str, text: str | None, subnet: IPv4Network | IPv6Network) -> str | None:
        if not text:
            return None
        network = self._network(key, text)
        inside = network.network_address in subnet and network.broadcast_address in subnet
        if not inside:
            raise self._error(key, f"found {text!r}; expected a part of {subnet}")
        return str(network)

    def _gateway(self, key: str, text: str | None, subnet: IPv4Network | IPv6Network) -> str | None:
        if not text:
            return None
        try:
            address = ip_address(text)
        except ValueError as error:
            raise self._error(key, f"found {text!r}; expected an address of {subnet}") from error
        if address not in subnet:
            raise self._error(key, f"found {text!r}; expected an address of {subnet}")
        return str(address)

    def _network(self, key: str, text: str) -> IPv4Network | IPv6Network:
        try:
            return ip_network(text)
        except ValueError as error:
            raise self._error(
                key, f"found {text!r}; expected a prefix without host bits, such as 172.20.20.0/24"
            ) from error

    def _error(self, key: str, text: str) -> TopologyError:
        return TopologyError(f"mgmt.{key}: {text}", Place(self.file, line_of(self.tree, [key])))
