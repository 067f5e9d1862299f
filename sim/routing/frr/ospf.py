"""ospfd and ospf6d: which ports of a node speak OSPF and how, what is redistributed, and what zebra gets to hear."""

from collections.abc import Iterator, Mapping, Sequence

from sim.address import Address, InterfaceAddress, Prefix
from sim.device import Device
from sim.device.bgp import Redistribution
from sim.device.ospf import NetworkType, OspfInstance, OspfInterface
from sim.policy import Context
from sim.route import PathAttributes, interned
from sim.routing import Port
from sim.routing.chain import Chain
from sim.routing.frr.rib import Rib, RibRoute, Selected
from sim.routing.frr.router_id import router_id_of
from sim.routing.ospf import Circuit, External, Kind, OspfRoute, Router
from sim.snapshot import RouteType

_SPEED_MBPS = 10_000  # of a veth, as the kernel says; also FRR's assumption where a device says nothing
_DEFAULT_METRIC, _ORIGINATE_METRIC, _ALWAYS_METRIC = 20, 10, 1
_DEFAULTS = {2: Prefix(0, 0, 4), 3: Prefix(0, 0, 6)}
_PROTOCOLS = {2: "ospf", 3: "ospf6"}
_BACKUP = OspfInterface()


class OspfDaemon:
    """One `router ospf` or `router ospf6`."""

    def __init__(self, device: Device, instance: OspfInstance, ports: Mapping[str, Port], rib: Rib) -> None:
        self._node, self.instance, self._rib = device.node, instance, rib
        ports = {name: port for name, port in ports.items() if port.vrf == instance.vrf}
        self.protocol = _PROTOCOLS[instance.version]
        circuits = tuple(circuit for port in ports.values() for circuit in _circuits(device.node, instance, port))
        self.router = Router(
            node=device.node,
            key=f"frr {self.protocol} {instance.vrf}",
            version=instance.version,
            vrf=instance.vrf,
            router_id=instance.router_id or router_id_of(device, ports),
            circuits=circuits,
            areas=instance.areas,
            maximum_metric=instance.maximum_metric,
            maximum_paths=instance.maximum_paths,
            rfc1583=instance.rfc1583,
        )
        self._own = [each.address.network for each in circuits if each.address is not None]
        self._sources = {each.source: (each, self._chain(each)) for each in instance.redistributions}
        self._known: dict[Prefix, OspfRoute] = {}

    def _chain(self, each: Redistribution) -> Chain:
        policies = () if each.policy is None else (each.policy,)
        return Chain(policies, Context(node=self._node, protocol=each.source))

    def hangs_on(self, protocol: str) -> bool:
        """Whether a protocol has a say in what is redistributed: its routes are, or may win over such."""
        if protocol in self._sources:
            return True
        kinds = ({route.protocol for route in each.values()} for each in self._rib.candidates.values())
        return bool(self._sources) and any(protocol in each and self._sources.keys() & each for each in kinds)

    def externals(self) -> dict[Prefix, External]:
        """What this router tells of the outside now."""
        found: dict[Prefix, External] = {}
        if self._sources:
            for prefix, selected in self._rib.selected.items():
                how = self._sources.get(selected.route.protocol)
                if how is not None and prefix.length and selected.route.protocol != self.protocol:
                    external = self._external(prefix, selected, *how)
                    if external is not None:
                        found[prefix] = external
        default = self._default()
        return found if default is None else found | {_DEFAULTS[self.instance.version]: default}

    def _external(self, prefix: Prefix, selected: Selected, how: Redistribution, chain: Chain) -> External | None:
        if selected.route.protocol == "connected" and prefix in self._own:
            return None  # a network of OSPF's own is no external one (ospf_redistribute_check)
        metric = how.metric
        route = selected.route
        given = interned(PathAttributes(metric=route.metric, tag=how.tag or route.tag))
        result = chain.apply(prefix, given)
        if result is None:
            return None
        if result.metric != given.metric or result.med is not None:
            metric = result.metric if result.med is None else result.med
        if metric is None:
            configured = self.instance.redistribute_metric
            metric = _DEFAULT_METRIC if configured is None else configured
        return External(metric, how.metric_type, result.tag, self._forward(selected))

    def _forward(self, selected: Selected) -> Address | None:
        """The gateway of a route, where that lies on a network that OSPF knows (ospf_external_lsa_nexthop_get)."""
        via = selected.gateway.via if selected.gateway is not None else None
        if via is None or self.instance.version != 2:
            return None
        return via if any(network.holds(via) for network in self._own) else None

    def _default(self) -> External | None:
        instance = self.instance
        if not instance.default_originate:
            return None
        selected = self._rib.selected.get(_DEFAULTS[instance.version])
        # ospf6d also passes on a default that it has from OSPF (8.4.4, seen 2026-11-25)
        own = selected is not None and selected.route.protocol == self.protocol and instance.version == 2
        if not instance.default_always and (selected is None or own):
            return None
        metric = instance.default_metric
        if metric is None:
            metric = _ALWAYS_METRIC if instance.default_always else _ORIGINATE_METRIC
        policy = instance.default_information.policy if instance.default_information is not None else None
        if policy is not None:
            protocol = selected.route.protocol if selected is not None else ""
            chain = Chain((policy,), Context(node=self._node, protocol=protocol))
            if chain.apply(_DEFAULTS[instance.version], interned(PathAttributes())) is None:
                return None
        return External(metric, instance.default_metric_type)

    def learn(self, routes: Mapping[Prefix, OspfRoute]) -> bool:
        """Put routes into zebra; whether any is new."""
        changed = False
        for prefix in self._known.keys() - routes.keys():
            self._rib.put(prefix, self.protocol, None)
            changed = True
        for prefix, route in routes.items():
            if self._known.get(prefix) != route:
                self._rib.put(prefix, self.protocol, self._rib_route(route))
                changed = True
        self._known = dict(routes)
        return changed

    def _rib_route(self, route: OspfRoute) -> RibRoute:
        index = 0 if route.kind is Kind.INTRA else 1 if route.kind is Kind.INTER else 2
        distance = self.instance.distances[index] or self.instance.distance
        kind = RouteType.UNICAST if route.hops else RouteType.BLACKHOLE
        return RibRoute(self.protocol, distance, route.metric, route.hops, kind, recursive=False, tag=route.tag)


