"""What must be left to the general engine, because the level engine would not be exact.

The level engine knows paths that differ by length alone. Whatever makes a path's worth or its acceptance depend on more
(local preference, MED, reflection, changed loop rules, ...) is refused here. The test is by what is *harmless*: a
setting that is not listed and not at its default refuses the network, so that a setting that the model learns later can
not slip through.
"""

from collections.abc import Callable, Iterator
from operator import attrgetter
from typing import Any

from sim.device.bgp import BgpFamily, BgpInstance, Neighbour, NeighbourFamily

# what has no bearing on which eBGP paths are the shortest
_HARMLESS = {
    BgpInstance: """asn router_id cluster_id default_local_pref ebgp_requires_policy network_import_check
        client_to_client multipath_relax compare_router_id compare_confed_path deterministic_med med_confed
        fast_external_failover families neighbours place""",
    BgpFamily: "networks redistributions maximum_paths maximum_paths_ibgp distance",
    Neighbour: """address interface remote_as external source source_interface ebgp_multihop disable_connected_check
        passive password password_digest bfd capability_extended_next_hop peer_group enforce_first_as timers families
        shutdown place""",
    NeighbourFamily: "imports exports next_hop_self send_communities soft_reconfiguration addpath_rx reflector_client",
}
# a reflector's client on an eBGP session: FRR refuses the command, and so it means nothing


def _refusals(plain: Any) -> Callable[[Any], str | None]:
    """A function that names the first setting in which a record differs from a plain one and that refuses it."""
    harmless = _HARMLESS[type(plain)].split()
    names = [name for name in plain.__dataclass_fields__ if name not in harmless]
    read = attrgetter(*names)
    usual = read(plain)

    def first(record: Any) -> str | None:
        found = read(record)
        if found == usual:
            return None
        pairs = zip(names, found, usual, strict=True)
        return str(next(name for name, one, other in pairs if one != other)).replace("_", " ")

    return first


_OF_INSTANCE = _refusals(BgpInstance(0))
_OF_FAMILY = _refusals(BgpFamily())
_OF_NEIGHBOUR = _refusals(Neighbour())
_OF_ACTIVATION = _refusals(NeighbourFamily())


def refused(instance: BgpInstance, family: str) -> Iterator[str]:
    """Every reason why one instance's routes of one family are not for the level engine, in words."""
    if reason := _OF_INSTANCE(instance):
        yield reason
    if family in instance.families and (reason := _OF_FAMILY(instance.families[family])):
        yield reason
    for neighbour in instance.neighbours:
        if neighbour.shutdown:
            continue
        if reason := _OF_NEIGHBOUR(neighbour):
            yield reason
        activation = neighbour.families.get(family)
        if activation is not None and (reason := _OF_ACTIVATION(activation)):
            yield reason
