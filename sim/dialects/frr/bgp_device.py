"""`router bgp` as read -> BgpInstance: groups inherited, names looked up, equal parts shared.

What a name means that nothing defines, as FRR 8.4.4 has it: see `_filter` and `_map`.
"""

from collections.abc import Mapping

from sim.address import Prefix
from sim.device.bgp import Aggregate, BgpFamily, BgpInstance, Neighbour, NeighbourFamily, Origination, Redistribution
from sim.dialects.frr.drafts import BgpDraft, FamilyDraft, Named, PeerDraft, Values
from sim.dialects.frr.names import Names, shared
from sim.dialects.frr.route_map_policy import policy
from sim.policies.frr_prefixes import Always
from sim.policy import Policy

_FILTERS = ("distribute-list", "prefix-list", "filter-list", "route-map")
"""In bgpd's order, on the way in and on the way out."""
_VERSIONS = {"ipv4": 4, "ipv6": 6}
_INSTANCE = frozenset(BgpInstance.__dataclass_fields__)


class Builder:
    """Makes one node's BgpInstances."""

    def __init__(self, names: Names, multipath: int) -> None:
        self.names = names
        self.multipath = multipath
        self._families: dict[tuple[int, str], NeighbourFamily] = {}
        self._defaults: Values = {}
        self._followed: dict[str, tuple[set[str], Mapping[str, NeighbourFamily], Values]] = {}

    def instance(self, draft: BgpDraft) -> BgpInstance:
        """One `router bgp`."""
        said = {**draft.defaults, **draft.values}
        known = {name: value for name, value in said.items() if name in _INSTANCE}
        self._followed.clear()
        self._defaults = {name: said[name] for name in _FOR_NEIGHBOURS}
        families = {name: self._family(each, name) for name, each in draft.families.items()}
        for name in _VERSIONS:
            if name not in families and any(name in peer.active for peer in draft.peers.values()):
                families[name] = self._family(FamilyDraft(), name)
        peers = [self._neighbour(peer) for peer in draft.peers.values() if not peer.is_group]
        peers += [self._listener(prefix, group) for prefix, (group, _) in draft.ranges.items()]
        return BgpInstance(
            draft.asn,
            draft.vrf,
            **known,
            families=families,
            neighbours=tuple(peers),
            unmodelled=tuple(draft.unmodelled),
            place=draft.place,
        )

    def _neighbour(self, peer: PeerDraft) -> Neighbour:
        group = peer.group
        if group is None:
            return Neighbour(
                peer.address,
                peer.interface,
                families=self._active(peer),
                place=peer.place,
                **self._session(peer.values),
            )
        active, families, session = self._group(group)
        if peer.families or active != peer.active or "unmodelled" in peer.values:
            families = self._active(peer)
        if peer.values:
            session = self._session({**group.values, **peer.values})
        return Neighbour(
            peer.address,
            peer.interface,
            families=families,
            peer_group=group.key,
            place=peer.place,
            **session,
        )

    def _active(self, peer: PeerDraft) -> Mapping[str, NeighbourFamily]:
        return {name: self._neighbour_family(peer, name) for name in sorted(peer.active) if name in _VERSIONS}

    def _group(self, group: PeerDraft) -> tuple[set[str], Mapping[str, NeighbourFamily], Values]:
        """A group's active families, what they say, and its session; silent members share them."""
        found = self._followed.get(group.key)
        if found is None:
            found = self._followed[group.key] = (group.active, self._active(group), self._session(group.values))
        return found

    def _listener(self, prefix: Prefix, group: PeerDraft) -> Neighbour:
        _, families, session = self._group(group)
        return Neighbour(listen=prefix, families=families, peer_group=group.key, place=group.place, **session)

    def _neighbour_family(self, peer: PeerDraft, family: str) -> NeighbourFamily:
        """What holds for a neighbour in a family; members that say nothing themselves share their group's."""
        own = peer.families.get(family)
        if not own and not peer.values.get("unmodelled") and peer.group is not None:
            return self._neighbour_family(peer.group, family)
        key = (id(peer), family)
        found = self._families.get(key)
        if found is None:
            theirs = peer.group.families.get(family, {}) if peer.group else {}
            group = peer.group.values if peer.group else {}
            missing = [each.get("unmodelled", ()) for each in (theirs, own or {}, group, peer.values)]
            values = {**theirs, **(own or {}), "unmodelled": tuple(place for each in missing for place in each)}
            found = self._families[key] = shared(self._resolved(values, _VERSIONS[family]))
        return found

    def _resolved(self, values: Values, version: int) -> NeighbourFamily:
        filters = {
            direction: tuple(
                self._filter(kind, values[f"{kind} {direction}"], version)
                for kind in _FILTERS
                if f"{kind} {direction}" in values
            )
            for direction in ("in", "out")
        }
        rest = {name: value for name, value in values.items() if " " not in name}
        rest["next_hop_unchanged"] = "next-hop" in values.get("attribute_unchanged", ())
        if "default_originate_policy" in rest:
            rest["default_originate_policy"] = self._map(rest["default_originate_policy"])
        return NeighbourFamily(filters["in"], filters["out"], **rest)

    def _filter(self, kind: str, named: Named, version: int) -> Policy:
        """A neighbour's filter."""
        found: Policy | None
        if kind == "route-map":
            return self._map(named)
        if kind == "prefix-list":
            found = self.names.prefix_list(named, version)
        elif kind == "distribute-list":
            found = self.names.access_list(named, version)
        else:
            found = self.names.path_list(named)
        return found or Always(named.name, False)

    def _map(self, named: Named) -> Policy:
        """A route-map; one that is undefined denies everything."""
        return policy(self.names, named) or Always(named.name, False)

    def _family(self, draft: FamilyDraft, name: str) -> BgpFamily:
        values = {"maximum_paths": self.multipath, "maximum_paths_ibgp": self.multipath, **draft.values}
        for key in ("table_policy", "import_vrf_policy"):
            if key in values:
                values[key] = self._map(values[key])
        return BgpFamily(
            tuple(Origination(prefix, **self._mapped(each)) for prefix, each in draft.networks.items()),
            tuple(Redistribution(source, **self._mapped(each)) for source, each in draft.redistributions.items()),
            tuple(Aggregate(prefix, **self._mapped(each)) for prefix, each in draft.aggregates.items()),
            imports_vrfs=tuple(draft.imports_vrfs),
            **values,
        )

    def _mapped(self, values: Values) -> Values:
        """Fields with the route-maps that they name."""
        if not any(isinstance(value, Named) for value in values.values()):
            return values
        return {name: self._map(value) if isinstance(value, Named) else value for name, value in values.items()}

    def _session(self, values: Values) -> Values:
        """The fields of a Neighbour among what is kept of it, and what the instance says for all."""
        found = {**self._defaults, **{name: value for name, value in values.items() if name in _SESSION}}
        if "password_digest" in found:
            found["password"] = True
        return found


_SESSION = frozenset(Neighbour.__dataclass_fields__)
_FOR_NEIGHBOURS = ("enforce_first_as", "timers")
