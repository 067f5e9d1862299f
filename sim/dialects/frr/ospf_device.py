"""`router ospf` as read -> OspfInstance, with what each interface says of it."""

from sim.device.bgp import Redistribution
from sim.device.ospf import OspfArea, OspfInstance, OspfInterface
from sim.dialects.frr.drafts import InterfaceDraft, Named, OspfDraft, Values
from sim.dialects.frr.names import Names
from sim.dialects.frr.route_map_policy import policy
from sim.policies.frr_prefixes import Always


def ospf_instance(draft: OspfDraft, interfaces: list[InterfaceDraft], names: Names) -> OspfInstance:
    """One instance with the interfaces of its VRF that speak of OSPF."""
    values = dict(draft.values)
    default = values.pop("default_information", None)
    if default is not None:
        always = default.pop("always", False)
        values["default_information"] = _redistribution("default", default, names)
        values |= {
            "default_originate": True,
            "default_always": always,
            "default_metric": default.get("metric"),
            "default_metric_type": default.get("metric_type", 2),
        }
    return OspfInstance(
        2 if draft.version == 2 else 3,
        draft.vrf,
        networks=tuple(draft.networks.items()),
        interfaces=_interfaces(draft, interfaces),
        areas={number: _area(draft, number, each, names) for number, each in draft.areas.items()},
        redistributions=tuple(_redistribution(source, each, names) for source, each in draft.redistributions.items()),
        unmodelled=tuple(draft.unmodelled),
        place=draft.place,
        **values,
    )


def _interfaces(draft: OspfDraft, interfaces: list[InterfaceDraft]) -> dict[str, OspfInterface]:
    found: dict[str, Values] = {name: dict(values) for name, values in draft.interfaces.items()}
    for each in interfaces:
        own = each.ospf if draft.version == 2 else each.ospf6
        if own or each.name in found or each.bandwidth_mbps is not None:
            found[each.name] = {**found.get(each.name, {}), **own, "bandwidth_mbps": each.bandwidth_mbps}
    return {name: OspfInterface(**values) for name, values in found.items()}


def _area(draft: OspfDraft, number: int, values: Values, names: Names) -> OspfArea:
    """An area; a filter that names no list lets everything through (ospf_abr_plist_in_check)."""
    filters = {
        key: names.prefix_list(named, 6 if draft.version == 3 else 4)
        for key, named in values.items()
        if isinstance(named, Named)
    }
    own = [(prefix, how) for (area, prefix), how in draft.ranges.items() if area == number]
    ranges = tuple((prefix, advertised, cost) for prefix, (advertised, cost, _) in own)
    substitutes = {prefix: instead for prefix, (_, _, instead) in own if instead is not None}
    return OspfArea(**{**values, **filters}, ranges=ranges, substitutes=substitutes)


def _redistribution(source: str, values: Values, names: Names) -> Redistribution:
    named = values.get("policy")
    if not isinstance(named, Named):
        return Redistribution(source, **values)
    return Redistribution(source, **{**values, "policy": policy(names, named, "ospfd") or Always(named.name, False)})
