"""A router's own routes: `network` statements and `redistribute` (bgp_static_update, bgp_redistribute_add)."""

from collections.abc import Iterator, Mapping

from sim.address import Prefix
from sim.dataclasses import replace
from sim.device.bgp import BgpFamily, Origination, Redistribution
from sim.policy import Context, Policy
from sim.route import Origin, PathAttributes, interned
from sim.routing.chain import Chain
from sim.routing.frr.paths import Path, Sort
from sim.routing.frr.rib import Rib, Selected

OWN_WEIGHT = 32768


class Originator:
    """The own routes of one family of an instance, as they follow from the RIB."""

    def __init__(self, node: str, asn: int, family: BgpFamily, import_check: bool) -> None:
        self._import_check = import_check
        self._networks = {each.prefix: each for each in family.networks}
        self._redistributions = {each.source: each for each in family.redistributions}
        self._chains: dict[int, Chain] = {}
        self._by_interface: dict[tuple[int, str], Chain] = {}
        for network in family.networks:
            self._remember(network, network.policy, Context(node=node, local_as=asn))
        for each in family.redistributions:
            self._remember(each, each.policy, Context(node=node, protocol=each.source, local_as=asn))

    def _remember(self, statement: object, policy: Policy | None, context: Context) -> None:
        self._chains[id(statement)] = Chain(() if policy is None else (policy,), context)

    def prefixes(self) -> Iterator[Prefix]:
        """What is originated by name."""
        yield from self._networks

    def paths(self, prefix: Prefix, rib: Rib) -> dict[str, Path]:
        """The own paths of a prefix now, by how they come to be."""
        found: dict[str, Path | None] = {}
        selected = rib.selected.get(prefix)
        network = self._networks.get(prefix)
        if network is not None and not network.backdoor and (selected is not None or not self._import_check):
            found["network"] = self._network(prefix, network)
        if selected is not None:
            redistribution = self._redistributions.get(selected.route.protocol)
            if redistribution is not None and not _is_internal(prefix):
                found["redistribute"] = self._redistributed(prefix, redistribution, selected)
        return {name: path for name, path in found.items() if path is not None}

    def _network(self, prefix: Prefix, network: Origination) -> Path | None:
        attributes = interned(PathAttributes(origin=Origin.IGP, med=0, weight=OWN_WEIGHT))
        result = self._chains[id(network)].apply(prefix, attributes)
        return None if result is None else Path(result.having(next_hop=None), Sort.LOCAL, "network", result.next_hop)

    def _redistributed(self, prefix: Prefix, how: Redistribution, selected: Selected) -> Path | None:
        """MED is the route's metric; its gateway stays the next hop, so that a third party may be told of it."""
        route = selected.route
        metric = route.metric if how.metric is None else how.metric
        attributes = interned(
            PathAttributes(origin=Origin.INCOMPLETE, med=metric, weight=OWN_WEIGHT, tag=route.tag, metric=route.metric)
        )
        gateway = selected.gateway
        via = gateway.via if gateway is not None else None
        if via is not None and (via.version != prefix.version or via.is_link_local):
            via = None
        result = self._leaving(how, gateway.interface if gateway is not None else None).apply(prefix, attributes, via)
        if result is None:
            return None
        via = result.next_hop or via
        return Path(result.having(next_hop=None, tag=0, metric=0), Sort.LOCAL, "redistribute", via)

    def _leaving(self, how: Redistribution, interface: str | None) -> Chain:
        """The policy of routes that leave by an interface: `match interface` asks for it, connected routes included."""
        plain = self._chains[id(how)]
        if interface is None or "interface" not in plain.reads:
            return plain
        if (id(how), interface) not in self._by_interface:
            context = replace(plain.context, interface=interface)
            self._by_interface[id(how), interface] = Chain(plain.policies, context)
        return self._by_interface[id(how), interface]


def _is_internal(prefix: Prefix) -> bool:
    """What zebra never tells others: loopback and link-local networks."""
    if prefix.version == 6:
        return prefix.network >> 118 == 0x3FA or prefix.network == 1
    return prefix.network >> 24 == 127


def redistributes(families: Mapping[str, BgpFamily], source: str) -> bool:
    """Whether any family takes in routes of this protocol."""
    return any(each.source == source for family in families.values() for each in family.redistributions)