def _circuits(node: str, instance: OspfInstance, port: Port) -> Iterator[Circuit]:
    """OSPF on a port that is up: version 2 once per address that a `network` or the port's own area covers."""
    if not port.up:
        return
    own = instance.interfaces.get(port.name)
    if instance.version == 3:
        if own is not None and own.area is not None:
            networks = tuple(each.network for each in port.addresses if each.version == 6 and each.value != 1)
            yield _circuit(node, instance, port, own, own.area, networks, None)
        return
    for address in port.addresses:
        if address.version == 4 and address.value >> 24 != 127:
            area = own.area if own is not None and own.area is not None else _area_of(instance, address)
            if area is not None:
                networks = (address.address.host if port.kind == "loopback" else address.network,)
                yield _circuit(node, instance, port, own or _BACKUP, area, networks, address)


def _area_of(instance: OspfInstance, address: InterfaceAddress) -> int | None:
    """The area of the longest `network` statement that covers an address's network (ospf_network_match_iface)."""
    fitting = [
        (prefix.length, area)
        for prefix, area in instance.networks
        if prefix.length <= address.length and prefix.holds(address.address)
    ]
    return max(fitting)[1] if fitting else None


def _circuit(
    node: str,
    instance: OspfInstance,
    port: Port,
    own: OspfInterface,
    area: int,
    networks: Sequence[Prefix],
    address: InterfaceAddress | None,
) -> Circuit:
    loopback = port.kind == "loopback"
    return Circuit(
        node=node,
        port=port.name,
        area=area,
        cost=_cost(instance, own, loopback),
        type="loopback" if loopback else _type(own.network),
        networks=tuple(networks),
        address=address,
        next_hop=port.link_local if address is None else address.address,
        passive=instance.passive_default if own.passive is None else own.passive,
        priority=own.priority,
        hello_s=own.hello_s,
        dead_s=own.dead_s,
        mtu_bytes=port.mtu_bytes,
        mtu_ignore=own.mtu_ignore,
        authentication=(own.authentication, own.authentication_digest),
        instance=own.instance,
        bfd=own.bfd,
        neighbours=port.neighbours,
    )


def _type(given: NetworkType | None) -> NetworkType:
    return given or "broadcast"


def _cost(instance: OspfInstance, own: OspfInterface, loopback: bool) -> int:
    """The configured cost, or reference bandwidth over speed, rounded; of a loopback 0 (ospf_if_get_output_cost)."""
    if own.cost is not None:
        return own.cost
    if loopback:
        return 0
    return min(max(round(instance.reference_mbps / (own.bandwidth_mbps or _SPEED_MBPS)), 1), 65535)
