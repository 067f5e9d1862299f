"""The attributes of a route that BIRD's filters read and write, and where each of them is kept.

BGP's live in PathAttributes' own fields. What BIRD keeps beside (preference, krt_*, igp_metric, gw as a filter set it,
custom attributes) travels in `PathAttributes.others`; what it knows of a route's origin stands in the Context.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from sim.address import Address, Prefix
from sim.dataclasses import dataclass
from sim.policies.bird_values import Ec, Eclist, Enum, Lc, Lclist, Quad, Value
from sim.policy import Context
from sim.route import Origin, PathAttributes


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute: its type in BIRD's words; `static` ones every route has; `reads`: what a Policy says."""

    name: str
    type: str
    static: bool = False
    readonly: bool = False
    reads: str = "others"


@dataclass(slots=True)
class Subject:
    """The route that a filter is at: what it was, and what has been set so far (None: unset)."""

    prefix: Prefix
    attributes: PathAttributes
    context: Context
    set: dict[str, Value]

    def get(self, name: str) -> Value:
        """An attribute's value; None (void) where the route has none. A path or list that is not there looks empty."""
        value = self.set[name] if name in self.set else self._original(name)
        return _EMPTY.get(ATTRIBUTES[name].type) if value is None and name in ATTRIBUTES else value

    def _original(self, name: str) -> Value:
        for key, value in self.attributes.others:
            if key == name:
                return value
        getter = _GETTERS.get(name)
        return getter(self) if getter else None

    def result(self) -> PathAttributes:
        """The route's attributes with all that was set."""
        if not self.set:
            return self.attributes
        changes, others = {}, dict(self.attributes.others)
        for name, value in self.set.items():
            if name in FIELDS:
                field, encode = FIELDS[name]
                changes[field] = encode(value)
            if name not in FIELDS or value is None or name == "bgp_origin":
                others[name] = value
        return self.attributes.having(**changes, others=tuple(sorted(others.items(), key=lambda item: item[0])))


def _is_bgp(subject: Subject) -> bool:
    return subject.context.protocol == "bgp"


def _origin(subject: Subject) -> Value:
    return Enum("ORIGIN", subject.attributes.origin.name) if _is_bgp(subject) else None


def _ecs(texts: frozenset[str]) -> Eclist:
    parts = (text.split(":") for text in texts)
    return Eclist(Ec(part[0], int(part[1]), int(part[2])) for part in parts if len(part) == 3 and part[1].isdecimal())


def _quad(address: Address | None) -> Value:
    return None if address is None else Quad(address.value)


def _unspecified(subject: Subject) -> Address:
    return Address(0, subject.prefix.version)


_GETTERS: Mapping[str, Callable[[Subject], Value]] = {
    "net": lambda s: s.prefix,
    "from": lambda s: s.context.learned_from or _unspecified(s),
    "gw": lambda s: s.context.gateway or _unspecified(s),
    "proto": lambda s: s.context.instance,
    "source": lambda s: Enum("RTS", s.context.source or s.context.protocol.upper()),
    "scope": lambda s: Enum("SCOPE", "UNIVERSE"),
    "dest": lambda s: Enum("RTD", s.context.destination),
    "ifname": lambda s: s.context.interface or "",
    "ifindex": lambda s: 0,
    "weight": lambda s: 1,
    "gw_mpls": lambda s: 0,
    "preference": lambda s: s.context.preference,
    "bgp_path": lambda s: s.attributes.as_path,
    "bgp_origin": _origin,
    "bgp_next_hop": lambda s: s.attributes.next_hop,
    "bgp_med": lambda s: s.attributes.med,
    "bgp_local_pref": lambda s: s.attributes.local_pref,
    "bgp_community": lambda s: s.attributes.communities,
    "bgp_ext_community": lambda s: _ecs(s.attributes.extended_communities),
    "bgp_large_community": lambda s: Lclist(Lc(*each) for each in s.attributes.large_communities),
    "bgp_originator_id": lambda s: _quad(s.attributes.originator_id),
    "bgp_cluster_list": lambda s: frozenset(s.attributes.cluster_list),
    "bgp_atomic_aggr": lambda s: True if s.attributes.atomic_aggregate else None,
    "bgp_aggregator": lambda s: s.attributes.aggregator,
}

