"""`import vrf`: what one VRF has chosen becomes a path in another (vpn_leak_from_vrf_update, vpn_leak_to_vrf_update).

The next hop stays one of the VRF that the route comes from, and is resolved there. A route of that VRF itself leads
into its device. What was leaked into a VRF is not leaked on.
"""

from collections.abc import Mapping

from sim.address import Prefix
from sim.policy import Context
from sim.routing.chain import Chain
from sim.routing.frr.bgp import Speaker
from sim.routing.frr.paths import Path

_INTO_DEFAULT = "lo"


def leak(speakers: Mapping[str, Speaker]) -> bool:
    """Tell the importing VRFs of a node what has changed in the others; whether there was anything."""
    news = False
    for vrf, speaker in speakers.items():
        changed, speaker.leaks = speaker.leaks, {}
        for other in speakers.values() if changed else ():
            for family, prefix in changed:
                settings = other.instance.families.get(family)
                if settings is not None and vrf in settings.imports_vrfs and other is not speaker:
                    other.imported(family, prefix, vrf, _leaked(speaker, other, family, prefix))
                    news = True
    return news


def _leaked(source: Speaker, target: Speaker, family: str, prefix: Prefix) -> Path | None:
    entry = source.tables[family].get(prefix)
    best = entry.choice.best if entry is not None else None
    if best is None or best.origin == "imported":
        return None
    policy = target.instance.families[family].import_vrf_policy
    attributes = best.attributes
    if policy is not None:
        context = Context(node=source.node, local_as=target.instance.asn)
        result = Chain((policy,), context).apply(prefix, attributes, best.next_hop)
        if result is None:
            return None
        attributes = result.having(next_hop=None)
    vrf = source.instance.vrf
    device = _INTO_DEFAULT if vrf == "default" else vrf
    here = best.next_hop is None or best.origin in ("network", "redistribute")
    return best._replace(
        attributes=attributes,
        origin="imported",
        next_hop=None if here else best.next_hop,
        interface=device if here else best.interface,
        client=False,
        vrf=vrf,
    )