FIELDS: Mapping[str, tuple[str, Callable[[Value], Value]]] = {
    "bgp_path": ("as_path", lambda value: value or ()),
    "bgp_origin": ("origin", lambda value: Origin[value.name] if value else Origin.IGP),
    "bgp_next_hop": ("next_hop", lambda value: value),
    "bgp_med": ("med", lambda value: value),
    "bgp_local_pref": ("local_pref", lambda value: value),
    "bgp_community": ("communities", lambda value: frozenset(int(each) for each in value or ())),
    "bgp_ext_community": ("extended_communities", lambda value: frozenset(str(each) for each in value or ())),
    "bgp_large_community": ("large_communities", lambda value: frozenset(tuple(each) for each in value or ())),
    "bgp_originator_id": ("originator_id", lambda value: None if value is None else Address(int(value))),
    "bgp_atomic_aggr": ("atomic_aggregate", bool),
    "bgp_aggregator": ("aggregator", lambda value: value),
}

_EMPTY: Mapping[str, Value] = MappingProxyType(
    {"bgppath": (), "clist": frozenset(), "eclist": Eclist(), "lclist": Lclist()}
)

_STATIC = (
    ("net", "prefix", True, "prefix"),
    ("from", "ip", False, "learned_from"),
    ("gw", "ip", False, "gateway"),
    ("proto", "string", True, "instance"),
    ("source", "enum RTS", True, "source"),
    ("scope", "enum SCOPE", False, "scope"),
    ("dest", "enum RTD", False, "destination"),
    ("ifname", "string", False, "interface"),
    ("ifindex", "int", True, "interface"),
    ("weight", "int", False, "weight"),
    ("gw_mpls", "int", False, "weight"),
    ("preference", "int", False, "preference"),
)
_BGP = {
    "bgp_origin": "enum ORIGIN",
    "bgp_path": "bgppath",
    "bgp_next_hop": "ip",
    "bgp_med": "int",
    "bgp_local_pref": "int",
    "bgp_atomic_aggr": "opaque",
    "bgp_aggregator": "opaque",
    "bgp_community": "clist",
    "bgp_originator_id": "quad",
    "bgp_cluster_list": "clist",
    "bgp_ext_community": "eclist",
    "bgp_aigp": "opaque",
    "bgp_large_community": "lclist",
}
_OTHERS = {
    "igp_metric": "int",
    "krt_source": "int",
    "krt_metric": "int",
    "krt_prefsrc": "ip",
    "krt_realm": "int",
    "krt_scope": "int",
    **{f"krt_{name}": "int" for name in ("mtu", "window", "rtt", "rttvar", "sstresh", "cwnd", "advmss")},
    **{f"krt_{name}": "int" for name in ("reordering", "hoplimit", "initcwnd", "rto_min", "initrwnd", "quickack")},
    "ospf_metric1": "int",
    "ospf_metric2": "int",
    "ospf_tag": "int",
    "ospf_router_id": "quad",
    "rip_metric": "int",
    "rip_tag": "int",
    "babel_metric": "int",
    "ra_preference": "enum RA",
    "ra_lifetime": "int",
}

ATTRIBUTES: Mapping[str, Attribute] = {
    **{name: Attribute(name, kind, True, readonly, reads) for name, kind, readonly, reads in _STATIC},
    **{
        name: Attribute(name, kind, reads=FIELDS[name][0] if name in FIELDS else "cluster_list")
        for name, kind in _BGP.items()
    },
    **{name: Attribute(name, kind) for name, kind in _OTHERS.items()},
}
